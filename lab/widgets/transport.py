"""`Transport`: what the time bar's buttons do, as calls.

Read next: `lab.player`, which obeys; `picture_view` and `lab.bench.bench`, which have it.
"""

from typing import Self

from kafkalab.errors import LearnerError
from kafkalab.sim.instants import instant_ms


class Transport:
    """Whatever has a time bar.

    Each call has been done when it returns, from one exact instant: the present of the world shown,
    unless the reader looks back (`pause`d amid a film by hand, `seek`, `back`), whatever has been
    drawn by then.  What a call refuses it raises.
    """

    def post(self, words: str) -> None:
        """Do at once what a button with this action does: `crash 2`, `produce orders`, …"""
        raise NotImplementedError

    def move(self, words: str) -> None:
        """The same for a button of the time bar alone: it concerns no picture."""
        raise NotImplementedError

    def play(self) -> Self:
        """Let the world run on until `pause`, as time passes; or, looking back, play on from there.

        What a cell has run so far plays by itself.
        """
        return self._posted("play")

    def pause(self) -> Self:
        """Stay at the present, or at what is looked back at."""
        return self._posted("pause")

    def step(self, by: str = "event") -> Self:
        """To the next event; by "message", until the next message is delivered.

        Looking back, to the next instant with one.
        """
        if by not in ("event", "message"):
            raise LearnerError(f"step by what?  'event' or 'message', not {by!r}")
        return self._posted("step" if by == "event" else "step message")

    def back(self) -> Self:
        """To the instant before, with an event or with a message that was stepped to."""
        return self._posted("back")

    def end(self) -> Self:
        """To the present."""
        return self._posted("end")

    def seek(self, seconds: float) -> Self:
        """To that instant, in seconds since the beginning; of a live cluster the picture before it.

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
        self.move(words)
        return self
