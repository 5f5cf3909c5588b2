"""AlterPartition 2-3 and ElectLeaders 0-2: changes to partitions that exist.

A leader asks for another ISR; the controller grants it only to the leader it knows, in the leader
epoch and partition epoch it knows, and only with replicas that may be in an ISR: registered, not
fenced, not shutting down, and of the incarnation that the leader means (R10, KIP-903).

    partition epoch of the request    < ours   INVALID_UPDATE_VERSION   the leader must catch up
                                      > ours   NOT_CONTROLLER           we are not who we think

In Kafka: `ReplicationControlManager.alterPartition`, `electLeaders`; KIP-497, KIP-841, KIP-966.
Left out: reassignments.
"""

from typing import Any, Final

from kafkalab.controller.elections import (
    RECOVERED,
    RECOVERING,
    Election,
    Place,
    Wish,
    change_partition,
    online_election,
)
from kafkalab.controller.written_state import Decision, WrittenState
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NO_NODE
from kafkalab.metadata import PartitionImage
from kafkalab.metadata.delta import merge
from kafkalab.metadata.records import PartitionChangeRecord
from kafkalab.protocol.messages.partitions import (
    AlterPartitionRequest,
    AlterPartitionRequestPartitionData,
    AlterPartitionRequestTopicData,
    AlterPartitionResponse,
    AlterPartitionResponsePartitionData,
    AlterPartitionResponseTopicData,
    BrokerState,
    ElectLeadersRequest,
    ElectLeadersResponse,
    PartitionResult,
    ReplicaElectionResult,
)

E = ErrorCode
PREFERRED: Final = 0  # `ElectionType`
UNCLEAN: Final = 1


def alter_partition(state: WrittenState, request: AlterPartitionRequest, now: int) -> Decision:
    """Grant or refuse each partition's new ISR.  Raises STALE_BROKER_EPOCH."""
    state.broker(request.broker_id, request.broker_epoch)
    records: list[Any] = []
    topics = tuple(
        AlterPartitionResponseTopicData(
            topic_id=topic.topic_id,
            partitions=tuple(
                _alter(state, request.broker_id, topic, asked, records)
                for asked in topic.partitions
            ),
        )
        for topic in request.topics
    )
    return Decision(records, AlterPartitionResponse(topics=topics))


def _alter(
    state: WrittenState,
    broker_id: int,
    topic: AlterPartitionRequestTopicData,
    asked: AlterPartitionRequestPartitionData,
    records: list[Any],
) -> AlterPartitionResponsePartitionData:
    image = state.image.topics_by_id.get(topic.topic_id)
    partition = image.partitions.get(asked.partition_index) if image is not None else None
    if image is None:
        return _refused(asked, E.UNKNOWN_TOPIC_ID)
    if partition is None:
        return _refused(asked, E.UNKNOWN_TOPIC_OR_PARTITION)
    members = _members(asked)
    error = _epoch_error(broker_id, partition, asked) or _isr_error(state, partition, asked)
    if error:
        return _refused(asked, error)
    wish = Wish(
        isr=tuple(member.broker_id for member in members),
        is_acceptable=state.is_active,
        min_isr=state.min_insync_replicas(image.name),
        elr_enabled=state.is_elr_enabled,
        election=online_election(state, image.name),
        recovery_state=asked.leader_recovery_state,
    )
    change = change_partition(Place(image, asked.partition_index, partition), wish)
    if change is not None:
        records.append(change)
        partition = merge(partition, change)
    return _granted(asked, partition)


def _members(asked: AlterPartitionRequestPartitionData) -> tuple[BrokerState, ...]:
    """The ISR asked for; without broker epochs before version 3."""
    if asked.new_isr_with_epochs or not asked.new_isr:
        return asked.new_isr_with_epochs
    return tuple(BrokerState(broker_id=broker_id) for broker_id in asked.new_isr)


def _epoch_error(
    broker_id: int, partition: PartitionImage, asked: AlterPartitionRequestPartitionData
) -> ErrorCode:
    if asked.leader_epoch > partition.leader_epoch:
        return E.NOT_CONTROLLER
    if asked.partition_epoch > partition.partition_epoch:
        return E.NOT_CONTROLLER
    if asked.leader_epoch < partition.leader_epoch:
        return E.FENCED_LEADER_EPOCH
    if broker_id != partition.leader:
        return E.INVALID_REQUEST
    if asked.partition_epoch < partition.partition_epoch:
        return E.INVALID_UPDATE_VERSION
    return E.NONE


