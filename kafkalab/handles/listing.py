"""The cluster as `list_topics` returns it, under confluent_kafka's names.

In confluent_kafka: `admin.ClusterMetadata` and its parts.
"""

from dataclasses import dataclass, field

from kafkalab.client.cluster_view import ClusterSeen, TopicSeen
from kafkalab.client.errors import KafkaError


@dataclass(slots=True)
class BrokerMetadata:
    """One broker."""

    id: int
    host: str
    port: int


@dataclass(slots=True)
class PartitionMetadata:
    """One partition; the leader is -1 if there is none."""

    id: int
    leader: int
    replicas: list[int]
    isrs: list[int]
    error: KafkaError | None = None


@dataclass(slots=True)
class TopicMetadata:
    """One topic; no partitions if there is an error."""

    topic: str
    partitions: dict[int, PartitionMetadata] = field(default_factory=dict)
    error: KafkaError | None = None

    def __str__(self) -> str:
        return self.topic


@dataclass(slots=True)
class ClusterMetadata:
    """Brokers by id, topics by name."""

    cluster_id: str | None
    controller_id: int
    brokers: dict[int, BrokerMetadata]
    topics: dict[str, TopicMetadata]

    def __str__(self) -> str:
        return str(self.cluster_id)


def cluster_metadata(seen: ClusterSeen) -> ClusterMetadata:
    """What a node learned, as an application sees it."""
    return ClusterMetadata(
        seen.cluster_id,
        seen.controller_id,
        {broker.id: BrokerMetadata(*broker[:3]) for broker in seen.brokers},
        {topic.name: _topic(topic) for topic in seen.topics},
    )


def _topic(seen: TopicSeen) -> TopicMetadata:
    partitions = {
        one.id: PartitionMetadata(
            one.id, one.leader, list(one.replicas), list(one.isr), _error(one.error)
        )
        for one in seen.partitions
    }
    return TopicMetadata(seen.name, partitions, _error(seen.error))


def _error(code: int) -> KafkaError | None:
    return KafkaError(code) if code else None
