"""A simulation as a source: what a player and a view ask of a world.

Frames are made under the driver's lock, so a view may ask for one while a cell runs the world.
`produce TOPIC`, the button, is a real producer, one for each simulation, made when first used,
whose records say that they came by hand.

Read next: `source`, the contract; `lab.player`, which uses it.
"""

from typing import Final
from weakref import WeakValueDictionary

from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from kafkalab.handles import Producer
from kafkalab.sim import Simulation
from lab.playback.source import Happening, Observer, Source
from lab.scenes.kinds import SHOWN

_PRODUCE: Final = "produce"


class SimulationSource:
    """See `lab.playback.source.Source`."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self._producer: Producer | None = None
        self._count = 0

    def frame(self) -> Frame:
        """What there is now."""
        with self.sim.driver.locked():
            return cluster_frame(self.sim)

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of every step in which something worth showing happened."""

        def tell(now: int, kinds: tuple[str, ...]) -> None:
            observer(Happening(now, kinds, lambda: cluster_frame(self.sim)))

        self.sim.driver.observe(tell, SHOWN)

    def command(self, words: str) -> None:
        """A fault by its words, or `produce TOPIC`."""
        verb, _, topic = words.partition(" ")
        if verb == _PRODUCE:
            self._produce(topic)
        else:
            self.sim.driver.command(words)

    def run_for(self, duration_ms: int) -> None:
        """Let so much virtual time pass."""
        self.sim.driver.run_for(duration_ms)

    def step(self) -> None:
        """To the end of the next step that shows."""
        self.sim.driver.step(SHOWN)

    def _produce(self, topic: str) -> None:
        if self._producer is None:
            conf = {"bootstrap.servers": self.sim.bootstrap_servers, "linger.ms": 0}
            self._producer = Producer(conf, sim=self.sim)
        self._count += 1
        self._producer.produce(topic, f"by hand, no. {self._count}", key=f"hand-{self._count % 4}")
        self._producer.poll(0)


def source_of(world: Simulation | Source) -> Source:
    """The one source of a simulation; whatever is a source already stays what it is."""
    if not isinstance(world, Simulation):
        return world
    source = _SOURCES.get(id(world))
    if source is None:
        source = _SOURCES[id(world)] = SimulationSource(world)
    return source


_SOURCES: WeakValueDictionary[int, SimulationSource] = WeakValueDictionary()
