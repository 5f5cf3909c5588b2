"""Lesson 08, KRaft: who decides, what is written down, and two rules that are easily mixed up.

Read next: `stories_08`, what is run.
"""

from typing import Any, Final

from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import MAJORITY_IS_ISR, RF_SURVIVES
from lab.exercises.stories_08 import (
    LOOK,
    Image,
    Shape,
    eventful,
    image_of,
    judge_shape,
    partition_records,
)

_VOTERS: Final = "of three voters one may fail, and a fourth does not help"
_UNSAID: Final = "a change says only what changes"
_DELETED: Final = "a deleted topic takes its partitions along"
_WRONG_IMAGE: Final = "the image is what all records say, one after the other"
_ONE: Final = "what one voter has is not decided"
_HALF: Final = "half of the voters is no majority"


def _judge_shape(answer: Any) -> Right:
    keys = Shape._fields
    if not isinstance(answer, dict) or set(answer) != set(keys):
        raise Wrong("what a shape is", f"give a dict with {', '.join(keys)}")
    shape = Shape(**answer)
    if not all(isinstance(number, int) and 1 <= number <= 7 for number in shape):
        raise Wrong("what a shape may be", "each is a whole number from 1 to 7")
    if not 2 <= shape.replication_factor <= shape.brokers:
        raise Wrong("what a shape may be", "2 copies at least, and a broker for each")
    idea = _VOTERS if shape.controllers < 5 else RF_SURVIVES
    replay = (
        "from lab import Bench\n"
        "from lab.exercises.stories_08 import Shape, create, send, two_crash\n"
        f"sim = two_crash({{seed}}, {shape})\n"
        "print(send(sim, 'one more'), create(sim, 'another'))\n"
        "Bench(sim, 'quorum')"
    )
    survey = under_faults(lambda seed: judge_shape(seed, shape), range(9))
    return survey.verdict("Orders and topics went on, whichever two crashed.", idea, replay)


def _judge_replay(answer: Any) -> Right:
    ideas: list[str] = []

    def story(seed: int) -> None:
        sim = eventful(seed)
        image: Image = {}
        for record in partition_records(sim):
            answer(image, dict(record))
        right = image_of(sim)
        if image == right:
            return
        name = next(name for name in sorted({*image, *right}) if image.get(name) != right.get(name))
        ideas.append(_idea(image.get(name), right.get(name)))
        words = f"{name} is {image.get(name)}; the controllers have {right.get(name)}."
        raise Broken(words, sim.now)

    survey = under_faults(story, range(6))
    return survey.verdict("As the controllers have it.", ideas[0] if ideas else "", LOOK)


def _idea(mine: Any, right: Any) -> str:
    if right is None:
        return _DELETED
    if mine is not None and set(mine) != set(right):
        return _UNSAID
    return _UNSAID if mine and None in mine.values() else _WRONG_IMAGE


_ENDS: Final = (
    ({101: 9, 102: 7, 103: 4}, 7),
    ({101: 9}, 9),
    ({101: 9, 102: 9, 103: 0}, 9),
    ({101: 9, 102: 8, 103: 7, 104: 2, 105: 1}, 7),
    ({101: 9, 102: 8, 103: 5, 104: 5}, 5),
    ({101: 9, 102: 8, 103: 3, 104: 2}, 3),
)


def _judge_committed(answer: Any) -> Right:
    said = [answer(dict(ends)) for ends, _ in _ENDS]
    right = [offset for _, offset in _ENDS]
    if said == right:
        return Right("The furthest offset that a majority of the voters has.")
    which = next(index for index, offset in enumerate(right) if said[index] != offset)
    ends, offset = _ENDS[which]
    need = len(ends) // 2 + 1
    words = (
        f"With {ends} it says {said[which]!r}, and it is {offset}: {need} of {len(ends)} voters "
        f"have what is below {offset}, and no more is needed."
    )
    if said == [min(ends.values()) for ends, _ in _ENDS]:
        raise Wrong(MAJORITY_IS_ISR, f"{words} To wait for everyone in the set is the ISR's rule.")
    if said == [max(ends.values()) for ends, _ in _ENDS]:
        raise Wrong(_ONE, words)
    raise Wrong(_HALF if len(ends) == 4 else "count how many have it", words)


