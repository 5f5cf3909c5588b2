"""WriteTxnMarkers 1-2, ListTransactions 0-2, DescribeTransactions 0, DescribeProducers 0.

The first comes from transaction coordinators, and from operators who end a hanging transaction.

In Kafka: `KafkaApis.handleWriteTxnMarkersRequest` and its neighbours; KIP-664.
Not done: authorization.
"""

from typing import TYPE_CHECKING

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.node import Ticket
from kafkalab.protocol.messages.producer_ids import (
    DescribeProducersRequest,
    DescribeProducersResponse,
    PartitionResponse,
    ProducerState,
    TopicResponse,
)
from kafkalab.protocol.messages.transaction_admin import (
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
    WriteTxnMarkersRequest,
)
from kafkalab.record import Batch
from kafkalab.server.auto_topics import OFFSETS_TOPIC

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def handle_write_txn_markers(
    broker: "Broker", ticket: Ticket, request: WriteTxnMarkersRequest, now: int
) -> None:
    """Append them; those for `__consumer_offsets` go through the group coordinator."""

    def append(partition: TopicPartition, marker: Batch, transaction_version: int) -> int:
        replica = broker.replicas.partition(partition)
        if replica is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        if partition.topic == OFFSETS_TOPIC:
            number = partition.partition
            return broker.groups.end_transaction(number, marker, transaction_version, now)
        return broker.replicas.append(
            partition, marker, now, transaction_version=transaction_version
        )

    broker.replicas.write_markers(ticket, request, append, now)


def handle_list_transactions(
    broker: "Broker", ticket: Ticket, request: ListTransactionsRequest, now: int
) -> ListTransactionsResponse:
    """Transactional ids that this broker coordinates."""
    return broker.transactions.list(request, now)


def handle_describe_transactions(
    broker: "Broker", ticket: Ticket, request: DescribeTransactionsRequest, now: int
) -> DescribeTransactionsResponse:
    """Their state, or why it is not known here."""
    return broker.transactions.describe(request)


def handle_describe_producers(
    broker: "Broker", ticket: Ticket, request: DescribeProducersRequest, now: int
) -> DescribeProducersResponse:
    """Who writes to partitions led here, and where their open transactions begin."""
    return DescribeProducersResponse(
        topics=tuple(
            TopicResponse(
                name=topic.name,
                partitions=tuple(
                    _producers(broker, TopicPartition(topic.name, number))
                    for number in topic.partition_indexes
                ),
            )
            for topic in request.topics
        )
    )


def _producers(broker: "Broker", name: TopicPartition) -> PartitionResponse:
    replica = broker.replicas.partition(name)
    if replica is None or not replica.is_leader:
        error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if broker.image.partition(name) is not None:
            error = ErrorCode.NOT_LEADER_OR_FOLLOWER
        return PartitionResponse(partition_index=name.partition, error_code=error)
    return PartitionResponse(
        partition_index=name.partition,
        error_code=0,
        active_producers=tuple(
            ProducerState(
                producer_id=producer_id,
                producer_epoch=entry.producer_epoch,
                last_sequence=entry.last_sequence,
                last_timestamp=entry.last_timestamp,
                coordinator_epoch=entry.coordinator_epoch,
                current_txn_start_offset=-1
                if entry.transaction_first_offset is None
                else entry.transaction_first_offset,
            )
            for producer_id, entry in replica.log.producers.entries.items()
        ),
    )
