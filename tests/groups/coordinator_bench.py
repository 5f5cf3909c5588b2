"""A group coordinator on a bench: the test is its broker, its network and its replicas.

Requests go in by `ask`, answers come out by ticket; the log is a `PartitionLog` whose high
watermark moves when the test says so, or by itself after each call (`commits`).
"""

from dataclasses import dataclass, field
from typing import Any

from kafkalab.config import broker_config, topic_config
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.events import Event
from kafkalab.groups import OFFSETS_TOPIC, GroupCoordinator, GroupView
from kafkalab.ids import ConnectionId, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.metadata import MetadataDelta, MetadataImage, TopicImage
from kafkalab.metadata.image import PartitionImage
from kafkalab.metadata.records import PartitionRecord, RemoveTopicRecord, TopicRecord
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.codec import encode_bytes
from kafkalab.protocol.messages import classic_groups as cg
from kafkalab.protocol.messages import consumer_groups as kg
from kafkalab.protocol.messages import consumer_protocol as cp
from kafkalab.protocol.messages import group_admin as ga
from kafkalab.protocol.messages import group_offsets as go
from kafkalab.record import Batch

LATEST = {
    cg.JoinGroupRequest: 9,
    cg.SyncGroupRequest: 5,
    cg.HeartbeatRequest: 4,
    cg.LeaveGroupRequest: 5,
    go.OffsetCommitRequest: 9,
    go.OffsetFetchRequest: 9,
    go.OffsetDeleteRequest: 0,
    ga.ListGroupsRequest: 5,
    ga.DescribeGroupsRequest: 6,
    ga.DeleteGroupsRequest: 2,
    kg.ConsumerGroupHeartbeatRequest: 1,
    kg.ConsumerGroupDescribeRequest: 1,
}
ORDERS_ID, AUDIT_ID = b"o" * 16, b"a" * 16


def topic(name: str, topic_id: bytes, partitions: int) -> TopicImage:
    partition = PartitionImage(replicas=(1,), isr=(1,), leader=1, leader_epoch=0, partition_epoch=0)
    return TopicImage(name, topic_id, dict.fromkeys(range(partitions), partition))


def image_of(*topics: TopicImage) -> MetadataImage:
    return MetadataImage(
        offset=1,
        epoch=1,
        topics={each.name: each for each in topics},
        topics_by_id={each.topic_id: each for each in topics},
    )


def subscription(*topics: str) -> bytes:
    return b"\0\0" + encode_bytes(cp.ConsumerProtocolSubscription(topics=topics), 0)


def assignment(topic: str, *partitions: int) -> bytes:
    part = cp.ConsumerProtocolAssignmentTopicPartition(topic=topic, partitions=partitions)
    message = cp.ConsumerProtocolAssignment(assigned_partitions=(part,))
    return b"\0\0" + encode_bytes(message, 0)


@dataclass
class Writer:
    """Stands for the replica manager."""

    logs: dict[TopicPartition, PartitionLog]
    leader_epoch: int = 0
    failure: ErrorCode | None = None

    def append(self, tp: TopicPartition, batch: Batch, now: int, **_: int) -> int:
        if self.failure is not None:
            raise KafkaError(self.failure)
        return self.logs[tp].append_as_leader(batch, self.leader_epoch, now).last_offset


