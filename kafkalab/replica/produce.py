"""Answering produce requests: append each partition's batch, then wait as long as acks says.

    acks=0    no answer; an error ends the connection, since there is no other way to tell
    acks=1    answered when the leader has it
    acks=-1   answered when the high watermark has passed it: the maximal ISR has it

A partition that fails never fails its neighbours.  With acks=all an ISR that is too small refuses
before anything is written; one that became too small meanwhile is reported with
NOT_ENOUGH_REPLICAS_AFTER_APPEND, and the records are in the log all the same.

In Kafka: `KafkaApis.handleProduceRequest`, `ReplicaManager.appendRecords`, `DelayedProduce`.
What begins a transaction in a partition has been verified before it comes here (`verifying`).
Left out: quotas.  Read next: `partition.append`, `purgatory`.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.log import SENTINEL
from kafkalab.node import Ticket
from kafkalab.protocol.messages.produce import (
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
    TopicProduceResponse,
)
from kafkalab.record import validate_produced
from kafkalab.replica.local_broker import LocalBroker
from kafkalab.replica.partition import ALL_IN_SYNC, Partition
from kafkalab.replica.purgatory import Purgatory
from kafkalab.replica.verifying import Verifying
from kafkalab.values import value

TIMER: Final = "produce"
INTERNAL_TOPICS: Final = frozenset(
    {"__consumer_offsets", "__transaction_state", "__share_group_state"}
)
_ADMIN_CLIENT_ID: Final = "__admin_client"  # may write to internal topics, as in Kafka
_SETTLED: Final = -1
_NOT_LEADER: Final = ErrorCode.NOT_LEADER_OR_FOLLOWER


@value()
class Result:
    """What became of one partition's batch, so far.

    `required_offset` is where the high watermark must be for the answer to hold.
    """

    key: TopicPartition
    topic: TopicProduceData
    response: PartitionProduceResponse
    required_offset: int = _SETTLED

    def failed(self, code: ErrorCode, message: str | None = None) -> "Result":
        response = replace(self.response, error_code=code, error_message=message)
        return replace(self, response=response, required_offset=_SETTLED)


@dataclass(slots=True)
class DelayedProduce:
    """A produce with acks=all, and its partitions that are not settled yet: index in `results`."""

    ticket: Ticket
    results: list[Result]
    waiting: dict[TopicPartition, int]

    def fork(self) -> Self:
        return replace(self, results=self.results.copy(), waiting=self.waiting.copy())


class Produces:
    """The produce requests at one broker."""

    __slots__ = ("_local", "_purgatory")

    def __init__(self, local: LocalBroker) -> None:
        self._local = local
        self._purgatory: Purgatory[DelayedProduce] = Purgatory(TIMER, local.timers)

    def handle(
        self, ticket: Ticket, request: ProduceRequest, now: int, verifying: Verifying | None = None
    ) -> None:
        """Append, and answer now or later; `verifying` is of a transactional producer."""
        acks = request.acks
        results = [
            self._append(ticket, topic, data, acks, now, verifying)
            for topic in request.topic_data
            for data in topic.partition_data
        ]
        if acks == 0:
            self._end_unanswered(ticket, results)
            return
        waiting = {
            result.key: index
            for index, result in enumerate(results)
            if result.required_offset != _SETTLED and not self._settle(results, index)
        }
        if waiting:
            operation = DelayedProduce(ticket, results, waiting)
            self._purgatory.park(operation, waiting, now + request.timeout_ms)
        else:
            self._answer(ticket, results)

    def _append(
        self,
        ticket: Ticket,
        topic: TopicProduceData,
        data: PartitionProduceData,
        acks: int,
        now: int,
        verifying: Verifying | None,
    ) -> Result:
        local = self._local
        key = TopicPartition(topic.name, data.index)
        try:
            if ticket.api_version >= 13:
                key = TopicPartition(self._name_of(topic.topic_id), data.index)
            if acks not in (ALL_IN_SYNC, 0, 1):
                raise KafkaError(ErrorCode.INVALID_REQUIRED_ACKS, f"acks={acks}")
            if key.topic in INTERNAL_TOPICS and ticket.client_id != _ADMIN_CLIENT_ID:
                raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"{key.topic} is internal")
            partition = local.hosted(key)
            response, end = self._append_to(partition, data, acks, now, verifying)
        except KafkaError as error:
            local.effects.emit("AppendRefused", *key, error.code.name)
            self._handled(ticket, key, -1)
            return Result(key, topic, self._refusal(key, data.index, error))
        self._handled(ticket, key, response.base_offset)
        return Result(key, topic, response, end if acks == ALL_IN_SYNC else _SETTLED)

    def _handled(self, ticket: Ticket, key: TopicPartition, base_offset: int) -> None:
        """Say in the trace which request this was: it may have waited behind another."""
        client, _, number = ticket.connection
        names = (client, number, ticket.correlation_id)
        self._local.effects.emit("ProduceHandled", *key, base_offset, *names)

    def _append_to(
        self,
        partition: Partition,
        data: PartitionProduceData,
        acks: int,
        now: int,
        verifying: Verifying | None,
    ) -> tuple[PartitionProduceResponse, int]:
        """The answer if all goes well, and the offset after the batch."""
        if acks == ALL_IN_SYNC:
            partition.check_enough_in_sync()
        else:
            partition.lead()
        batch = validate_produced(
            data.records, partition.max_message_bytes, keys_required=partition.is_compacted
        )
        if partition.timestamp_bounds is not None:
            partition.timestamp_bounds.check(batch, self._local.effects.clock.at(now))
        guard = SENTINEL
        if batch.producer_id >= 0 and batch.is_transactional:
            guard = _guard(verifying, partition.topic_partition)
        base_offset, last_offset, _, append_time = partition.append(batch, now, guard=guard)
        response = PartitionProduceResponse(
            index=data.index,
            error_code=0,
            base_offset=base_offset,
            log_append_time_ms=append_time,
            log_start_offset=partition.log.log_start_offset,
        )
        return response, last_offset + 1

    def _name_of(self, topic_id: Uuid) -> str:
        topic = self._local.image.topics_by_id.get(topic_id)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_ID, "no topic has this id")
        return topic.name

    def _refusal(
        self, key: TopicPartition, index: int, error: KafkaError
    ) -> PartitionProduceResponse:
        return PartitionProduceResponse(
            index=index,
            error_code=error.code,
            base_offset=-1,
            error_message=error.message or None,
        )

    # --- waiting ------------------------------------------------------------------------------
    def look_again(self, key: TopicPartition) -> None:
        """The high watermark, role or ISR of a partition has changed."""
        for number, operation in self._purgatory.waiting_for(key):
            index = operation.waiting.get(key)
            if index is None or not self._settle(operation.results, index):
                continue
            del operation.waiting[key]
            if not operation.waiting:
                self._purgatory.finish(number)
                self._answer(operation.ticket, operation.results)

    def expire(self, number: int) -> None:
        """`timeout_ms` is over: what is not settled may yet be committed, but nobody can say."""
        operation = self._purgatory.finish(number)
        if operation is None:
            return
        for index in operation.waiting.values():
            result = operation.results[index]
            operation.results[index] = result.failed(ErrorCode.REQUEST_TIMED_OUT)
        self._answer(operation.ticket, operation.results)

    def _settle(self, results: list[Result], index: int) -> bool:
        """Whether it is known how one partition ended; then its result says so."""
        result = results[index]
        try:
            partition = self._local.hosted(result.key)
            leading = partition.lead()
        except KafkaError as error:
            results[index] = result.failed(error.code, error.message)
            return True
        if partition.log.high_watermark < result.required_offset:
            return False
        if len(leading.isr_state.maximal) < leading.min_isr:
            results[index] = result.failed(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND)
        return True

    # --- answering ----------------------------------------------------------------------------
    def _end_unanswered(self, ticket: Ticket, results: list[Result]) -> None:
        if any(result.response.error_code for result in results):
            self._local.effects.close(ticket)
        else:
            self._local.effects.reply(ticket, None)

    def _answer(self, ticket: Ticket, results: list[Result]) -> None:
        effects = self._local.effects
        topics: dict[tuple[str, Uuid], list[PartitionProduceResponse]] = {}
        endpoints: dict[int, NodeEndpoint] = {}
        for result in results:
            response = result.response
            topic, partition = result.key
            error = ErrorCode(response.error_code).name if response.error_code else "NONE"
            effects.emit("ProduceAnswered", topic, partition, response.base_offset, error)
            if response.error_code == _NOT_LEADER:
                response = self._with_leader(result, endpoints)
            topics.setdefault((result.topic.name, result.topic.topic_id), []).append(response)
        answer = ProduceResponse(
            responses=tuple(
                [
                    TopicProduceResponse(name=name, topic_id=id, partition_responses=tuple(parts))
                    for (name, id), parts in topics.items()
                ]
            ),
            node_endpoints=tuple(endpoints.values()),
        )
        effects.reply(ticket, answer)

    def _with_leader(
        self, result: Result, endpoints: dict[int, NodeEndpoint]
    ) -> PartitionProduceResponse:
        """Say who leads, so that the client need not ask (KIP-951)."""
        image = self._local.image
        known = image.partition(result.key)
        if known is None:
            return result.response
        broker = image.brokers.get(known.leader)
        if broker is not None:
            endpoints[broker.id] = NodeEndpoint(
                node_id=broker.id, host=broker.host, port=broker.port, rack=broker.rack
            )
        leader = LeaderIdAndEpoch(leader_id=known.leader, leader_epoch=known.leader_epoch)
        return replace(result.response, current_leader=leader)

    def fork(self, local: LocalBroker) -> Self:
        other = type(self)(local)
        other._purgatory = self._purgatory.fork(local.timers)
        return other


def _guard(verifying: Verifying | None, key: TopicPartition) -> int:
    """What was given for the first batch of a transaction.  Raises what was found wrong."""
    if verifying is None:
        message = "a transactional batch in a request without a transactional id"
        raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, message)
    if key in verifying.errors:
        raise verifying.errors[key]
    return verifying.guards.get(key, SENTINEL)
