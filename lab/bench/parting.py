"""Where two worlds of a bench part: a run and its branch, two branches, a cluster and its copy.

    the live cluster ── frozen ──┬── branch 1
                                 └── branch 2

Read next: `bench`, which shows it below the rail; `kafkalab.sim.branches`, the tree.
"""

from kafkalab import Simulation
from kafkalab.live import LiveCluster
from kafkalab.sim.branches import Branch


def parting(one: Simulation | LiveCluster, other: Simulation | LiveCluster) -> int | None:
    """The ms since the beginning at which they were one for the last time; None if they are one."""
    if one is other:
        return None
    first, second = _way_to(one), _way_to(other)
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] is second[shared]:
        shared += 1
    return min(each.at - each.began for each in (*first[shared:], *second[shared:]))


def _way_to(world: Simulation | LiveCluster) -> list[Branch]:
    """From the first world of its tree to this one; of a live cluster nothing, it is no branch."""
    way: list[Branch] = []
    branch = None if isinstance(world, LiveCluster) else world.branch
    while branch is not None:
        way.insert(0, branch)
        branch = branch.origin
    return way
