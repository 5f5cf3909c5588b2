"""`Kept`: what keeps the tape of a world that the bench has turned away from.

A player ends with its last view, and its tape with it: the rail of time would begin anew when one
turns back.  So a view that shows nothing stays with each world of a bench, until the bench closes.

Read next: `lab.player`; `bench`, which keeps.
"""

from kafkalab import Simulation
from kafkalab.frames.shape import Frame
from kafkalab.live import LiveCluster
from lab.playback.sources import source_of
from lab.player import player_of
from lab.scenes.controls import Controls


class Kept:
    """See the module's docstring.  A view without a picture."""

    def __init__(self, world: Simulation | LiveCluster) -> None:
        self._player = player_of(source_of(world))
        self._player.add(self)

    def close(self) -> None:
        self._player.remove(self)

    def wants(self, frame: Frame) -> tuple[str, ...]:
        return ()

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        return False

    def renew(self) -> None:
        return None

    def handle(self, message: dict[str, object]) -> bool:
        return False
