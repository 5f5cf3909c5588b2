"""What a process finds in a directory: torn, damaged, in use, another's; mended or refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kafkalab.config import TOPIC_KEYS, Config, broker_config
from kafkalab.ids import TopicPartition
from kafkalab.log import Disk, PartitionLog, StorageFailure
from kafkalab.log.cleaner import clean, cleanable
from kafkalab.log.storage_directory import DirectoryStorage
from kafkalab.record import Record, build_batch, end_marker_batch

NAME = TopicPartition("orders", 0)
CONFIG = Config(TOPIC_KEYS, {"segment.bytes": 500, "cleanup.policy": "compact,delete"})
BROKER = broker_config({"log.index.interval.bytes": 100})


def opened(root: Path) -> Disk:
    disk = Disk.opened(DirectoryStorage(root, 1, BROKER))
    for log in disk.logs.values():
        log.config = CONFIG
    return disk


def notes(disk: Disk) -> list[str]:
    assert disk.storage is not None
    return disk.storage.notes


def append(log: PartitionLog, count: int, epoch: int = 0) -> None:
    for _ in range(count):
        number = log.log_end_offset
        record = Record(f"k{number % 3}".encode(), f"value {number}".encode(), (), 1_000 + number)
        log.append_as_leader(build_batch([record]), epoch, number)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A broker's directory with twenty records in several segments, the process killed."""
    disk = Disk.opened(DirectoryStorage(tmp_path / "broker-1", 1, BROKER))
    log = disk.create_log(NAME, CONFIG, bytes(range(16)))
    append(log, 10)
    append(log, 10, epoch=3)
    log.set_high_watermark(20)
    disk.checkpoint_high_watermarks()
    disk.abandon()
    yield tmp_path / "broker-1"


def values(log: PartitionLog) -> list[int]:
    return [record.offset for record in log.records()]


def last_segment(root: Path) -> Path:
    return sorted((root / str(NAME)).glob("*.log"))[-1]


def last_batch(path: Path) -> int:
    """Where the last batch of a segment begins."""
    from kafkalab.record.records import entries_in

    position = before = 0
    for entry in entries_in(path.read_bytes()):
        before, position = position, position + entry.size_in_bytes
    return before


def test_a_tail_torn_at_any_byte_is_cut_at_its_batch(root: Path, tmp_path: Path) -> None:
    path = last_segment(root)
    start, size = last_batch(path), path.stat().st_size
    for end in range(start, size):
        copy = tmp_path / "copy"
        shutil.copytree(root, copy)
        with last_segment(copy).open("r+b") as file:
            file.truncate(end)
        disk = opened(copy)
        log = disk.logs[NAME]
        assert values(log) == list(range(19))
        assert log.epochs.rows == ((0, 0), (3, 10))
        expected = [str(last_segment(copy)), "offset 19"] if end > start else []
        assert all(word in " ".join(notes(disk)) for word in expected)
        append(log, 1, epoch=4)
        assert values(log) == list(range(20))
        disk.abandon()
        shutil.rmtree(copy)


def test_a_flipped_byte_above_the_recovery_point_is_cut_below_it_refused(root: Path) -> None:
    path = last_segment(root)
    start = last_batch(path)
    with path.open("r+b") as file:
        file.seek(start + 70)
        file.write(b"\xff\xff")
    disk = opened(root)
    assert values(disk.logs[NAME]) == list(range(19))
    assert "other replicas have what is missing" in notes(disk)[-1], "20 was the high watermark"
    disk.logs[NAME].flush()
    disk.checkpoint_high_watermarks()
    disk.abandon()
    with path.open("r+b") as file:
        file.seek(70)
        file.write(b"\xff\xff")
    with pytest.raises(StorageFailure, match=f"{path}.*flushed.*no torn write"):
        opened(root)


