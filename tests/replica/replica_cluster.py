"""A few ReplicaManagers and a controller that only changes ISRs, without servers or a network.

Calls become requests at the other manager one millisecond later, and answers likewise.  A broker
that is down is heard of as None.  Metadata reaches every broker that is up at once, or later if a
test says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from kafkalab.config import broker_config
from kafkalab.errors import ErrorCode
from kafkalab.events import named
from kafkalab.ids import ConnectionId, TopicPartition
from kafkalab.log import Disk
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.metadata import records as r
from kafkalab.node import ACTIVE_CONTROLLER, Effects, Ticket
from kafkalab.protocol.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    PartitionData,
)
from kafkalab.protocol.messages.partitions import (
    AlterPartitionRequest,
    AlterPartitionResponse,
    AlterPartitionResponsePartitionData,
    AlterPartitionResponseTopicData,
)
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)
from kafkalab.record import Batch, Record, Records, build_batch
from kafkalab.record.records import Entry
from kafkalab.replica import Partition, ReplicaManager

ORDERS = TopicPartition("orders", 0)
LATENCY_MS = 1
CLIENT = 0


def topic_id(name: str, generation: int = 0) -> bytes:
    return name.encode().ljust(15, b"_")[:15] + bytes((generation,))


def a_batch(*values: str, producer_id: int = -1, sequence: int = -1, timestamp: int = 0) -> Batch:
    return build_batch(
        [Record(key=None, value=value.encode(), timestamp=timestamp) for value in values or ("v",)],
        producer_id=producer_id,
        producer_epoch=0 if producer_id >= 0 else -1,
        base_sequence=sequence,
    )


@dataclass
class Broker:
    id: int
    disk: Disk
    effects: Effects
    manager: ReplicaManager
    image: MetadataImage = MetadataImage.EMPTY
    is_up: bool = True
    events: list[tuple[Any, ...]] = field(default_factory=list)


class Cluster:
    """`brokers` managers and their metadata; see the module's docstring."""

    def __init__(self, brokers: int = 3, **config: object) -> None:
        self.now = 0
        self.config = broker_config({key.replace("_", "."): one for key, one in config.items()})
        self.brokers: dict[int, Broker] = {}
        self.image = MetadataImage.EMPTY
        self.answers: dict[int, Any] = {}
        self.closed: list[int] = []
        self.calls: list[tuple[int, int, Any]] = []  # (from, to, request)
        self.refuse_isr_changes: ErrorCode | None = None
        self.controller_is_up = True
        self._correlation_id = 0
        self._calls: dict[int, tuple[int, Any, int]] = {}  # asker, key, target
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        for id in range(1, brokers + 1):
            effects, disk = Effects(), Disk()
            self.brokers[id] = Broker(
                id, disk, effects, ReplicaManager(id, self.config, disk, effects, seed=1)
            )
        self.publish(*[self.registration(id) for id in self.brokers])

    # --- metadata -----------------------------------------------------------------------------
    def registration(self, id: int, epoch: int = 1) -> r.RegisterBrokerRecord:
        self.brokers[id].manager.broker_epoch = epoch
        return r.RegisterBrokerRecord(
            broker_id=id, incarnation_id=bytes(16), broker_epoch=epoch, fenced=False
        )

    def publish(self, *records: Any, except_for: tuple[int, ...] = ()) -> None:
        """Commit metadata records, and let the brokers that are up take them in."""
        delta = MetadataDelta(self.image)
        for record in records:
            delta.replay(record)
        self.image = delta.finish(self.image.offset + len(records), 1)
        for broker in self.brokers.values():
            if broker.is_up and broker.id not in except_for:
                self.catch_up(broker.id, *records)

    def catch_up(self, id: int, *records: Any) -> None:
        broker = self.brokers[id]
        delta = MetadataDelta(broker.image)
        for record in records:
            delta.replay(record)
        broker.image = delta.finish(broker.image.offset + len(records), 1)
        broker.manager.apply(broker.image, delta, self.now)
        self._drain(broker)

    def topic(
        self,
        name: str = "orders",
        replicas: tuple[int, ...] = (1, 2, 3),
        partitions: int = 1,
        *,
        isr: tuple[int, ...] | None = None,
        generation: int = 0,
        except_for: tuple[int, ...] = (),
        **config: object,
    ) -> list[Any]:
        id = topic_id(name, generation)
        records: list[Any] = [r.TopicRecord(name=name, topic_id=id)]
        records += [
            r.ConfigRecord(
                resource_type=2, resource_name=name, name=key.replace("_", "."), value=str(value)
            )
            for key, value in config.items()
        ]
        records += [
            r.PartitionRecord(
                partition_id=number,
                topic_id=id,
                replicas=replicas,
                isr=replicas if isr is None else isr,
                leader=replicas[0],
                leader_epoch=0,
                partition_epoch=0,
            )
            for number in range(partitions)
        ]
        self.publish(*records, except_for=except_for)
        return records

    def change(
        self,
        key: TopicPartition = ORDERS,
        *,
        leader: int | None = None,
        isr: tuple[int, ...] | None = None,
        except_for: tuple[int, ...] = (),
    ) -> Any:
        record = r.PartitionChangeRecord(
            partition_id=key.partition,
            topic_id=self.image.topics[key.topic].topic_id,
            isr=isr,
            leader=-2 if leader is None else leader,
        )
        self.publish(record, except_for=except_for)
        return record

    # --- requests of clients ------------------------------------------------------------------
    def ask(self, id: int, method: str, request: Any, version: int, client: str = "c") -> int:
        """Hand a request to a broker; the number under which `answers` will have the answer."""
        self._correlation_id += 1
        number = self._correlation_id
        ticket = Ticket(ConnectionId("client", f"broker-{id}", number), number, 0, version, client)
        broker = self.brokers[id]
        getattr(broker.manager, method)(ticket, request, self.now)
        self._drain(broker)
        return number

    def produce(
        self,
        batch: Batch | None = None,
        *,
        to: int = 1,
        key: TopicPartition = ORDERS,
        acks: int = -1,
        timeout_ms: int = 30_000,
        version: int = 12,
        client: str = "c",
    ) -> int:
        records = Records((Entry(0, -1, batch or a_batch()),))
        data = PartitionProduceData(index=key.partition, records=records)
        topic = TopicProduceData(name=key.topic, partition_data=(data,))
        if version >= 13:
            id = self.image.topics[key.topic].topic_id
            topic = TopicProduceData(topic_id=id, partition_data=(data,))
        request = ProduceRequest(acks=acks, timeout_ms=timeout_ms, topic_data=(topic,))
        return self.ask(to, "produce", request, version, client)

    def produced(self, number: int) -> PartitionProduceResponse:
        response = self.answers[number]
        assert isinstance(response, ProduceResponse)
        (topic,) = response.responses
        (partition,) = topic.partition_responses
        return partition

    def fetch(
        self,
        offset: int,
        *,
        to: int = 1,
        key: TopicPartition = ORDERS,
        max_wait_ms: int = 500,
        leader_epoch: int = -1,
        read_committed: bool = False,
        max_bytes: int = 1 << 20,
        min_bytes: int = 1,
    ) -> int:
        """A consumer's fetch without a session."""
        asked = FetchPartition(
            partition=key.partition,
            fetch_offset=offset,
            partition_max_bytes=max_bytes,
            current_leader_epoch=leader_epoch,
        )
        request = FetchRequest(
            max_wait_ms=max_wait_ms,
            min_bytes=min_bytes,
            isolation_level=int(read_committed),
            session_epoch=-1,
            topics=(FetchTopic(topic=key.topic, partitions=(asked,)),),
        )
        return self.ask(to, "fetch", request, 12)

    def fetched(self, number: int) -> PartitionData:
        response = self.answers[number]
        assert isinstance(response, FetchResponse)
        (topic,) = response.responses
        (partition,) = topic.partitions
        return partition

    # --- looking ------------------------------------------------------------------------------
    def replica(self, id: int, key: TopicPartition = ORDERS) -> Partition:
        partition = self.brokers[id].manager.partition(key)
        assert partition is not None
        return partition

    def values(self, id: int, key: TopicPartition = ORDERS) -> list[str]:
        records = self.replica(id, key).log.records()
        return [(record.value or b"").decode() for record in records]

    def events(self, *kinds: str) -> list[tuple[int, tuple[Any, ...]]]:
        return [
            (broker.id, event)
            for broker in self.brokers.values()
            for event in broker.events
            if event[0] in kinds
        ]

    # --- time ---------------------------------------------------------------------------------
    def run(self, ms: int) -> None:
        """Let `ms` milliseconds pass."""
        end = self.now + ms
        while (due := self._next()) is not None and due <= end:
            self.now = max(self.now, due)
            while self._queue and self._queue[0][0] <= self.now:
                heappop(self._queue)[2]()
            for broker in self.brokers.values():
                timer = broker.manager.next_timer()
                if broker.is_up and timer is not None and timer <= self.now:
                    broker.manager.on_timer(self.now)
                    self._drain(broker)
        self.now = end

    def _next(self) -> int | None:
        due = [broker.manager.next_timer() for broker in self.brokers.values() if broker.is_up]
        due.append(self._queue[0][0] if self._queue else None)
        return min((one for one in due if one is not None), default=None)

    def crash(self, id: int) -> None:
        self.brokers[id].is_up = False
        for number, (asker, _, target) in list(self._calls.items()):
            if asker == id:
                del self._calls[number]
            elif target == id:
                self._answer(number, None)  # the connection breaks

    def fence(self, id: int) -> None:
        """What the controller says of a broker that it has not heard of for too long."""
        self.publish(r.FenceBrokerRecord(id=id, epoch=self.image.brokers[id].epoch))

    def restart(self, id: int, epoch: int = 2) -> None:
        """A new process on the same disk; it has read the metadata log up to now."""
        broker = self.brokers[id]
        broker.disk = broker.disk.after_crash()
        broker.effects = Effects()
        broker.manager = ReplicaManager(id, self.config, broker.disk, broker.effects, seed=2)
        broker.is_up = True
        broker.image = self.image
        self.publish(self.registration(id, epoch))

    # --- calls --------------------------------------------------------------------------------
    def _later(self, do: Callable[[], None]) -> None:
        self._correlation_id += 1
        heappush(self._queue, (self.now + LATENCY_MS, self._correlation_id, do))

    def _drain(self, broker: Broker) -> None:
        effects = broker.effects
        for event in effects.events:
            named(event)  # has the fields it should have
        broker.events += effects.events
        calls, replies, closes = effects.calls, effects.replies, effects.closes
        effects.events, effects.calls, effects.replies, effects.closes = [], [], [], []
        for call in calls:
            self._call(broker, call.target, call.request, call.key)
        for ticket, response in replies:
            if ticket.correlation_id in self._calls:
                self._answer(ticket.correlation_id, response)
            else:
                self.answers[ticket.correlation_id] = response
        self.closed += [ticket.correlation_id for ticket in closes]

    def _call(self, asker: Broker, target: int, request: Any, key: Any) -> None:
        self.calls.append((asker.id, target, request))
        self._correlation_id += 1
        number = self._correlation_id
        self._calls[number] = (asker.id, key, target)
        if target == ACTIVE_CONTROLLER:
            self._later(lambda: self._alter_partition(number, request))
            return

        def deliver() -> None:
            broker = self.brokers[target]
            if not broker.is_up:
                self._answer(number, None)
            elif number in self._calls:
                connection = ConnectionId(f"broker-{asker.id}", f"broker-{target}", 1)
                ticket = Ticket(connection, number, 1, 18, None)
                broker.manager.fetch(ticket, request, self.now)
                self._drain(broker)

        self._later(deliver)

    def _answer(self, number: int, response: Any) -> None:
        if number not in self._calls:
            return

        def deliver() -> None:
            if number in self._calls:
                asker, key, _ = self._calls.pop(number)
                self.brokers[asker].manager.on_response(key, response, self.now)
                self._drain(self.brokers[asker])

        self._later(deliver)

    def _alter_partition(self, number: int, request: AlterPartitionRequest) -> None:
        if not self.controller_is_up:
            self._answer(number, None)
            return
        records, topics = [], []
        for topic in request.topics:
            answers = []
            image = self.image.topics_by_id[topic.topic_id]
            for asked in topic.partitions:
                now = image.partitions[asked.partition_index]
                error = self.refuse_isr_changes or ErrorCode.NONE
                if asked.leader_epoch != now.leader_epoch:
                    error = ErrorCode.FENCED_LEADER_EPOCH
                elif asked.partition_epoch != now.partition_epoch:
                    error = ErrorCode.INVALID_UPDATE_VERSION
                isr = tuple([one.broker_id for one in asked.new_isr_with_epochs])
                if error == ErrorCode.NONE:
                    records.append(
                        r.PartitionChangeRecord(
                            partition_id=asked.partition_index, topic_id=topic.topic_id, isr=isr
                        )
                    )
                answers.append(
                    AlterPartitionResponsePartitionData(
                        partition_index=asked.partition_index,
                        error_code=error,
                        leader_id=now.leader,
                        leader_epoch=now.leader_epoch,
                        isr=isr,
                        partition_epoch=now.partition_epoch + 1,
                    )
                )
            topics.append(
                AlterPartitionResponseTopicData(topic_id=topic.topic_id, partitions=tuple(answers))
            )
        self._answer(
            number, AlterPartitionResponse(throttle_time_ms=0, error_code=0, topics=tuple(topics))
        )
        if records:
            self.publish(*records)
