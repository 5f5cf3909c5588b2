"""Topics in a frame: what the controllers have decided, and each replica's last records.

Decoding a batch costs more than all else here, and batches never change; so what a batch looks
like is remembered.  Leader, followers and forks share batches, and so share the memory.

Read next: `cluster`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

from kafkalab.errors import KafkaError
from kafkalab.frames.shape import (
    CELLS_MAX,
    CellFrame,
    PartitionFrame,
    ReplicaFrame,
    TopicFrame,
)
from kafkalab.frames.transactions import open_transactions
from kafkalab.ids import NO_NODE, NodeId, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.metadata import MetadataImage
from kafkalab.metadata.image import PartitionImage
from kafkalab.record import Batch, Record, end_marker
from kafkalab.server import Broker
from kafkalab.world import World

Marker = Literal["commit", "abort", "control"]

_TEXT_MAX: Final = 40
_BATCHES_REMEMBERED: Final = 16_384


def topic_frames(
    world: World, image: MetadataImage, brokers: Sequence[Broker], *, internal: bool
) -> list[TopicFrame]:
    """Topics by name; those that begin with `__` only if `internal`."""
    by_id = {broker.broker_id: broker for broker in brokers}
    names = sorted(name for name in image.topics if internal or not name.startswith("__"))
    return [_topic(name, image, by_id) for name in names]


def _topic(name: str, image: MetadataImage, brokers: Mapping[NodeId, Broker]) -> TopicFrame:
    topic = image.topics[name]
    config = image.topic_config(name, next(iter(brokers.values())).config)
    return {
        "name": name,
        "replication_factor": max(len(each.replicas) for each in topic.partitions.values()),
        "min_insync_replicas": config.int("min.insync.replicas"),
        "partitions": [
            _partition(TopicPartition(name, number), topic.partitions[number], brokers)
            for number in sorted(topic.partitions)
        ],
    }


def _partition(
    partition: TopicPartition, decided: PartitionImage, brokers: Mapping[NodeId, Broker]
) -> PartitionFrame:
    logs = {
        broker_id: log
        for broker_id in decided.replicas
        if broker_id in brokers and (log := brokers[broker_id].disk.logs.get(partition)) is not None
    }
    leading = logs.get(decided.leader)
    known = [log.high_watermark for log in logs.values()]
    stable = [log.last_stable_offset for log in logs.values()]
    made: PartitionFrame = {
        "id": partition.partition,
        "leader": None if decided.leader == NO_NODE else decided.leader,
        "leader_epoch": decided.leader_epoch,
        "isr": list(decided.isr),
        "high_watermark": leading.high_watermark if leading else max(known, default=0),
        "last_stable_offset": leading.last_stable_offset if leading else max(stable, default=0),
        "open_transactions": open_transactions(leading) if leading else [],
        "replicas": {str(broker_id): _replica(log) for broker_id, log in logs.items()},
    }
    if decided.elr:
        made["elr"] = list(decided.elr)
    return made


def _replica(log: PartitionLog) -> ReplicaFrame:
    first = max(log.log_start_offset, log.log_end_offset - CELLS_MAX)
    cells: list[CellFrame] = []
    for entry in log.segments.entries_from(first):
        cells += _cells(entry.batch, entry.base_offset, entry.leader_epoch)
    if cells and cells[0]["offset"] < first:
        cells = [cell for cell in cells if cell["offset"] >= first]
    made: ReplicaFrame = {
        "log_start": log.log_start_offset,
        "end": log.log_end_offset,
        "high_watermark": log.high_watermark,
        "cells": cells,
    }
    if log.last_stable_offset < log.high_watermark:
        made["last_stable"] = log.last_stable_offset
    return made


@lru_cache(maxsize=_BATCHES_REMEMBERED)
def _cells(batch: Batch, base_offset: int, leader_epoch: int) -> tuple[CellFrame, ...]:
    """A batch's last records; the same objects whenever it is shown."""
    try:
        records = batch.records(base_offset)[-CELLS_MAX:]
    except KafkaError:
        return ()
    marker = marker_of(batch)
    return tuple(_cell(record, leader_epoch, marker) for record in records)


def _cell(record: Record, leader_epoch: int, marker: Marker | None) -> CellFrame:
    return {
        "offset": record.offset,
        "key": None if marker else text_of(record.key),
        "value": marker or text_of(record.value) or "",
        "epoch": leader_epoch,
        "kind": "control" if marker else "data",
    }


def marker_of(batch: Batch) -> Marker | None:
    """What a control batch says: how a transaction ended, or "control"; None of a batch of data."""
    if not batch.is_control:
        return None
    marker = end_marker(batch)
    return "control" if marker is None else "commit" if marker.committed else "abort"


def text_of(data: bytes | None) -> str | None:
    """Bytes for people: UTF-8 if they are that and printable, else hexadecimal; 40 characters."""
    if data is None:
        return None
    head = data[: 4 * _TEXT_MAX]
    text = head.decode("utf-8", "replace")
    if len(data) > len(head):
        text = text.rstrip("\ufffd")  # a character cut in two
    if not text.isprintable() or "\ufffd" in text:
        text = f"0x{head.hex()}"
    return text if len(text) <= _TEXT_MAX else f"{text[: _TEXT_MAX - 1]}…"
