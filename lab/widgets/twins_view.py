"""`TwinsView(twins)`: two runs side by side, with one clock for both.

    TwinsView(sim.twins(config("acks", "all")))

Stepping, or pressing a mark, shows both clusters at that instant.  The same by Python: `seek`,
`step`, `back`, `end`; `chain` shows the causes of their first divergence in spacetime, and
`space_time` gives that as a picture of its own.

Read next: `own_view`, what it shares; `lab.scenes.twins`, which draws.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace

from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from kafkalab.frames.spacetime import SpaceTimeFrame, spacetime_frame
from kafkalab.frames.twins import TwinsFrame, chain_of, twins_frame
from kafkalab.sim.instants import instant_ms
from kafkalab.sim.twins import Twins
from lab.scenes.shapes import Scene
from lab.scenes.twins import View, draw
from lab.scenes.twins_text import write_text
from lab.widgets.own_view import OwnView
from lab.widgets.spacetime import SpaceTime
from lab.widgets.what_there_is import check_name


class TwinsView(OwnView):
    """See the module's docstring.  `topic`: one topic's records alone."""

    def __init__(self, twins: Twins, topic: str | None = None) -> None:
        if not isinstance(twins, Twins):
            raise LearnerError(f"twins are what sim.twins(change) gives, not {twins!r}")
        if topic is not None:
            simulations = (twins.a, twins.b)
            check_name("topic", topic, [name for sim in simulations for name in sim.topics])
        self._twins = twins
        self._frame = twins_frame(twins, topic)
        self._view = View(is_live=True)
        self._clusters: tuple[Frame, Frame] | None = None
        self._chain: SpaceTimeFrame | None = None
        self._instants = instants_of(self._frame, twins.a.now - twins.a.world.began)
        self._open(twins.a, "twins-view")

    @property
    def frame(self) -> TwinsFrame:
        """What the picture shows, as plain JSON."""
        return self._frame

    @property
    def say(self) -> str:
        return self._frame["say"]

    def seek(self, seconds: float) -> "TwinsView":
        """Show both clusters at that instant, in seconds since the cluster began (`instant_ms`)."""
        began = self._twins.a.world.began
        return self._to(instant_ms(seconds, began) - began)

    def step(self) -> "TwinsView":
        """To the next instant at which something changed in either."""
        now = self._view.now
        place = 0 if now is None else bisect_right(self._instants, now)
        return self._to(self._instants[min(place, len(self._instants) - 1)])

    def back(self) -> "TwinsView":
        """To the instant before."""
        now = self._view.now if self._view.now is not None else self._instants[-1] + 1
        return self._to(self._instants[max(bisect_left(self._instants, now) - 1, 0)])

    def end(self) -> "TwinsView":
        """What it all came to, without the clusters."""
        self._view, self._clusters = replace(self._view, now=None), None
        self._redraw()
        return self

    def chain(self, run: str = "") -> "TwinsView":
        """Show what led run "A" or "B" to where they part, in its spacetime; "" hides it."""
        self._view = replace(self._view, run=run)
        self._chain = chain_frame(self._twins, run) if run else None
        self._redraw()
        return self

    def space_time(self, run: str) -> SpaceTime:
        """The same as a picture of its own, whose messages can be opened."""
        sim = self._twins.a if run == "A" else self._twins.b
        return SpaceTime(sim, chain_of(self._twins, run))

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["step"]:
                self.step()
            case ["back"]:
                self.back()
            case ["first"]:
                self._to(self._instants[0])
            case ["end"]:
                self.end()
            case ["divergence"] if self._frame["diverges"] is not None:
                self._to(self._frame["diverges"])
            case ["seek", at] if at.isdigit():
                self._to(int(at))
            case ["chain", *run]:
                self.chain("".join(run))

    def _to(self, at: int) -> "TwinsView":
        self._clusters = clusters_at(self._twins, at)
        self._view = replace(self._view, now=self._clusters[0]["now"])
        self._redraw()
        return self

    def _at_width(self, width: float) -> None:
        self._view = self._view.at_width(width)

    def _scene(self, *, is_live: bool) -> Scene:
        if not is_live:
            return draw(self._frame, View())
        return draw(self._frame, self._view, self._clusters, self._chain)

    def _text(self) -> str:
        return write_text(self._frame)


def instants_of(frame: TwinsFrame, last: int) -> list[int]:
    """Instants of either run at which a person would look."""
    found = {mark["at"] for mark in frame["marks"]} | {frame["change"], frame["until"]}
    found |= {at for run in frame["runs"] for stall in run["stalls"] for at in stall}
    if frame["diverges"] is not None:
        found.add(frame["diverges"])
    return sorted(at for at in found if frame["since"] <= at <= last)


def clusters_at(twins: Twins, at: int) -> tuple[Frame, Frame]:
    """Both worlds at an instant in ms since they began, or as near as both can be seen."""
    first = max(twins.a.started_at, twins.b.started_at)
    at = max(first, min(at + twins.a.world.began, twins.a.now))
    return cluster_frame(twins.a.at(at / 1000)), cluster_frame(twins.b.at(at / 1000))


def chain_frame(twins: Twins, run: str) -> SpaceTimeFrame | None:
    """The spacetime of what led a run to where they part; None if nothing did."""
    answer = chain_of(twins, run)
    if not answer.chain:
        return None
    return spacetime_frame(twins.a if run == "A" else twins.b, answer)
