"""The transaction coordinator of a broker: a shard for each partition that it leads.

    transactional id ──partition_for──▶ partition ──led here?──▶ HostedPartition[TransactionShard]
    a decision is committed ──▶ Markers ──▶ partition leaders     all told ──▶ Complete… is written

It finds the shard, carries requests there and answers back; it times transactions out, forgets
ids that nobody uses, and after a failover goes on with the markers of what was decided.

Invariants: every request is answered once: at once, when its record is committed, when it fails,
or when the partition is led elsewhere.

In Kafka: `TransactionCoordinator`, `TransactionStateManager`.
Read next: `shard`, `markers`, then `requests` (requests as operations, outcomes as answers).
"""

from collections.abc import Hashable, Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple, Self

from kafkalab.config import Config
from kafkalab.coordination import HostedPartition, LogWriter, Phase, partition_for
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NodeId, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.metadata import MetadataImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.transaction_admin import (
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
)
from kafkalab.timers import Timers, earliest
from kafkalab.transactions import listing, requests
from kafkalab.transactions.deciding import NewProducerId
from kafkalab.transactions.markers import Markers
from kafkalab.transactions.shard import Operation, TransactionShard
from kafkalab.transactions.states import Transaction
from kafkalab.transactions.stored import TRANSACTIONS_TOPIC

Shard = HostedPartition[TransactionShard]
_COMPLETE_RETRY_MS = 100


class What(Enum):
    """What is due."""

    TIMEOUTS = "abort what has been open for too long"
    EXPIRY = "forget ids that nobody uses"
    COMPLETE = "write once more that all markers are written"


class Due(NamedTuple):
    """A timer's key; the last three only for COMPLETE."""

    what: What
    partition: int
    coordinator_epoch: int = -1
    transactional_id: str = ""
    producer_id: int = -1


class Asked(NamedTuple):
    """An operation of a request; `part` is its place among those of the request."""

    number: int
    part: int
    operation: Operation


class Gathering(NamedTuple):
    """A request, what it asks for, and the answers there are so far."""

    ticket: Ticket
    request: requests.Request
    asked: tuple[Operation | requests.Errors, ...]
    parts: tuple[Any, ...]

    def with_part(self, place: int, answer: Any) -> "Gathering":
        return self._replace(parts=(*self.parts[:place], answer, *self.parts[place + 1 :]))


