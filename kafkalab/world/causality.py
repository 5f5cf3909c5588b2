"""Why did this happen?  Walks over the causes that the trace keeps.

    OffsetCommitted ◀─ Delivered (OffsetCommit) ◀─ TimerFired (consumer-1) ◀─ Delivered … ◀─ action

Whatever is said or sent while a delivery, a timer or an action is handled has it as its cause, so
following causes from any entry leads back to what came from outside.  A timer's cause is what
was being handled when the node last set it earlier.

Left out: an entry that is neither significant nor among the last 100,000 has been let go, and
the walk ends there; `Causes.complete` says so.
Read next: `trace`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kafkalab.world.trace import Entry, Trace


class Causes(NamedTuple):
    """A chain of entries, the effect first.  `complete`: it reaches something from outside."""

    chain: list[Entry]
    complete: bool


def causes(trace: Trace, id: int) -> Causes:
    """The entry, its cause, the cause of that, and so on."""
    chain: list[Entry] = []
    while id:
        entry = trace.entry(id)
        if entry is None:
            return Causes(chain, complete=False)
        chain.append(entry)
        id = entry.cause
    return Causes(chain, complete=True)


def effects(trace: Trace, id: int) -> Iterator[Entry]:
    """All that followed from an entry, in order, as far as `trace.recent` reaches."""
    followed = {id}
    for entry in trace.recent(id + 1):
        if entry.cause in followed:
            followed.add(entry.id)
            yield entry
