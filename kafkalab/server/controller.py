"""A controller: a voter of the quorum, and, while it leads, the one who decides.

    brokers ──▶ endpoint ──▶ quorum (QuorumController) ──▶ raft ──▶ the metadata log
                        └──▶ raft: Fetch by brokers, who replay the log

In Kafka: `ControllerServer`.
Left out: serving clients directly (`bootstrap.controllers`).
Read next: `controller.quorum_controller`.
"""

from collections.abc import Mapping
from typing import Any, Self

from kafkalab.config import Config
from kafkalab.controller import QuorumController
from kafkalab.ids import NodeId, NodeName, server_name
from kafkalab.log import Disk
from kafkalab.metadata import MetadataImage
from kafkalab.node import Envelope, Outbox
from kafkalab.raft import RaftClient
from kafkalab.server.apis import CONTROLLER_APIS
from kafkalab.server.broker import count_incarnation
from kafkalab.server.endpoint import Endpoint
from kafkalab.server.serve import Component, serve
from kafkalab.timers import earliest
from kafkalab.wall_clock import WallClock


class Controller:
    """A node (`node.Node`) that keeps the metadata log and answers brokers."""

    apis = CONTROLLER_APIS
    offered = CONTROLLER_APIS

    def __init__(
        self,
        node_id: NodeId,
        config: Config,
        disk: Disk,
        seed: int,
        voters: tuple[NodeId, ...],
        *,
        now: int = 0,
    ) -> None:
        self.node_id = node_id
        self.name: NodeName = server_name(node_id)
        self.config = config
        self.disk = disk
        self._seed = seed
        self._voters = voters
        self.endpoint = Endpoint(
            self.name, count_incarnation(disk), config.int("request.timeout.ms")
        )
        effects = self.endpoint.effects
        self.raft = RaftClient(node_id, voters, disk, config, effects, seed, now)
        self.is_stirred = True
        self.quorum = QuorumController(node_id, config, self.raft, effects, seed)

    @property
    def clock(self) -> WallClock:
        """The machine's own."""
        return self.endpoint.effects.clock

    @property
    def controller_id(self) -> NodeId:
        """Who leads the quorum, as far as this node knows."""
        return self.raft.leader_id

    @property
    def image(self) -> MetadataImage:
        """The committed metadata."""
        return self.quorum.image

    def receive(self, envelope: Envelope, now: int) -> None:
        serve(self, self.endpoint.receive(envelope), now)

    def on_timer(self, now: int) -> None:
        ended = self.endpoint.expire(now)
        self.raft.on_timer(now)
        self.quorum.on_timer(now)
        serve(self, ended, now)

    def next_timer(self) -> int | None:
        return earliest(
            self.raft.next_timer(),
            self.quorum.next_timer(),
            self.endpoint.peers.next_timer(),
        )

    def take_outbox(self) -> Outbox:
        return self.endpoint.take_outbox()

    def component(self, owner: str) -> Component:
        """The part that a peer's answer belongs to."""
        components: Mapping[str, Any] = {"raft": self.raft}
        component: Component = components[owner]
        return component

    def settle(self, now: int) -> bool:
        """What the quorum has committed changes the controller's state and frees its answers."""
        self.quorum.settle(now)
        self.raft.maybe_snapshot(self.quorum.image, now)
        return False

    def begin_shutdown(self, now: int) -> None:
        """Leave in order: whoever leads the quorum hands the epoch over first."""
        self.raft.begin_shutdown(now)
        serve(self, [], now)

    def has_shut_down(self, now: int) -> bool:
        """Whether the process may end; then its disk is left in order."""
        if not self.raft.has_shut_down(now):
            return False
        self.disk.shut_down(broker_epoch=-1)
        return True

    def restarted(self, now: int) -> Self:
        """A new process on this controller's disk."""
        return type(self)(
            self.node_id,
            self.config,
            self.disk.after_crash(),
            self._seed,
            self._voters,
            now=now,
        )

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.node_id, other.name, other.config = self.node_id, self.name, self.config
        other._seed, other._voters = self._seed, self._voters
        other.disk = self.disk.fork()
        other.endpoint = self.endpoint.fork()
        effects = other.endpoint.effects
        other.raft = self.raft.fork(effects, other.disk)
        other.is_stirred = True
        other.quorum = self.quorum.fork(effects, other.raft)
        return other
