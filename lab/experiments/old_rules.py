"""Rules that Kafka had once, or that one might think of; each breaks a promise.

    CUT_AT_THE_HIGH_WATERMARK   how followers truncated before KIP-101 (0.11)
    FORGET_WHO_LEFT_IN_TIME     no eligible leader replicas, as before KIP-966 (4.0)
    ANSWER_AT_ONCE              acks=all answered as soon as the leader has the record
    READY_WHEN_WRITTEN          the high watermark is the leader's own log end
    ELECT_ANYONE                when the ISR is gone, whoever is there leads
    TAKE_EVERY_COPY             a batch that is sent again is written again

Read next: `rules`, how they are put in.
"""

from typing import Any, Final

from kafkalab.controller.written_state import WrittenState
from kafkalab.log.producer_state import ProducerStates
from kafkalab.replica.leading import Leading
from kafkalab.replica.partition import Partition
from kafkalab.replica.produce import Produces
from lab.experiments.rules import Rule


def _cut(original: Any) -> Any:
    def become_follower(self: Partition, image: Any) -> bool:
        is_new: bool = original(self, image)
        if is_new and (removed := self.log.truncate_to(self.log.high_watermark)):
            self._emit("Truncated", self.log.log_end_offset, removed)
        return is_new

    return become_follower


def _advanced_to_the_end(original: Any) -> Any:
    def appended(self: Leading, end_before: int, now: int) -> None:
        original(self, end_before, now)
        self.log.advance_high_watermark(self.log.log_end_offset)

    return appended


def _forget_elr(original: Any) -> Any:
    return lambda self: False


def _answered(original: Any) -> Any:
    return lambda self, results, index: True


def _unclean(original: Any) -> Any:
    return lambda self, topic, name: (
        name == "unclean.leader.election.enable" or original(self, topic, name)
    )


def _unchecked(original: Any) -> Any:
    def check(self: ProducerStates, batch: Any, *rest: Any) -> None:
        original(self, batch, *rest)  # and whatever it says, it is new

    return check


CUT_AT_THE_HIGH_WATERMARK: Final = Rule(
    "a new leader's followers cut their logs at their own high watermark",
    Partition,
    "become_follower",
    _cut,
)
FORGET_WHO_LEFT_IN_TIME: Final = Rule(
    "nobody outside the ISR may lead, whatever he has",
    WrittenState,
    "is_elr_enabled",
    _forget_elr,
)
ANSWER_AT_ONCE: Final = Rule(
    "acks=all is answered when the leader has the record", Produces, "_settle", _answered
)
READY_WHEN_WRITTEN: Final = Rule(
    "the high watermark is the leader's log end", Leading, "appended", _advanced_to_the_end
)
ELECT_ANYONE: Final = Rule(
    "when the ISR is gone, whoever is there leads", WrittenState, "topic_setting", _unclean
)
TAKE_EVERY_COPY: Final = Rule(
    "a batch that is sent again is written again", ProducerStates, "check", _unchecked
)
