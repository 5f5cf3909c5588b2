"""One partition's log on one disk, in memory or in a directory.

    Disk ── PartitionLog ── LogSegments ── LogSegment ── Entry (of `record`)
                 ├── LeaderEpochCache     which epoch began where: how followers find divergence
                 ├── ProducerStates       sequences, epochs, open transactions
                 ├── TransactionIndex     aborted transactions, for read_committed
                 └── Verifications        transactions whose coordinator is being asked

Leaders `append_as_leader`, followers `append_as_follower` the same entries, everyone `read`s.
Everything forks by sharing (`shared_list`).

Read `partition_log` first, then `leader_epoch_cache` and `producer_state`.
"""

from kafkalab.log.disk import Disk
from kafkalab.log.leader_epoch_cache import EpochEnd, LeaderEpochCache
from kafkalab.log.log_segment import LogSegment
from kafkalab.log.partition_log import PartitionLog
from kafkalab.log.producer_state import ProducerEntry, ProducerStates
from kafkalab.log.results import AppendResult, Deleted, TimestampOffset
from kafkalab.log.shared_list import SharedList
from kafkalab.log.storage import StorageFailure
from kafkalab.log.transaction_index import AbortedTransaction
from kafkalab.log.verification import SENTINEL, UNCHECKED

__all__ = [
    "SENTINEL",
    "UNCHECKED",
    "AbortedTransaction",
    "AppendResult",
    "Deleted",
    "Disk",
    "EpochEnd",
    "LeaderEpochCache",
    "LogSegment",
    "PartitionLog",
    "ProducerEntry",
    "ProducerStates",
    "SharedList",
    "StorageFailure",
    "TimestampOffset",
]
