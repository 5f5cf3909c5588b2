"""`Transport`: what the time bar's buttons do, as calls.

Read next: `lab.player`, which obeys; `picture_view` and `lab.bench.bench`, which have it.
"""

from typing import Self

from kafkalab.errors import LearnerError
from kafkalab.sim.instants import instant_ms


class Transport:
    """Whatever has a time bar.  Each call does what its button does, and returns at once."""

    def post(self, words: str) -> None:
        """Do what a click with this action would."""
        raise NotImplementedError

    def play(self) -> Self:
        """Play on, or pause, as the button does."""
        return self._posted("play")

    def step(self, by: str = "event") -> Self:
        """To the next event; by "message", until the next message is delivered.

        Looking back, to the next instant with one.
        """
        if by not in ("event", "message"):
            raise LearnerError(f"step by what?  'event' or 'message', not {by!r}")
        return self._posted("step" if by == "event" else "step message")

    def back(self) -> Self:
        """To the picture before."""
        return self._posted("back")

    def end(self) -> Self:
        """To the present."""
        return self._posted("end")

    def seek(self, seconds: float) -> Self:
        """To that instant (or the picture before it), in seconds since the beginning.

        (`instant_ms`: or as the clock of a frozen cluster has it.)  `LearnerError` for what is no
        instant; beyond an end it is that end.
        """
        if not isinstance(seconds, int | float) or seconds < 0:
            raise LearnerError(
                f"an instant is in seconds since the beginning, such as 1.5, not {seconds!r}"
            )
        return self._posted(f"seek {instant_ms(seconds, self._began) - self._began}")

    @property
    def _began(self) -> int:
        """When the world shown began, by its own clock, in ms."""
        raise NotImplementedError

    def _posted(self, words: str) -> Self:
        self.post(words)
        return self
