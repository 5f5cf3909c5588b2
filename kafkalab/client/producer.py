"""A producer: a node that takes records and gets them to the leaders of their partitions.

    produce ──▶ routing ──▶ sender ──▶ connections ──▶ brokers
                  │           │ ▲            │
               metadata    identity ◀── answers ──▶ deliveries ──▶ take_reports
                              ▲                 └──▶ transactions ──▶ take_outcome

The application calls the methods named in ACTIONS; each takes `now` last and returns at once.
What waits (flush, poll) is built on top, in `handles`, from `is_flushed` and `has_reports`.

In Kafka: `KafkaProducer`; in librdkafka: `rd_kafka_t`.  Behaves as librdkafka does.
Left out: a request with several batches (KIP-951's hints too).
Read next: `routing`, `sender`, `accumulator`, `idempotence`, `transactions`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from kafkalab.chance import Stream
from kafkalab.client import (
    cluster_view,
    coordinator_finder,
    idempotence,
    metadata,
    queries,
    sender,
    transactions,
)
from kafkalab.client.accumulator import Pending
from kafkalab.client.conf import producer_conf
from kafkalab.client.connections import Answer, Connections, TakesAnswers
from kafkalab.client.deliveries import Deliveries
from kafkalab.client.errors import FATAL, QUEUE_FULL, failure
from kafkalab.client.idempotence import Identity, IdentityState
from kafkalab.client.message import Delivery, Headers
from kafkalab.client.metadata import Metadata
from kafkalab.client.options import PARTITIONER
from kafkalab.client.output import Output
from kafkalab.client.partitioners import Partitioning
from kafkalab.client.profiles import default_partitioner
from kafkalab.client.queries import Queries, Reply
from kafkalab.client.routing import Routing
from kafkalab.client.sender import Sender
from kafkalab.client.transaction_requests import GroupMember, Offset
from kafkalab.client.transaction_states import Call, Outcome, Progress
from kafkalab.client.transactions import Transactions
from kafkalab.errors import ErrorCode
from kafkalab.ids import NodeName
from kafkalab.node import Envelope, Outbox
from kafkalab.record import Record, estimated_size
from kafkalab.timers import earliest
from kafkalab.wall_clock import WallClock


class ProducerNode:
    """See the module's docstring.  `ConfigError` for a conf that does not fit."""

    ACTIONS: ClassVar[tuple[str, ...]] = (
        "produce",
        "take_reports",
        "begin_flush",
        "end_flush",
        "purge",
        "request_metadata",
        "take_result",
        "begin_transaction",
        "begin_call",
        "send_offsets",
        "take_outcome",
    )
    kind = "producer"

    def __init__(
        self,
        name: NodeName,
        conf: Mapping[str, Any],
        seed: int,
        bootstrap: tuple[NodeName, ...],
        connections_before: int = 0,
    ) -> None:
        self.name = name
        self._given = conf
        self._seed = seed
        self._bootstrap = bootstrap
        self._conf = checked = producer_conf(conf, name)
        self._limits = (
            checked.int("message.max.bytes"),
            checked.int("queue.buffering.max.messages"),
            checked.int("queue.buffering.max.kbytes") * 1024,
        )
        self._next_id = self._next_question = 1
        self._is_new = True
        self.clock = WallClock()
        self._output = Output()
        self._connections = Connections(name, checked, seed, self._output, connections_before)
        self._metadata = Metadata(name, checked, seed, bootstrap, self._connections)
        self._identity = Identity(name, checked, seed, self._connections, self._metadata)
        self._transactions = Transactions(
            name, checked, seed, self._connections, self._metadata, self._identity
        )
        only_errors = checked.bool("delivery.report.only.error")
        self._deliveries = Deliveries(self._output, only_errors)
        self._sender = Sender(
            name,
            checked,
            seed,
            self._connections,
            self._metadata,
            self._identity,
            self._transactions,
            self._deliveries,
            self._output,
        )
        chance = Stream(seed, f"{name}/partitioner/{connections_before}")
        linger_ms = checked.int("sticky.partitioning.linger.ms")
        partitioner = conf.get(PARTITIONER, default_partitioner(conf))
        batch_bytes = checked.int("batch.size")
        partitioning = Partitioning(partitioner, linger_ms, chance, batch_bytes)
        self._routing = Routing(
            checked, self._metadata, partitioning, self._sender, self._deliveries
        )
        self._queries = Queries(checked, self._connections, self._metadata)

    # --- actions

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        headers: Headers,
        timestamp: int,
        now: int,
    ) -> int:
        """Take a record; the id of its report.  Partition -1: the partitioner's choice;
        timestamp 0: now.  KafkaException QUEUE_FULL, MSG_SIZE_TOO_LARGE or _FATAL.
        """
        size = estimated_size(key, value, headers)
        self._check_room(len(key or b"") + len(value or b""), size)
        id, self._next_id = self._next_id, self._next_id + 1
        record = Record(key, value, headers, timestamp if timestamp > 0 else self.clock.at(now))
        pending = Pending(id, record, now, size)
        self._output.emit("RecordProduced", topic, id)
        self._deliveries.expect(pending)
        self._routing.route(topic, partition, pending, now)
        self._sender.serve_changed(now)
        if self._identity.state is IdentityState.DRAINING:
            self._step(now)
        else:
            self._metadata.step(now)
        return id

    def _check_room(self, payload: int, size: int) -> None:
        self._transactions.check_open()
        if self._identity.state is IdentityState.FATAL:
            raise failure(FATAL, f"this producer has ended with error {self._identity.error}")
        payload_max, records_max, bytes_max = self._limits
        if payload > payload_max:
            raise failure(
                ErrorCode.MESSAGE_TOO_LARGE, f"{payload} bytes are more than message.max.bytes"
            )
        is_full = bool(records_max) and self.outstanding() >= records_max
        if is_full or self._deliveries.bytes + size > bytes_max:
            raise failure(QUEUE_FULL)

    def take_reports(self, now: int) -> tuple[Delivery, ...]:
        """What became of records since the last call, in order."""
        return self._deliveries.take()

    def begin_flush(self, now: int) -> None:
        """From now on nothing lingers."""
        self._sender.is_flushing = True
        self._step(now)

    def end_flush(self, now: int) -> None:
        """Linger again."""
        self._sender.is_flushing = False

    def purge(self, in_queue: bool, in_flight: bool, now: int) -> None:
        """Give up records: those not sent, those sent and not answered."""
        if in_queue:
            self._routing.purge(now)
        self._sender.purge(in_queue, in_flight, now)
        self._step(now)

    def begin_transaction(self, now: int) -> None:
        """From now on records are part of a transaction.  KafkaException."""
        self._transactions.begin(self._deliveries.failed)

    def begin_call(self, call: str, now: int) -> None:
        """`init_transactions`, `commit_transaction` or `abort_transaction`.  KafkaException.

        It is over when `has_outcome`; the same again goes on waiting for it.
        """
        self._transactions.begin_call(Call(call))
        self._step(now)

    def send_offsets(self, offsets: tuple[Offset, ...], member: GroupMember, now: int) -> None:
        """Commit offsets as part of the transaction; over when `has_outcome`.  KafkaException."""
        self._transactions.send_offsets(offsets, member)
        self._step(now)

    def take_outcome(self, now: int) -> Outcome | None:
        """How the call ended; None if it has not."""
        return self._transactions.take_outcome()

    def request_metadata(self, topic: str | None, timeout_ms: int, now: int) -> int:
        """Ask about one topic or all; see `has_result`, `take_result` (a `ClusterSeen`)."""
        id, self._next_question = self._next_question, self._next_question + 1
        request = cluster_view.view_request(topic)
        self._queries.ask(id, request, queries.ANY, timeout_ms, now)
        self._step(now)
        return id

    def take_result(self, id: int, now: int) -> Reply | None:
        """The reply to a question; None if there is none yet."""
        reply = self._queries.take(id)
        if reply is None or reply.error:
            return reply
        return Reply(cluster_view.cluster_seen(reply.response))

    # --- reading

    def has_outcome(self) -> bool:
        """Whether the call of a transaction is over."""
        return self._transactions.outcome is not None

    def has_news(self) -> bool:
        """Whether that is so, or a report can be taken."""
        return self.has_outcome() or self.has_reports()

    @property
    def transaction_timeout_ms(self) -> int:
        return self._conf.int("transaction.timeout.ms")

    @property
    def transaction(self) -> str:
        """What it is doing: "off", "ready", "in a transaction", …"""
        return self._transactions.state.value

    @property
    def linger_ms(self) -> int:
        return self._conf.int("linger.ms")

    @property
    def transactional_id(self) -> str | None:
        return self._transactions.transactional_id or None

    def has_result(self, id: int) -> bool:
        return self._queries.has(id)

    def has_reports(self) -> bool:
        """Whether `take_reports` has something to give."""
        return bool(self._deliveries.ready)

    def outstanding(self) -> int:
        """Records whose report has not been taken."""
        return self._deliveries.unsettled + len(self._deliveries.ready)

    def is_flushed(self) -> bool:
        """Whether every record has been reported (perhaps not taken)."""
        return not self._deliveries.unsettled

    def is_drained(self, most: int) -> bool:
        """Whether at most so many reports are outstanding."""
        return self.outstanding() <= most

    @property
    def sent(self) -> int:
        return self._sender.sent

    @property
    def acknowledged(self) -> int:
        return self._deliveries.acknowledged

    @property
    def failed(self) -> int:
        return self._deliveries.failed

    @property
    def producer_id(self) -> int:
        """-1 until one is assigned."""
        return self._identity.producer_id

    @property
    def producer_epoch(self) -> int:
        return self._identity.epoch

    def doing(self, now: int) -> str:
        """In short words, for pictures."""
        if self._identity.state is IdentityState.FATAL:
            return "ended by a fatal error"
        waiting, in_flight = self._sender.counts()
        waiting += self._routing.waiting
        said = [
            *([f"{waiting} waiting"] if waiting else []),
            *([f"{in_flight} in flight"] if in_flight else []),
        ]
        return ", ".join(said) or "idle"

    # --- the node

    def receive(self, envelope: Envelope, now: int) -> None:
        self._dispatch(self._connections.receive(envelope, now), now)

    def on_timer(self, now: int) -> None:
        self._is_new = False
        self._dispatch(self._connections.on_timer(now), now)

    def _dispatch(self, answers: Iterable[Answer], now: int) -> None:
        for answer in answers:
            self._part(answer.asked.owner).on_answer(answer, now)
        self._step(now)

    def _part(self, owner: str) -> TakesAnswers:
        """Whose question it was."""
        if owner == sender.OWNER:  # nearly always
            return self._sender
        parts: dict[str, TakesAnswers] = {
            metadata.OWNER: self._metadata,
            idempotence.OWNER: self._identity,
            queries.OWNER: self._queries,
            transactions.OWNER: self._transactions,
            coordinator_finder.OWNER: self._transactions,
        }
        return parts[owner]

    def _step(self, now: int) -> None:
        """Let each part do what it can; those that need metadata come before it."""
        self._identity.step(now)
        self._routing.step(now)
        if self._transactions.transactional_id:
            self._step_transactions(now)
        else:
            self._sender.step(now)
        self._queries.step(now)
        self._metadata.step(now)

    def _step_transactions(self, now: int) -> None:
        talk, sender, deliveries = self._transactions, self._sender, self._deliveries
        if self._identity.take_renewal():
            sender.restart_sequences()
        if talk.call is Call.ABORT:
            self._routing.purge(now)
            sender.purge(True, False, now)
        is_flushing, sender.is_flushing = sender.is_flushing, True
        if talk.call is not Call.COMMIT:
            sender.is_flushing = is_flushing
        sender.step(now)
        sender.is_flushing = is_flushing
        progress = Progress(
            not deliveries.unsettled, sender.is_drained(), deliveries.failed, deliveries.last_error
        )
        talk.step(progress, now)

    def next_timer(self) -> int | None:
        if self._is_new:
            return 0
        return earliest(
            self._connections.next_timer(),
            self._metadata.timer,
            self._identity.timer,
            self._routing.timer,
            self._sender.next_timer(),
            self._queries.next_timer(),
            self._transactions.timer,
        )

    def take_outbox(self) -> Outbox:
        return self._output.take()

    def restarted(self, now: int) -> Self:
        """A new process: what was not acknowledged is gone."""
        before = self._connections.number
        return type(self)(self.name, self._given, self._seed, self._bootstrap, before)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.clock = self.clock.fork()
        other._output = self._output.fork()
        other._connections = self._connections.fork(other._output)
        other._metadata = self._metadata.fork(other._connections)
        other._identity = self._identity.fork(other._connections, other._metadata)
        other._transactions = self._transactions.fork(
            other._connections, other._metadata, other._identity
        )
        other._deliveries = self._deliveries.fork(other._output)
        other._sender = self._sender.fork(
            other._connections,
            other._metadata,
            other._identity,
            other._transactions,
            other._deliveries,
            other._output,
        )
        other._routing = self._routing.fork(other._metadata, other._sender, other._deliveries)
        other._queries = self._queries.fork(other._connections, other._metadata)
        return other
