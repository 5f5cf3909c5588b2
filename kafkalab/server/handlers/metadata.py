"""Metadata 0-13 and DescribeCluster 0-2: brokers, topics, leaders, as this broker knows them.

A broker answers from its replay of the metadata log, which may be behind the controller's: clients
that meet an old leader are sent back here until the news has arrived.

In Kafka: `KafkaApis.handleTopicMetadataRequest`, `KRaftMetadataCache`, KIP-516.
"""

from typing import TYPE_CHECKING, Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import CLUSTER_ID, NO_NODE, ZERO_UUID, Uuid
from kafkalab.metadata import MetadataImage, PartitionImage, TopicImage
from kafkalab.metadata.names import check_topic_name
from kafkalab.node import Ticket
from kafkalab.protocol.messages.metadata import (
    DescribeClusterBroker,
    DescribeClusterRequest,
    DescribeClusterResponse,
    MetadataRequest,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from kafkalab.server.auto_topics import INTERNAL_TOPICS

#: Before this version names may not be null and ids not be used; 10 and 11 only have the field.
_TOPIC_IDS: Final = 12

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def handle_metadata(
    broker: "Broker", ticket: Ticket, request: MetadataRequest, now: int
) -> MetadataResponse:
    """All topics (null), or those named or identified; unknown ones with an error each."""
    image = broker.image
    alive = _alive(image)
    return MetadataResponse(
        brokers=tuple(
            MetadataResponseBroker(node_id=b.id, host=b.host, port=b.port, rack=b.rack)
            for b in image.brokers.values()
            if b.id in alive
        ),
        cluster_id=CLUSTER_ID,
        controller_id=_any_broker(broker),
        topics=_topics(broker, ticket, request, alive),
    )


def _topics(
    broker: "Broker", ticket: Ticket, request: MetadataRequest, alive: dict[int, None]
) -> tuple[MetadataResponseTopic, ...]:
    image = broker.image
    if request.topics is None or (ticket.api_version == 0 and not request.topics):
        return tuple(_known(topic, alive) for topic in image.topics.values())
    if ticket.api_version < _TOPIC_IDS and any(
        asked.name is None or asked.topic_id != ZERO_UUID for asked in request.topics
    ):
        return tuple(
            MetadataResponseTopic(error_code=ErrorCode.INVALID_REQUEST, name=asked.name or "")
            for asked in request.topics
        )
    create = request.allow_auto_topic_creation and broker.config.bool("auto.create.topics.enable")
    answers: list[MetadataResponseTopic] = []
    for asked in request.topics:
        if asked.topic_id != ZERO_UUID:
            by_id = image.topics_by_id.get(asked.topic_id)
            answers.append(_known(by_id, alive) if by_id else _unknown_id(asked.topic_id))
            continue
        name = asked.name or ""
        topic = image.topics.get(name)
        answers.append(_known(topic, alive) if topic else _missing(broker, name, create))
    return tuple(answers)


def _known(topic: TopicImage, alive: dict[int, None]) -> MetadataResponseTopic:
    return MetadataResponseTopic(
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.name in INTERNAL_TOPICS,
        partitions=tuple(
            _partition(number, partition, alive) for number, partition in topic.partitions.items()
        ),
    )


def _partition(
    number: int, partition: PartitionImage, alive: dict[int, None]
) -> MetadataResponsePartition:
    has_leader = partition.leader in alive
    return MetadataResponsePartition(
        error_code=ErrorCode.NONE if has_leader else ErrorCode.LEADER_NOT_AVAILABLE,
        partition_index=number,
        leader_id=partition.leader if has_leader else NO_NODE,
        leader_epoch=partition.leader_epoch,
        replica_nodes=partition.replicas,
        isr_nodes=partition.isr,
        offline_replicas=tuple(r for r in partition.replicas if r not in alive),
    )


def _missing(broker: "Broker", name: str, create: bool) -> MetadataResponseTopic:
    error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    try:
        check_topic_name(name)
    except KafkaError as refused:
        error = refused.code
    else:
        if create:
            broker.auto_topics.create(name)  # the answer stays: clients ask again
    return MetadataResponseTopic(error_code=error, name=name, is_internal=name in INTERNAL_TOPICS)


def _unknown_id(topic_id: Uuid) -> MetadataResponseTopic:
    return MetadataResponseTopic(
        error_code=ErrorCode.UNKNOWN_TOPIC_ID, name=None, topic_id=topic_id
    )


def _alive(image: MetadataImage) -> dict[int, None]:
    return {b.id: None for b in image.brokers.values() if not b.fenced}


def _any_broker(broker: "Broker") -> int:
    """Clients of KRaft never see the controller: any broker that is alive stands for it.

    Kafka draws one; here it is the one that answers, for that one surely lives.
    """
    alive = sorted(_alive(broker.image))
    if broker.broker_id in alive:
        return broker.broker_id
    return alive[0] if alive else NO_NODE


def handle_describe_cluster(
    broker: "Broker", ticket: Ticket, request: DescribeClusterRequest, now: int
) -> DescribeClusterResponse:
    """The brokers; fenced ones too if asked for (KIP-1073)."""
    if request.endpoint_type != 1:
        return DescribeClusterResponse(
            error_code=ErrorCode.MISMATCHED_ENDPOINT_TYPE,
            error_message="this is a broker; ask a controller about controllers",
        )
    return DescribeClusterResponse(
        cluster_id=CLUSTER_ID,
        controller_id=_any_broker(broker),
        brokers=tuple(
            DescribeClusterBroker(
                broker_id=b.id, host=b.host, port=b.port, rack=b.rack, is_fenced=b.fenced
            )
            for b in broker.image.brokers.values()
            if request.include_fenced_brokers or not b.fenced
        ),
    )
