"""What clients asked and what they were told, in order: all that the checker sees of a run.

    sent ▶ acked | failed          a value, unique in the run; `offset` is what the report said
    assigned, revoked, lost        partitions, as a member's callbacks were told
    polled                         a value at an offset
    committing ▶ committed | not_committed          an offset of a group
    group_has                      what a group's coordinator says is committed, at the end
    txn_begun, txn_commit_asked ▶ txn_committed     a transaction, by its name; sent, acked and
               txn_aborted         failed name theirs.  One that is told neither may be either

Nothing here comes from inside the engine; `written_as` is what batches say on the wire too.
In Jepsen: a history of invocations and completions.
Read next: `workload`, which writes it; `checker`, which judges it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from kafkalab.ids import TopicPartition
from kafkalab.sim.written_as import WrittenAs


class Op(NamedTuple):
    """One line.  `client` is an app; `value` is None where there is none; `at` in virtual ms."""

    at: int
    client: str
    what: str
    topic: str = ""
    partition: int = -1
    offset: int = -1
    value: bytes | None = None
    error: str = ""
    key: str | None = None
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of a producer beforehand."""

    acks: int
    is_idempotent: bool
    is_transactional: bool = False


@dataclass(slots=True)
class ClientHistory:
    """All operations, and who the clients are."""

    now: Callable[[], int]
    ops: list[Op] = field(default_factory=list)
    senders: dict[str, Sender] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)  # group, by client
    auditors: dict[str, None] = field(default_factory=dict)  # read everything there is
    unreliable: dict[str, None] = field(default_factory=dict)  # topics that promise little
    uncommitted: dict[str, None] = field(default_factory=dict)  # readers that read_uncommitted
    careful_groups: dict[str, None] = field(default_factory=dict)  # all members note their commits
    compacted: dict[str, None] = field(default_factory=dict)  # … that the last of each key stays
    #: In which epoch of which producer records were written, as their batches say; not all need be.
    written_as: dict[tuple[TopicPartition, int], WrittenAs] = field(default_factory=dict)

    def note(
        self,
        client: str,
        what: str,
        topic: str = "",
        partition: int = -1,
        offset: int = -1,
        value: bytes | None = None,
        error: str = "",
        key: str | None = None,
        transaction: str = "",
    ) -> None:
        """Add a line, now."""
        place = (topic, partition, offset)
        self.ops.append(Op(self.now(), client, what, *place, value, error, key, transaction))
