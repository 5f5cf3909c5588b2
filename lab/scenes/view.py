"""What one reader looks at, and the size of things: shared by every picture of a world.

A `View` belongs to a widget, never to the world: its width, the topic chosen, the window over
partitions.  A `Block` is part of a picture with its height, so that parts can be stacked.

Read next: `picture`, what a picture is made of; `page`, which puts one on a page.
"""

from dataclasses import dataclass, replace
from typing import Final

from kafkalab.frames.shape import Frame, TopicFrame
from lab.scenes.cluster import PACKED_ROWS_MAX, ROWS_MAX, is_packed
from lab.scenes.shapes import Shape

WIDE: Final = 1000
WIDTH_MIN, WIDTH_MAX = 640, 1400
STATIC_WIDTH: Final = 1000
MARGIN: Final = 14
SIDE: Final = 318
GAP: Final = 14


@dataclass(frozen=True, slots=True)
class View:
    """What this reader looks at: not part of the world, and not of its frame.

    `choices`: what a picture lets its reader choose besides (a message, a scale), in words, each
    by the name of its picture; `choice` is that of the picture looked at.
    """

    width: int = STATIC_WIDTH
    topic: str = ""  # "": the first
    partition: int = 0  # whose records are shown
    first_row: int = 0  # of the window over partitions
    picture: str = "cluster"
    group: str = ""  # "": the first
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def choice(self) -> str:
        """What was chosen in this picture; "" for nothing."""
        return dict(self.choices).get(self.picture, "")

    def choosing(self, choice: str) -> "View":
        """With another choice in this picture; those made in others stay."""
        return replace(self, choices=tuple({**dict(self.choices), self.picture: choice}.items()))

    def at_width(self, width: float) -> "View":
        """Laid out for a page this wide, in steps of ten: a scroll bar changes nothing."""
        return replace(self, width=int(min(max(width, WIDTH_MIN), WIDTH_MAX)) // 10 * 10)


@dataclass(frozen=True, slots=True)
class Block:
    """Shapes one above the other with their height."""

    shapes: tuple[Shape, ...]
    height: float


def chosen_topic(frame: Frame, name: str) -> TopicFrame | None:
    """The topic of that name, None if there is none then; without a name the first."""
    topics = topics_in_order(frame)
    first = topics[0] if topics and not name else None
    return next((t for t in topics if t["name"] == name), first)


def absent(frame: Frame, view: View) -> str:
    """A sentence, if the topic or partition looked at is not there at this instant; else ""."""
    topic = chosen_topic(frame, view.topic)
    if topic is not None:
        count = len(topic["partitions"])
        if view.partition < count or not count:
            return ""
        return f"{topic['name']} has no partition {view.partition} at this instant, but {count}."
    if not view.topic:
        return ""
    names = [each["name"] for each in topics_in_order(frame)]
    there = f"there {'is' if len(names) == 1 else 'are'} {', '.join(names[:6])}"
    return f"There is no topic {view.topic} at this instant; {there if names else 'there is none'}."


def topics_in_order(frame: Frame) -> list[TopicFrame]:
    return sorted(frame["topics"], key=lambda topic: topic["name"].startswith("__"))


def rows_max(frame: Frame, topic: TopicFrame | None) -> int:
    """How many of the topic's partitions are shown at once."""
    replicas = topic["replication_factor"] if topic else 0
    return PACKED_ROWS_MAX if is_packed(len(frame["brokers"]), replicas) else ROWS_MAX


def window(frame: Frame, topic: TopicFrame | None, first_row: int) -> tuple[int, int]:
    """First row and number of rows shown of the topic's partitions."""
    total = len(topic["partitions"]) if topic else 0
    shown = min(total, rows_max(frame, topic))
    return max(0, min(first_row, total - shown)), shown


def partition_named(frame: Frame, view: View, which: str) -> int:
    """`next`, `before` (around the end), or a number."""
    topic = chosen_topic(frame, view.topic)
    count = len(topic["partitions"]) if topic else 1
    if which.isdigit():
        return int(which)
    return (view.partition + (1 if which == "next" else -1)) % max(count, 1)


def row_that_shows(frame: Frame, view: View) -> int:
    """The window's first row, moved if the partition just chosen is not in it."""
    first, shown = window(frame, chosen_topic(frame, view.topic), view.first_row)
    chosen = view.partition
    return first if first <= chosen < first + shown else chosen // max(shown, 1) * shown


def row_of(frame: Frame, view: View, which: str) -> int:
    """The first row of the window `later` or `earlier`."""
    topic = chosen_topic(frame, view.topic)
    first, _ = window(frame, topic, view.first_row)
    step = rows_max(frame, topic)
    return window(frame, topic, first + (step if which == "later" else -step))[0]


def settings(frame: Frame, topic: TopicFrame | None) -> str:
    """The muted line: what the picture depends on."""
    seed = "" if frame["seed"] is None else f" · seed {frame['seed']}"
    if topic is None:
        none = "" if frame["topics"] else " · no topic yet"
        return f"{_count(len(frame['brokers']), 'broker')}{none}{seed}"
    return (
        f"{_count(len(topic['partitions']), 'partition')} · "
        f"RF {topic['replication_factor']} · "
        f"min.insync.replicas {topic['min_insync_replicas']}{seed}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
