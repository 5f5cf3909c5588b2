"""A live cluster as a source: its time passes by itself, so there is nothing to run on.

Playback follows what happens.  A picture costs the cluster a millisecond, on its own thread; the
tape asks for few of them when much happens.

Read next: `source`, the face this wears; `kafkalab.live.cluster`.
"""

from typing import Any

from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from kafkalab.live import LiveCluster
from lab.playback.source import Happening, Observer
from lab.scenes.kinds import SHOWN

SENT = "sent one record; the pictures show what becomes of it"


class LiveSource:
    """See the module's docstring; a `Source`."""

    is_live = True

    def __init__(self, cluster: LiveCluster) -> None:
        self._cluster = cluster
        self.wanted: tuple[str, ...] = ()
        self._produced = 0

    @property
    def now(self) -> int:
        return self._cluster.world.now - self._cluster.world.began

    @property
    def begins(self) -> int | None:
        """A live cluster does not go back."""
        return None

    def frame(self) -> Frame:
        with self._cluster.locked():
            return {**cluster_frame(self._cluster, wanted=self.wanted), "seed": None}

    def frame_at(self, at: int) -> Frame | None:
        """A live cluster does not go back."""
        return None

    def details_at(self, at: int, keys: tuple[str, ...]) -> dict[str, Any] | None:
        """A live cluster does not go back."""
        return None

    def observe(self, observer: Observer) -> None:
        def tell(now: int, kinds: tuple[str, ...]) -> None:
            observer(Happening(now, kinds, self.frame))

        self._cluster.observe(tell, SHOWN)

    def command(self, words: str) -> str:
        """A fault in words, or `produce TOPIC`; `LearnerError` says what was wrong."""
        verb, _, rest = words.strip().partition(" ")
        if verb == "produce":
            self._produced += 1
            key, value = f"user-{self._produced % 7}", f"by hand {self._produced}"
            self._cluster.produce(rest.strip(), key.encode(), value.encode())
            return SENT
        if verb in ("consume", "leave"):
            raise LearnerError(
                "a live cluster's consumers are programs of their own: start and stop them where "
                "they run; or freeze it, and try it there"
            )
        self._cluster.command(words)
        return ""

    def run_for(self, duration_ms: int) -> None:
        """Its time passes anyway."""

    def step(self) -> None:
        """Its time passes anyway."""

    def step_message(self) -> None:
        """Its time passes anyway, and it keeps no messages."""
        raise LearnerError(
            "a live cluster does not wait between two messages: freeze it, and step there"
        )

    def message_after(self, at: int) -> tuple[int, str] | None:
        """A live cluster keeps no messages."""
        return None

    def shown_near(self, at: int, *, is_later: bool) -> int | None:
        """A live cluster does not go back."""
        return None
