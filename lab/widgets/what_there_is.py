"""Whether what a reader asks for is there: a topic, a partition, a group, a transaction.

A name that is not there is an error, never another's picture.  "" always stands for the first
there is, once there is one: who wants to watch a topic or a group come to be leaves it out.

Read next: `picture_view`, which asks; `lab.scenes.view`, what may be asked for.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.shape import Frame
from kafkalab.live import LiveCluster
from lab.scenes.view import View, chosen_topic, topics_in_order

_NAMED_MAX = 8


def check(view: View, frame: Frame) -> None:
    """`LearnerError` for a topic, partition, group or transaction that the frame has not."""
    _check_topic(view.topic, frame)
    _check_partition(view, frame)
    words = view.choice.split(maxsplit=1)
    if view.picture == "transaction" and words[:1] == ["transaction"]:
        _check_transaction("".join(words[1:]), frame)
    groups = [group["id"] for group in frame["groups"]]
    if view.group and view.group not in groups:
        raise LearnerError(
            f"{_none('group', view.group, groups)}. A group begins when its first member joins: "
            "wait for that, or leave group out, and the first is shown as soon as there is one"
        )


def _check_transaction(id: str, frame: Frame) -> None:
    known = [each["id"] for each in frame.get("transactions", [])]
    if id and id not in known:
        raise LearnerError(
            f"{_none('transactional id', id, known)}. It is known from init_transactions() on: "
            "call that first, or leave transaction out, and one is shown as soon as there is one"
        )


def no_picture(name: str, known: Sequence[str]) -> LearnerError:
    """What to raise for a picture that is none."""
    return LearnerError(
        f"there is no picture {name!r}; there are {', '.join(known)}{_meant(name, known)}"
    )


def simulation_of(world: Any) -> Simulation:
    """The world, if it is one with a whole run to look at.  `LearnerError` if not."""
    if isinstance(world, LiveCluster):
        raise LearnerError(
            "a live cluster keeps no history of messages and records: show what is frozen, "
            "cluster.freeze(), or Freeze in a Bench"
        )
    if not isinstance(world, Simulation):
        raise LearnerError(f"this picture is of a Simulation, not of {world!r}")
    return world


def check_name(what: str, name: str | None, known: Sequence[str]) -> None:
    """`LearnerError` for a name that is not one of these; None is always right."""
    if name is not None and name not in known:
        raise LearnerError(_none(what, name, known))


def _check_topic(name: str, frame: Frame) -> None:
    topics = [topic["name"] for topic in topics_in_order(frame)]
    if not name or name in topics:
        return
    if isinstance(name, str) and name.startswith("__"):
        raise LearnerError(
            f"pictures leave out Kafka's own topics, such as {name}; they show "
            f"{_named(topics) or 'no topic yet'}. Try describe topic {name} in the command line "
            "of a Bench"
        )
    raise LearnerError(
        f"{_none('topic', name, topics)}. Create it first, with create_topic({name!r}), or leave "
        "topic out, and the first is shown as soon as there is one"
    )


def _check_partition(view: View, frame: Frame) -> None:
    number = view.partition
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise LearnerError(f"a partition is a number from 0 on, such as 0, not {number!r}")
    topic = chosen_topic(frame, view.topic)
    if topic is None and number:
        raise LearnerError(f"there is no partition {number}, for there is no topic yet: make one")
    last = len(topic["partitions"]) - 1 if topic is not None else 0
    if topic is not None and number > last:
        there = f"partitions 0 to {last}" if last else "partition 0 alone"
        raise LearnerError(
            f"{topic['name']} has {there}, no {number}: try one of them, or more partitions"
        )


def _none(what: str, name: str, known: Sequence[str]) -> str:
    if not isinstance(name, str):
        return f"a {what} is given by its name, a str, not {name!r}"
    if not known:
        return f"there is no {what} {name!r}; there is none yet"
    there = f"there is {known[0]}" if len(known) == 1 else f"there are {_named(known)}"
    return f"there is no {what} {name!r}; {there}{_meant(name, known)}"


def _named(known: Sequence[str]) -> str:
    shown = ", ".join(known[:_NAMED_MAX])
    more = len(known) - _NAMED_MAX
    return f"{shown} and {more} more" if more > 0 else shown


def _meant(name: str, known: Sequence[str]) -> str:
    """`: did you mean orders?`, if one is like it."""
    near = get_close_matches(name, known, 1) if isinstance(name, str) else []
    return f": did you mean {near[0]}?" if near else ""
