"""What a node is to the quorum: one class per role, with the data of that role only.

                     election timeout            majority of pre-votes          majority of votes
    Unattached ─────────────────────▶ Prospective ──────────────▶ Candidate ─────────────▶ Leader
        ▲  │ finds the leader           │  ▲  ▲                       │                       │
        │  ▼        fetch timeout       │  │  └── election timeout ───┘   no majority fetches, │
        │ Follower ─────────────────────┼──┘                                or it is to go     │
        │      ▲                        │ lost: back to the leader it knows, or              ▼
        └──────┴────────────────────────┘ to nobody                                       Resigned
        any role, on a higher epoch ──▶ Unattached, or Follower of its leader

A role is replaced whole, never changed into another; what it knows beyond epoch and vote goes with
it.  An observer (a broker) is only ever Unattached or Follower, and neither times out.

Each role knows whether it grants a vote, and what of it must survive a restart (`election`); the
moves are made by `quorum`, the messages handled by `voting`, `following` and `leading`.

In Kafka: `EpochState` and its classes; the diagram is that of `QuorumState`.
"""

from kafkalab.raft.roles.follower import Follower
from kafkalab.raft.roles.leader import Leader
from kafkalab.raft.roles.nominees import Candidate, Prospective
from kafkalab.raft.roles.resigned import Resigned
from kafkalab.raft.roles.unattached import Unattached

Role = Unattached | Prospective | Candidate | Leader | Follower | Resigned

__all__ = [
    "Candidate",
    "Follower",
    "Leader",
    "Prospective",
    "Resigned",
    "Role",
    "Unattached",
]
