"""`OwnView`: a picture with a frame of its own, on a page of its own.

    simulation ──▶ frame ──▶ scene ──▶ the widget, the still picture, the text

What `SpaceTime`, `TwinsView` and `LedgerView` share: the widget, the player on whose thread clicks
are obeyed, the page's width, and the twin for readers without a kernel.  Each says how its scene
is drawn (`_scene`), how it reads (`_text`), and what an action does (`_obey`).  What it opens (the
bytes of something) stands below it, in a drawer.

Invariants: a click and a call do the same; a call means the world as it is now, whatever has been
drawn of it; nothing of this belongs to the world.
Read next: `spacetime`, `twins_view`, `ledger_view`; `lab.player`, which calls `show`.
"""

import threading
from typing import Any

import ipywidgets

from kafkalab import Simulation
from kafkalab.frames.shape import Frame
from lab.playback.sources import source_of
from lab.player import player_of
from lab.scenes.controls import Controls
from lab.scenes.shapes import Scene
from lab.widgets.drawer import Drawer
from lab.widgets.player_widget import Message, ScenePlayer
from lab.widgets.still_view import in_a_cell


class OwnView:
    """See the module's docstring.  A subclass is ready to draw before it calls `_open`."""

    widget: ScenePlayer

    def _open(self, sim: Simulation, name: str) -> None:
        self._source, self._drawing = source_of(sim), threading.Lock()
        self.drawer = Drawer()
        self.widget = ScenePlayer(self._scene(is_live=True), name=name)
        self._player = player_of(self._source)
        self.widget.on_message(lambda message: self._player.post(message, self))
        self._player.add(self)

    # what a picture says

    def _scene(self, *, is_live: bool) -> Scene:
        raise NotImplementedError

    def _text(self) -> str:
        raise NotImplementedError

    def _obey(self, words: list[str]) -> None:
        raise NotImplementedError

    def _at_width(self, width: float) -> None:
        raise NotImplementedError

    def _catch_up(self) -> None:
        """The world may have moved: look again, if this picture follows it."""

    # for the player

    def wants(self, frame: Frame) -> tuple[str, ...]:
        """No details of the player's frame: this picture has its own."""
        return ()

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        """Called by the player, on its thread, after what `handle` did."""
        if not controls.is_moving:
            self._catch_up()
        with self._drawing:
            return self.widget.show(self._scene(is_live=True), is_cut=True)

    def renew(self) -> None:
        with self._drawing:
            self.widget.renew()

    def handle(self, message: Message) -> bool:
        """Everything here belongs to this view alone."""
        width = message.get("width")
        if isinstance(width, int | float):
            self._at_width(width)
        else:
            self._obey(str(message.get("action", "")).split())
        return True

    # for readers

    def close(self) -> None:
        """Take the picture off the page."""
        self._player.remove(self)
        self.drawer.close()
        self.widget.close()

    def _redraw(self) -> None:
        with self._drawing:
            if self.widget.show(self._scene(is_live=True), is_cut=True):
                self.widget.renew()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        box = ipywidgets.VBox([self.widget, self.drawer.widget])
        return in_a_cell(box, self._scene(is_live=False), self._text())

    def __repr__(self) -> str:
        return self._text()
