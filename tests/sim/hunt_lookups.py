"""Whether a log finds what it holds: each way to look something up, against looking at it all.

Nothing here remembers anything, so it can be asked of any world at any instant.
Read next: `hunt`, which asks it at the end of schedules.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from kafkalab.log import PartitionLog
from kafkalab.record import end_marker
from kafkalab.world import World, servers


def lookups(world: World) -> Iterator[str]:
    """Every way in which some log of some server does not find what is there."""
    for node in servers.all_servers(world):
        for log in node.disk.logs.values():
            for words in (*_offsets(log), *_timestamps(log), *_aborted(log), *_restarted(log)):
                yield f"{node.name}, {log.topic_partition}: {words}"


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
    from kafkalab.log.restarting import restarted

    again = restarted(log.fork(), log.high_watermark)
    for what in ("log_start_offset", "log_end_offset", "last_stable_offset"):
        mine, other = getattr(log, what), getattr(again, what)
        if mine != other and not log.clean_offset:
            yield f"{what} is {mine}, and {other} after a restart"


def directories(world: World) -> Iterator[str]:
    """What a log written into a directory is, when it is read from there again."""
    del world
    with tempfile.TemporaryDirectory() as directory:
        yield str(Path(directory))
