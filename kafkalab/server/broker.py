"""A broker: keeps replicas, serves clients, coordinates groups; follows the metadata log.

    clients, brokers ──▶ endpoint ──▶ handlers ──▶ replicas  (logs, ISR, fetchers)
                                              ├──▶ groups, transactions  (the coordinators)
                                              └──▶ forwarding ──▶ the controller
    metadata log ──▶ raft (observer) ──▶ image ──▶ replicas, coordinators

It only composes: each part has its own state and module.  A broker learns who leads what by
replaying the metadata log, never by being told; so a crash, a restart and a normal start are one
path.

In Kafka: `BrokerServer`, `BrokerMetadataPublisher`.
Read next: `serve` (the loop), `apis` (what is offered), `replica.replica_manager`.
"""

from collections.abc import Mapping
from typing import Final, Self

from kafkalab.chance import Stream
from kafkalab.config import Config
from kafkalab.groups import GroupCoordinator
from kafkalab.ids import NodeId, NodeName, server_name
from kafkalab.log import Disk
from kafkalab.log.disk import CLEAN_SHUTDOWN
from kafkalab.metadata import MetadataImage
from kafkalab.node import Envelope, Outbox
from kafkalab.protocol.messages.brokers import Listener
from kafkalab.protocol.messages.produce import ProduceRequest
from kafkalab.raft import CommittedBatch, RaftClient, delta_of
from kafkalab.replica import ReplicaManager
from kafkalab.replica.memory import drop_oldest
from kafkalab.server import (
    auto_topics,
    forwarding,
    lifecycle,
    producer_ids,
    transaction_verifier,
)
from kafkalab.server.apis import BROKER_APIS, Api
from kafkalab.server.auto_topics import OFFSETS_TOPIC, AutoTopics
from kafkalab.server.endpoint import Endpoint
from kafkalab.server.forwarding import Forwarding
from kafkalab.server.handlers.produce import produce_verified
from kafkalab.server.handlers.transactions import txn_offset_commit_verified
from kafkalab.server.lifecycle import BrokerState, Lifecycle
from kafkalab.server.producer_ids import ProducerIds
from kafkalab.server.serve import REPLICATION, Component, serve
from kafkalab.server.transaction_verifier import TransactionVerifier
from kafkalab.timers import earliest
from kafkalab.transactions import TRANSACTIONS_TOPIC, TransactionCoordinator, markers
from kafkalab.wall_clock import WallClock

_INCARNATION: Final = "incarnation"
_BROKER_EPOCH: Final = "broker-epoch"


