"""A live cluster as a source: its time passes by itself, so there is nothing to run on.

Playback follows what happens.  A picture costs the cluster a millisecond, on its own thread; the
tape asks for few of them when much happens.

Read next: `source`, the face this wears; `kafkalab.live.cluster`.
"""

from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from kafkalab.live import LiveCluster
from lab.playback.source import Happening, Observer
from lab.scenes.kinds import SHOWN


class LiveSource:
    """See the module's docstring; a `Source`."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._cluster = cluster

    def frame(self) -> Frame:
        with self._cluster.locked():
            return cluster_frame(self._cluster)

    def observe(self, observer: Observer) -> None:
        def tell(now: int, kinds: tuple[str, ...]) -> None:
            observer(Happening(now, kinds, self.frame))

        self._cluster.observe(tell, SHOWN)

    def command(self, words: str) -> None:
        """A fault in words; records are for real clients to produce."""
        if words.startswith("produce"):
            raise LearnerError(
                "a live cluster takes records from real clients: use confluent_kafka"
            )
        self._cluster.command(words)

    def run_for(self, duration_ms: int) -> None:
        """Its time passes anyway."""

    def step(self) -> None:
        """Its time passes anyway."""
