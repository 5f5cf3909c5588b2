"""`Bench(still(sim))`: a picture that stays while the simulation goes on in the cells below."""

from kafkalab import Simulation


def still(sim: Simulation) -> Simulation:
    """A copy to look at, of the same name: its picture stays as it is when the other goes on."""
    copy = sim.fork()
    copy.name = sim.name
    return copy
