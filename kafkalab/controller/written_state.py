"""What the controller has decided so far, committed or not; every decision looks at this.

    request ──▶ decide(written state) ──▶ Decision(records, response)
                     ▲                         │ records
                     └──────── replay ◀────────┘      (the response waits for the commit)

The metadata is an image, the same kind that brokers have: written image = committed image +
records on their way.  Beside it stands what no record says: sessions, and the chance for topic
ids and placement.

In Kafka: the `TimelineHashMap`s of the control managers, with a snapshot per uncommitted offset;
`ControllerResult`.
"""

from typing import Any, Final, NamedTuple, Self

from kafkalab.chance import Stream
from kafkalab.config import TOPIC_KEYS, Config, read
from kafkalab.controller.sessions import Sessions
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NodeId
from kafkalab.metadata import (
    BROKER_RESOURCE,
    TOPIC_RESOURCE,
    BrokerImage,
    MetadataDelta,
    MetadataImage,
)

ELR_FEATURE: Final = "eligible.leader.replicas.version"
MIN_ISR: Final = "min.insync.replicas"
UNCLEAN: Final = "unclean.leader.election.enable"


class Decision(NamedTuple):
    """What a request changes, and what is answered once that is committed."""

    records: list[Any]
    response: Any


class WrittenState:
    """See the module's docstring.  `stream` names this controller and its epoch: after a failover
    chance goes on from where nobody drew before."""

    __slots__ = ("config", "image", "placement", "sessions", "topic_ids")

    def __init__(self, image: MetadataImage, config: Config, seed: int, stream: str) -> None:
        self.image = image
        self.config = config
        self.sessions = Sessions(config.int("broker.session.timeout.ms"))
        self.topic_ids = Stream(seed, f"{stream}/topic-ids")
        self.placement = Stream(seed, f"{stream}/placement")

    @property
    def next_offset(self) -> int:
        """Where the next record will stand in the metadata log."""
        return self.image.offset + 1

    def replay(self, records: list[Any], last_offset: int, epoch: int) -> None:
        """Take in records that have been written."""
        delta = MetadataDelta(self.image)
        for record in records:
            delta.replay(record)
        self.image = delta.finish(last_offset, epoch)
        for broker_id in delta.changed_brokers:
            broker = self.image.brokers.get(broker_id)
            if broker is None:
                self.sessions.remove(broker_id)
            else:
                self.sessions.register(broker_id, broker.epoch)

    def broker(self, broker_id: NodeId, broker_epoch: int) -> BrokerImage:
        """A registered broker that speaks for itself.  Raises STALE_BROKER_EPOCH."""
        broker = self.image.brokers.get(broker_id)
        if broker is None:
            raise KafkaError(
                ErrorCode.STALE_BROKER_EPOCH, f"No broker registration found for broker {broker_id}"
            )
        if broker.epoch != broker_epoch:
            raise KafkaError(
                ErrorCode.STALE_BROKER_EPOCH,
                f"Expected broker epoch {broker.epoch}, but got broker epoch {broker_epoch}",
            )
        return broker

    def is_active(self, broker_id: NodeId) -> bool:
        """Whether a broker may lead and be in an ISR."""
        broker = self.image.brokers.get(broker_id)
        return broker is not None and broker.is_active

    @property
    def is_elr_enabled(self) -> bool:
        """Whether eligible leader replicas are kept (KIP-966)."""
        return self.image.features.get(ELR_FEATURE, 0) > 0

    def topic_setting(self, topic: str, name: str) -> Any:
        """One setting of a topic: its own, the cluster's, the broker's, the default."""
        key = TOPIC_KEYS[name]
        broker_key = key.broker_key or name
        for resource, key_name in (
            ((TOPIC_RESOURCE, topic), name),
            ((BROKER_RESOURCE, ""), broker_key),
        ):
            value = self.image.configs.get(resource, {}).get(key_name)
            if value is not None:
                return read(TOPIC_KEYS, name, value)
        return self.config[broker_key]

    def min_insync_replicas(self, topic: str) -> int:
        """`min.insync.replicas`, but no more than there are replicas."""
        wanted: int = self.topic_setting(topic, MIN_ISR)
        partitions = self.image.topics[topic].partitions
        return min(wanted, len(partitions[0].replicas))

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.image, other.config = self.image, self.config
        other.sessions = self.sessions.fork()
        other.topic_ids = self.topic_ids.fork()
        other.placement = self.placement.fork()
        return other
