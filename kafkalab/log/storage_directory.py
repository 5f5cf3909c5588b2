"""One server's log directory, as Apache Kafka lays it out: `DirectoryStorage`.

    meta.properties                      whose it is
    .lock                                held while a process uses it
    .kafka_cleanshutdown                 there if the last process ended well, with its broker epoch
    recovery-point-offset-checkpoint     below it everything is flushed
    replication-offset-checkpoint        high watermarks
    log-start-offset-checkpoint          where logs start, if not at their first segment
    cleaner-offset-checkpoint            how far they have been compacted
    kafkalab.json                        what Kafka keeps elsewhere: how often a process was started
    orders-0/  orders-1/ …               the logs (`storage_log`)
    __cluster_metadata-0/                the quorum's log, with quorum-state and its snapshots

Checkpoints, and the flushing of sealed segments, are done by one helper thread, in order: so a
recovery point is never written before what it promises.  Its failure shows at the next write.

In Kafka: `LogManager`, `CleanShutdownFileHandler`, `OffsetCheckpointFile`, `MetaProperties`.
Left out: several log directories.
Read next: `recovery`.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.ids import CLUSTER_ID, NodeId, TopicPartition, Uuid, uuid_text
from kafkalab.log import file_formats as formats
from kafkalab.log.partition_log import PartitionLog
from kafkalab.log.recovery import Checkpoints, open_log
from kafkalab.log.storage import LogStorage, StorageFailure
from kafkalab.log.storage_files import naming, read_whole, remove, sync_directory, write_whole
from kafkalab.log.storage_log import METADATA_FILE, LogFiles

_META: Final = "meta.properties"
_LOCK: Final = ".lock"
_CLEAN: Final = ".kafka_cleanshutdown"
_HIGH_WATERMARKS: Final = "replication-offset-checkpoint"
_RECOVERY_POINTS: Final = "recovery-point-offset-checkpoint"
_LOG_STARTS: Final = "log-start-offset-checkpoint"
_CLEAN_OFFSETS: Final = "cleaner-offset-checkpoint"
_OWN: Final = "kafkalab.json"
_CLEAN_PROPERTY: Final = "clean-shutdown"
_QUORUM_STATE: Final = "quorum-state"
_SNAPSHOTS: Final = "metadata-snapshots"
_CHECKPOINT: Final = ".checkpoint"
_METADATA_LOG: Final = "__cluster_metadata-0"
_DELETE: Final = "-delete"


class DirectoryStorage:
    """See the module's docstring.  Implements `Storage`.

    `StorageFailure` names the file if the directory is in use, another server's, or damaged.
    """

    def __init__(
        self, root: Path, node_id: NodeId, config: Config, shared: Collection[Path] = ()
    ) -> None:
        self.root = root
        self.shared = set(shared)  # files that branches read, made before this was opened
        self.name = str(root)
        self.notes: list[str] = []  # what had to be mended, in sentences
        self._interval_bytes = config.int("log.index.interval.bytes")
        self.node_id = node_id
        self.config = config
        self._logs: dict[TopicPartition, LogFiles] = {}
        self._own: dict[str, Any] = {}
        self._written: dict[str, str] = {}  # checkpoint files, as they are
        self._recovery_points: dict[TopicPartition, int] = {}  # … what they promise
        self._log_starts: dict[TopicPartition, int] = {}
        self._failure: StorageFailure | None = None
        self._worker = ThreadPoolExecutor(1, "kafkalab-flush")
        with naming(root, "cannot be made"):
            root.mkdir(parents=True, exist_ok=True)
        self._lock = self._locked()
        try:
            self._check_owner()
        except BaseException:
            self.abandon()
            raise

    # --- opening ------------------------------------------------------------------------------
    def _locked(self) -> int:
        path = self.root / _LOCK
        with naming(path, "cannot be opened"):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise StorageFailure(
                f"{path} is held by another process: stop the one that uses this directory, "
                f"or give another to --data"
            ) from None
        return fd

    def _check_owner(self) -> None:
        path = self.root / _META
        text = read_whole(path)
        if text is None:
            directory_id = os.urandom(16)
            lines = {
                "version": "1",
                "node.id": str(self.node_id),
                "cluster.id": CLUSTER_ID,
                "directory.id": uuid_text(directory_id),
            }
            body = "".join(f"{key}={value}\n" for key, value in lines.items())
            write_whole(path, f"#\n{body}".encode())
            return
        rows = [line.partition("=") for line in text.decode("utf-8", "replace").splitlines()]
        found = {key: value for key, equals, value in rows if equals}
        for key, wanted in (("node.id", str(self.node_id)), ("cluster.id", CLUSTER_ID)):
            if found.get(key) != wanted:
                raise StorageFailure(f"{path} says {key}={found.get(key)}, and not {wanted}")

    def load(self) -> tuple[dict[TopicPartition, PartitionLog], dict[TopicPartition, int]]:
        """Every log there is, and the checkpointed high watermarks."""
        is_clean = (self.root / _CLEAN).exists()
        high_watermarks = self._offsets(_HIGH_WATERMARKS)
        recovery_points = self._offsets(_RECOVERY_POINTS)
        starts, cleaned = self._offsets(_LOG_STARTS), self._offsets(_CLEAN_OFFSETS)
        self._recovery_points, self._log_starts = recovery_points.copy(), starts.copy()
        logs = {}
        with naming(self.root, "cannot be read"):
            directories = sorted(path for path in self.root.iterdir() if path.is_dir())
        for directory in directories:
            if directory.name.endswith(_DELETE):
                shutil.rmtree(directory, ignore_errors=True)
                continue
            name = formats.topic_partition_of(directory.name)
            topic_id = self._topic_id(directory)
            if name is None or topic_id is None:
                self.notes.append(f"{directory} is no log of ours: left as it is")
                continue
            files = self._files(name, directory)
            files.find(self.shared)
            known = Checkpoints(
                recovery_points.get(name, 0),
                high_watermarks.get(name, 0),
                starts.get(name, 0),
                cleaned.get(name, 0),
            )
            config = Config(TOPIC_KEYS, {"index.interval.bytes": self._interval_bytes})
            opened = open_log(files, name, topic_id, config, known, is_clean=is_clean)
            logs[name] = opened.log
            self.notes += opened.notes
        return logs, high_watermarks

    def properties(self) -> dict[str, Any]:
        """What was written down by `write_property`."""
        own = read_whole(self.root / _OWN)
        self._own = json.loads(own) if own else {}
        properties = dict(self._own)
        quorum = read_whole(self.root / _METADATA_LOG / _QUORUM_STATE)
        if quorum:
            properties[_QUORUM_STATE] = formats.quorum_state_of(quorum.decode())
        snapshots = sorted((self.root / _METADATA_LOG).glob(f"*{_CHECKPOINT}"))
        if snapshots:
            properties[_SNAPSHOTS] = tuple((path.name, read_whole(path)) for path in snapshots)
        clean = read_whole(self.root / _CLEAN)
        if clean:
            properties[_CLEAN_PROPERTY] = json.loads(clean).get("brokerEpoch", -1)
        return properties

    def _topic_id(self, directory: Path) -> Uuid | None:
        path = directory / METADATA_FILE
        text = read_whole(path)
        if text is None:
            return None
        try:
            return formats.topic_id_of(text.decode("utf-8", "replace"))
        except ValueError as error:
            raise StorageFailure(f"{path} is damaged: {error}") from None

    def _offsets(self, file: str) -> dict[TopicPartition, int]:
        path = self.root / file
        text = read_whole(path)
        if text is None:
            return {}
        try:
            return formats.offsets_of(text.decode("utf-8", "replace"))
        except formats.Damaged as error:
            raise StorageFailure(f"{path} is damaged: {error}") from None

    def _files(self, name: TopicPartition, directory: Path) -> LogFiles:
        files = self._logs[name] = LogFiles(
            directory, self._interval_bytes, self._do_later, self._lower
        )
        return files

    # --- Storage ------------------------------------------------------------------------------
    def create_log(self, name: TopicPartition, topic_id: Uuid) -> LogStorage:
        directory = self.root / str(name)
        with naming(directory, "cannot be made"):
            directory.mkdir(exist_ok=True)
        text = formats.partition_metadata_text(topic_id)
        write_whole(directory / METADATA_FILE, text.encode())
        return self._files(name, directory)

    def delete_log(self, name: TopicPartition) -> None:
        files = self._logs.pop(name, None)
        if files is None:
            return
        files.close()
        doomed = files.directory.with_name(f"{files.directory.name}.{os.urandom(8).hex()}{_DELETE}")
        with naming(files.directory, "cannot be renamed"):
            files.directory.replace(doomed)
        self._do_later(lambda: shutil.rmtree(doomed, ignore_errors=True))

    def write_property(self, name: str, value: Any) -> None:
        self._check()
        if name == _CLEAN_PROPERTY:
            text = json.dumps({"version": 0, "brokerEpoch": value})
            write_whole(self.root / _CLEAN, text.encode())
        elif name == _QUORUM_STATE:
            directory = self.root / _METADATA_LOG
            with naming(directory, "cannot be made"):
                directory.mkdir(exist_ok=True)
            write_whole(directory / _QUORUM_STATE, formats.quorum_state_text(value).encode())
        elif name == _SNAPSHOTS:
            self._write_snapshots({each.id.file_name: each.data for each in value})
        elif self._own.get(name) != value:
            self._own[name] = value
            write_whole(self.root / _OWN, json.dumps(self._own).encode())

    def _write_snapshots(self, files: Mapping[str, bytes]) -> None:
        directory = self.root / _METADATA_LOG
        there = {path.name: path for path in directory.glob(f"*{_CHECKPOINT}")}
        for file_name, data in files.items():
            if file_name not in there:
                write_whole(directory / file_name, data)
        for file_name, path in there.items():
            if file_name not in files:
                remove(path)

    def delete_property(self, name: str) -> None:
        if name == _CLEAN_PROPERTY:
            remove(self.root / _CLEAN)
            sync_directory(self.root)
        elif self._own.pop(name, None) is not None:
            write_whole(self.root / _OWN, json.dumps(self._own).encode())

    def write_checkpoints(
        self,
        logs: Mapping[TopicPartition, PartitionLog],
        high_watermarks: Mapping[TopicPartition, int],
    ) -> None:
        self._check()
        self._recovery_points = {name: log.recovery_point for name, log in logs.items()}
        self._log_starts = {
            name: log.log_start_offset
            for name, log in logs.items()
            if log.log_start_offset > log.segments.base_offset
        }
        texts = {
            _HIGH_WATERMARKS: formats.offsets_text(high_watermarks),
            _RECOVERY_POINTS: formats.offsets_text(self._recovery_points),
            _LOG_STARTS: formats.offsets_text(self._log_starts),
            _CLEAN_OFFSETS: formats.offsets_text(
                {name: log.clean_offset for name, log in logs.items() if log.clean_offset}
            ),
        }
        self._write_news(texts)

    def _write_news(self, texts: Mapping[str, str]) -> Future[None] | None:
        news = {file: text for file, text in texts.items() if self._written.get(file) != text}
        self._written |= news

        def write() -> None:
            for file, text in news.items():
                write_whole(self.root / file, text.encode())

        return self._do_later(write) if news else None

    def _lower(self, log: PartitionLog) -> None:
        """Before a log is cut: its recovery point may not lie beyond what it will have.

        And its start, once it has risen, may not fall again (`LogManager.truncateTo`).
        """
        name, texts = log.topic_partition, {}
        if self._recovery_points.get(name, 0) > log.recovery_point:
            self._recovery_points[name] = log.recovery_point
            texts[_RECOVERY_POINTS] = formats.offsets_text(self._recovery_points)
        start = log.log_start_offset if log.log_start_offset > log.segments.base_offset else 0
        if self._log_starts.get(name, 0) != start:
            self._log_starts[name] = start
            texts[_LOG_STARTS] = formats.offsets_text(self._log_starts)
        written = self._write_news(texts)
        if written is not None:
            written.result()
            self._check()

    def remove_doomed(self, now: int) -> None:
        """Remove the files of segments that were deleted `file.delete.delay.ms` ago."""
        for files in self._logs.values():
            files.remove_doomed(now)

    def close(self, logs: Mapping[TopicPartition, PartitionLog]) -> None:
        for name, log in logs.items():
            self._logs[name].seal_all(log)
            log.recovery_point = log.segments.active.next_offset
        self.write_checkpoints(logs, {name: log.high_watermark for name, log in logs.items()})
        self._worker.shutdown()
        self._check()
        self.abandon()

    def abandon(self) -> None:
        self._worker.shutdown()
        for files in self._logs.values():
            self.shared.update(file.path for file in files.files.values() if file.is_shared)
            files.close()
        self._logs.clear()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # ------------------------------------------------------------------------------------------
    def _do_later(self, work: Callable[[], object]) -> Future[None]:
        def guarded() -> None:
            try:
                work()
            except StorageFailure as failure:
                self._failure = failure

        return self._worker.submit(guarded)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure


def reopened(storage: DirectoryStorage) -> DirectoryStorage:
    """As a new process finds the directory of one that has died; branches made before live on."""
    storage.abandon()
    return DirectoryStorage(storage.root, storage.node_id, storage.config, storage.shared)
