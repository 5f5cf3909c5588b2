"""Requests of transactions as operations of the shards, and what comes of them as answers.

| API | versions | operation |
| --- | --- | --- |
| InitProducerId (with a transactional id) | 0-5 | `InitProducerId` |
| AddPartitionsToTxn | 0-3 from clients, 4-5 from brokers: many at once | `AddPartitions` |
| AddOffsetsToTxn | 0-4 | `AddPartitions`: the group's partition of `__consumer_offsets` |
| EndTxn | 0-5; from 5 on it raises the epoch (KIP-890) | `EndTransaction` |

Producers too old to know PRODUCER_FENCED are told INVALID_PRODUCER_EPOCH (KIP-588).

In Kafka: `KafkaApis.handleInitProducerIdRequest` and its neighbours, `TransactionVersion`.
Read next: `listing`, for requests that only look.
"""

from collections.abc import Mapping
from typing import Any, Final, assert_never

from kafkalab.config import Config
from kafkalab.coordination import partition_for
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.protocol.messages.producer_ids import InitProducerIdRequest
from kafkalab.protocol.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnPartitionResult,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTopicResult,
    AddPartitionsToTxnTransaction,
    EndTxnRequest,
    EndTxnResponse,
)
from kafkalab.transactions.deciding import Producer
from kafkalab.transactions.shard import (
    AddPartitions,
    EndTransaction,
    InitProducerId,
    Operation,
    init_refused,
)
from kafkalab.transactions.states import NO_EPOCH, NO_PRODUCER_ID

Request = InitProducerIdRequest | AddPartitionsToTxnRequest | AddOffsetsToTxnRequest | EndTxnRequest
#: Of an AddPartitions: what is said of each partition.
Errors = Mapping[TopicPartition, ErrorCode]

OFFSETS_TOPIC: Final = "__consumer_offsets"
_BATCHED: Final = 4  # from this version on AddPartitionsToTxn comes from brokers
_ENDS_WITH_BUMP: Final = 5
_BUMPS: Final = 2  # transaction versions
_KNOW_FENCED: Final = {
    InitProducerIdRequest: 4,
    AddPartitionsToTxnRequest: 2,
    AddOffsetsToTxnRequest: 2,
    EndTxnRequest: 2,
}


def operations(
    request: Request, version: int, config: Config, image: MetadataImage
) -> tuple[Operation | Errors, ...]:
    """What is to be done; or, of a transaction that cannot, what is wrong with each partition.

    Raises `KafkaError` for a request that is refused as a whole.
    """
    match request:
        case InitProducerIdRequest():
            return (_init(request, config),)
        case AddPartitionsToTxnRequest():
            return tuple(
                _add(each, image, version)
                for each in (request.transactions if version >= _BATCHED else (_single(request),))
            )
        case AddOffsetsToTxnRequest():
            topic = image.topics.get(OFFSETS_TOPIC)
            count = config.int("offsets.topic.num.partitions")
            count = len(topic.partitions) if topic is not None else count
            partition = TopicPartition(OFFSETS_TOPIC, partition_for(request.group_id, count))
            producer = Producer(request.producer_id, request.producer_epoch)
            return (AddPartitions(_named(request), producer, (partition,), 0),)
        case EndTxnRequest():
            producer = Producer(request.producer_id, request.producer_epoch)
            client_version = _BUMPS if version >= _ENDS_WITH_BUMP else 0
            return (EndTransaction(_named(request), producer, request.committed, client_version),)
    assert_never(request)


def answered(
    request: Request,
    version: int,
    asked: tuple[Operation | Errors, ...],
    answers: tuple[Any, ...],
) -> Any:
    """The response; each answer is what the shard said, or an `ErrorCode`."""
    if version < _KNOW_FENCED[type(request)]:
        answers = tuple(_for_old_clients(each) for each in answers)
    match request:
        case InitProducerIdRequest():
            (answer,) = answers
            return init_refused(answer) if isinstance(answer, ErrorCode) else answer
        case AddPartitionsToTxnRequest():
            if version < _BATCHED:
                topics = _topic_results(_partition_errors(asked[0], answers[0]))
                return AddPartitionsToTxnResponse(results_by_topic_v3_and_below=topics)
            return AddPartitionsToTxnResponse(
                results_by_transaction=tuple(
                    AddPartitionsToTxnResult(
                        transactional_id=transaction.transactional_id,
                        topic_results=_topic_results(_partition_errors(one, answer)),
                    )
                    for transaction, one, answer in zip(
                        request.transactions, asked, answers, strict=True
                    )
                )
            )
        case AddOffsetsToTxnRequest():
            (error,) = _partition_errors(asked[0], answers[0]).values()
            return AddOffsetsToTxnResponse(error_code=error)
        case EndTxnRequest():
            (answer,) = answers
            return EndTxnResponse(error_code=answer) if isinstance(answer, ErrorCode) else answer
    assert_never(request)