def test_missing_and_damaged_indexes_are_made_anew(root: Path) -> None:
    for number, path in enumerate(sorted((root / str(NAME)).glob("*index"))):
        path.unlink() if number % 2 else path.write_bytes(b"\x00\x01rubbish")
    disk = opened(root)
    log = disk.logs[NAME]
    assert values(log) == list(range(20))
    for offset in range(20):
        assert log.read(offset, 1, 20).entries[0].base_offset == offset
        found = log.offset_for_timestamp(1_000 + offset)
        assert found is not None and found.offset == offset
    disk.abandon()


@pytest.mark.parametrize("file", ["leader-epoch-checkpoint", "00000000000000000000.snapshot"])
def test_what_can_be_read_from_the_log_again_is(root: Path, file: str) -> None:
    (root / str(NAME) / file).write_text("rubbish")
    disk = opened(root)
    assert disk.logs[NAME].epochs.rows == ((0, 0), (3, 10))
    disk.abandon()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("orders-0/partition.metadata", "version: 9"),
        ("replication-offset-checkpoint", "0\n5\n"),
        ("meta.properties", "version=1\nnode.id=2\ncluster.id=kafkalab\n"),
    ],
)
def test_what_cannot_is_refused_by_name(root: Path, file: str, text: str) -> None:
    (root / file).write_text(text)
    with pytest.raises(StorageFailure, match=str(root / file)):
        opened(root)
    with pytest.raises(StorageFailure, match=str(root / file)):
        opened(root)  # and not: it is in use


def test_a_directory_in_use_is_refused(root: Path) -> None:
    disk = opened(root)
    with pytest.raises(StorageFailure, match=r"\.lock is held by another process"):
        opened(root)
    disk.abandon()
    opened(root).abandon()


def test_strange_files_and_directories_are_left_alone(root: Path) -> None:
    strange = [root / "notes.txt", root / str(NAME) / "mine.txt", root / "photos" / "cat.png"]
    (root / "photos").mkdir()
    for path in strange:
        path.write_text("mine")
    disk = opened(root)
    assert any("photos" in note for note in notes(disk))
    assert values(disk.logs[NAME]) == list(range(20))
    disk.shut_down(1)
    assert all(path.read_text() == "mine" for path in strange)


def test_a_full_disk_ends_the_write_and_keeps_what_was_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    disk = opened(root)
    log = disk.logs[NAME]
    original, room = os.pwritev, [30]

    def full(fd: int, buffers: list[bytes], position: int) -> int:
        data = b"".join(buffers)[: room[0]]
        if not data:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        room[0] -= len(data)
        return original(fd, [data], position)

    monkeypatch.setattr(os, "pwritev", full)
    monkeypatch.setattr(os, "pwrite", lambda fd, data, position: full(fd, [bytes(data)], position))
    with pytest.raises(StorageFailure, match=r"orders-0/.*\.log.*No space left"):
        append(log, 1, epoch=5)
    assert log.log_end_offset == 20
    monkeypatch.undo()
    disk.abandon()
    disk = opened(root)
    assert values(disk.logs[NAME]) == list(range(20))
    assert notes(disk) == [], "the half batch was taken back"
    disk.abandon()


def test_aborted_transactions_and_producers_come_back(root: Path) -> None:
    disk = opened(root)
    log = disk.logs[NAME]
    for number in range(4):
        record = Record(b"k", b"v" * 100, (), 5)
        batch = build_batch(
            [record], producer_id=7, producer_epoch=0, base_sequence=number, is_transactional=True
        )
        log.append_as_leader(batch, 5, 1)
        if number < 3:
            marker = end_marker_batch(
                committed=False, producer_id=7, producer_epoch=0, coordinator_epoch=0, timestamp=1
            )
            log.append_as_leader(marker, 5, 1)
    log.set_high_watermark(log.log_end_offset)
    aborted, stable = log.aborted_transactions(0, 99), log.last_stable_offset
    entries = log.producers.entries[7]
    for is_clean in (True, False):
        if is_clean:
            disk.shut_down(1)
        else:
            disk.checkpoint_high_watermarks()
            disk.abandon()
        disk = opened(root)
        log = disk.logs[NAME]
        assert log.aborted_transactions(0, 99) == aborted
        assert log.last_stable_offset == stable
        assert log.producers.entries[7].batches[-1:] == entries.batches[-1:]
        assert list(log.producers.open_transactions.values()) == [7]
    disk.abandon()


