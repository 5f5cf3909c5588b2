"""What a member of the quorum must not forget over a restart: epoch, leader, and its own vote.

Without it a restarted voter could lead, or vote, twice in one epoch (Q1, Q2).  It is written before
anyone is told: every answer leaves after the call that saved it.

In Kafka: `ElectionState`, `QuorumStateData` in the file `quorum-state`, `FileQuorumStateStore`.
"""

from typing import Final, NamedTuple

from kafkalab.ids import NO_NODE, NodeId
from kafkalab.log import Disk

_FILE: Final = "quorum-state"


class QuorumState(NamedTuple):
    """The newest epoch a node has seen, its leader if it knows, and whom it voted for in it."""

    leader_epoch: int = 0
    leader_id: NodeId = NO_NODE
    voted_id: NodeId = NO_NODE


def load(disk: Disk) -> QuorumState:
    """As it was written last; epoch 0 without a leader on an empty disk."""
    state = disk.properties.get(_FILE, QuorumState())
    if isinstance(state, dict):
        state = QuorumState(**state)  # as a file has it
    assert isinstance(state, QuorumState), state
    return state


def save(disk: Disk, state: QuorumState) -> None:
    """Write it down, before anyone is told of the epoch.  Epochs never fall (Q6)."""
    before = load(disk)
    assert state.leader_epoch >= before.leader_epoch, (before, state)
    disk.properties[_FILE] = state
