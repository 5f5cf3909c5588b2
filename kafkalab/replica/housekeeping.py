"""What a broker does for its replicas now and then: each task with its period.

In Kafka: `ReplicaManager.startup`, `LogManager.startup`.
"""

from collections.abc import Mapping
from typing import Final

from kafkalab.config import Config
from kafkalab.log import Disk
from kafkalab.replica.local_broker import LocalBroker

_PERIODS: Final[Mapping[str, str]] = {
    "shrink": "replica.lag.time.max.ms",  # half of it
    "checkpoint": "replica.high.watermark.checkpoint.interval.ms",
    "retention": "log.retention.check.interval.ms",
    "producers": "producer.id.expiration.check.interval.ms",
}
TASKS: Final = tuple(_PERIODS)


def period_ms(task: str, config: Config) -> int:
    """How long until a task is due again."""
    period = config.int(_PERIODS[task])
    return max(period // 2, 1) if task == "shrink" else period


def do(task: str, local: LocalBroker, disk: Disk, now: int) -> None:
    """Leave laggards out of ISRs, write down high watermarks, delete what had its time."""
    if task == "checkpoint":
        disk.checkpoint_high_watermarks()
        return
    for partition in local.partitions.values():
        if task == "retention":
            partition.apply_retention(now)
        elif task == "producers":
            partition.forget_producers(now)
        elif partition.leading is not None:
            partition.leading.shrink_isr(now)
