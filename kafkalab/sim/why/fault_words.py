"""A fault as a clause, in the past: "broker 2 crashed at 1.980 s".

Read next: `leadership`.
"""

from kafkalab.sim.telling import past
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry


def clause(seen: Seen, fault: Entry) -> str:
    """What happened and when, and what that came to, where it came later."""
    if fault.kind == "DiskChanged":
        ends = [e for e in seen.of("Crashed", node=fault.node) if e.id > fault.id]
        is_slow = fault.event[1] == "slow"
        ended = (
            f", which ended its process at {seen.clock(ends[0].at)}" if ends and not is_slow else ""
        )
        return f"{past(fault)} from {seen.clock(fault.at)} on{ended}"
    if fault.id <= 0 and fault.kind == "Partitioned":  # in force, and nobody remembers since when
        return f"{past(fault)} before what is known"
    return f"{past(fault)} at {seen.clock(fault.at)}"
