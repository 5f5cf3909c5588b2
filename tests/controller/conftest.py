"""A controller on its disk, and brokers that are only requests."""

from typing import Any

import pytest

from kafkalab.chance import Stream
from kafkalab.config import broker_config
from kafkalab.controller import QuorumController
from kafkalab.errors import ErrorCode
from kafkalab.ids import CLUSTER_ID, ConnectionId, TopicPartition
from kafkalab.log import Disk
from kafkalab.metadata import MetadataImage, PartitionImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.brokers import (
    BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
    Feature,
    Listener,
)
from kafkalab.protocol.messages.partitions import (
    AlterPartitionRequest,
    AlterPartitionRequestPartitionData,
    AlterPartitionRequestTopicData,
    BrokerState,
)
from kafkalab.protocol.messages.topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
    CreateTopicsResponse,
)
from kafkalab.raft import RaftClient

FEATURES = (
    Feature(name="metadata.version", min_supported_version=7, max_supported_version=30),
    Feature(name="eligible.leader.replicas.version", max_supported_version=1),
    Feature(name="transaction.version", max_supported_version=2),
    Feature(name="group.version", max_supported_version=1),
)


class Bench:
    """One controller and the time; `ask` is a request and its answer."""

    def __init__(self, seed: int = 7, **settings: Any) -> None:
        self.seed = seed
        self.config = broker_config({key.replace("_", "."): v for key, v in settings.items()})
        self.now = 0
        self.number = 0
        self.disk = Disk()
        self.start()

    def start(self) -> None:
        self.effects = Effects()
        self.raft = RaftClient(
            101, (101,), self.disk, self.config, self.effects, self.seed, self.now
        )
        self.controller = QuorumController(101, self.config, self.raft, self.effects, self.seed)
        self.run_until(self.now)

    def restart(self) -> None:
        """A new process on the disk of the old one."""
        self.disk = self.disk.after_crash()
        self.start()

    def run_until(self, now: int) -> None:
        """Let time pass, timers firing when they are due."""
        while (due := self.controller.next_timer()) is not None and due <= now:
            self.now = max(self.now, due)
            self.controller.on_timer(self.now)
            self.controller.settle(self.now)
        self.now = now

    def ask(self, request: Any) -> Any:
        self.number += 1
        ticket = Ticket(ConnectionId("a", "b", 1), self.number, request.API_KEY, 0)
        self.controller.handle(ticket, request, self.now)
        self.controller.settle(self.now)
        (answer,) = [r for t, r in self.effects.replies if t == ticket]
        self.effects.replies.clear()
        return answer

    @property
    def image(self) -> MetadataImage:
        return self.controller.image

    def partition(self, topic: str, number: int = 0) -> PartitionImage:
        partition = self.image.partition(TopicPartition(topic, number))
        assert partition is not None
        return partition

    def events(self, *kinds: str) -> list[tuple[Any, ...]]:
        """What was emitted since last asked."""
        events = [e for e in self.effects.events if not kinds or e[0] in kinds]
        self.effects.events.clear()
        return events

    # --- brokers
    def register(
        self, broker_id: int, incarnation: int = 1, rack: str | None = None, previous: int = -1
    ) -> BrokerRegistrationResponse:
        answer: BrokerRegistrationResponse = self.ask(
            BrokerRegistrationRequest(
                broker_id=broker_id,
                cluster_id=CLUSTER_ID,
                incarnation_id=Stream(broker_id, str(incarnation)).uuid(),
                listeners=(Listener(name="PLAINTEXT", host=f"broker-{broker_id}", port=9092),),
                features=FEATURES,
                rack=rack,
                previous_broker_epoch=previous,
            )
        )
        return answer

    def beat(
        self, broker_id: int, *, fence: bool = False, shut_down: bool = False, offset: int = -1
    ) -> BrokerHeartbeatResponse:
        """A heartbeat of a broker that has replayed everything (or up to `offset`)."""
        answer: BrokerHeartbeatResponse = self.ask(
            BrokerHeartbeatRequest(
                broker_id=broker_id,
                broker_epoch=self.image.brokers[broker_id].epoch,
                current_metadata_offset=self.image.offset if offset < 0 else offset,
                want_fence=fence,
                want_shut_down=shut_down,
            )
        )
        return answer

    def join(self, *broker_ids: int, racks: dict[int, str] | None = None) -> "Bench":
        """Brokers that are registered and in service."""
        for broker_id in broker_ids:
            rack = racks[broker_id] if racks else None
            assert self.register(broker_id, rack=rack).error_code == ErrorCode.NONE
            assert not self.beat(broker_id).is_fenced
        return self

    def lose(self, *broker_ids: int) -> None:
        """These fall silent until they are fenced; all others go on."""
        until = self.now + self.config.int("broker.session.timeout.ms")
        while self.now < until:
            self.run_until(min(self.now + 2000, until))
            for broker in list(self.image.brokers.values()):
                if broker.id not in broker_ids and not broker.fenced:
                    self.beat(broker.id)
        self.run_until(until + 1)

    # --- topics
    def create(self, *topics: CreatableTopic, validate_only: bool = False) -> CreateTopicsResponse:
        request = CreateTopicsRequest(topics=topics, validate_only=validate_only)
        answer: CreateTopicsResponse = self.ask(request)
        return answer

    def make(self, name: str, *replicas: tuple[int, ...], **configs: str) -> bytes:
        """A topic with these replicas for its partitions; its id."""
        topic = CreatableTopic(
            name=name,
            num_partitions=-1,
            replication_factor=-1,
            assignments=tuple(
                CreatableReplicaAssignment(partition_index=i, broker_ids=ids)
                for i, ids in enumerate(replicas)
            ),
            configs=tuple(
                CreatableTopicConfig(name=key.replace("_", "."), value=value)
                for key, value in configs.items()
            ),
        )
        (result,) = self.create(topic).topics
        assert result.error_code == ErrorCode.NONE, result.error_message
        return result.topic_id

    def alter_isr(self, topic: str, leader: int, isr: tuple[int, ...], **changes: Any) -> Any:
        """The leader of partition 0 asks for an ISR, in the epochs it knows."""
        partition = self.partition(topic)
        brokers = self.image.brokers
        epochs = changes.pop("broker_epochs", {})
        data = {
            "partition_index": 0,
            "leader_epoch": partition.leader_epoch,
            "partition_epoch": partition.partition_epoch,
            "new_isr_with_epochs": tuple(
                BrokerState(broker_id=i, broker_epoch=epochs.get(i, brokers[i].epoch)) for i in isr
            ),
            **changes,
        }
        answer = self.ask(
            AlterPartitionRequest(
                broker_id=leader,
                broker_epoch=brokers[leader].epoch,
                topics=(
                    AlterPartitionRequestTopicData(
                        topic_id=self.image.topics[topic].topic_id,
                        partitions=(AlterPartitionRequestPartitionData(**data),),
                    ),
                ),
            )
        )
        assert answer.error_code == ErrorCode.NONE
        return answer.topics[0].partitions[0]


@pytest.fixture
def bench() -> Bench:
    """A controller without brokers."""
    return Bench()


@pytest.fixture
def three() -> Bench:
    """A controller with three brokers in service."""
    return Bench().join(1, 2, 3)


@pytest.fixture
def bench_with() -> type[Bench]:
    """To make one with settings."""
    return Bench


@pytest.fixture
def topic() -> Any:
    """`topic(name, partitions, replication factor)`."""

    def creatable(name: str, partitions: int, factor: int) -> CreatableTopic:
        return CreatableTopic(name=name, num_partitions=partitions, replication_factor=factor)

    return creatable
