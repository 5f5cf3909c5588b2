"""What a clock that is wrong has done: dates in records, and what is judged by them.

No message carries the blame, so it is found as silence is: which clock was wrong then.
Read next: `wall_clock`, for what goes by a machine's clock and what does not.
"""

from kafkalab.ids import TopicPartition
from kafkalab.sim.telling import node_name, tell
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry


def judged(seen: Seen, entry: Entry, otherwise: Explanation) -> Explanation:
    """Of an event that a broker decided by dates: its clock may have been wrong."""
    fault = seen.faults.clock(entry.node, entry.at, entry.id)
    if fault is None:
        return otherwise
    what = tell(entry)
    say = (
        f"{what[:1].upper()}{what[1:]}: that is decided by dates and by the clock of "
        f"{node_name(entry.node)}, which was wrong: {tell(fault)} since {seen.clock(fault.at)}."
    )
    return Explanation(otherwise.question, say, ordered(fault, entry), fault)


def misdated(seen: Seen, entry: Entry, made: Entry | None) -> tuple[str, Entry] | None:
    """Whose clock was wrong when a record was refused for its date; `made`: by its producer."""
    nodes = ([(made.node, made)] if made is not None else []) + [(entry.node, entry)]
    for node, then in nodes:
        fault = seen.faults.clock(node, then.at, then.id)
        if fault is not None:
            of = TopicPartition(entry.event[1], entry.event[2])
            say = (
                f"The record's date is too far from the clock of {node_name(entry.node)} for {of} "
                f"(message.timestamp.before.max.ms, .after.max.ms): {tell(fault)} since "
                f"{seen.clock(fault.at)}."
            )
            return say, fault
    return None
