"""`ClusterView(world)`: the cluster at work, live in Jupyter, still elsewhere.

The live picture shows where *playback* is; the picture and text kept in the notebook show where
the *world* is, whatever a thread has got round to drawing, so that running a notebook twice gives
the same file.

Invariants: nothing here waits; handlers only enqueue; a width, a topic or a partition chosen
belongs to this view and never to the world.
Read next: `lab.player`, which calls `show`; `lab.scenes.cluster_view`, which draws.
"""

from dataclasses import replace
from typing import Any

from kafkalab.frames.shape import Frame
from kafkalab.live import LiveCluster
from kafkalab.sim import Simulation
from lab.playback.source import Source
from lab.playback.sources import source_of
from lab.player import Player, player_of
from lab.scenes.cluster import ROWS_MAX
from lab.scenes.cluster_view import View, chosen_topic, draw, window
from lab.scenes.controls import Controls
from lab.scenes.svg import write_svg
from lab.scenes.text_table import write_text
from lab.widgets.player_widget import Message, ScenePlayer


class ClusterView:
    """A picture of brokers, partitions, groups and events, with a player's controls.

    ```python
    ClusterView(sim)                       # as the last line of a cell
    ClusterView(sim, topic="payments")
    ```

    `world` is a simulation, a live cluster, or anything that is a `lab.playback.source.Source`.
    Everything a button does, a call on the world does too.
    """

    def __init__(self, world: Simulation | LiveCluster | Source, topic: str = "") -> None:
        self._world = source_of(world)
        self._view = View(topic=topic)
        self._frame = self._world.frame()
        self._player: Player = player_of(self._world)
        self.widget = ScenePlayer(draw(self._frame, self._view), name="cluster-view")
        self.widget.on_message(lambda message: self._player.post(message, self))
        self._player.add(self)

    def close(self) -> None:
        """Take the picture off the page, and stop playing if it was the last."""
        self._player.remove(self)
        self.widget.close()

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        """Called by the player, on its thread."""
        self._frame = frame
        return self.widget.show(draw(frame, self._view, controls), is_cut=is_cut)

    def renew(self) -> None:
        self.widget.renew()

    def handle(self, message: Message) -> bool:
        """Width, topic, partition and window are this view's own; the rest is the player's."""
        width = message.get("width")
        if isinstance(width, int | float):
            self._view = self._view.at_width(width)
            return True
        words = str(message.get("action", "")).split()
        match words:
            case ["topic", name]:
                self._view = replace(self._view, topic=name, partition=0, first_row=0)
            case ["select", which]:
                self._view = replace(self._view, partition=self._partition(which))
            case ["rows", which]:
                self._view = replace(self._view, first_row=self._first_row(which))
            case _:
                return False
        return True

    def _partition(self, which: str) -> int:
        """`next`, `before` (around the end), or a number."""
        topic = chosen_topic(self._frame, self._view.topic)
        count = len(topic["partitions"]) if topic else 1
        if which.isdigit():
            return min(int(which), count - 1)
        return (self._view.partition + (1 if which == "next" else -1)) % max(count, 1)

    def _first_row(self, which: str) -> int:
        topic = chosen_topic(self._frame, self._view.topic)
        first, _ = window(topic, self._view.first_row)
        step = ROWS_MAX if which == "later" else -ROWS_MAX
        return window(topic, first + step)[0]

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The live widget, and for readers without a kernel the same picture and text."""
        frame = self._world.frame()
        twin = draw(frame, View(topic=self._view.topic))
        bundle = self.widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/svg+xml"] = write_svg(twin)
        data["text/plain"] = write_text(frame, self._view.topic)
        return data

    def __repr__(self) -> str:
        return write_text(self._world.frame(), self._view.topic)
