"""What a transactional producer makes of answers that come late."""

import pytest

from kafkalab.client.connections import Answer, Asked
from kafkalab.client.producer import ProducerNode
from kafkalab.client.transaction_states import Call, TxnState, What
from kafkalab.client.transactions import OWNER, Transactions
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.producer_ids import InitProducerIdResponse
from kafkalab.protocol.messages.transactions import (
    AddOffsetsToTxnResponse,
    EndTxnResponse,
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)


def a_producer(state: TxnState, profile: str = "librdkafka") -> Transactions:
    conf = {
        "bootstrap.servers": "kafka:9092",
        "transactional.id": "t",
        "client.profile": profile,
    }
    transactions = ProducerNode("producer-1", conf, 1, ("broker-1",))._transactions
    transactions.state = state
    return transactions


def answered(transactions: Transactions, what: What, response: object) -> TxnState:
    transactions._asked = what
    transactions.on_answer(Answer(Asked(OWNER, (what, ()), 0), response), 5)
    return transactions.state


def test_after_the_end_no_answer_changes_anything() -> None:
    fenced = AddOffsetsToTxnResponse(error_code=ErrorCode.PRODUCER_FENCED)
    assert answered(a_producer(TxnState.FATAL), What.ADD_OFFSETS, fenced) is TxnState.FATAL
    well = EndTxnResponse(error_code=0)
    assert answered(a_producer(TxnState.FATAL), What.END, well) is TxnState.FATAL


def test_a_transaction_that_is_to_be_aborted_can_be_when_more_of_it_is_refused() -> None:
    refused = TxnOffsetCommitResponse(
        topics=(
            TxnOffsetCommitResponseTopic(
                name="t",
                partitions=(
                    TxnOffsetCommitResponsePartition(
                        partition_index=0, error_code=ErrorCode.ILLEGAL_GENERATION
                    ),
                ),
            ),
        )
    )
    late = a_producer(TxnState.MUST_ABORT)
    assert answered(late, What.OFFSETS, refused) is TxnState.MUST_ABORT
    assert answered(a_producer(TxnState.OPEN), What.OFFSETS, refused) is TxnState.MUST_ABORT


def test_offsets_that_were_sent_before_do_not_end_an_abort() -> None:
    late = a_producer(TxnState.MUST_ABORT)
    late.call = Call.ABORT
    answered(late, What.OFFSETS, TxnOffsetCommitResponse(topics=()))
    assert late.call is Call.ABORT and late.take_outcome() is None


def test_an_abort_of_a_producer_that_is_unknown_asks_for_another_id() -> None:
    """Its coordinator takes no EndTxn of it, however often (Java: InvalidPidMappingException)."""
    forgotten = AddOffsetsToTxnResponse(error_code=ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    producer = a_producer(TxnState.OPEN)
    assert answered(producer, What.ADD_OFFSETS, forgotten) is TxnState.MUST_ABORT
    asked: list[What] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transactions, "_ask", lambda self, what, *_: asked.append(what))
        producer.call = Call.ABORT
        producer._abort(5)
    assert asked == [What.INIT]


@pytest.mark.parametrize(
    ("profile", "order"), [("librdkafka", [What.INIT]), ("java", [What.END, What.INIT])]
)
def test_after_a_lost_batch_librdkafka_raises_the_epoch_and_java_aborts_first(
    profile: str, order: list[What]
) -> None:
    """Java: `TransactionManager.beginCompletingTransaction`."""
    producer = a_producer(TxnState.MUST_ABORT, profile)
    producer._added[TopicPartition("t", 0)] = None
    producer._identity.has_gap = True
    producer.call = Call.ABORT
    asked: list[What] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transactions, "_ask", lambda self, what, *_: asked.append(what))
        producer._abort(5)
        if profile == "java":
            answered(producer, What.END, EndTxnResponse(error_code=0))
            assert producer.call is Call.ABORT
            producer._abort(5)
    assert asked == order
    answered(producer, What.INIT, InitProducerIdResponse(producer_id=7, producer_epoch=1))
    assert producer.call is None and producer.state is TxnState.READY
    assert not producer._identity.has_gap
