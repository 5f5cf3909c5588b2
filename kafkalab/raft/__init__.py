"""The metadata log: one leader writes it, everyone else follows it by Fetch (KIP-500, KIP-595).

Reading order: `raft_client` (the face the servers see), `roles` (what a leader and an observer do),
`metadata_log` (records in, committed batches out), `quorum_state` (what survives a restart).
"""

from kafkalab.raft.metadata_log import METADATA_PARTITION, METADATA_TOPIC_ID, CommittedBatch
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.raft.raft_client import RaftClient

__all__ = [
    "METADATA_PARTITION",
    "METADATA_TOPIC_ID",
    "CommittedBatch",
    "QuorumState",
    "RaftClient",
]