def test_a_cleaned_log_comes_back_cleaned_whenever_the_process_ended(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the last rename of a cleaned segment: the `.swap` file is taken."""
    disk = opened(root)
    log = disk.logs[NAME]
    what = cleanable(log, 5_000)
    assert what is not None
    rename = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if self.name.endswith(".swap"):
            shutil.copytree(root, tmp_path / "killed")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    clean(log, what, 5_000)
    monkeypatch.undo()
    left = values(log)
    assert len(left) < 20
    disk.checkpoint_high_watermarks()
    disk.abandon()
    disk = opened(root)
    assert values(disk.logs[NAME]) == left
    assert disk.logs[NAME].clean_offset == what.first_uncleanable
    disk.abandon()
    (tmp_path / "killed" / ".lock").unlink()
    disk = opened(tmp_path / "killed")
    assert values(disk.logs[NAME]) == left
    assert not list((tmp_path / "killed" / str(NAME)).glob("*.swap"))
    disk.abandon()


@pytest.mark.parametrize("is_clean", [True, False])
def test_a_log_cut_in_a_compacted_stretch_comes_back_as_its_files_say(
    root: Path, is_clean: bool
) -> None:
    """The end was told; a restart finds the batches alone, or what was written behind it."""

    def again(disk: Disk) -> Disk:
        if is_clean:
            disk.shut_down(7)
        else:
            disk.checkpoint_high_watermarks()
            disk.abandon()
        return opened(root)

    disk = opened(root)
    log = disk.logs[NAME]
    log.truncate_fully_and_start_at(0)
    for key in "abbbbbbbbbbbbbbbbcd":
        log.append_as_leader(build_batch([Record(key.encode(), b".", (), 1)]), 4, 1)
    log.set_high_watermark(log.log_end_offset)
    what = cleanable(log, 5_000)
    assert what is not None
    clean(log, what, 5_000)
    assert 1 not in values(log)
    log.truncate_to(3)
    assert (log.log_end_offset, values(log)) == (3, [0])
    disk = again(disk)
    log = disk.logs[NAME]
    assert (log.log_end_offset, values(log)) == (1, [0])
    log.truncate_fully_and_start_at(0)
    append(log, 1, epoch=4)
    disk = again(disk)
    assert values(disk.logs[NAME]) == [0]
    disk.abandon()


def test_a_log_whose_start_is_beyond_its_files_begins_anew_there(root: Path) -> None:
    """As `LogLoader`: offsets below the start were deleted, and are not given out again."""
    disk = opened(root)
    disk.logs[NAME].delete_records_before(19)
    disk.checkpoint_high_watermarks()
    disk.abandon()
    path = last_segment(root)
    path.write_bytes(path.read_bytes()[:0])
    for checkpoint in root.glob("recovery-point-offset-checkpoint"):
        checkpoint.unlink()
    disk = opened(root)
    log = disk.logs[NAME]
    assert log.log_start_offset == log.log_end_offset == 19
    assert any("begins anew at offset 19" in note for note in notes(disk))
    append(log, 1, epoch=4)
    assert values(log) == [19]
    disk.abandon()


@pytest.mark.parametrize("times", [1, 2])
def test_a_branch_reads_on_when_the_log_it_came_from_is_opened_again_and_cut(
    root: Path, times: int
) -> None:
    """A crash and restart within one process: what was shared before must not be cut in place."""
    disk = opened(root)
    branch = disk.fork().logs[NAME]
    for _ in range(times):
        disk = disk.after_crash()
    disk.logs[NAME].truncate_to(19)
    assert values(branch) == list(range(20))
    disk.abandon()
