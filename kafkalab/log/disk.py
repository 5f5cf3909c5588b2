"""What a server keeps over a crash of its process.

    logs          every partition's entries: written is kept (the operating system has them)
    checkpoints   high watermarks as of the last checkpoint, not as of the crash
    properties    small files: the quorum's state, broker epochs and the like

Everything else a server knows is volatile, or is read from these again.

In Kafka: `LogManager`, `OffsetCheckpointFile` (replication-offset-checkpoint).
Left out: loss of power, which would take unflushed bytes as well.  Read next: `partition_log`.
"""

from typing import Any, Self

from kafkalab.config import Config
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.log.partition_log import PartitionLog


class Disk:
    """The logs, checkpoints and properties of one server."""

    __slots__ = ("checkpoints", "logs", "properties")

    def __init__(self) -> None:
        self.logs: dict[TopicPartition, PartitionLog] = {}
        self.checkpoints: dict[TopicPartition, int] = {}
        self.properties: dict[str, Any] = {}  # immutable values

    def create_log(
        self, topic_partition: TopicPartition, config: Config, topic_id: Uuid
    ) -> PartitionLog:
        """An empty log where there was none."""
        assert topic_partition not in self.logs, topic_partition
        log = self.logs[topic_partition] = PartitionLog(topic_partition, config, topic_id)
        return log

    def delete_log(self, topic_partition: TopicPartition) -> None:
        """Remove a log and its checkpoint, if there are any."""
        self.logs.pop(topic_partition, None)
        self.checkpoints.pop(topic_partition, None)

    def checkpoint_high_watermarks(self) -> None:
        """Write down the high watermark of every log."""
        self.checkpoints = {name: log.high_watermark for name, log in self.logs.items()}

    def after_crash(self) -> Self:
        """As a new process finds it, with everything volatile read from the logs again."""
        other = type(self)()
        other.logs = {
            name: log.recovered(self.checkpoints.get(name, 0)) for name, log in self.logs.items()
        }
        other.checkpoints = self.checkpoints.copy()
        other.properties = self.properties.copy()
        return other

    def fork(self) -> Self:
        other = type(self)()
        other.logs = {name: log.fork() for name, log in self.logs.items()}
        other.checkpoints = self.checkpoints.copy()
        other.properties = self.properties.copy()
        return other
