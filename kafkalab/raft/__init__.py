"""The metadata log: one leader writes it, everyone else follows it by Fetch (KIP-500, KIP-595).

Reading order: `raft_client` (the face the servers see), `roles` (what a node can be) and `quorum`
(how it becomes that), `voting`, `following`, `leading` (what is said and answered), `metadata_log`
and `snapshot` (what is written), `quorum_state` (what survives a restart).
"""

from kafkalab.raft.metadata_log import (
    METADATA_PARTITION,
    METADATA_TOPIC_ID,
    CommittedBatch,
    delta_of,
    replay,
)
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.raft.raft_client import RaftClient
from kafkalab.raft.request_manager import CallKey
from kafkalab.raft.snapshot import SnapshotId

__all__ = [
    "METADATA_PARTITION",
    "METADATA_TOPIC_ID",
    "CallKey",
    "CommittedBatch",
    "QuorumState",
    "RaftClient",
    "SnapshotId",
    "delta_of",
    "replay",
]