def _isr_error(
    state: WrittenState, partition: PartitionImage, asked: AlterPartitionRequestPartitionData
) -> ErrorCode:
    members = _members(asked)
    isr = [member.broker_id for member in members]
    if len(set(isr)) != len(isr) or not set(isr) <= set(partition.replicas):
        return E.INVALID_REQUEST
    if partition.leader not in isr:  # so the last member can never be removed
        return E.INVALID_REQUEST
    if asked.leader_recovery_state not in (RECOVERED, RECOVERING):
        return E.INVALID_REQUEST
    may_recover = partition.leader_recovery_state == RECOVERING and len(isr) == 1
    if asked.leader_recovery_state == RECOVERING and not may_recover:
        return E.INVALID_REQUEST
    if not all(_is_eligible(state, member) for member in members):
        return E.INELIGIBLE_REPLICA
    return E.NONE


def _is_eligible(state: WrittenState, member: BrokerState) -> bool:
    broker = state.image.brokers.get(member.broker_id)
    if broker is None or not broker.is_active:
        return False
    return member.broker_epoch in (-1, broker.epoch)


def _refused(
    asked: AlterPartitionRequestPartitionData, error: ErrorCode
) -> AlterPartitionResponsePartitionData:
    return AlterPartitionResponsePartitionData(
        partition_index=asked.partition_index, error_code=error
    )


def _granted(
    asked: AlterPartitionRequestPartitionData, partition: PartitionImage
) -> AlterPartitionResponsePartitionData:
    return AlterPartitionResponsePartitionData(
        partition_index=asked.partition_index,
        leader_id=partition.leader,
        leader_epoch=partition.leader_epoch,
        isr=partition.isr,
        leader_recovery_state=partition.leader_recovery_state,
        partition_epoch=partition.partition_epoch,
    )


# --- elections on demand -------------------------------------------------------------------------


def elect_leaders(state: WrittenState, request: ElectLeadersRequest, now: int) -> Decision:
    """Elect the preferred replica, or, uncleanly, anyone (KIP-460)."""
    if request.election_type not in (PREFERRED, UNCLEAN):
        raise KafkaError(E.INVALID_REQUEST, f"Unknown election type {request.election_type}")
    records: list[Any] = []
    wanted: list[tuple[str, tuple[int, ...]]]
    if request.topic_partitions is None:
        wanted = [(name, tuple(topic.partitions)) for name, topic in state.image.topics.items()]
    else:
        wanted = [(topic.topic, topic.partitions) for topic in request.topic_partitions]
    results = []
    for topic, numbers in wanted:
        answers = [_elect(state, topic, n, request.election_type, records) for n in numbers]
        if request.topic_partitions is None:  # asked for all: only what was to be done
            answers = [a for a in answers if a.error_code != E.ELECTION_NOT_NEEDED]
        results.append(ReplicaElectionResult(topic=topic, partition_result=tuple(answers)))
    return Decision(records, ElectLeadersResponse(replica_election_results=tuple(results)))


def _elect(
    state: WrittenState, topic: str, number: int, election_type: int, records: list[Any]
) -> PartitionResult:
    try:
        records.append(elect_leader(state, topic, number, election_type))
    except KafkaError as refused:
        return PartitionResult(
            partition_id=number, error_code=refused.code, error_message=refused.message or None
        )
    return PartitionResult(partition_id=number, error_message=None)


def elect_leader(
    state: WrittenState, topic: str, number: int, election_type: int
) -> PartitionChangeRecord:
    """The record of one election.  Raises ELECTION_NOT_NEEDED and others if there is none."""
    image = state.image.topics.get(topic)
    if image is None:
        raise KafkaError(E.UNKNOWN_TOPIC_OR_PARTITION, f"No such topic as {topic}")
    partition = image.partitions.get(number)
    if partition is None:
        message = f"No such partition as {topic}-{number}"
        raise KafkaError(E.UNKNOWN_TOPIC_OR_PARTITION, message)
    unclean = election_type == UNCLEAN
    if partition.leader == partition.preferred_leader or (unclean and partition.leader != NO_NODE):
        raise KafkaError(E.ELECTION_NOT_NEEDED)
    wish = Wish(
        isr=partition.isr,
        is_acceptable=state.is_active,
        min_isr=state.min_insync_replicas(topic),
        elr_enabled=state.is_elr_enabled,
        election=Election.UNCLEAN if unclean else Election.PREFERRED,
    )
    record = change_partition(Place(image, number, partition), wish)
    if record is None:
        error = E.ELIGIBLE_LEADERS_NOT_AVAILABLE if unclean else E.PREFERRED_LEADER_NOT_AVAILABLE
        raise KafkaError(error)
    return record
