"""The tape: pictures of a run, taken while the engine runs and kept until they have been seen.

    observer ──▶ tape   [ seen … | cursor | significant, minor, significant, … to be played ]

The engine runs a virtual second in milliseconds and never waits, so its pictures pile up.  Every
significant event keeps its own (events of one instant share one); minor ones are taken only every
n-th time, n doubling whenever too many wait, so that any run leaves a tape of bearable length.

Invariants: moments rise in time; of those to be played, at most `MINOR_MAX` are minor; at most
`KEPT_MAX` have been seen and are kept for stepping back; equal parts of successive frames are one
object.  Nothing here reads a clock or starts a thread.
Read next: `playback`, which plays it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Final, TypeVar, cast

from kafkalab.frames.shape import Frame
from lab.playback.source import Happening
from lab.scenes.kinds import SIGNIFICANT
from lab.scenes.rail import MARKS_MAX, Mark, marks_of

MINOR_MAX: Final = 120
KEPT_MAX: Final = 240


#: The kinds of a picture taken because something small had happened, whatever it was.
LOOKED_AT: Final = ("Appended",)


class Weight(IntEnum):
    """How much a moment matters to who watches."""

    DULL = 0  # only time has passed
    MINOR = 1  # worth a picture while there is room
    SIGNIFICANT = 2  # must be seen


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture, and when in virtual time it was taken."""

    at: int
    weight: Weight
    frame: Frame
    words: str = ""  # what was done, where it was a step by itself


@dataclass(slots=True)
class Tape:
    """Moments, and which one is shown.  The first moment is there from the start."""

    moments: list[Moment]
    cursor: int = 0
    marks: list[Mark] = field(default_factory=list)
    started_at: int = 0
    _stride: int = 1  # every n-th minor happening is recorded
    _skipped: int = 0

    @classmethod
    def starting_with(cls, frame: Frame) -> "Tape":
        moment = Moment(frame["now"], Weight.SIGNIFICANT, frame)
        marks = marks_of(frame["events"])
        return cls([moment], 0, marks, min([frame["now"], *(mark.at for mark in marks)]))

    @property
    def shown(self) -> Moment:
        return self.moments[self.cursor]

    @property
    def waiting(self) -> int:
        """How many moments are still to be played."""
        return len(self.moments) - 1 - self.cursor

    @property
    def ends_at(self) -> int:
        return self.moments[-1].at

    def record(self, happening: Happening) -> bool:
        """Take a picture, or not; whether the tape has changed."""
        weight = Weight.SIGNIFICANT
        if not happening.kinds:
            weight = Weight.DULL
        elif is_minor(happening.kinds):
            weight = Weight.MINOR
        if weight is Weight.MINOR and not self._is_nth():
            return False
        last = self.moments[-1]
        frame = share(last.frame, happening.frame())
        if frame is last.frame and weight <= last.weight and not happening.words:
            return False
        self._add_marks(frame)
        if frame is last.frame and happening.words and not last.words:
            self.moments[-1] = replace(last, words=happening.words)
        else:
            self._put(Moment(happening.at, weight, frame, happening.words))
        return True

    def has(self, at: int) -> bool:
        """Whether a picture of that very instant is on the tape."""
        return any(moment.at == at for moment in self.moments)

    def tell(self, at: int, words: str) -> None:
        """What was done at that instant, of which there is a picture."""
        place = max((i for i, moment in enumerate(self.moments) if moment.at == at), default=None)
        if words and place is not None and not self.moments[place].words:
            self.moments[place] = replace(self.moments[place], words=words)

    def insert(self, at: int, frame: Frame) -> None:
        """A picture of an instant gone by, made again, in its place; what is shown stays."""
        place = sum(moment.at <= at for moment in self.moments)
        if place == len(self.moments):
            return  # nothing comes after it: it is no instant gone by
        self.moments.insert(place, Moment(at, Weight.SIGNIFICANT, frame))
        self.cursor += self.cursor >= place
        self.started_at = min(self.started_at, at)

    def complete(self, frame: Frame, completed: Frame) -> None:
        """Put a frame with more details in the place of the one shown, if it still is."""
        shown = self.shown
        if shown.frame is frame:
            self.moments[self.cursor] = replace(shown, frame=completed)

    def skim(self) -> None:
        """Of what is still to be played, keep only what is significant: a live world goes on."""
        first = self.cursor + 1
        self.moments[first:] = [
            moment for moment in self.moments[first:] if moment.weight is Weight.SIGNIFICANT
        ]

    def _put(self, moment: Moment) -> None:
        """At the end; or in the place of the last one, if that has nothing of its own to say."""
        last = self.moments[-1]
        says_no_more = not last.words and (
            last.weight is Weight.DULL
            or (last.at == moment.at and last.weight <= moment.weight and self.waiting > 0)
        )
        if says_no_more:
            self.moments[-1] = moment
        else:
            self.moments.append(moment)
        self._thin_out()
        self._forget()

    def _is_nth(self) -> bool:
        if not self.waiting:
            self._stride, self._skipped = 1, 0
        self._skipped += 1
        if self._skipped < self._stride:
            return False
        self._skipped = 0
        return True

    def _thin_out(self) -> None:
        """When too many minor moments wait, drop every second one, and take fewer from now on."""
        first = self.cursor + 1
        waiting = enumerate(self.moments[first:], first)
        minor = [i for i, moment in waiting if moment.weight is Weight.MINOR]
        if len(minor) <= MINOR_MAX:
            return
        gone = set(minor[::2])
        self.moments = [m for i, m in enumerate(self.moments) if i not in gone]
        self._stride *= 2

    def _forget(self) -> None:
        too_many = self.cursor - KEPT_MAX
        if too_many > 0:
            del self.moments[:too_many]
            self.cursor -= too_many

    def _add_marks(self, frame: Frame) -> None:
        last = self.marks[-1].id if self.marks else -1
        fresh = (e for e in frame["events"] if e["id"] > last and e["at"] >= self.started_at)
        known = {(mark.at, mark.words) for mark in self.marks}
        new = [mark for mark in marks_of(fresh) if (mark.at, mark.words) not in known]
        self.marks = [*self.marks, *new][-MARKS_MAX:]


def is_minor(kinds: Collection[str]) -> bool:
    """Whether a step with events of these kinds is worth a picture only while there is room."""
    return bool(kinds) and SIGNIFICANT.isdisjoint(kinds)


_T = TypeVar("_T")


def share(old: _T, new: _T) -> _T:
    """`new`, with every part that equals the same part of `old` replaced by that object.

    Frames of a run differ in a few places; so a tape of hundreds costs little more than one.
    """
    if old == new:
        return old
    if isinstance(old, dict) and isinstance(new, dict):
        merged = {k: share(old[k], v) if k in old else v for k, v in new.items()}
        return cast("_T", merged)
    if isinstance(old, list) and isinstance(new, list):
        items: list[Any] = [share(a, b) for a, b in zip(old, new, strict=False)]
        return cast("_T", items + new[len(items) :])
    return new
