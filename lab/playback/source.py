"""What a player needs of a world: a picture of now, word of what happens, and a way to act.

A simulation and a live cluster both are sources; so is a script (`scripted`).  A source knows
nothing of widgets, speed or pictures kept.

Invariants: an observer is called between events, while nothing else changes the world, and only
with kinds of `lab.scenes.kinds.SHOWN` (or none, at the end of a run); it is quick and never calls
back.  `command`, `run_for` and `step` take the world's lock themselves, for a cell may be driving
it at the same time.
Read next: `tape`, the observer; `player`, which commands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from kafkalab.frames.shape import Frame


@dataclass(frozen=True, slots=True)
class Happening:
    """What one step of the world did, as far as it is worth showing.

    `frame` makes the picture of this very instant; it must be called before the observer returns,
    and only when the picture is wanted, for it costs a millisecond.
    """

    at: int
    kinds: tuple[str, ...]
    frame: Callable[[], Frame]
    words: str = ""  # what was done, where it was a step by itself


Observer = Callable[[Happening], None]


class Source(Protocol):
    """A world that can be shown.  `is_live`: its time passes by itself.

    `wanted`: keys of details (`kafkalab.frames.details`) that pictures on screen need.
    """

    is_live: bool
    wanted: tuple[str, ...]

    @property
    def now(self) -> int:
        """The present, as `Frame["now"]`."""

    @property
    def begins(self) -> int | None:
        """The earliest instant that can be made again (`Frame["now"]`); None if none can."""

    def frame(self) -> Frame:
        """What there is now, with the details wanted."""

    def frame_at(self, at: int) -> Frame | None:
        """The picture of an instant gone by (`Frame["now"]`); None if it cannot be made again."""

    def details_at(self, at: int, keys: tuple[str, ...]) -> dict[str, Any] | None:
        """Details of an instant gone by (`Frame["now"]`); None if that cannot be known any more."""

    def observe(self, observer: Observer) -> None:
        """Call `observer` from now on after each step in which something worth showing happened.

        And once more, with no kinds, when a run comes to its end: then perhaps only time has
        passed.  Any number of observers; they stay for the life of the source.
        """

    def command(self, words: str) -> str:
        """Act as `kafkalab serve --control` would: one line of words.

        `crash 2`, `restart 2`, `pause 2 3000` (ms), and besides `produce orders`: one record with
        an automatic key and value to that topic; in a simulation `consume orders billing`, one
        more member of that group, and `leave consumer-2`, one less (`members`).  Returns
        what came of it, where there is more to say than that it is done, else "".  Raises an
        exception whose text says what was wrong, in words for a learner.
        """

    def run_for(self, duration_ms: int) -> None:
        """Let so much virtual time pass.  For a live cluster, whose time passes anyway: nothing."""

    def step(self) -> None:
        """Run to the next happening an observer is told of, or for one virtual minute if none."""

    def step_message(self) -> None:
        """Run until the next message is delivered; observers are told in words which.

        Raises an exception in words for a learner if none is within a virtual minute.
        """

    def message_after(self, at: int) -> tuple[int, str] | None:
        """The first instant after `at` (both `Frame["now"]`) with a message delivered, and which.

        Of what has happened already; None where there is none, or where that is not known.
        """

    def shown_near(self, at: int, *, is_later: bool) -> int | None:
        """The nearest instant after `at` (or before it) with something to show.

        An end of the run where there is none; None where nothing gone by can be made again.
        """
