"""Which source shows a world: one for each simulation and each live cluster.

Views of one world share its source, and so its player.
"""

from weakref import WeakValueDictionary

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.live import LiveCluster
from lab.playback.live import LiveSource
from lab.playback.simulated import SimulationSource
from lab.playback.source import Source


def source_of(world: Simulation | LiveCluster | Source) -> Source:
    """The one source of a world; whatever is a source already stays what it is."""
    if not isinstance(world, Simulation | LiveCluster):
        if not hasattr(world, "frame"):
            raise LearnerError(f"a picture is of a Simulation or a LiveCluster, not of {world!r}")
        return world
    source = _SOURCES.get(id(world))
    if source is None:
        source = LiveSource(world) if isinstance(world, LiveCluster) else SimulationSource(world)
        _SOURCES[id(world)] = source
    return source


#: By the world's id; a source keeps its world, so ids last as long as entries.
_SOURCES: WeakValueDictionary[int, SimulationSource | LiveSource] = WeakValueDictionary()
