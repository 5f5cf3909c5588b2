"""Which simulation `kafka:9092` means: the newest that is open.

Only weak references are kept: a simulation that nobody holds is gone.  Forks are not listed, so
that a branch never catches clients meant for its origin.
"""

from typing import TYPE_CHECKING
from weakref import ReferenceType, ref

from kafkalab.errors import LearnerError

if TYPE_CHECKING:
    from kafkalab.sim.simulation import Simulation

_OPEN: list["ReferenceType[Simulation]"] = []


def current() -> "Simulation":
    """The newest open simulation.  `LearnerError` if there is none."""
    while _OPEN:
        simulation = _OPEN[-1]()
        if simulation is not None and not simulation.is_closed:
            return simulation
        _OPEN.pop()
    raise LearnerError(
        "there is no simulation to connect to: make one first, sim = Simulation(brokers=3), "
        "and keep it in a variable"
    )


def opened(simulation: "Simulation") -> None:
    """From now on this is the newest."""
    _OPEN.append(ref(simulation))
