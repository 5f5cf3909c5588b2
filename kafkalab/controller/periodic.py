"""What the controller does by itself, from time to time, while it is active.

    every leader.imbalance.check.interval.seconds   give partitions back to their first replica
    every unclean.leader.election.interval.ms       elect for leaderless partitions of topics that
                                                    allow unclean election (perhaps since lately)

In Kafka: `PeriodicTask`s of `QuorumController`: `electPreferred`, `electUnclean`.
"""

from typing import Any, Final, Self

from kafkalab.config import Config
from kafkalab.controller.elections import all_partitions, without_leader
from kafkalab.controller.partitions import PREFERRED, UNCLEAN, elect_leader
from kafkalab.controller.written_state import UNCLEAN as UNCLEAN_ENABLED
from kafkalab.controller.written_state import WrittenState
from kafkalab.errors import KafkaError
from kafkalab.timers import Timers

_ELECT_PREFERRED: Final = "electPreferred"
_ELECT_UNCLEAN: Final = "electUnclean"


class Periodic:
    """When each task is due."""

    __slots__ = ("_intervals_ms", "_timers")

    def __init__(self, config: Config, now: int) -> None:
        self._intervals_ms = {_ELECT_UNCLEAN: config.int("unclean.leader.election.interval.ms")}
        if config.bool("auto.leader.rebalance.enable"):
            seconds = config.int("leader.imbalance.check.interval.seconds")
            self._intervals_ms[_ELECT_PREFERRED] = 1000 * seconds
        self._timers: Timers[str] = Timers()
        for task, interval_ms in self._intervals_ms.items():
            self._timers.set(task, now + interval_ms)

    def next_timer(self) -> int | None:
        return self._timers.first

    def run_due(self, state: WrittenState, now: int) -> list[Any]:
        """The records of the tasks that are due."""
        records: list[Any] = []
        for task in self._timers.pop_due(now):
            self._timers.set(task, now + self._intervals_ms[task])
            run = elect_preferred if task == _ELECT_PREFERRED else elect_unclean
            records += run(state)
        return records

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._intervals_ms = self._intervals_ms
        other._timers = self._timers.fork()
        return other


def elect_preferred(state: WrittenState) -> list[Any]:
    """Partitions that have a leader, but not their first replica."""
    return [
        record
        for place in all_partitions(state.image)
        if place.partition.has_leader and place.partition.leader != place.partition.preferred_leader
        for record in _elected(state, place.topic.name, place.number, PREFERRED)
    ]


def elect_unclean(state: WrittenState) -> list[Any]:
    """Partitions without a leader, in topics that would rather lose data than be offline."""
    return [
        record
        for place in without_leader(state.image)
        if state.topic_setting(place.topic.name, UNCLEAN_ENABLED)
        for record in _elected(state, place.topic.name, place.number, UNCLEAN)
    ]


def _elected(state: WrittenState, topic: str, number: int, election_type: int) -> list[Any]:
    try:
        return [elect_leader(state, topic, number, election_type)]
    except KafkaError:
        return []  # nobody can be elected now; perhaps next time
