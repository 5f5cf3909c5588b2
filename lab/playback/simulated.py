"""A simulation as a source: what the player sees, and how its clicks reach the world.

The simulation's driver calls the observer between steps and takes turns with the cell that may be
running it; so a click acts while a cell waits.

Read next: `source`, the face this wears; `kafkalab.world.driver`.
"""

from typing import Any

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.details import details
from kafkalab.frames.shape import Frame
from lab.playback import members
from lab.playback.source import Happening, Observer
from lab.scenes.kinds import SHOWN

STEP_MS = 60_000  # how far one step looks for something to show
FLUSH_SECONDS = 1.0  # a record made by hand is on its way at least so long


class SimulationSource:
    """See the module's docstring; a `Source`."""

    is_live = False

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.wanted: tuple[str, ...] = ()
        self._producer: Producer | None = None
        self._produced = 0

    def frame(self) -> Frame:
        with self._sim.driver.locked():
            return cluster_frame(self._sim, wanted=self.wanted)

    def details_at(self, at: int, keys: tuple[str, ...]) -> dict[str, Any] | None:
        """By running that instant again, from the checkpoint before it."""
        with self._sim.driver.locked() as world:
            if at == world.now - world.began:
                return details(world, keys)
        past = self._past(at)
        return None if past is None else details(past.world, keys)

    def frame_at(self, at: int) -> Frame | None:
        """The same, as a whole picture; None before the cluster was ready."""
        past = self._past(at)
        if past is None:
            return None
        return cluster_frame(past, title=self._sim.name, wanted=self.wanted)

    def _past(self, at: int) -> Simulation | None:
        try:
            return self._sim.at((at + self._sim.world.began) / 1000)
        except LearnerError:
            return None  # before the view, or before the cluster was ready

    def observe(self, observer: Observer) -> None:
        self._sim.driver.observe(
            lambda now, kinds: observer(Happening(now, kinds, self.frame)), SHOWN
        )

    def command(self, words: str) -> None:
        """A fault in words, or what clients do; `LearnerError` says what was wrong."""
        verb, _, rest = words.strip().partition(" ")
        match verb:
            case "produce":
                self._produce(rest.strip())
            case "consume":
                members.add(self._sim, rest.split())
            case "leave":
                members.remove(self._sim, rest.split())
            case _:
                self._sim.driver.command(words)

    def run_for(self, duration_ms: int) -> None:
        self._sim.driver.run_for(duration_ms)

    def step(self) -> None:
        self._sim.driver.step(SHOWN, STEP_MS)

    def _produce(self, topic: str) -> None:
        if topic not in self._sim.topics:
            there_are = ", ".join(self._sim.topics) or "none"
            raise LearnerError(f"there is no topic {topic!r}; topics: {there_are}")
        if self._producer is None:
            conf = {"bootstrap.servers": self._sim.bootstrap_servers}
            self._producer = Producer(conf, sim=self._sim)
        self._produced += 1
        key = f"user-{self._produced % 7}"
        self._producer.produce(topic, key=key, value=f"by hand {self._produced}")
        self._producer.flush(FLUSH_SECONDS)
