"""Sends batches to the leaders of their partitions, and decides what becomes of each.

    serve(queue):  expire what is too old ▶ is a batch ready? ▶ is its leader known, connected,
                   and not too busy? ▶ send; else something else will wake it
    on_answer:     acknowledge, or put back by `refusals.verdict`, or give up

One request carries one batch, as librdkafka's do.  An idempotent producer keeps the order over
retries: a batch that came back is sent again only when no other of its partition is in flight,
and a partition that has moved waits for what is in flight at the old leader.  Without idempotence
a retry may overtake, unless max.in.flight.requests.per.connection is 1.

Invariants: a record is in one batch, a batch in one place of one queue; each record is reported
once; at most `max.in.flight.requests.per.connection` requests are in flight on a connection.

In Kafka: `Sender`; in librdkafka: `rd_kafka_toppar_producer_serve`, `rd_kafka_handle_Produce`.
Read next: `refusals`, `idempotence`.
"""

from typing import Any, Final, Self

from kafkalab.chance import Stream
from kafkalab.client.accumulator import Limits, PartitionQueue, Pending, ProducerBatch
from kafkalab.client.backoff import retry_delay_ms
from kafkalab.client.connections import Answer, Asked, Connections, Link
from kafkalab.client.deliveries import Deliveries
from kafkalab.client.errors import MSG_TIMED_OUT, PURGE_INFLIGHT, PURGE_QUEUE, TRANSPORT
from kafkalab.client.idempotence import Identity, IdentityState
from kafkalab.client.metadata import Metadata
from kafkalab.client.output import Output
from kafkalab.client.refusals import Verdict, counts, verdict
from kafkalab.client.transactions import Transactions
from kafkalab.config import Config
from kafkalab.ids import NO_NODE, ZERO_UUID, NodeName, TopicPartition
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record import Compression, Entry, Records
from kafkalab.timers import Timers, earliest

OWNER: Final = "sender"
_FIRST_VERSION_WITH_TOPIC_IDS: Final = 13  # KIP-516
_BROKER_REMEMBERS: Final = 5  # batches per producer and partition
_LATE_REQUEST_MS: Final = 100  # librdkafka: for a batch whose time is up already


