"""Ideas about Kafka that are widely held and wrong, in the order of the trouble they cause.

Each has a prediction, an exercise and words of its own somewhere in the lessons; a test holds that.
A `Choice` or a `Wrong` names one by its text here.
"""

from typing import Final

AUTO_COMMIT: Final = "auto-commit is safe, or always loses"
RF_SURVIVES: Final = "replication factor 3 survives two failures, acks=all means all replicas"
RESET_IS_START: Final = (
    "auto.offset.reset is where I start, the committed offset is the last I read"
)
EXACTLY_ONCE_ANYWHERE: Final = "exactly once holds everywhere"
NULL_KEYS: Final = "no key means round robin, and every client hashes alike"
HEARTBEAT_IS_LIFE: Final = "a consumer that heartbeats is at work"
ATOMIC_FOR_ALL: Final = "a transaction is atomic for every reader"
TOPIC_ORDER: Final = "order holds for the topic"
READS_THE_LEADER_END: Final = "consumers see all that the leader has"
RETENTION_AT_AGE: Final = "retention.ms deletes a record when it is that old"
REBALANCE_STOPS_ALL: Final = "every rebalance stops the world"
MAJORITY_IS_ISR: Final = "the majority of controllers and the in-sync replicas follow one rule"
RETRIES_ONLY_REPEAT: Final = "retries can only duplicate"
MORE_IS_FASTER: Final = "more consumers are faster"
COMPACTION_AT_ONCE: Final = "compaction keeps only the latest, at once"
ADDING_IS_HARMLESS: Final = "adding partitions is harmless"

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
