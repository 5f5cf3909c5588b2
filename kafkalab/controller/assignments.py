"""New partitions: where their replicas stand, placed or as the request says, and their records.

In Kafka: `ReplicationControlManager.validateManualPartitionAssignment`,
`buildPartitionRegistration`.
"""

from collections.abc import Sequence

from kafkalab.controller.placement import UsableBroker, place_replicas
from kafkalab.controller.written_state import WrittenState
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import ZERO_UUID, NodeId, Uuid
from kafkalab.metadata.records import PartitionRecord

Replicas = tuple[NodeId, ...]


def placed(state: WrittenState, partitions: int, replication_factor: int) -> list[Replicas]:
    """Replicas for new partitions.  Raises INVALID_REPLICATION_FACTOR."""
    usable = [
        UsableBroker(broker.id, broker.rack, broker.fenced)
        for broker in state.image.brokers.values()
        if not state.sessions[broker.id].is_shutting_down
    ]
    try:
        assigned = place_replicas(usable, partitions, replication_factor, state.placement)
    except KafkaError as refused:
        raise _not_replicable(replication_factor, refused.message) from None
    for replicas in assigned:
        if not active(state, replicas):
            message = "All brokers are currently fenced or in controlled shutdown."
            raise _not_replicable(replication_factor, message)
    return assigned


def _not_replicable(replication_factor: int, reason: str) -> KafkaError:
    return KafkaError(
        ErrorCode.INVALID_REPLICATION_FACTOR,
        f"Unable to replicate the partition {replication_factor} time(s): {reason}",
    )


def check_manual(
    state: WrittenState, number: int, replicas: Sequence[NodeId], factor: int | None
) -> Replicas:
    """Replicas that a request names for one partition.  Raises INVALID_REPLICA_ASSIGNMENT."""
    if not replicas:
        raise _bad("The manual partition assignment includes an empty replica list.")
    previous = None
    for broker_id in sorted(replicas):
        if broker_id not in state.image.brokers:
            raise _bad(
                f"The manual partition assignment includes broker {broker_id}, but no such "
                "broker is registered."
            )
        if broker_id == previous:
            raise _bad(
                f"The manual partition assignment includes the broker {broker_id} more than once."
            )
        previous = broker_id
    if factor is not None and len(replicas) != factor:
        raise _bad(
            f"The manual partition assignment includes a partition with {len(replicas)} "
            "replica(s), but this is not consistent with previous partitions, which have "
            f"{factor} replica(s)."
        )
    if not active(state, replicas):
        raise _bad(
            "All brokers specified in the manual partition assignment for partition "
            f"{number} are fenced or in controlled shutdown."
        )
    return tuple(replicas)


def _bad(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)


def active(state: WrittenState, replicas: Sequence[NodeId]) -> Replicas:
    """Those that can be in the first ISR."""
    return tuple([broker_id for broker_id in replicas if state.is_active(broker_id)])


def partition_record(
    state: WrittenState, topic_id: Uuid, number: int, replicas: Replicas
) -> PartitionRecord:
    """A new partition: the first active replica leads, in epoch 0."""
    isr = active(state, replicas)
    return PartitionRecord(
        topic_id=topic_id,
        partition_id=number,
        replicas=replicas,
        isr=isr,
        leader=isr[0],
        leader_epoch=0,
        partition_epoch=0,
        directories=(ZERO_UUID,) * len(replicas),  # unassigned: brokers have one directory
    )