class Sender:
    """The queues of all partitions one producer has written to."""

    __slots__ = (
        "_acks",
        "_chance",
        "_changed",
        "_compression",
        "_conf",
        "_connections",
        "_deliveries",
        "_identity",
        "_in_flight_max",
        "_limits",
        "_metadata",
        "_next_number",
        "_output",
        "_timeout_ms",
        "_timers",
        "_transactions",
        "is_flushing",
        "queues",
        "sent",
    )

    def __init__(
        self,
        name: NodeName,
        conf: Config,
        seed: int,
        connections: Connections,
        metadata: Metadata,
        identity: Identity,
        transactions: Transactions,
        deliveries: Deliveries,
        output: Output,
    ) -> None:
        self._transactions = transactions
        self._conf = conf
        self._connections = connections
        self._metadata = metadata
        self._identity = identity
        self._deliveries = deliveries
        self._output = output
        self._chance = Stream(seed, f"{name}/retry/{connections.number}")
        self._acks = conf.int("acks")
        self._compression = Compression[str(conf["compression.type"]).upper()]
        self._in_flight_max = conf.int("max.in.flight.requests.per.connection")
        self._timeout_ms = conf.int("message.timeout.ms")
        self._limits = Limits(
            conf.int("batch.num.messages"),
            min(conf.int("batch.size"), conf.int("message.max.bytes")),
            conf.int("linger.ms"),
        )
        self._next_number = 1
        self._changed: dict[TopicPartition, None] = {}  # may have become ready just now
        self._timers: Timers[TopicPartition] = Timers()
        self.queues: dict[TopicPartition, PartitionQueue] = {}
        self.is_flushing = False
        self.sent = 0  # records, each time they are sent

    # --- what comes in

    def append(self, partition: TopicPartition, pending: Pending) -> None:
        """Take a record over; `step` or `serve_changed` must follow."""
        queue = self.queues.get(partition)
        if queue is None:
            queue = self.queues[partition] = PartitionQueue(partition)
        if queue.append(pending, self._limits, self._next_number):
            self._next_number += 1
            self._changed[partition] = None
        elif queue.waiting[-1].is_full(self._limits):
            self._changed[partition] = None

    def purge(self, in_queue: bool, in_flight: bool, now: int) -> None:
        """Give up what is unsent, or sent and not answered; those answers are then ignored."""
        for partition, queue in self.queues.items():
            if in_queue:
                is_gap = bool(queue.retrying)
                self._deliveries.fail(partition, queue.take_unsent(), PURGE_QUEUE, now)
                if is_gap:
                    self._identity.request_bump()
            if in_flight:
                for batch in queue.in_flight.values():
                    self._deliveries.fail(partition, batch.pending, PURGE_INFLIGHT, now)
                    batch.pending = []

    # --- sending

    def step(self, now: int) -> None:
        """Send all that can be sent."""
        self._timers.pop_due(now)  # all queues are served anyway
        self._serve_all(now)
        if self._identity.state is IdentityState.DRAINING and self.is_drained():
            self._identity.bump()
            self.restart_sequences()
            self._serve_all(now)
        if self._identity.state is IdentityState.FATAL:
            self._give_up_all(now)

    def serve_changed(self, now: int) -> None:
        """Send what records that have just been appended make ready."""
        if self._changed:
            changed, self._changed = self._changed, {}
            for partition in changed:
                self.serve(self.queues[partition], now)

    def _serve_all(self, now: int) -> None:
        self._changed.clear()
        for queue in list(self.queues.values()):
            if queue.has_unsent:
                self.serve(queue, now)

    def serve(self, queue: PartitionQueue, now: int) -> None:
        """Send what is ready of one queue, and plan when to look at it again."""
        self._expire(queue, now)
        ready_at: int | None = None
        while queue.has_unsent:
            ready_at = self._ready_at(queue)
            if ready_at > now or not self._send_next(queue, now):
                break
        self._plan(queue, ready_at, now)

    def _ready_at(self, queue: PartitionQueue) -> int:
        if self.is_flushing and not queue.retrying:
            return 0
        return queue.ready_at(self._limits)

    def _send_next(self, queue: PartitionQueue, now: int) -> bool:
        """Send a batch if its leader can take one; whether it could.

        A partition that has just been served goes behind the others.
        """
        link = self._leader_of(queue.partition)
        if link is None:
            self._metadata.request_update()
            return False
        if not self._identity.may_send or not self._transactions.may_send(queue.partition):
            return False
        if not self._connections.ready(link, now):
            if self._connections.has_failed(link):
                self._metadata.request_update()  # perhaps another leads by now
            return False
        if self._connections.in_flight(link) >= self._in_flight_max:
            return False
        if self._identity.is_on and queue.in_flight and not self._keeps_order(queue, link):
            return False
        self._send(queue, queue.take(self._identity.is_on), link, now)
        self.queues[queue.partition] = self.queues.pop(queue.partition)
        return True

    def _keeps_order(self, queue: PartitionQueue, link: Link) -> bool:
        """Whether one more batch in flight cannot get ahead of another.

        A broker that knows nothing of this producer takes any number for its first, so until one
        batch is acknowledged there is only one.  librdkafka does not take that care.
        """
        most = _BROKER_REMEMBERS if queue.is_known else 1
        return len(queue.in_flight) < most and not queue.retrying and queue.link == link

    def _leader_of(self, partition: TopicPartition) -> Link | None:
        view = self._metadata.leader(partition)
        if view is None or view.leader == NO_NODE:
            return None
        return self._metadata.link_of(view.leader)

    def _send(self, queue: PartitionQueue, batch: ProducerBatch, link: Link, now: int) -> None:
        partition = queue.partition
        queue.link = link
        version = self._connections.version(link, ProduceRequest)
        if self._transactions.produce_version_max is not None:
            version = min(version, self._transactions.produce_version_max)
        request = self._request(partition, batch, version)
        is_answered = self._acks != 0
        asked = Asked(OWNER, (partition, batch.number), version)
        patience = self._patience(batch, now)
        sent_as = self._connections.send(link, request, asked, now, patience, is_answered)
        count = len(batch.pending)
        self.sent += count
        ids = tuple([pending.id for pending in batch.pending])
        self._output.emit("RecordSent", *partition, count, batch.base_sequence, ids, *sent_as)
        if not is_answered:
            del queue.in_flight[batch.number]
            self._deliveries.acknowledge(partition, batch.pending, -1, -1, now)

    def _request(
        self, partition: TopicPartition, batch: ProducerBatch, version: int
    ) -> ProduceRequest:
        producer, id = self._identity, self._transactions.transactional_id
        built = batch.build(self._compression, producer.producer_id, producer.epoch, bool(id))
        data = PartitionProduceData(
            index=partition.partition, records=Records((Entry(0, -1, built),))
        )
        by_id = version >= _FIRST_VERSION_WITH_TOPIC_IDS
        return ProduceRequest(
            transactional_id=id or None,
            acks=self._acks,
            timeout_ms=self._conf.int("request.timeout.ms"),
            topic_data=(
                TopicProduceData(
                    name="" if by_id else partition.topic,
                    topic_id=self._metadata.topic_id(partition.topic) if by_id else ZERO_UUID,
                    partition_data=(data,),
                ),
            ),
        )

    def _patience(self, batch: ProducerBatch, now: int) -> int:
        """How long to wait for the answer: as long as the batch lives, or the socket's timeout."""
        most = self._conf.int("socket.timeout.ms")
        if not self._timeout_ms:
            return most
        left = batch.oldest + self._timeout_ms - now
        return min(left if left > 0 else _LATE_REQUEST_MS, most)

    # --- time

    def _expire(self, queue: PartitionQueue, now: int) -> None:
        if not self._timeout_ms:
            return
        expired, was_sent = queue.take_expired(now - self._timeout_ms)
        if expired:
            self._deliveries.fail(queue.partition, expired, MSG_TIMED_OUT, now)
        if was_sent:
            self._identity.request_bump()

    def _plan(self, queue: PartitionQueue, ready_at: int | None, now: int) -> None:
        """Be woken when the queue is ready, or a record of it expires; else an answer wakes it."""
        oldest = queue.oldest()
        expires_at = oldest + self._timeout_ms if oldest is not None and self._timeout_ms else None
        due = earliest(expires_at, ready_at if ready_at is not None and ready_at > now else None)
        if due is not None:
            self._timers.set(queue.partition, due)
        else:
            self._timers.cancel(queue.partition)

    def next_timer(self) -> int | None:
        return self._timers.first

    # --- answers

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in a ProduceResponse, or that none came."""
        assert isinstance(answer.asked.key, tuple)
        partition, number = answer.asked.key
        queue = self.queues[partition]
        error, base_offset, append_time = _outcome(answer.response)
        batch = queue.in_flight[number]
        is_next = queue.is_next(batch)
        del queue.in_flight[number]
        is_on, version = self._identity.is_on, self._transactions.version
        decided = verdict(error, is_on, is_next, version)
        if decided is Verdict.ACKNOWLEDGED:
            records = batch.pending
            queue.is_known = True
            self._deliveries.acknowledge(partition, records, base_offset, append_time, now)
            return
        self._refused(queue, batch, decided, error, now)

    def _refused(
        self, queue: PartitionQueue, batch: ProducerBatch, decided: Verdict, error: int, now: int
    ) -> None:
        if decided in (Verdict.FIND_LEADER, Verdict.RECONNECT):
            self._metadata.request_update()
        if decided is Verdict.FATAL:
            self._identity.fail(error)
        if decided is Verdict.NEW_EPOCH:
            self._identity.request_bump()
        batch.attempts += counts(decided)
        is_done = decided in (Verdict.GIVE_UP, Verdict.FATAL) or not batch.pending
        if is_done or batch.attempts > self._conf.int("retries"):
            self._deliveries.fail(queue.partition, batch.pending, error, now)
            self._identity.request_bump()
            return
        batch.not_before = now
        if decided is not Verdict.WAIT_TURN:
            batch.not_before += self._backoff(batch)
        queue.retry(batch)

    def _backoff(self, batch: ProducerBatch) -> int:
        base, most = self._conf.int("retry.backoff.ms"), self._conf.int("retry.backoff.max.ms")
        return retry_delay_ms(max(batch.attempts - 1, 0), base, most, self._chance)

    def restart_sequences(self) -> None:
        """A new producer epoch has begun; nothing is in flight."""
        for queue in self.queues.values():
            queue.restart_sequences()

    def is_drained(self) -> bool:
        """Whether no request with records is in flight."""
        return not any(queue.in_flight for queue in self.queues.values())

    def _give_up_all(self, now: int) -> None:
        for partition, queue in self.queues.items():
            self._deliveries.fail(partition, queue.take_unsent(), self._identity.error, now)

    # --- for the node

    def counts(self) -> tuple[int, int]:
        """Records that wait, and requests in flight."""
        queues = self.queues.values()
        waiting = sum(len(batch.pending) for queue in queues for batch in queue.unsent())
        return waiting, sum(len(queue.in_flight) for queue in queues)

    def fork(
        self,
        connections: Connections,
        metadata: Metadata,
        identity: Identity,
        transactions: Transactions,
        deliveries: Deliveries,
        output: Output,
    ) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._connections, other._metadata, other._identity = connections, metadata, identity
        other._deliveries, other._output = deliveries, output
        other._transactions = transactions
        other._chance = self._chance.fork()
        other._timers = self._timers.fork()
        other._changed = self._changed.copy()
        other.queues = {partition: queue.fork() for partition, queue in self.queues.items()}
        return other


def _outcome(response: Any) -> tuple[int, int, int]:
    """(error, base offset, append time or -1) of the one partition asked about."""
    if response is None:
        return TRANSPORT, -1, -1
    (partition,) = response.responses[0].partition_responses
    return partition.error_code, partition.base_offset, partition.log_append_time_ms
