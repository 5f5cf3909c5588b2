"""What a member of the quorum must not forget over a restart: its epoch, and who led it.

Without it a restarted voter could lead, or vote, twice in one epoch.

In Kafka: `QuorumStateData` in the file `quorum-state`, `FileQuorumStateStore`.
Left out: the vote, until there is one to cast.
"""

from typing import Final, NamedTuple

from kafkalab.ids import NO_NODE, NodeId
from kafkalab.log import Disk

_FILE: Final = "quorum-state"


class QuorumState(NamedTuple):
    """The newest epoch a node has seen, and its leader if it knows."""

    leader_epoch: int = 0
    leader_id: NodeId = NO_NODE


def load(disk: Disk) -> QuorumState:
    """As it was written last; epoch 0 without a leader on an empty disk."""
    state = disk.properties.get(_FILE, QuorumState())
    assert isinstance(state, QuorumState), state
    return state


def save(disk: Disk, state: QuorumState) -> None:
    """Write it down, before anyone is told of the epoch.  Epochs never fall (Q6)."""
    before = load(disk)
    assert state.leader_epoch >= before.leader_epoch, (before, state)
    disk.properties[_FILE] = state
