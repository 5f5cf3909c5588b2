"""Where a disk keeps its bytes: in memory, or in a directory.  The engine knows no more than this.

    Disk ──────────▶ Storage       properties, checkpoints, which logs there are
    PartitionLog ──▶ LogStorage    every batch before it is known, every roll, cut and deletion

A disk in memory needs neither: what Python holds survives a crash of a simulated process, and
`recovery_point` says what would survive a loss of power.  `FaultyStorage` stands in when a disk is
full or fails, over memory or a directory alike.

A write that fails is the end of the process, as in Kafka when its only log directory goes offline
(`LogDirFailureChannel`, `ReplicaManager.handleLogDirFailure`): `StorageFailure` passes through the
whole engine, and who runs the node (`world`) ends it.

Read next: `storage_directory`, `disk`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from kafkalab.errors import LearnerError
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.log.transaction_index import AbortedTransaction
from kafkalab.record import Entry

if TYPE_CHECKING:
    from kafkalab.log.log_segment import LogSegment
    from kafkalab.log.partition_log import PartitionLog

Fault = Literal["full", "failing"]

REASONS: Final[Mapping[Fault, str]] = {
    "full": "no space left on the disk",
    "failing": "the disk fails: input/output error",
}


class StorageFailure(LearnerError):
    """The disk refuses, or holds what cannot be read; names the file and what is wrong with it.

    Nothing that was not written is known to anyone: the process must end.
    """


class LogStorage(Protocol):
    """What one log asks of its files.  All raise `StorageFailure`."""

    def append(self, log: "PartitionLog", entry: Entry) -> None:
        """Write a batch behind all others, before anyone knows of it."""

    def roll(self, log: "PartitionLog", base_offset: int) -> None:
        """The active segment is complete; the next one begins at `base_offset`."""

    def flush(self, log: "PartitionLog") -> None:
        """When this returns, everything up to the log's end survives a loss of power."""

    def reconcile(self, log: "PartitionLog") -> None:
        """The log was cut, or lost segments, or its start moved: the files follow."""

    def replace(self, old: Sequence["LogSegment"], new: "LogSegment") -> None:
        """One cleaned segment takes the place of several, or of one."""

    def write_aborted(self, segment: "LogSegment", rows: Sequence[AbortedTransaction]) -> None:
        """The aborted transactions that end in a sealed segment."""

    def fork(self) -> "LogStorage | None":
        """What a branch has: never the files."""


class Storage(Protocol):
    """What a disk asks.  All raise `StorageFailure`."""

    name: str

    def create_log(self, name: TopicPartition, topic_id: Uuid) -> LogStorage: ...

    def delete_log(self, name: TopicPartition) -> None: ...

    def write_property(self, name: str, value: Any) -> None: ...

    def delete_property(self, name: str) -> None: ...

    def write_checkpoints(
        self,
        logs: Mapping[TopicPartition, "PartitionLog"],
        high_watermarks: Mapping[TopicPartition, int],
    ) -> None:
        """High watermarks, recovery points, log starts, and how far each log has been cleaned."""

    def close(self, logs: Mapping[TopicPartition, "PartitionLog"]) -> None:
        """A clean end: everything is flushed, and the next start need not look at the logs."""

    def abandon(self) -> None:
        """The process has died: let go of the files as they are."""


class FaultyStorage:
    """The storage of a log while its disk is full (writes fail) or failing (everything does)."""

    __slots__ = ("fault", "inner", "name")

    def __init__(self, fault: Fault, name: str, inner: LogStorage | None) -> None:
        self.fault: Fault = fault
        self.name = name
        self.inner = inner

    def append(self, log: "PartitionLog", entry: Entry) -> None:
        raise self._failure()

    def roll(self, log: "PartitionLog", base_offset: int) -> None:
        raise self._failure()

    def flush(self, log: "PartitionLog") -> None:
        self._refuse_if_failing()
        if self.inner is not None:
            self.inner.flush(log)

    def reconcile(self, log: "PartitionLog") -> None:
        self._refuse_if_failing()
        if self.inner is not None:
            self.inner.reconcile(log)

    def replace(self, old: Sequence["LogSegment"], new: "LogSegment") -> None:
        raise self._failure()

    def write_aborted(self, segment: "LogSegment", rows: Sequence[AbortedTransaction]) -> None:
        raise self._failure()

    def fork(self) -> LogStorage | None:
        return FaultyStorage(self.fault, self.name, self.inner.fork() if self.inner else None)

    def _refuse_if_failing(self) -> None:
        if self.fault == "failing":
            raise self._failure()

    def _failure(self) -> StorageFailure:
        return StorageFailure(f"{self.name}: {REASONS[self.fault]}")
