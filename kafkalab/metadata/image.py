"""What the cluster is: brokers, topics, partitions, configurations, at one offset of the
metadata log.

An image is immutable.  A new one shares with the old everything that did not change, so that one
ISR change in ten thousand partitions copies one topic's table and no more.

In Kafka: `MetadataImage`, `TopicsImage`, `PartitionRegistration`, `BrokerRegistration`.
Read next: `delta`, which makes the next image from records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from kafkalab.config import Config, topic_config
from kafkalab.ids import NO_NODE, NodeId, TopicPartition, Uuid

TOPIC_RESOURCE: Final = 2  # `ConfigResource.Type`
BROKER_RESOURCE: Final = 4


@dataclass(frozen=True, slots=True)
class BrokerImage:
    """A registered broker.  A fenced one leads nothing and is in no ISR."""

    id: NodeId
    epoch: int
    incarnation_id: Uuid
    host: str
    port: int
    rack: str | None = None
    fenced: bool = True
    in_controlled_shutdown: bool = False

    @property
    def is_active(self) -> bool:
        """May lead and join an ISR."""
        return not self.fenced and not self.in_controlled_shutdown


@dataclass(frozen=True, slots=True)
class PartitionImage:
    """Who holds a partition, who leads it, and who is in sync.

    Invariants: leader ∈ ISR or NO_NODE; ISR ⊆ replicas; ELR ∩ ISR = ∅ (KIP-966).  `leader_epoch`
    rises with each election, `partition_epoch` with each change.
    """

    replicas: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    leader: NodeId
    leader_epoch: int
    partition_epoch: int
    elr: tuple[NodeId, ...] = ()
    last_known_elr: tuple[NodeId, ...] = ()
    leader_recovery_state: int = 0

    @property
    def has_leader(self) -> bool:
        return self.leader != NO_NODE

    @property
    def preferred_leader(self) -> NodeId:
        """The first replica."""
        return self.replicas[0]


@dataclass(frozen=True, slots=True)
class TopicImage:
    """A topic: its name may come again after a deletion, its id never does (KIP-516)."""

    name: str
    topic_id: Uuid
    partitions: Mapping[int, PartitionImage]


@dataclass(frozen=True, slots=True)
class MetadataImage:
    """Everything the metadata log says, up to `offset` (-1: nothing yet), written in `epoch`."""

    EMPTY: ClassVar["MetadataImage"]

    offset: int = -1
    epoch: int = -1
    brokers: Mapping[NodeId, BrokerImage] = field(default_factory=dict)
    topics: Mapping[str, TopicImage] = field(default_factory=dict)
    topics_by_id: Mapping[Uuid, TopicImage] = field(default_factory=dict)
    configs: Mapping[tuple[int, str], Mapping[str, str]] = field(default_factory=dict)
    features: Mapping[str, int] = field(default_factory=dict)
    controllers: Mapping[NodeId, Uuid] = field(default_factory=dict)
    next_producer_id: int = 0

    def partition(self, partition: TopicPartition) -> PartitionImage | None:
        """One partition, or None."""
        topic = self.topics.get(partition.topic)
        return topic.partitions.get(partition.partition) if topic is not None else None

    def topic_config(self, name: str, broker: Config, broker_id: NodeId = NO_NODE) -> Config:
        """A topic's settings on a broker: its own, then those set for this broker, for all brokers,
        then those the broker was started with."""
        dynamic = {
            **self.configs.get((BROKER_RESOURCE, ""), {}),
            **self.configs.get((BROKER_RESOURCE, str(broker_id)), {}),
        }
        inherited = broker.with_(dynamic) if dynamic else broker
        return topic_config(inherited, self.configs.get((TOPIC_RESOURCE, name)))

    def at(self, offset: int, epoch: int) -> "MetadataImage":
        """The same content, seen further along the log."""
        return replace(self, offset=offset, epoch=epoch)


MetadataImage.EMPTY = MetadataImage()
