"""The world: nodes, the network between them, time, faults, and a trace in which all has a cause.

Reading order: `world` (one step of everything), `network` and `connections` (TCP, as data),
`scheduler` (what happens next), `trace` and `causality` (what happened, and why), `faults` (what
can go wrong, and schedules of it), `apps` and `runner` (a learner's coroutines inside the world),
`driver` (the one who may move it), `actions` and
`history` (doing it again, and looking back).  Both clocks, `sim` and `live`, run these classes.
"""

from kafkalab.world.driver import Driver, NodeFailure, StillWaiting
from kafkalab.world.faults import WORLD, CommandError, Faults
from kafkalab.world.trace import Entry, Trace
from kafkalab.world.world import Action, World

__all__ = [
    "WORLD",
    "Action",
    "CommandError",
    "Driver",
    "Entry",
    "Faults",
    "NodeFailure",
    "StillWaiting",
    "Trace",
    "World",
]
