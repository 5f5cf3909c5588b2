"""What a server keeps over a crash of its process: in memory, or in a directory (`storage`).

    logs          every partition's entries: written is kept (the operating system has them)
    checkpoints   high watermarks as of the last checkpoint, not as of the crash
    properties    small files: the quorum's state, broker epochs and the like; always flushed

Everything else a server knows is volatile, or is read from these again.  A crash of the process
keeps what was written; a loss of power takes what lies above each log's recovery point.

A disk can be full, or fail: then the next write raises `StorageFailure`, which ends the process.

Invariants: with a directory, each change is in its files before anyone is told of it.

In Kafka: `LogManager`, `OffsetCheckpointFile` (replication-offset-checkpoint).
Read next: `partition_log`, `storage_directory`.
"""

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from kafkalab.config import Config
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.log.partition_log import PartitionLog
from kafkalab.log.restarting import restarted
from kafkalab.log.storage import REASONS, Fault, FaultyStorage, LogStorage, StorageFailure

if TYPE_CHECKING:
    from kafkalab.log.storage_directory import DirectoryStorage

CLEAN_SHUTDOWN = "clean-shutdown"


class Lost(NamedTuple):
    """What a loss of power took from one log: it ends at `offset` now."""

    topic_partition: TopicPartition
    offset: int
    records: int


class Disk:
    """The logs, checkpoints and properties of one server."""

    __slots__ = ("_storage", "checkpoints", "fault", "logs", "name", "properties")

    def __init__(self, name: str = "the disk") -> None:
        self.name = name
        self.logs: dict[TopicPartition, PartitionLog] = {}
        self.checkpoints: dict[TopicPartition, int] = {}
        self.properties = Properties(self)
        self.fault: Fault | None = None
        self._storage: DirectoryStorage | None = None

    @classmethod
    def opened(cls, storage: "DirectoryStorage") -> Self:
        """What a directory holds, mended if need be.  `StorageFailure` if it cannot be."""
        disk = cls(storage.name)
        try:
            disk.logs, disk.checkpoints = storage.load()
            disk.properties.values_ = storage.properties()
        except BaseException:
            storage.abandon()
            raise
        disk._storage = storage
        return disk

    @property
    def storage(self) -> "DirectoryStorage | None":
        """The directory, or None for a disk in memory."""
        return self._storage

    def create_log(
        self, topic_partition: TopicPartition, config: Config, topic_id: Uuid
    ) -> PartitionLog:
        """An empty log where there was none."""
        assert topic_partition not in self.logs, topic_partition
        self.check()
        log = PartitionLog(topic_partition, config, topic_id)
        if self._storage is not None:
            log.storage = self._storage.create_log(topic_partition, topic_id)
        self.logs[topic_partition] = log
        return log

    def delete_log(self, topic_partition: TopicPartition) -> None:
        """Remove a log and its checkpoint, if there are any."""
        if self.logs.pop(topic_partition, None) is not None and self._storage is not None:
            self._storage.delete_log(topic_partition)
        self.checkpoints.pop(topic_partition, None)

    def checkpoint_high_watermarks(self) -> None:
        """Write down the high watermark of every log."""
        self.check()
        self.checkpoints = {name: log.high_watermark for name, log in self.logs.items()}
        if self._storage is not None:
            self._storage.write_checkpoints(self.logs, self.checkpoints)

    # --- faults -------------------------------------------------------------------------------
    def break_down(self, fault: Fault) -> None:
        """From now on writes fail ("full") or everything does ("failing"), until `mend`."""
        self.mend()
        self.fault = fault
        for log in self.logs.values():
            log.storage = FaultyStorage(fault, f"{self.name}/{log.topic_partition}", log.storage)

    def mend(self) -> None:
        """There is space again, or another disk with the same contents."""
        self.fault = None
        for log in self.logs.values():
            if isinstance(log.storage, FaultyStorage):
                log.storage = log.storage.inner

    def check(self) -> None:
        """`StorageFailure` if nothing can be written."""
        if self.fault is not None:
            raise StorageFailure(f"{self.name}: {REASONS[self.fault]}")

    def lose_unflushed(self) -> list[Lost]:
        """The power went: what each log loses."""
        lost = []
        for name, log in self.logs.items():
            before = log.log_end_offset
            storage, log.storage = log.storage, _sound(log.storage)
            removed = log.lose_unflushed()
            log.storage = storage
            if removed:
                lost.append(Lost(name, log.log_end_offset, before - log.log_end_offset))
        return lost

    # --- ends and beginnings ------------------------------------------------------------------
    def after_crash(self) -> Self:
        """As a new process finds it, with everything volatile read from the logs again."""
        fault = self.fault
        if self._storage is not None:
            other = self._reopened()
        else:
            other = type(self)(self.name)
            other.logs = {
                name: restarted(log, self.checkpoints.get(name, 0))
                for name, log in self.logs.items()
            }
            other.checkpoints = self.checkpoints.copy()
            other.properties.values_ = self.properties.values_.copy()
            other.fault = fault
        if fault is not None and self._storage is not None:
            other.break_down(fault)
        return other

    def _reopened(self) -> Self:
        from kafkalab.log.storage_directory import reopened

        assert self._storage is not None
        return type(self).opened(reopened(self._storage))

    def shut_down(self, broker_epoch: int) -> None:
        """End well: flush all, so that the next process need not look, and note the epoch."""
        for log in self.logs.values():
            log.flush()
        self.checkpoint_high_watermarks()
        self.properties[CLEAN_SHUTDOWN] = broker_epoch
        if self._storage is not None:
            self._storage.close(self.logs)

    def abandon(self) -> None:
        """The process is gone: let go of the directory, as it is."""
        if self._storage is not None:
            self._storage.abandon()

    def fork(self) -> Self:
        """An equal disk in memory; what is in files is shared, and read from there."""
        other = type(self)(self.name)
        other.logs = {name: log.fork() for name, log in self.logs.items()}
        other.checkpoints = self.checkpoints.copy()
        other.properties.values_ = self.properties.values_.copy()
        other.fault = self.fault
        return other


def _sound(storage: LogStorage | None) -> LogStorage | None:
    return storage.inner if isinstance(storage, FaultyStorage) else storage


class Properties(MutableMapping[str, Any]):
    """Small files by name, with plain immutable values; each is durable once it is set."""

    __slots__ = ("_disk", "values_")

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.values_: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self.values_[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._disk.check()
        if self._disk.storage is not None:
            self._disk.storage.write_property(name, value)
        self.values_[name] = value

    def __delitem__(self, name: str) -> None:
        del self.values_[name]
        if self._disk.storage is not None:
            self._disk.storage.delete_property(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)
