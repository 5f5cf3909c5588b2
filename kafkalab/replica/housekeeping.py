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
    "clean": "log.cleaner.backoff.ms",
    "flush": "log.flush.scheduler.interval.ms",
    "producers": "producer.id.expiration.check.interval.ms",
}
TASKS: Final = tuple(_PERIODS)


def period_ms(task: str, config: Config) -> int:
    """How long until a task is due again."""
    period = config.int(_PERIODS[task])
    return max(period // 2 if task == "shrink" else period, 1)


def do(task: str, local: LocalBroker, disk: Disk, now: int) -> None:
    """Leave laggards out of ISRs, write down high watermarks, delete or compact what is due."""
    if task == "checkpoint":
        disk.checkpoint_high_watermarks()
        return
    if task == "retention" and disk.storage is not None:
        disk.storage.remove_doomed(now)
    by_clock = local.effects.clock.at(now)  # what is dated in records is judged by the clock
    for partition in local.partitions.values():
        if task == "retention":
            partition.apply_retention(by_clock)
        elif task == "clean":
            partition.clean(by_clock)
        elif task == "flush":
            partition.flush(now)
        elif task == "producers":
            partition.forget_producers(by_clock)
        elif partition.leading is not None:
            partition.leading.shrink_isr(now)