@dataclass
class Bench:
    """`answers` has what each ticket was told; asking twice in one connection is not checked."""

    coordinator: GroupCoordinator
    effects: Effects
    writer: Writer
    image: MetadataImage
    now: int = 1000
    commits: bool = True
    answers: dict[Ticket, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    asked: int = 0

    @classmethod
    def make(cls, partitions: int = 1, **settings: Any) -> "Bench":
        names = {name.replace("_", "."): value for name, value in settings.items()}
        config = broker_config({"group.initial.rebalance.delay.ms": 3000, **names})
        image = image_of(
            topic(OFFSETS_TOPIC, b"c" * 16, partitions),
            topic("orders", ORDERS_ID, 4),
            topic("audit", AUDIT_ID, 1),
        )
        logs = {}
        for number in range(partitions):
            tp = TopicPartition(OFFSETS_TOPIC, number)
            logs[tp] = PartitionLog(tp, topic_config(config), b"c" * 16)
        effects, writer = Effects(), Writer(logs)
        coordinator = GroupCoordinator(1, config, effects, writer, 7)
        bench = cls(coordinator, effects, writer, image)
        bench.coordinator.on_metadata(image, MetadataDelta(MetadataImage.EMPTY), bench.now)
        for number in range(partitions):
            bench.elect(number)
        return bench

    # --- the broker's part --------------------------------------------------------------------
    def elect(self, partition: int = 0) -> None:
        log = self.writer.logs[TopicPartition(OFFSETS_TOPIC, partition)]
        self.coordinator.on_elected(partition, self.writer.leader_epoch, log, self.now)
        self.coordinator.on_timer(self.now)
        self.drain()

    def fail_over(self) -> "Bench":
        """Another broker that has the same log, with its high watermark, and leads it now."""
        effects = Effects()
        writer = Writer(
            {tp: log.fork() for tp, log in self.writer.logs.items()}, self.writer.leader_epoch + 1
        )
        other = GroupCoordinator(2, self.coordinator._config, effects, writer, 7)
        bench = Bench(other, effects, writer, self.image, self.now, self.commits)
        other.on_metadata(self.image, MetadataDelta(MetadataImage.EMPTY), self.now)
        for tp in writer.logs:
            bench.elect(tp.partition)
        return bench

    def fork(self) -> "Bench":
        effects = Effects()
        writer = Writer({tp: log.fork() for tp, log in self.writer.logs.items()})
        other = self.coordinator.fork(effects, writer)
        bench = Bench(other, effects, writer, self.image, self.now, self.commits)
        bench.asked = self.asked
        return bench

    def commit(self) -> None:
        """The followers have everything."""
        for tp, log in self.writer.logs.items():
            if log.advance_high_watermark(log.log_end_offset):
                self.coordinator.on_high_watermark(tp.partition, log.high_watermark, self.now)
        self.drain()

    def drain(self) -> None:
        self.events += self.effects.events
        for ticket, response in self.effects.replies:
            assert ticket not in self.answers, f"answered twice: {ticket}"
            self.answers[ticket] = response
        self.effects.events.clear()
        self.effects.replies.clear()

    def settle(self) -> None:
        self.drain()
        if self.commits:
            self.commit()

    def sleep(self, wait_ms: int) -> None:
        """Let time pass, and every timer on its way."""
        end = self.now + wait_ms
        while (due := self.coordinator.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.coordinator.on_timer(self.now)
            self.settle()
        self.now = end

    def delete_topic(self, name: str) -> None:
        self.metadata(RemoveTopicRecord(topic_id=self.image.topics[name].topic_id))

    def add_topic(self, name: str, topic_id: bytes, partitions: int) -> None:
        """A new topic; or more partitions, if there is one with this id."""
        known = self.image.topics_by_id.get(topic_id)
        first = 0 if known is None else len(known.partitions)
        self.metadata(
            *([TopicRecord(name=name, topic_id=topic_id)] if known is None else []),
            *(
                PartitionRecord(
                    partition_id=number,
                    topic_id=topic_id,
                    replicas=(1,),
                    isr=(1,),
                    leader=1,
                    leader_epoch=0,
                    partition_epoch=0,
                )
                for number in range(first, partitions)
            ),
        )

    def metadata(self, *records: Any) -> None:
        """The metadata log goes on."""
        delta = MetadataDelta(self.image)
        for record in records:
            delta.replay(record)
        self.image = delta.finish(self.image.offset + 1, 1)
        self.coordinator.on_metadata(self.image, delta, self.now)
        self.settle()

    # --- the client's part --------------------------------------------------------------------
    def send(self, request: Any, version: int | None = None, client: str = "app") -> Ticket:
        """A request on a connection of its own; its answer may come later."""
        self.asked += 1
        chosen = LATEST[type(request)] if version is None else version
        assert chosen in request.VERSIONS.valid
        connection = ConnectionId(client, "broker-1", self.asked)
        ticket = Ticket(connection, 1, request.API_KEY, chosen, client)
        self.coordinator.handle(ticket, request, self.now)
        self.settle()
        return ticket

    def ask(self, request: Any, version: int | None = None, client: str = "app") -> Any:
        """A request that is answered at once; the answer fits its version's bytes."""
        ticket = self.send(request, version, client)
        answer = self.answers[ticket]
        encode_bytes(answer, ticket.api_version)
        return answer

    def member_id(self, group: str = "g", client: str = "app", topics: Any = ("orders",)) -> str:
        """The first step of a dynamic member (KIP-394)."""
        answer = self.ask(join_request(group, "", topics=topics), client=client)
        assert answer.error_code == ErrorCode.MEMBER_ID_REQUIRED
        return str(answer.member_id)

    def join(self, member: str, group: str = "g", client: str = "app", **more: Any) -> Ticket:
        return self.send(join_request(group, member, **more), client=client)

    def sync(self, member: str, generation: int, given: dict[str, bytes] | None = None) -> Ticket:
        parts = tuple(
            cg.SyncGroupRequestAssignment(member_id=who, assignment=what)
            for who, what in (given or {}).items()
        )
        return self.send(
            cg.SyncGroupRequest(
                group_id="g", generation_id=generation, member_id=member, assignments=parts
            )
        )

    def heartbeat(self, member: str, generation: int, instance: str | None = None) -> ErrorCode:
        request = cg.HeartbeatRequest(
            group_id="g",
            generation_id=generation,
            member_id=member,
            group_instance_id=instance,
        )
        return ErrorCode(self.ask(request).error_code)

    def stable(self, *clients: str) -> list[str]:
        """A group "g" in generation 1; each member has the partition of its own number."""
        members = [self.member_id(client=client) for client in clients]
        for member, client in zip(members, clients, strict=True):
            self.join(member, client=client)
        self.sleep(6000 if len(clients) > 1 else 3000)
        given = {member: assignment("orders", number) for number, member in enumerate(members)}
        for member in reversed(members):
            self.sync(member, 1, given if member == members[0] else None)
        assert self.view().state == "Stable", self.view()
        return members

    def offset_commit(
        self, member: str, generation: int, offsets: dict[int, int], **more: Any
    ) -> Ticket:
        return self.send(commit_request(member, generation, offsets, **more), more.get("version"))

    def offsets(self, group: str = "g", name: str = "orders", partitions: int = 4) -> list[int]:
        """What a stranger is told."""
        topics = (
            go.OffsetFetchRequestTopics(name=name, partition_indexes=tuple(range(partitions))),
        )
        wanted = go.OffsetFetchRequestGroup(group_id=group, topics=topics)
        answer = self.ask(go.OffsetFetchRequest(groups=(wanted,)))
        assert answer.groups[0].error_code == 0, answer
        return [each.committed_offset for each in answer.groups[0].topics[0].partitions]

    def view(self, group: str = "g") -> GroupView:
        return self.coordinator.groups[group]

    def states(self) -> list[str]:
        """The states the groups have gone through."""
        return [event[3] for event in self.events if event[0] == "GroupStateChanged"]

    def kinds(self) -> list[str]:
        return [event[0] for event in self.events]


def join_request(group: str, member: str, **more: Any) -> cg.JoinGroupRequest:
    topics = more.pop("topics", ("orders",))
    names = more.pop("protocols", ("range",))
    protocols = tuple(
        cg.JoinGroupRequestProtocol(name=name, metadata=subscription(*topics)) for name in names
    )
    settings = {
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 60_000,
        "protocol_type": "consumer",
        "protocols": protocols,
        **more,
    }
    return cg.JoinGroupRequest(group_id=group, member_id=member, **settings)


def commit_request(
    member: str, generation: int, offsets: dict[int, int], **more: Any
) -> go.OffsetCommitRequest:
    partitions = tuple(
        go.OffsetCommitRequestPartition(
            partition_index=partition,
            committed_offset=offset,
            committed_metadata=more.get("metadata", ""),
        )
        for partition, offset in offsets.items()
    )
    one = go.OffsetCommitRequestTopic(
        name=more.get("topic", "orders"),
        topic_id=more.get("topic_id", bytes(16)),
        partitions=partitions,
    )
    return go.OffsetCommitRequest(
        group_id=more.get("group", "g"),
        generation_id_or_member_epoch=generation,
        member_id=member,
        topics=(one,),
    )
