"""The snapshots of the metadata log on one disk, oldest first.

In Kafka: the `.checkpoint` files that `KafkaRaftLog` keeps a map of.
"""

from typing import Final, cast

from kafkalab.errors import KafkaError
from kafkalab.log import Disk, StorageFailure
from kafkalab.raft.snapshot import Snapshot, SnapshotId, read_snapshot

_FILES: Final = "metadata-snapshots"


class Snapshots:
    """A view of the disk; it has no state of its own."""

    __slots__ = ("_disk",)

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        files = disk.properties.get(_FILES, ())
        if files and not isinstance(files[0], Snapshot):
            disk.properties[_FILES] = tuple(_read(*file) for file in files)  # from a directory

    @property
    def all(self) -> tuple[Snapshot, ...]:
        return cast(tuple[Snapshot, ...], self._disk.properties.get(_FILES, ()))

    @property
    def earliest(self) -> Snapshot | None:
        files = self.all
        return files[0] if files else None

    @property
    def second(self) -> Snapshot | None:
        files = self.all
        return files[1] if len(files) > 1 else None

    @property
    def latest(self) -> Snapshot | None:
        files = self.all
        return files[-1] if files else None

    @property
    def size_in_bytes(self) -> int:
        return sum(len(snapshot.data) for snapshot in self.all)

    def find(self, id: SnapshotId) -> Snapshot | None:
        """The snapshot of this id, or None."""
        return next((snapshot for snapshot in self.all if snapshot.id == id), None)

    def add(self, snapshot: Snapshot) -> None:
        """Keep one that is newer than all there are."""
        latest = self.latest
        assert latest is None or snapshot.id.end_offset > latest.id.end_offset, snapshot.id
        self._disk.properties[_FILES] = (*self.all, snapshot)

    def replace(self, snapshot: Snapshot) -> None:
        """Keep this one alone."""
        self._disk.properties[_FILES] = (snapshot,)

    def drop_oldest(self) -> None:
        self._disk.properties[_FILES] = self.all[1:]


def _read(file_name: str, data: bytes) -> Snapshot:
    end_offset, epoch = file_name.partition(".")[0].split("-")
    try:
        return read_snapshot(SnapshotId(int(end_offset), int(epoch)), data)
    except KafkaError as error:
        raise StorageFailure(f"{file_name} of the metadata log is damaged: {error}") from None
