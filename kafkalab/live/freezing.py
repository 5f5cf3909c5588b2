"""A live cluster copied into virtual time: this instant, to be run on, forked and broken there.

    live world ──fork──▶ its clients hang up ──▶ messages take time ──▶ a simulation

Real clients cannot be copied.  In the copy they end as if their processes had died: what they had
sent still arrives, then their connections close, and a group waits for a lost member until its
session ends.  The live cluster is only read.

Invariants: the copy shares nothing mutable with the live world.
Read next: `world.world.World.fork`; `edge`.
"""

from kafkalab.config import Config
from kafkalab.live.edge import ExternalClient, leave
from kafkalab.sim import Simulation
from kafkalab.world import World
from kafkalab.world.network import LATENCY_MS


def frozen(world: World, config: Config, name: str) -> Simulation:
    """A simulation of this very instant.  Hold the world still meanwhile."""
    copy = world.fork()
    for client in [node for node in copy.nodes.values() if isinstance(node, ExternalClient)]:
        leave(copy, client)
    copy.network.set_latency(LATENCY_MS)
    return Simulation.of(copy, config, name)
