"""One partition's log in depth, as its leader has it: the detail `log TOPIC PARTITION`.

Segments with their sizes and times, leader epochs, the last records with the gaps that compaction
leaves, and who reads where.

Read next: `details`; `lab.scenes.pictures.partition_log`, which draws it.
"""

from collections.abc import Iterator
from typing import Final, TypedDict

from kafkalab.frames.groups import group_frames
from kafkalab.frames.logs import marker_of, text_of
from kafkalab.ids import NO_NODE, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.log.log_segment import LogSegment
from kafkalab.record import Entry
from kafkalab.server import Broker
from kafkalab.world import World, servers

#: Records carried at most: the last of the log.
RECORDS_MAX: Final = 80
#: Segments carried at most: the last.
SEGMENTS_MAX: Final = 24
_TEXT_MAX: Final = 18


class SegmentFrame(TypedDict):
    """Offsets from `base` to below `end`; times in ms, -1 for none.

    They are what producers wrote into records: since the world began, or in Unix time if before.
    """

    base: int
    end: int
    bytes: int
    first_timestamp: int
    max_timestamp: int
    is_active: bool


class LogRecordFrame(TypedDict):
    """One record; `batch` is the base offset of its batch, `value` None is a tombstone.

    Of a control record the value is what it says: "commit", "abort" or "control".
    """

    offset: int
    batch: int
    epoch: int
    key: str | None
    value: str | None
    timestamp: int
    is_control: bool


class PinFrame(TypedDict):
    """Where a group or one of its members stands: the next offset to read."""

    group: str
    member: str  # "" for what the group has committed
    offset: int


class LogFrame(TypedDict):
    topic: str
    partition: int
    broker: int
    is_leader: bool
    log_start: int
    high_watermark: int
    last_stable: int
    end: int
    clean: int  # compacted below it
    cleanup: str
    settings: dict[str, int]
    segments: list[SegmentFrame]
    more_segments: int  # older ones, not carried
    epochs: list[list[int]]  # [epoch, start offset]
    records: list[LogRecordFrame]
    pins: list[PinFrame]


def log_detail(world: World, words: tuple[str, ...]) -> LogFrame | None:
    """`words`: topic and partition.  None if there is no such log anywhere."""
    topic, number = words
    partition = TopicPartition(topic, int(number))
    image = servers.metadata(world)
    decided = image.partition(partition)
    if decided is None:
        return None
    brokers = servers.brokers(world)
    by_id = {broker.broker_id: broker for broker in brokers}
    leader = decided.leader
    holder = (
        leader
        if leader != NO_NODE
        else max(decided.replicas, key=lambda b: _end(by_id, b, partition))
    )
    broker = by_id.get(holder)
    log = broker.disk.logs.get(partition) if broker is not None else None
    if log is None:
        return None
    segments = list(log.segments)
    return {
        "topic": topic,
        "partition": partition.partition,
        "broker": holder,
        "is_leader": holder == leader,
        "log_start": log.log_start_offset,
        "high_watermark": log.high_watermark,
        "last_stable": log.last_stable_offset,
        "end": log.log_end_offset,
        "clean": log.clean_offset,
        "cleanup": log.config.text("cleanup.policy"),
        "settings": {
            name: log.config.int(name)
            for name in ("retention.ms", "retention.bytes", "segment.bytes", "segment.ms")
        },
        "segments": [
            _segment(each, each is segments[-1], world.began) for each in segments[-SEGMENTS_MAX:]
        ],
        "more_segments": max(0, len(segments) - SEGMENTS_MAX),
        "epochs": [list(row) for row in log.epochs.rows],
        "records": _last_records(log, world.began),
        "pins": _pins(world, partition),
    }


def _end(brokers: dict[int, Broker], broker_id: int, partition: TopicPartition) -> int:
    broker = brokers.get(broker_id)
    log = broker.disk.logs.get(partition) if broker is not None else None
    return -1 if log is None else log.log_end_offset


def _since(timestamp: int, began: int) -> int:
    return timestamp - began if timestamp >= began else timestamp


def _segment(segment: LogSegment, is_active: bool, began: int) -> SegmentFrame:
    return {
        "base": segment.base_offset,
        "end": segment.next_offset,
        "bytes": segment.size_in_bytes,
        "first_timestamp": _since(segment.first_timestamp, began),
        "max_timestamp": _since(segment.max_timestamp, began),
        "is_active": is_active,
    }


def _last_records(log: PartitionLog, began: int) -> list[LogRecordFrame]:
    """The last records: whole batches from the end back, until there are enough."""
    batches: list[list[LogRecordFrame]] = []
    count = 0
    for entry in _entries_back(log):
        batches.append(list(_records(entry, log.log_start_offset, began)))
        count += len(batches[-1])
        if count >= RECORDS_MAX:
            break
    return [record for batch in reversed(batches) for record in batch][-RECORDS_MAX:]


def _entries_back(log: PartitionLog) -> Iterator[Entry]:
    for segment in reversed(list(log.segments)):
        yield from reversed(list(segment.entries_from(segment.base_offset)))


def _records(entry: Entry, log_start: int, began: int) -> Iterator[LogRecordFrame]:
    marker = marker_of(entry.batch)
    for record in entry.records():
        if record.offset < log_start:
            continue
        yield {
            "offset": record.offset,
            "batch": entry.base_offset,
            "epoch": entry.leader_epoch,
            "key": None if marker else _short(record.key),
            "value": marker or _short(record.value),
            "timestamp": _since(record.timestamp, began),
            "is_control": marker is not None,
        }


def _short(data: bytes | None) -> str | None:
    words = text_of(data)
    if words is None or len(words) <= _TEXT_MAX:
        return words
    return f"{words[: _TEXT_MAX - 1]}…"


def _pins(world: World, partition: TopicPartition) -> list[PinFrame]:
    pins: list[PinFrame] = []
    for group in group_frames(world, servers.metadata(world), servers.brokers(world)):
        for offset in group["offsets"]:
            is_it = (offset["topic"], offset["partition"]) == partition
            if is_it and offset["committed"] is not None:
                pins.append({"group": group["id"], "member": "", "offset": offset["committed"]})
        for member in group["members"]:
            for one in member["partitions"]:
                if (one["topic"], one["partition"]) == partition and one["position"] is not None:
                    pins.append(
                        {
                            "group": group["id"],
                            "member": member["client"],
                            "offset": one["position"],
                        }
                    )
    return pins
