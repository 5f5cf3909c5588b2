"""What a picture of a world is: what it needs to know, what it says, how it is drawn.

    frame ── details[picture.detail(…)] ──▶ say: one sentence
                                        ──▶ draw: shapes for a width

The page around it (title, time, finding, faults, events) is the same for all: `page`.  What a
picture needs beyond the frame of the cluster is a *detail*, asked for by a key in words
(`log orders 0`), made by `kafkalab.frames.details` only while somebody looks.

Invariants: all its functions are pure; `draw` fits the width it is given.
Read next: `pictures`, where they are; `page`, which shows one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kafkalab.frames.shape import Frame
from lab.scenes.controls import Controls, Target, broker_targets
from lab.scenes.legend import Entry
from lab.scenes.view import Block, View


@dataclass(frozen=True, slots=True)
class Sight:
    """What a picture is drawn from.  `detail` is None where none was taken, or none is needed.

    `controls` is None for the static twin.
    """

    frame: Frame
    detail: Any
    view: View
    controls: Controls | None
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture.  `name` is the word in actions and Python (`show log`), and on its tab.

    `has_topic`: whether it is of a topic, which the page's title then names.
    `detail`: the key of what it needs, "" for nothing.  `say`: "" lets the frame's finding stand.
    `words`: the picture as text, for screen readers and `print`; "": the cluster's.
    `targets`: the servers that its faults are for.  `obey`: what an action (its words) makes of the
    reader's choice in this picture; None if the action is not its own.  `keys`: keyboard keys and
    the actions they stand for, beside the page's.  `parts`: the pictures it is made of, if any
    (`pictures.beside`); each has its own detail.
    """

    name: str
    draw: Callable[[Sight], Block]
    has_topic: bool = True
    detail: Callable[[Frame, View], str] = lambda frame, view: ""
    say: Callable[[Sight], str] = lambda sight: ""
    words: Callable[[Sight], str] = lambda sight: ""
    legend: Callable[[Sight], Sequence[Entry]] = lambda sight: ()
    targets: Callable[[Frame], Sequence[Target]] = broker_targets
    obey: Callable[[Sight, list[str]], str | None] = lambda sight, words: None
    keys: Callable[[Sight], Mapping[str, str]] = lambda sight: {}
    parts: tuple["Picture", ...] = ()

    @property
    def title(self) -> str:
        """Its name as a tab wears it: who reads the tab knows what to write in Python."""
        return self.name.capitalize()


def view_of(picture: Picture, view: View) -> View:
    """The view as this picture, perhaps a part of another, has it: with its own choice."""
    return replace(view, picture=picture.name)


def keys_of(picture: Picture, frame: Frame, view: View) -> tuple[str, ...]:
    """The keys of all details it needs."""
    parts = picture.parts or (picture,)
    keys = (part.detail(frame, view_of(part, view)) for part in parts)
    return tuple(dict.fromkeys(key for key in keys if key))


def detail_of(picture: Picture, frame: Frame, view: View) -> Any:
    """What the frame holds for this picture, or None."""
    return frame.get("details", {}).get(picture.detail(frame, view))
