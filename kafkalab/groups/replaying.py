"""A coordinator's state beside what its log alone says (G7): for those who check it.

    shard ──as it is──▶ tables        its partition's log ──a new shard reads it──▶ tables

Of a group there is more than the log has (who waits, timers, a rebalance that is on); compared is
what the log must be able to give back.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kafkalab.chance import Stream
from kafkalab.coordination import HostedPartition, Phase
from kafkalab.groups.consumer import ConsumerGroup
from kafkalab.groups.coordinator import GroupCoordinator
from kafkalab.groups.shard import GroupShard
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.node import Effects

Tables = Mapping[str, Mapping[Any, Any]]


class _Nowhere:
    """Nothing is written while a log is read."""

    def append(self, *arguments: Any, **more: Any) -> int:
        raise AssertionError(arguments)


def shards_and_replays(
    coordinator: GroupCoordinator,
    logs: Mapping[TopicPartition, PartitionLog],
    records_max: int,
) -> Iterator[tuple[GroupShard, GroupShard]]:
    """Each active shard, and a new one that has read its log; longer logs are passed over."""
    for hosted in coordinator.hosted.values():
        log = logs.get(hosted.topic_partition)
        if log is None or hosted.phase is not Phase.ACTIVE:
            continue
        if log.log_end_offset - log.log_start_offset > records_max:
            continue
        machine = hosted.machine
        fresh = GroupShard(
            hosted.topic_partition, machine.table.config, Effects(), Stream(0, "g7"), machine.image
        )
        replay = HostedPartition(
            hosted.topic_partition,
            fresh,
            log,
            _Nowhere(),
            commit_timeout_ms=0,
            batch_bytes_max=0,
            now=0,
        )
        replay.high_watermark = hosted.high_watermark
        while replay.phase is Phase.LOADING:
            replay.on_timer(0)
        yield machine, fresh


def tables_of(shard: GroupShard) -> Tables:
    """What the log must be able to give back."""
    return {
        "classic groups written": shard.table.metadata.written,
        "classic groups committed": shard.table.metadata.committed,
        "offsets written": shard.offsets.views.written,
        "offsets committed": shard.offsets.views.committed,
        "consumer groups written": _contents(shard.consumers.written),
        "consumer groups committed": _contents(shard.consumers.committed),
    }


def _contents(groups: Mapping[str, ConsumerGroup]) -> dict[str, Any]:
    return {
        group_id: (
            group.epoch,
            group.assignment_epoch,
            group.assignment_timestamp,
            group.members,
            group.targets,
            group.regexes,
            group.static_members,
        )
        for group_id, group in groups.items()
    }
