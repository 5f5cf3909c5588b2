"""What must hold of what leaders give to those who fetch (R14).

Read next: `replication_invariants`; `invariants`, which asks these.
"""

from collections.abc import Iterator

from kafkalab.ids import NodeName, TopicPartition
from kafkalab.sim.observed import Observed, PartitionSeen

Complaints = Iterator[str]


def r14_polled(seen: PartitionSeen, node: NodeName, last_offset: int) -> Complaints:
    """A consumer is given only what is below some leader's high watermark."""
    if not seen.is_tainted and last_offset >= seen.leader_high_watermark:
        yield (
            f"{node} was given offset {last_offset}; no leader has had a high watermark above "
            f"{seen.leader_high_watermark}"
        )


def r14_followers_of_this_epoch(observed: Observed, name: TopicPartition) -> Complaints:
    """A leader reads for followers only in its own leader epoch (KIP-320).

    A partition of a fetch session that is not dirty has been read as it was asked for.
    """
    for broker, replica in observed.leaders(name):
        for session in broker.replicas._fetches.sessions.watching(name):
            asked = session.partitions[name].asked.current_leader_epoch
            is_read = session.is_follower and name not in session.dirty
            if is_read and asked not in (-1, replica.leader_epoch):
                yield (
                    f"{broker.name} leads {name} in epoch {replica.leader_epoch}, and reads it "
                    f"for broker {session.replica_id}, which asks in epoch {asked}"
                )