def refused(request: Request, error: ErrorCode) -> Any:
    """The response to a request that is refused as a whole."""
    match request:
        case InitProducerIdRequest():
            return init_refused(error)
        case AddPartitionsToTxnRequest():
            return AddPartitionsToTxnResponse(error_code=error)
        case AddOffsetsToTxnRequest():
            return AddOffsetsToTxnResponse(error_code=error)
        case EndTxnRequest():
            return EndTxnResponse(error_code=error)
    assert_never(request)


def expected_producer(request: InitProducerIdRequest) -> Producer | None:
    """Who the producer says it is.  Raises INVALID_REQUEST for half of it."""
    has_id, has_epoch = request.producer_id != NO_PRODUCER_ID, request.producer_epoch != NO_EPOCH
    if has_id != has_epoch:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "a producer id without an epoch, or without id")
    return Producer(request.producer_id, request.producer_epoch) if has_id else None


def _init(request: InitProducerIdRequest, config: Config) -> InitProducerId:
    expected = expected_producer(request)
    if not request.transactional_id:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "an empty transactional id")
    if not 0 < request.transaction_timeout_ms <= config.int("transaction.max.timeout.ms"):
        raise KafkaError(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
    return InitProducerId(request.transactional_id, request.transaction_timeout_ms, expected)


def _named(request: AddOffsetsToTxnRequest | EndTxnRequest) -> str:
    if not request.transactional_id:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "an empty transactional id")
    return request.transactional_id


def _single(request: AddPartitionsToTxnRequest) -> AddPartitionsToTxnTransaction:
    return AddPartitionsToTxnTransaction(
        transactional_id=request.v3_and_below_transactional_id,
        producer_id=request.v3_and_below_producer_id,
        producer_epoch=request.v3_and_below_producer_epoch,
        verify_only=False,
        topics=request.v3_and_below_topics,
    )


def _add(
    transaction: AddPartitionsToTxnTransaction, image: MetadataImage, version: int
) -> AddPartitions | Errors:
    partitions = tuple(_partitions(transaction.topics))
    if not transaction.transactional_id:
        return dict.fromkeys(partitions, ErrorCode.INVALID_REQUEST)
    unknown = [each for each in partitions if image.partition(each) is None]
    if unknown:
        return {
            each: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            if each in unknown
            else ErrorCode.OPERATION_NOT_ATTEMPTED
            for each in partitions
        }
    return AddPartitions(
        transaction.transactional_id,
        Producer(transaction.producer_id, transaction.producer_epoch),
        partitions,
        _BUMPS if version >= _BATCHED else 0,
        transaction.verify_only,
    )


def _partitions(topics: tuple[AddPartitionsToTxnTopic, ...]) -> list[TopicPartition]:
    return [TopicPartition(topic.name, number) for topic in topics for number in topic.partitions]


def _partition_errors(asked: Operation | Errors, answer: Any) -> Errors:
    if isinstance(answer, ErrorCode):
        assert isinstance(asked, AddPartitions), asked
        return dict.fromkeys(asked.partitions, answer)
    errors: Errors = answer
    return errors


def _topic_results(errors: Errors) -> tuple[AddPartitionsToTxnTopicResult, ...]:
    topics: dict[str, list[AddPartitionsToTxnPartitionResult]] = {}
    for (topic, partition), error in errors.items():
        result = AddPartitionsToTxnPartitionResult(
            partition_index=partition, partition_error_code=error
        )
        topics.setdefault(topic, []).append(result)
    return tuple(
        AddPartitionsToTxnTopicResult(name=name, results_by_partition=tuple(results))
        for name, results in topics.items()
    )


def _for_old_clients(answer: Any) -> Any:
    return ErrorCode.INVALID_PRODUCER_EPOCH if answer is ErrorCode.PRODUCER_FENCED else answer