class Broker:
    """A node (`node.Node`).  `host` and `port` are what clients are told to connect to."""

    apis: Mapping[int, Api] = BROKER_APIS
    offered = BROKER_APIS  # to clients

    def __init__(
        self,
        broker_id: NodeId,
        config: Config,
        disk: Disk,
        seed: int,
        voters: tuple[NodeId, ...],
        *,
        host: str,
        port: int,
        now: int = 0,
    ) -> None:
        self.broker_id = broker_id
        self.name: NodeName = server_name(broker_id)
        self.config = config
        self.disk = disk
        self._seed = seed
        self._voters = voters
        self._host, self._port = host, port
        self.image = MetadataImage.EMPTY
        incarnation = count_incarnation(disk)
        self.endpoint = Endpoint(self.name, incarnation, config.int("request.timeout.ms"))
        effects = self.endpoint.effects
        self.raft = RaftClient(broker_id, voters, disk, config, effects, seed, now)
        self.lifecycle = Lifecycle(
            broker_id,
            config,
            Listener(name="PLAINTEXT", host=host, port=port),
            Stream(seed, f"{self.name}/incarnation", 2 * incarnation).uuid(),
            _previous_epoch(disk),
            effects,
            now,
        )
        # Other fetch session ids than the process before: who had one there may still name it.
        anew = Stream(seed, f"{self.name}/fetch-sessions", incarnation).next()
        self.replicas = ReplicaManager(broker_id, config, disk, effects, anew)
        self.groups = GroupCoordinator(broker_id, config, effects, self.replicas, seed)
        self.forwarding = Forwarding(effects, config.int("request.timeout.ms"))
        self.auto_topics = AutoTopics(config, effects)
        self.producer_ids = ProducerIds(broker_id, effects)
        self.transactions = TransactionCoordinator(
            broker_id, config, effects, self.replicas, self.producer_ids.take
        )
        self.verifier = TransactionVerifier(config, effects)
        self._components = self._by_owner()
        self.is_stirred = True
        self._others_due: int | None = None

    @property
    def clock(self) -> WallClock:
        """The machine's own."""
        return self.endpoint.effects.clock

    @property
    def controller_id(self) -> NodeId:
        """The active controller, as far as this broker knows, or NO_NODE."""
        return self.raft.leader_id

    def receive(self, envelope: Envelope, now: int) -> None:
        serve(self, self.endpoint.receive(envelope), now)

    def on_timer(self, now: int) -> None:
        self.is_stirred = True
        ended = self.endpoint.expire(now)
        self.raft.on_timer(now)
        self.lifecycle.on_timer(self.image.offset, now)
        self.replicas.on_timer(now)
        self.groups.on_timer(now)
        self.transactions.on_timer(now)
        self.verifier.on_timer(now)
        self.forwarding.on_timer(now)
        serve(self, ended, now)

    def drop_oldest(self, bytes_max: int, now: int) -> None:
        """Let logs in memory hold at most about so many bytes (`replica.memory`)."""
        drop_oldest(self.replicas.partitions, bytes_max)
        self.on_timer(now)  # which passes on what has changed

    def next_timer(self) -> int | None:
        if self.is_stirred:
            self.is_stirred = False
            self._others_due = earliest(
                self.raft.next_timer(),
                self.lifecycle.next_timer(),
                self.groups.next_timer(),
                self.transactions.next_timer(),
                self.forwarding.next_timer(),
            )
        return earliest(
            self._others_due,
            self.replicas.next_timer(),
            self.verifier.next_timer(),
            self.endpoint.peers.next_timer(),
        )

    def take_outbox(self) -> Outbox:
        return self.endpoint.take_outbox()

    def component(self, owner: str) -> Component:
        """The part that a peer's answer belongs to."""
        return self._components[owner]

    def _by_owner(self) -> dict[str, Component]:
        return {
            "raft": self.raft,
            REPLICATION: self.replicas,
            lifecycle.OWNER: self.lifecycle,
            forwarding.OWNER: self.forwarding,
            auto_topics.OWNER: self.auto_topics,
            producer_ids.OWNER: self.producer_ids,
            markers.OWNER: self.transactions,
            transaction_verifier.OWNER: self.verifier,
        }

    def settle(self, now: int) -> bool:
        """Carry news between the parts: committed metadata, changed roles, high watermarks."""
        has_published = False
        if self.is_stirred and self.raft.has_news():
            for committed in self.raft.take_committed():
                self._publish(committed, now)
                has_published = True
            self.raft.maybe_snapshot(self.image, now)
        replicas, verifier = self.replicas, self.verifier
        if not (replicas.role_changes or replicas.raised or verifier.verified):
            return has_published
        for partition, leader_epoch in replicas.take_role_changes():
            coordinator = self._coordinator(partition.topic)
            if coordinator is None:
                continue
            self.is_stirred = True
            if leader_epoch is None:
                coordinator.on_resigned(partition.partition, now)
            else:
                replica = replicas.partition(partition)
                assert replica is not None
                coordinator.on_elected(partition.partition, leader_epoch, replica.log, now)
                self.producer_ids.ask()  # whoever coordinates needs them before long
        for partition, high_watermark in replicas.take_high_watermarks():
            coordinator = self._coordinator(partition.topic)
            if coordinator is not None:
                self.is_stirred = True
                coordinator.on_high_watermark(partition.partition, high_watermark, now)
        for verification, errors in verifier.take_verified():
            self.is_stirred = True
            if isinstance(verification.request, ProduceRequest):
                produce_verified(self, verification, errors, now)
            else:
                txn_offset_commit_verified(self, verification, errors, now)
        return True

    def _coordinator(self, topic: str) -> GroupCoordinator | TransactionCoordinator | None:
        if topic == OFFSETS_TOPIC:
            return self.groups
        return self.transactions if topic == TRANSACTIONS_TOPIC else None

    def _publish(self, committed: CommittedBatch, now: int) -> None:
        delta = delta_of(self.image, committed)
        self.image = delta.finish(committed.last_offset, committed.epoch)
        self.lifecycle.on_metadata(self.image.offset, now)
        epoch_now = self.lifecycle.broker_epoch
        if epoch_now >= 0:
            self.replicas.broker_epoch = self.producer_ids.broker_epoch = epoch_now
            self.disk.properties[_BROKER_EPOCH] = epoch_now
        if delta.is_empty:
            return
        self.replicas.apply(self.image, delta, now)
        self.groups.on_metadata(self.image, delta, now)
        self.transactions.on_metadata(self.image)
        self.verifier.image = self.image

    def begin_shutdown(self, now: int) -> None:
        """Leave in order, the leaderships first (KIP-143)."""
        self.is_stirred = True
        self.lifecycle.begin_shutdown(now)
        serve(self, [], now)

    def has_shut_down(self, now: int) -> bool:
        """Whether the process may end; then what a clean start needs is written down."""
        if self.lifecycle.state is not BrokerState.SHUTTING_DOWN:
            return False
        self.disk.shut_down(self.lifecycle.broker_epoch)
        return True

    def restarted(self, now: int) -> Self:
        """A new process on this broker's disk."""
        return type(self)(
            self.broker_id,
            self.config,
            self.disk.after_crash(),
            self._seed,
            self._voters,
            host=self._host,
            port=self._port,
            now=now,
        )

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.broker_id, other.name, other.config = self.broker_id, self.name, self.config
        other._seed, other._voters = self._seed, self._voters
        other._host, other._port = self._host, self._port
        other.image = self.image
        other.disk = self.disk.fork()
        other.endpoint = self.endpoint.fork()
        effects = other.endpoint.effects
        other.raft = self.raft.fork(effects, other.disk)
        other.lifecycle = self.lifecycle.fork(effects)
        other.replicas = self.replicas.fork(effects, other.disk)
        other.groups = self.groups.fork(effects, other.replicas)
        other.forwarding = self.forwarding.fork(effects)
        other.auto_topics = self.auto_topics.fork(effects)
        other.producer_ids = self.producer_ids.fork(effects)
        other.transactions = self.transactions.fork(
            effects, other.replicas, other.producer_ids.take
        )
        other.verifier = self.verifier.fork(effects)
        other._components = other._by_owner()
        other.is_stirred, other._others_due = self.is_stirred, self._others_due
        return other


def count_incarnation(disk: Disk) -> int:
    """How often a process has been started on this disk, this time included."""
    count = disk.properties.get(_INCARNATION, 0)
    assert isinstance(count, int)
    disk.properties[_INCARNATION] = count + 1
    return count + 1


def _previous_epoch(disk: Disk) -> int:
    """The broker epoch before a clean shutdown; -1 after a crash, as Kafka has it (KIP-966)."""
    epoch = disk.properties.pop(CLEAN_SHUTDOWN, -1)
    assert isinstance(epoch, int)
    return epoch
