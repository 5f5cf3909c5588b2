"""Ideas about Kafka that are widely held and wrong, in the order of the trouble they cause.

Each has a prediction, an exercise and words of its own somewhere in the lessons; a test holds that.
A `Choice` or a `Wrong` names one by its text here; it must read well after "it is not so that".
"""

from typing import Final

from lab.checking.outcome import Misconception

AUTO_COMMIT: Final = Misconception("auto-commit is safe, or always loses")
RF_SURVIVES: Final = Misconception(
    "replication factor 3 survives two failures, or acks=all means all replicas"
)
RESET_IS_START: Final = Misconception(
    "auto.offset.reset is where one starts, or the committed offset the last one read"
)
EXACTLY_ONCE_ANYWHERE: Final = Misconception("exactly once holds everywhere")
NULL_KEYS: Final = Misconception("no key means round robin, or every client hashes alike")
HEARTBEAT_IS_LIFE: Final = Misconception("a consumer that heartbeats is at work")
ATOMIC_FOR_ALL: Final = Misconception("a transaction is atomic for every reader")
TOPIC_ORDER: Final = Misconception("order holds for the topic")
READS_THE_LEADER_END: Final = Misconception("consumers see all that the leader has")
RETENTION_AT_AGE: Final = Misconception("retention.ms deletes a record when it is that old")
REBALANCE_STOPS_ALL: Final = Misconception("every rebalance stops the world")
MAJORITY_IS_ISR: Final = Misconception(
    "the majority of controllers and the in-sync replicas follow one rule"
)
RETRIES_ONLY_REPEAT: Final = Misconception("retries can only duplicate")
MORE_IS_FASTER: Final = Misconception("more consumers are faster")
COMPACTION_AT_ONCE: Final = Misconception("compaction keeps only the latest, at once")
ADDING_IS_HARMLESS: Final = Misconception("adding partitions is harmless")

ALL: Final = (
    AUTO_COMMIT,
    RF_SURVIVES,
    RESET_IS_START,
    EXACTLY_ONCE_ANYWHERE,
    NULL_KEYS,
    HEARTBEAT_IS_LIFE,
    ATOMIC_FOR_ALL,
    TOPIC_ORDER,
    READS_THE_LEADER_END,
    RETENTION_AT_AGE,
    REBALANCE_STOPS_ALL,
    MAJORITY_IS_ISR,
    RETRIES_ONLY_REPEAT,
    MORE_IS_FASTER,
    COMPACTION_AT_ONCE,
    ADDING_IS_HARMLESS,
)
