"""The broker that replicas live on: what all of them share, and the news they leave for it.

Partitions do not call those who wait for them (parked fetches, delayed produces); they note what
happened, and `ReplicaManager` tells the waiting once the request at hand is done.  So a produce to
twelve partitions is one answer to a follower, and nothing is called from within something else.

    appended      the log has grown: parked followers may have something to read
    advanced      the high watermark rose: consumers, acks=all, coordinators
    changed       role, ISR or epoch: whoever waits should look again
    trimmed       a log start moved, here or at a follower: DeleteRecords
    asked         an ISR change for the controller

In Kafka: `ReplicaManager`'s fields, `MetadataCache`, and `DelayedOperations`.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kafkalab.config import Config
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NodeId, TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.node import Effects
from kafkalab.replica.follower_state import UNKNOWN_EPOCH
from kafkalab.replica.isr import PendingIsr
from kafkalab.timers import Timers

if TYPE_CHECKING:
    from kafkalab.replica.partition import Partition

#: What is due: a kind of waiting, and which one.
TimerKey = tuple[str, Any]


@dataclass(slots=True)
class LocalBroker:
    """See the module's docstring."""

    id: NodeId
    config: Config
    effects: Effects
    epoch: int = -1  # of its registration
    image: MetadataImage = MetadataImage.EMPTY
    partitions: dict[TopicPartition, "Partition"] = field(default_factory=dict)
    timers: Timers[TimerKey] = field(default_factory=Timers)
    #: When each follower last sent a fetch.
    last_fetch_ms: dict[NodeId, int] = field(default_factory=dict)
    appended: dict[TopicPartition, None] = field(default_factory=dict)
    advanced: dict[TopicPartition, None] = field(default_factory=dict)
    changed: dict[TopicPartition, None] = field(default_factory=dict)
    trimmed: dict[TopicPartition, None] = field(default_factory=dict)
    asked: dict[TopicPartition, PendingIsr] = field(default_factory=dict)
    lag_time_max_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.lag_time_max_ms = self.config.int("replica.lag.time.max.ms")

    @property
    def has_news(self) -> bool:
        return bool(self.appended or self.advanced or self.changed or self.trimmed or self.asked)

    def hosted(self, topic_partition: TopicPartition) -> "Partition":
        """The replica here.

        Raises NOT_LEADER_OR_FOLLOWER if others have it, UNKNOWN_TOPIC_OR_PARTITION if none.
        """
        partition = self.partitions.get(topic_partition)
        if partition is not None:
            return partition
        if self.image.partition(topic_partition) is not None:
            raise KafkaError(
                ErrorCode.NOT_LEADER_OR_FOLLOWER, f"broker {self.id} has no {topic_partition}"
            )
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"no partition {topic_partition}")

    def is_eligible(self, replica_id: NodeId, broker_epoch: int) -> bool:
        """Whether a replica may join an ISR: not fenced, not leaving, and the same process that
        fetched (KIP-903)."""
        broker = self.image.brokers.get(replica_id)
        return (
            broker is not None
            and broker.is_active
            and broker_epoch != UNKNOWN_EPOCH
            and broker_epoch in (-1, broker.epoch)
        )

    def fork(self, effects: Effects) -> "LocalBroker":
        """A copy without its partitions, which must be forked onto it."""
        assert not self.has_news
        other = LocalBroker(self.id, self.config, effects, self.epoch, self.image)
        other.timers = self.timers.fork()
        other.last_fetch_ms = self.last_fetch_ms.copy()
        return other
