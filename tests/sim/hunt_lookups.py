"""Whether a log finds what it holds: each way to look something up, against looking at it all.

Nothing here remembers anything, so it can be asked of any world at any instant.
Read next: `hunt`, which asks it at the end of schedules.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kafkalab.log import Disk, PartitionLog
from kafkalab.log.restarting import restarted
from kafkalab.log.storage_directory import DirectoryStorage, reopened
from kafkalab.record import Records, end_marker
from kafkalab.world import World, servers


def lookups(world: World) -> Iterator[str]:
    """Every way in which some log of some server does not find what is there."""
    for node in servers.all_servers(world):
        for log in node.disk.logs.values():
            for words in _all(log):
                yield f"{node.name}, {log.topic_partition}: {words}"
    yield from directories(world)


def _all(log: PartitionLog) -> Iterator[str]:
    yield from _offsets(log)
    yield from _timestamps(log)
    yield from _aborted(log)
    yield from _restarted(log)


def _offsets(log: PartitionLog) -> Iterator[str]:
    entries = list(log.entries_from(log.segments.base_offset))
    for offset in range(log.log_start_offset, log.log_end_offset):
        expected = next((entry for entry in entries if entry.next_offset > offset), None)
        found = next(log.entries_from(offset), None)
        if found != expected:
            yield f"at offset {offset} it finds {found}, and has {expected}"
        read = log.read(offset, 1, log.log_end_offset)
        if next(iter(read), None) != expected:
            yield f"it reads {read} at {offset}, and has {expected}"


def _timestamps(log: PartitionLog) -> Iterator[str]:
    records = list(log.records())
    times = sorted({record.timestamp for record in records})
    for time in [*times[:5], *times[-5:]]:
        expected = next((record.offset for record in records if record.timestamp >= time), -1)
        found = log.offset_for_timestamp(time)
        if (found.offset if found is not None else -1) != expected:
            yield f"for the time {time} it finds {found}, and has {expected}"


def _aborted(log: PartitionLog) -> Iterator[str]:
    opened: dict[int, int] = {}
    rows: list[tuple[int, int, int]] = []
    for entry in log.entries_from(log.log_start_offset):
        batch = entry.batch
        marker = end_marker(batch) if batch.is_control else None
        if marker is not None:
            first = opened.pop(batch.producer_id, None)
            if first is not None and not marker.committed:
                rows.append((batch.producer_id, first, entry.base_offset))
        elif batch.is_transactional:
            opened.setdefault(batch.producer_id, entry.base_offset)
    if log.clean_offset:
        return
    for offset in range(log.log_start_offset, log.log_end_offset):
        expected = {row[:2] for row in rows if row[2] >= offset}
        found = {
            (row.producer_id, row.first_offset)
            for row in log.aborted_transactions(offset, log.log_end_offset)
        }
        if not expected <= found:
            yield f"from {offset} on {expected} were aborted, it tells of {found}"


def _restarted(log: PartitionLog) -> Iterator[str]:
    """A new process that finds the log on its disk knows the same of it."""
    again = restarted(log.fork(), log.high_watermark)
    for what in ("log_start_offset", "log_end_offset", "last_stable_offset"):
        mine, other = getattr(log, what), getattr(again, what)
        if mine != other and not log.clean_offset:
            yield f"{what} is {mine}, and {other} after a restart"


def directories(world: World) -> Iterator[str]:
    """What a log written into a directory is, when it is read from there again."""
    node = servers.brokers(world)[0]
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "broker"
        disk = Disk.opened(DirectoryStorage(root, 1, node.config))
        logs = {name: log for name, log in node.disk.logs.items() if not log.segments.base_offset}
        for name, log in logs.items():
            copy = disk.create_log(name, log.config, log.topic_id)
            for entry in log.entries_from(0):
                copy.append_as_follower(Records((entry,)))
            copy.set_high_watermark(log.log_end_offset)  # (who had ended above is not written)
        for _ in range(2):  # found as a crash left it, then as it ended in order
            disk.checkpoint_high_watermarks()
            assert disk.storage is not None
            disk = Disk.opened(reopened(disk.storage))
            for name, log in logs.items():
                again = disk.logs[name]
                again.config = log.config
                yield from (f"from a directory, {name}: {words}" for words in _differs(log, again))
                yield from (f"from a directory, {name}: {words}" for words in _all(again))
            disk.shut_down(1)
        disk.abandon()


def _differs(log: PartitionLog, again: PartitionLog) -> Iterator[str]:
    if list(again.entries_from(0)) != list(log.entries_from(0)):
        yield "other entries"
    if log.clean_offset:
        return
    if (again.log_start_offset, again.log_end_offset) != (0, log.log_end_offset):
        yield f"it is {again} instead of {log}"
    mine, others = _producers(log), _producers(again)
    if mine != others:
        yield f"producers {others} instead of {mine}"
    rows = [row for row in log.epochs.rows if row[1] < log.log_end_offset]
    if list(again.epochs.rows) != rows:
        yield f"epochs {again.epochs.rows} instead of {rows}"


def _producers(log: PartitionLog) -> dict[int, tuple[Any, ...]]:
    """What is known of producers, but for what a snapshot leaves out: times, older batches."""
    return {
        id: (
            one.producer_epoch,
            one.batches[-1:] and one.batches[-1][:4],
            one.transaction_first_offset,
        )
        for id, one in log.producers.entries.items()
    }