class TransactionCoordinator:
    """See the module's docstring; `server.broker` drives it."""

    def __init__(
        self,
        broker_id: NodeId,
        config: Config,
        effects: Effects,
        writer: LogWriter,
        new_producer_id: NewProducerId,
    ) -> None:
        self._broker_id = broker_id
        self._config = config
        self._effects = effects
        self._writer = writer
        self._new_producer_id = new_producer_id
        self._image = MetadataImage.EMPTY
        self._shards: dict[int, Shard] = {}
        self._epochs: dict[int, int] = {}  # the coordinator's, of each shard
        self._markers = Markers(effects)
        self._gatherings: dict[int, Gathering] = {}
        self._count = 0
        self._timers: Timers[Due] = Timers()

    # --- reading ------------------------------------------------------------------------------
    @property
    def transactions(self) -> Iterator[tuple[int, Transaction]]:
        """(partition, transactional id as it is written) of all that are coordinated here."""
        for partition, shard in self._shards.items():
            if shard.phase is Phase.ACTIVE:
                for transaction in shard.machine.views.written.values():
                    yield partition, transaction

    @property
    def pending_markers(self) -> Mapping[str, tuple[TopicPartition, ...]]:
        """By transactional id: the partitions whose marker is not known to be written."""
        return {
            telling.transaction.transactional_id: tuple(telling.left)
            for telling in self._markers.pending.values()
        }

    def is_pending(self, transactional_id: str) -> bool:
        """Whether a move of this id is not committed yet, or its markers are being written."""
        shard = self._shard_of(transactional_id)
        return not isinstance(shard, ErrorCode) and shard.machine.is_pending(transactional_id)

    # --- what the broker learns ---------------------------------------------------------------
    def on_elected(self, partition: int, leader_epoch: int, log: PartitionLog, now: int) -> None:
        """This broker leads the partition, in this epoch: read its log."""
        self.on_resigned(partition, now)
        name = TopicPartition(TRANSACTIONS_TOPIC, partition)
        self._epochs[partition] = leader_epoch
        self._shards[partition] = HostedPartition(
            name,
            TransactionShard(
                name,
                self._config,
                self._effects,
                self._new_producer_id,
                self._server_version,
            ),
            log,
            self._writer,
            commit_timeout_ms=self._config.int("request.timeout.ms"),
            batch_bytes_max=log.config.int("max.message.bytes"),
            now=now,
        )
        every = self._config.int("transaction.remove.expired.transaction.cleanup.interval.ms")
        self._timers.set(Due(What.EXPIRY, partition), now + every)

    def on_resigned(self, partition: int, now: int) -> None:
        """Another broker leads the partition: whoever waits here must go there."""
        shard = self._shards.pop(partition, None)
        if shard is None:
            return
        self._markers.drop(partition)
        self._timers.cancel(Due(What.EXPIRY, partition))
        self._timers.cancel(Due(What.TIMEOUTS, partition))
        shard.machine.unload()
        shard.resign(now)
        self._answer_outcomes(shard)

    def on_high_watermark(self, partition: int, high_watermark: int, now: int) -> None:
        """Records below it are committed."""
        shard = self._shards.get(partition)
        if shard is not None:
            shard.advance(high_watermark, now)
            self._after(partition, shard, now)

    def on_metadata(self, image: MetadataImage) -> None:
        """Leaders may have changed, and the version of transactions."""
        self._image = self._markers.image = image
        for shard in self._shards.values():
            shard.machine.server_version = self._server_version

    @property
    def _server_version(self) -> int:
        return self._image.features.get("transaction.version", 0)

    # --- requests -----------------------------------------------------------------------------
    def handle(self, ticket: Ticket, request: requests.Request, now: int) -> None:
        """Answer a request, now or later."""
        try:
            asked = requests.operations(request, ticket.api_version, self._config, self._image)
        except KafkaError as error:
            self._effects.reply(ticket, requests.refused(request, error.code))
            return
        self._count += 1
        number = self._count
        waiting = [(part, one) for part, one in enumerate(asked) if isinstance(one, Operation)]
        parts = tuple(None if isinstance(one, Operation) else one for one in asked)
        self._gatherings[number] = gathering = Gathering(ticket, request, asked, parts)
        for part, operation in waiting:
            self._ask(Asked(number, part, operation), now)
        if not waiting:
            self._finish(number, gathering)

    def list(self, request: ListTransactionsRequest, now: int) -> ListTransactionsResponse:
        """Transactional ids that are coordinated here."""
        if any(shard.phase is Phase.LOADING for shard in self._shards.values()):
            return ListTransactionsResponse(error_code=ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        shards = [shard for shard in self._shards.values() if shard.phase is Phase.ACTIVE]
        committed = (each for one in shards for each in one.machine.views.committed.values())
        return listing.listed(committed, request, self._effects.clock.at(now))

    def describe(self, request: DescribeTransactionsRequest) -> DescribeTransactionsResponse:
        """Each of these ids."""
        return DescribeTransactionsResponse(
            transaction_states=tuple(
                listing.described(id, self._state_of(id)) for id in request.transactional_ids
            )
        )

    def _state_of(self, transactional_id: str) -> Transaction | ErrorCode | None:
        shard = self._shard_of(transactional_id)
        if isinstance(shard, ErrorCode):
            return shard
        return shard.machine.views.committed.get(transactional_id)

    def _ask(self, asked: Asked, now: int) -> None:
        id = asked.operation.transactional_id
        partition, shard = self._partition_of(id), self._shard_of(id)
        if isinstance(shard, ErrorCode):
            self._answer(asked, shard)
            return
        try:
            result = shard.machine.handle(asked.operation, self._effects.clock.at(now))
        except KafkaError as error:
            self._answer(asked, error.code)
        else:
            shard.run(result, asked, now)
        self._after(partition, shard, now)

    def _partition_of(self, transactional_id: str) -> int:
        topic = self._image.topics.get(TRANSACTIONS_TOPIC)
        return -1 if topic is None else partition_for(transactional_id, len(topic.partitions))

    def _shard_of(self, transactional_id: str) -> Shard | ErrorCode:
        shard = self._shards.get(self._partition_of(transactional_id))
        if shard is None:
            return ErrorCode.NOT_COORDINATOR
        return shard.refusal or shard

    # --- what follows -------------------------------------------------------------------------
    def _after(self, partition: int, shard: Shard, now: int) -> None:
        """To be called whenever a shard has done something."""
        self._answer_outcomes(shard)
        for transaction in shard.machine.take_decided():
            self._markers.add(transaction, partition, self._epochs[partition], now)
        self._go_on(now)
        due = Due(What.TIMEOUTS, partition)
        if shard.machine.ongoing and due not in self._timers:
            every = self._config.int("transaction.abort.timed.out.transaction.cleanup.interval.ms")
            self._timers.set(due, now + every)

    def _go_on(self, now: int) -> None:
        for telling in self._markers.take_complete():
            told = telling.transaction
            self._complete(
                Due(
                    What.COMPLETE,
                    telling.coordinator_partition,
                    telling.coordinator_epoch,
                    told.transactional_id,
                    told.producer_id,
                ),
                now,
            )
        self._markers.send()

    def _complete(self, due: Due, now: int) -> None:
        """Write that all markers are written; if that fails, once more later."""
        shard = self._shards.get(due.partition)
        if shard is None or self._epochs[due.partition] != due.coordinator_epoch:
            return  # another coordinator, or this one after it has read the log again, does it
        by_clock = self._effects.clock.at(now)
        result = shard.machine.complete(due.transactional_id, due.producer_id, by_clock)
        if not result.records:
            return
        shard.run(result, None, now)
        if not shard.machine.is_written(result.records[0]):
            self._timers.set(due, now + _COMPLETE_RETRY_MS)
        self._answer_outcomes(shard)

    def _answer_outcomes(self, shard: Shard) -> None:
        outcomes, shard.outcomes = shard.outcomes, []
        for asked, response, error in outcomes:
            self._answer(asked, response if error is None else error)

    def _answer(self, asked: Asked, answer: Any) -> None:
        gathering = self._gatherings[asked.number].with_part(asked.part, answer)
        self._gatherings[asked.number] = gathering
        if None not in gathering.parts:
            self._finish(asked.number, gathering)

    def _finish(self, number: int, gathering: Gathering) -> None:
        del self._gatherings[number]
        ticket, request, asked, parts = gathering
        answer = requests.answered(request, ticket.api_version, asked, parts)
        self._effects.reply(ticket, answer)

    # --- peers and time -----------------------------------------------------------------------
    def on_response(self, key: Hashable, response: Any, now: int) -> None:
        """A broker has written markers, or not."""
        self._markers.on_response(key, response, now)
        self._go_on(now)

    def next_timer(self) -> int | None:
        timers = [shard.next_timer() for shard in self._shards.values()]
        return earliest(self._timers.first, self._markers.next_timer(), *timers)

    def on_timer(self, now: int) -> None:
        """Load, give up what waits too long, time transactions out, forget ids."""
        due = self.next_timer()
        if due is None or due > now:
            return
        for partition, shard in list(self._shards.items()):
            if shard.next_timer() is not None:
                shard.on_timer(now)
                self._after(partition, shard, now)
        for one in self._timers.pop_due(now):
            self._do(one, now)
        self._markers.on_timer(now)
        self._go_on(now)

    def _do(self, due: Due, now: int) -> None:
        partition = due.partition
        shard = self._shards.get(partition)
        if due.what is What.COMPLETE:
            self._complete(due, now)
            return
        if shard is None or shard.phase is not Phase.ACTIVE:
            return
        if due.what is What.TIMEOUTS:
            for result in shard.machine.abort_timed_out(self._effects.clock.at(now)):
                shard.run(result, None, now)
        else:
            forgotten = shard.machine.forget_expired(self._effects.clock.at(now))
            shard.run(forgotten, None, now)
            every = self._config.int("transaction.remove.expired.transaction.cleanup.interval.ms")
            self._timers.set(due, now + every)
        self._after(partition, shard, now)

    def fork(self, effects: Effects, writer: LogWriter, new_producer_id: NewProducerId) -> Self:
        other = type(self)(self._broker_id, self._config, effects, writer, new_producer_id)
        other._image = self._image
        other._shards = {
            partition: shard.fork(shard.machine.fork(effects, new_producer_id), writer)
            for partition, shard in self._shards.items()
        }
        other._epochs = self._epochs.copy()
        other._markers = self._markers.fork(effects)
        other._gatherings = self._gatherings.copy()
        other._count = self._count
        other._timers = self._timers.fork()
        return other
