"""`TwinsView(twins)`: two runs side by side, with one clock for both.

    TwinsView(sim.twins(config("acks", "all")))

Stepping, or pressing a mark, shows both clusters at that instant.  The same by Python: `seek`,
`step`, `back`, `end`.

Read next: `lab.scenes.twins`, which draws.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace
from typing import Any

from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from kafkalab.frames.twins import TwinsFrame, twins_frame
from kafkalab.sim.twins import Twins
from lab.playback.sources import source_of
from lab.player import player_of
from lab.scenes.controls import Controls
from lab.scenes.svg import write_svg
from lab.scenes.twins import View, draw
from lab.scenes.twins_text import write_text
from lab.widgets.player_widget import Message, ScenePlayer


class TwinsView:
    """See the module's docstring.  `topic`: one topic's records alone."""

    def __init__(self, twins: Twins, topic: str | None = None) -> None:
        self._twins = twins
        self._frame = twins_frame(twins, topic)
        self._view = View(is_live=True)
        self._clusters: tuple[Frame, Frame] | None = None
        self._instants = self._worth_seeing()
        self.widget = ScenePlayer(draw(self._frame, self._view), name="twins-view")
        self._player = player_of(source_of(twins.a))
        self.widget.on_message(lambda message: self._player.post(message, self))
        self._player.add(self)

    @property
    def frame(self) -> TwinsFrame:
        """What the picture shows, as plain JSON."""
        return self._frame

    @property
    def say(self) -> str:
        return self._frame["say"]

    def seek(self, seconds: float) -> "TwinsView":
        """Show both clusters at that instant."""
        return self._to(round(seconds * 1000))

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
        return self._redraw()

    def close(self) -> None:
        """Take the picture off the page."""
        self._player.remove(self)
        self.widget.close()

    def wants(self, frame: Frame) -> tuple[str, ...]:
        """No details of the player's frame: this picture has its own."""
        return ()

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        """Called by the player, on its thread, after what `handle` did."""
        return self.widget.show(draw(self._frame, self._view, self._clusters), is_cut=True)

    def renew(self) -> None:
        self.widget.renew()

    def handle(self, message: Message) -> bool:
        """Everything here belongs to this view alone."""
        width = message.get("width")
        if isinstance(width, int | float):
            self._view = self._view.at_width(width)
            return True
        match str(message.get("action", "")).split():
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
        return True

    def _worth_seeing(self) -> list[int]:
        """Instants of either run at which a person would look."""
        frame = self._frame
        found = {mark["at"] for mark in frame["marks"]} | {frame["change"], frame["until"]}
        found |= {at for run in frame["runs"] for stall in run["stalls"] for at in stall}
        if frame["diverges"] is not None:
            found.add(frame["diverges"])
        return sorted(at for at in found if frame["since"] <= at <= self._twins.a.now)

    def _to(self, at: int) -> "TwinsView":
        first = max(self._twins.a.started_at, self._twins.b.started_at)
        at = max(first, min(at, self._twins.a.now))
        a, b = self._twins.a.at(at / 1000), self._twins.b.at(at / 1000)
        self._clusters = cluster_frame(a), cluster_frame(b)
        self._view = replace(self._view, now=at)
        return self._redraw()

    def _redraw(self) -> "TwinsView":
        if self.widget.show(draw(self._frame, self._view, self._clusters), is_cut=True):
            self.widget.renew()
        return self

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/svg+xml"] = write_svg(draw(self._frame, View()))
        data["text/plain"] = write_text(self._frame)
        return data

    def __repr__(self) -> str:
        return write_text(self._frame)
