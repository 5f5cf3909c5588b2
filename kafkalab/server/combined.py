"""A server that is broker and controller at once: `process.roles=broker,controller`.

    clients ──▶ broker's APIs ──▶ forwarding ─┐
    servers ──▶ controller's APIs ◀───────────┘  (over its own connection, to itself too)
                     └── raft: one log and one place in the quorum for both

In Kafka the two roles have a listener each; here what comes from a server is for the controller,
what comes from anyone else for the broker.  When it crashes, a broker and a voter are gone.

In Kafka: `SharedServer`, `KafkaRaftServer`.
Read next: `broker`, of which this is one; `handlers.combined`, which tells the two apart.
"""

from typing import Any, Final, Self

from kafkalab.controller import QuorumController
from kafkalab.ids import NodeId
from kafkalab.server.apis import COMBINED_APIS
from kafkalab.server.broker import Broker
from kafkalab.server.lifecycle import BrokerState
from kafkalab.timers import earliest

_LISTENER: Final = "controller"  # beside the broker's, who replays the same log


class CombinedServer(Broker):
    """A broker that is a voter of the quorum too.  `quorum.image` is what the controller knows."""

    apis = COMBINED_APIS

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._is_resigning = False
        effects = self.endpoint.effects
        self.quorum = QuorumController(
            self.broker_id, self.config, self.raft, effects, self._seed, _LISTENER
        )

    @property
    def node_id(self) -> NodeId:
        return self.broker_id

    def on_timer(self, now: int) -> None:
        self.quorum.on_timer(now)
        super().on_timer(now)

    def next_timer(self) -> int | None:
        return earliest(super().next_timer(), self.quorum.next_timer())

    def settle(self, now: int) -> bool:
        """The controller first: what it writes may be committed at once."""
        self.quorum.settle(now)
        has_news = super().settle(now)
        if self.lifecycle.state is BrokerState.SHUTTING_DOWN and not self._is_resigning:
            self._is_resigning = True  # only now: the controller may have been needed for that
            self.raft.begin_shutdown(now)
        return has_news

    def has_shut_down(self, now: int) -> bool:
        """Both are ready to go."""
        return self._is_resigning and self.raft.has_shut_down(now) and super().has_shut_down(now)

    def fork(self) -> Self:
        other = super().fork()
        other.quorum = self.quorum.fork(other.endpoint.effects, other.raft)
        other._is_resigning = self._is_resigning
        return other
