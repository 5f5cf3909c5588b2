"""`SpaceTime(sim, about)`: nodes, messages and their causes over time; a message can be opened.

    SpaceTime(sim, sim.why("orders-0"))          the chain of an answer, highlighted
    SpaceTime(sim, since=1.0, until=1.2)         any stretch (seconds)

The same by Python: `zoom`, `move`, `select`, `whole`.

Read next: `lab.scenes.spacetime`, which draws; `lab.player`, on whose thread clicks are obeyed.
"""

from dataclasses import replace
from typing import Any

from kafkalab import Simulation
from kafkalab.frames.messages import message_fields
from kafkalab.frames.shape import Frame
from kafkalab.frames.spacetime import AROUND_MS, SpaceTimeFrame, spacetime_frame
from kafkalab.sim.why import Explanation
from lab.playback.sources import source_of
from lab.player import player_of
from lab.scenes.controls import Controls
from lab.scenes.spacetime import View, draw
from lab.scenes.spacetime_text import write_text
from lab.scenes.svg import write_svg
from lab.widgets.player_widget import Message, ScenePlayer

SPAN_MS_MIN = 4


class SpaceTime:
    """See the module's docstring.  `partition`: whose leader the thick line is."""

    def __init__(
        self,
        sim: Simulation,
        about: Explanation | None = None,
        *,
        since: float | None = None,
        until: float | None = None,
        partition: tuple[str, int] | None = None,
    ) -> None:
        self._sim, self._about, self._partition = sim, about, partition
        begins = None if since is None else round(since * 1000)
        ends = None if until is None else round(until * 1000)
        self._frame = self._whole = self._made(begins, ends)
        self._view = View(is_live=True)
        self.widget = ScenePlayer(draw(self._frame, self._view), name="space-time")
        self._player = player_of(source_of(sim))
        self.widget.on_message(lambda message: self._player.post(message, self))
        self._player.add(self)

    @property
    def frame(self) -> SpaceTimeFrame:
        """What the picture shows, as plain JSON."""
        return self._frame

    @property
    def say(self) -> str:
        return self._frame["say"]

    def zoom(self, factor: float) -> "SpaceTime":
        """Show a stretch so many times as long, about the same middle (0.5: half as long)."""
        since, until = self._frame["since"], self._frame["until"]
        middle, half = (since + until) / 2, max((until - since) * factor, SPAN_MS_MIN) / 2
        return self._to(round(middle - half), round(middle + half))

    def move(self, share: float) -> "SpaceTime":
        """Go later by so much of the stretch (earlier if negative)."""
        since, until = self._frame["since"], self._frame["until"]
        by = round((until - since) * share)
        first, last = self._sim.started_at - since, self._sim.now - until
        by = max(first, min(by, last))
        return self._to(since + by, until + by)

    def look_at(self, id: int) -> "SpaceTime":
        """Show the milliseconds around an event of the chain."""
        at = next((step["at"] for step in self._frame["chain"] if step["id"] == id), None)
        return self if at is None else self._to(at - AROUND_MS, at + AROUND_MS)

    def whole(self) -> "SpaceTime":
        """Back to the stretch it began with."""
        self._frame = self._whole
        return self._redraw()

    def select(self, id: int) -> "SpaceTime":
        """Open a message by the id of its arrival; 0 closes it."""
        fields = tuple(message_fields(self._sim, id)) if id else ()
        self._view = replace(self._view, selected=id if fields else 0, fields=fields)
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
        return self.widget.show(draw(self._frame, self._view), is_cut=True)

    def renew(self) -> None:
        self.widget.renew()

    def handle(self, message: Message) -> bool:
        """Everything here belongs to this view alone."""
        width = message.get("width")
        if isinstance(width, int | float):
            self._view = self._view.at_width(width)
            return True
        match str(message.get("action", "")).split():
            case ["in"]:
                self.zoom(0.5)
            case ["out"]:
                self.zoom(2)
            case ["left"]:
                self.move(-0.25)
            case ["right"]:
                self.move(0.25)
            case ["all"]:
                self.whole()
            case ["log"]:
                self._view = replace(self._view, is_log=not self._view.is_log)
            case ["step", id] if id.isdigit():
                self.look_at(int(id))
            case ["select", id] if id.isdigit():
                self.select(0 if int(id) == self._view.selected else int(id))
        return True

    def _to(self, since: int, until: int) -> "SpaceTime":
        since = max(since, self._sim.started_at)
        until = max(since + SPAN_MS_MIN, min(until, self._sim.now))
        self._frame = self._made(since, until)
        return self._redraw()

    def _made(self, since: int | None, until: int | None) -> SpaceTimeFrame:
        return spacetime_frame(
            self._sim, self._about, since=since, until=until, partition=self._partition
        )

    def _redraw(self) -> "SpaceTime":
        if self.widget.show(draw(self._frame, self._view), is_cut=True):
            self.widget.renew()
        return self

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        still = replace(self._view, is_live=False, width=View().width)
        data["image/svg+xml"] = write_svg(draw(self._frame, still))
        data["text/plain"] = write_text(self._frame)
        return data

    def __repr__(self) -> str:
        return write_text(self._frame)