_LOG: Final = "3. The metadata log, record by record"
_GOOD: Final = "7. What it is good for"
COVERS: Final = {
    "kraft": "1. Before and after",
    "kraft: before": "1. Before and after",
    "kraft: after": "1. Before and after",
    "kraft: benefits": _GOOD,
    "kraft: simpler": _GOOD,
    "kraft: faster": _GOOD,
    "kraft: scales": _GOOD,
    "kraft: security": _GOOD,
    "kraft: roles": "6. Both roles in one process",
    "kraft: controller": "2. Kill the active controller",
    "kraft: broker": _LOG,
    "kraft: combined": "6. Both roles in one process",
}

EXERCISES: Final = (
    Exercise(
        id="08.1",
        title="A cluster that loses two and goes on",
        question=(
            "Choose how many `controllers` and `brokers`, and the `replication_factor` of the "
            "topic, so that any *two* servers may crash while orders still get their receipts "
            "(`acks=all`, `min.insync.replicas=2`) and topics can still be created. Controllers "
            "and brokers are separate. Your cluster runs nine times; two controllers, two brokers "
            "or one of each crash."
        ),
        stub="shape = ...   # such as {'controllers': 1, 'brokers': 3, 'replication_factor': 3}",
        answer="shape",
        judge=_judge_shape,
        hints=(
            "There are two rules here: one for the controllers, one for the copies of the topic.",
            "More than half of *all* voters must be left, also of those that crashed. And two "
            "in-sync replicas must be left, of as many as there are copies.",
            "Two of five leaves three, a majority. Two copies left after two crashes are four.",
        ),
        tempting={
            "shape = {'controllers': 3, 'brokers': 4, 'replication_factor': 4}": _VOTERS,
            "shape = {'controllers': 4, 'brokers': 4, 'replication_factor': 4}": _VOTERS,
            "shape = {'controllers': 5, 'brokers': 5, 'replication_factor': 3}": RF_SURVIVES,
        },
        concepts=("kraft: controller", "kraft: roles"),
        is_behaviour=True,
    ),
    Exercise(
        id="08.2",
        title="Replay the metadata log",
        question=(
            "Do what every broker does: apply the records one after the other. `image` is a dict, "
            "`{'orders-0': {'leader': 1, 'isr': (1, 2, 3)}, …}`, and empty at first. Change it as "
            "the record says. A record is a dict of one of three kinds:\n\n"
            "- `{'kind': 'Partition', 'partition': 'orders-0', 'leader': 1, 'isr': (1, 2, 3)}`: "
            "a new partition;\n"
            "- `{'kind': 'PartitionChange', 'partition': 'orders-0', 'isr': (1, 3)}`: what has "
            "changed, a leader, an ISR or both;\n"
            "- `{'kind': 'RemoveTopic', 'topic': 'orders'}`: all partitions of the topic go.\n\n"
            "Your function replays the logs of six eventful clusters."
        ),
        stub="def replay(image, record):\n    raise NotImplementedError   # your code here",
        answer="replay",
        judge=_judge_replay,
        hints=(
            "Three kinds, three cases. Nothing is returned: `image` itself changes.",
            "A change that does not mention the leader leaves the leader as it is.",
            "Ask `if 'isr' in record`, and the same for the leader. The topic of a partition's "
            "name is `name.rpartition('-')[0]`.",
        ),
        tempting={
            "def replay(image, record):\n"
            "    if record['kind'] == 'RemoveTopic':\n"
            "        for name in [n for n in image if n.rpartition('-')[0] == record['topic']]:\n"
            "            del image[name]\n"
            "    else:\n"
            "        image[record['partition']] = {\n"
            "            'leader': record.get('leader'), 'isr': record.get('isr')}": _UNSAID,
            "def replay(image, record):\n"
            "    if 'partition' in record:\n"
            "        at = image.setdefault(record['partition'], {})\n"
            "        at.update({k: record[k] for k in ('leader', 'isr') if k in record})": _DELETED,
        },
        concepts=("kraft: broker", "kraft"),
        is_behaviour=True,
    ),
    Exercise(
        id="08.3",
        title="What the quorum has decided",
        question=(
            "`ends` says where each voter's copy of the metadata log ends, such as "
            "`{101: 9, 102: 7, 103: 4}`. Return the offset below which everything is committed: "
            "a majority of the voters has it."
        ),
        stub="def committed(ends):\n    raise NotImplementedError   # your code here",
        answer="committed",
        judge=_judge_committed,
        hints=(
            "How many of three must have a record? Of four? Of five?",
            "Sort the ends, the longest log first. Which one has just a majority at or before it?",
            "`sorted(ends.values(), reverse=True)[…]`",
        ),
        tempting={
            "def committed(ends):\n    return min(ends.values())": MAJORITY_IS_ISR,
            "def committed(ends):\n    return max(ends.values())": _ONE,
            "def committed(ends):\n    return sorted(ends.values())[len(ends) // 2]": _HALF,
        },
        concepts=("kraft: controller",),
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="08.controller",
        question=(
            "A shop sends an order each 100 ms, with `acks=all`. The active controller crashes, "
            "and for about two seconds there is none. What becomes of the orders of "
            "these two seconds?"
        ),
        choices=(
            Choice(
                key="a",
                words="They wait: nothing works without a controller.",
                because=(
                    "A controller decides what *changes*: leaders, ISRs, topics. Orders go from "
                    "producer to leader to followers, and these know all they need."
                ),
                misconception=MAJORITY_IS_ISR,
            ),
            Choice(key="b", words="They get their receipts as ever."),
            Choice(
                key="c",
                words="Some are lost.",
                because="No order ever passes through a controller, so none can be lost with it.",
            ),
        ),
        judge=lambda sent, acknowledged, alone: "b" if acknowledged == sent and alone else "a",
        evidence=(
            "{acknowledged} of {sent} orders got a receipt, {alone} of them while there was no "
            "active controller."
        ),
    ),
    Prediction(
        id="08.majorities",
        question=(
            "Three controllers, three brokers. Two controllers crash and stay down. The topic "
            "has three copies and `min.insync.replicas=2`; producers use `acks=all`. What goes on?"
        ),
        choices=(
            Choice(
                key="a",
                words="Nothing: the majority is gone.",
                because=(
                    "The majority of the *controllers* is gone. The in-sync replicas are brokers; "
                    "all three are there, and they are enough for a receipt."
                ),
                misconception=MAJORITY_IS_ISR,
            ),
            Choice(key="b", words="Orders are written and read, but no topic can be created."),
            Choice(
                key="c",
                words="Everything: one controller is left, and it takes over.",
                because=(
                    "It cannot be elected: that takes two votes of three, and it has its own. Else "
                    "two halves of a cut network would each have a controller."
                ),
            ),
            Choice(
                key="d",
                words="Topics can be created, but no order gets a receipt.",
                because="It is the other way round: orders never pass through a controller.",
            ),
        ),
        judge=lambda wrote, created: (
            ("c" if created == "created" else "b")
            if wrote == "acknowledged"
            else ("d" if created == "created" else "a")
        ),
        evidence="An order: {wrote}. A topic: {created}.",
    ),
    Prediction(
        id="08.cut",
        question=(
            "The network is cut: 101, the active controller, and all brokers on one side, 102 and "
            "103 on the other. Twenty seconds later, who decides, and does an order with "
            "`acks=all` get its receipt?"
        ),
        choices=(
            Choice(
                key="a",
                words="101 still decides: all brokers are with it. The order gets its receipt.",
                because=(
                    "Brokers have no vote. 101 is one voter of three: it can commit nothing, and "
                    "gives up."
                ),
                misconception=MAJORITY_IS_ISR,
            ),
            Choice(
                key="b",
                words=(
                    "102 or 103 decides, and has taken every broker out of service: no receipt "
                    "is given."
                ),
                because=(
                    "It has decided so. But a broker acts on what it has read, and this decision "
                    "does not reach it."
                ),
            ),
            Choice(
                key="c",
                words=(
                    "102 or 103 decides, and has taken every broker out of service. The order gets "
                    "its receipt all the same."
                ),
            ),
        ),
        judge=lambda active, leader, wrote: (
            "a" if active == 101 else ("c" if wrote == "acknowledged" else "b")
        ),
        evidence="Active: {active}. Leader of `orders`: {leader}. The order: {wrote}.",
    ),
    Prediction(
        id="08.combined",
        question=(
            "Three combined servers, each a broker and a controller. Three copies, and "
            "`min.insync.replicas=1`. Two servers crash, the leader of `orders` goes on. Does an "
            "order with `acks=all` get its receipt?"
        ),
        choices=(
            Choice(
                key="a",
                words="Yes: one in-sync replica is left, and one is enough.",
                because=(
                    "One would be enough, if the ISR were one. But to put those two out of "
                    "the ISR takes a controller, and one of three voters elects none."
                ),
                misconception=MAJORITY_IS_ISR,
            ),
            Choice(key="b", words="No: it waits for the two that crashed."),
        ),
        judge=lambda wrote: "a" if wrote == "acknowledged" else "b",
        evidence="The order: {wrote}.",
    ),
)
