"""`LedgerView(sim, topic)`: a row for each record the applications handed over.

It follows the simulation: when a run has come to rest the table is made anew.  A click on a row
opens its fate in a sentence; chips choose which records are shown.

Read next: `lab.scenes.ledger`, which draws.
"""

from dataclasses import replace
from typing import Any

from kafkalab import Simulation
from kafkalab.frames.ledger import LedgerFrame, ledger_frame
from kafkalab.frames.shape import Frame
from lab.playback.sources import source_of
from lab.player import player_of
from lab.scenes.controls import Controls
from lab.scenes.ledger import ROWS, SORTS, View, chosen, draw, first_row
from lab.scenes.svg import write_svg
from lab.widgets.player_widget import Message, ScenePlayer


class LedgerView:
    """See the module's docstring."""

    def __init__(self, sim: Simulation, topic: str | None = None, show: str = "all") -> None:
        self._sim, self._topic = sim, topic
        self._frame = ledger_frame(sim.ledger(topic))
        self._view = View(is_live=True, sort=show if show in SORTS else "all")
        self.widget = ScenePlayer(draw(self._frame, self._view), name="ledger-view")
        self._player = player_of(source_of(sim))
        self.widget.on_message(lambda message: self._player.post(message, self))
        self._player.add(self)

    @property
    def frame(self) -> LedgerFrame:
        """What the picture shows, as plain JSON."""
        return self._frame

    @property
    def say(self) -> str:
        return self._frame["say"]

    def close(self) -> None:
        """Take the picture off the page."""
        self._player.remove(self)
        self.widget.close()

    def wants(self, frame: Frame) -> tuple[str, ...]:
        """No details of the player's frame: this picture has its own."""
        return ()

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        """Called by the player, on its thread: anew, if time has passed."""
        if self._sim.now != self._frame["now"] and not controls.is_moving:
            self._frame = ledger_frame(self._sim.ledger(self._topic))
        return self.widget.show(draw(self._frame, self._view), is_cut=True)

    def renew(self) -> None:
        self.widget.renew()

    def handle(self, message: Message) -> bool:
        """Everything here belongs to this view alone."""
        width = message.get("width")
        if isinstance(width, int | float):
            self._view = self._view.at_width(width)
            return True
        view = self._view
        match str(message.get("action", "")).split(" ", 1):
            case ["sort", sort]:
                self._view = replace(view, sort=sort.replace("-", " "), first=0)
            case ["rows", which]:
                self._view = replace(view, first=self._moved(which))
            case ["open", key]:
                self._view = replace(view, opened="" if key == view.opened else key)
            case ["open"]:
                self._view = replace(view, opened="")
        return True

    def _moved(self, which: str) -> int:
        steps = {"earlier": -ROWS, "later": ROWS, "first": -(1 << 30), "last": 1 << 30}
        wanted = self._view.first + steps.get(which, 0)
        return first_row(self._frame, self._view, wanted)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        frame = ledger_frame(self._sim.ledger(self._topic))
        bundle = self.widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        is_any = bool(chosen(frame, self._view.sort))
        still = View(sort=self._view.sort if is_any else "all")
        data["image/svg+xml"] = write_svg(draw(frame, still))
        data["text/plain"] = repr(self)
        return data

    def __repr__(self) -> str:
        return repr(self._sim.ledger(self._topic))
