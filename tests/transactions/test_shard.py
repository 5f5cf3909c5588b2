"""A shard of the coordinator: what it makes of a log that another has written."""

import pytest

from kafkalab.config import Config
from kafkalab.ids import TopicPartition
from kafkalab.node import Effects
from kafkalab.transactions.shard import TransactionShard
from kafkalab.transactions.states import Transaction, TransactionState
from kafkalab.transactions.stored import transaction_record

S = TransactionState
ORDERS = (TopicPartition("orders", 0),)


def known(state: TransactionState) -> Transaction:
    return Transaction(
        transactional_id="t",
        producer_id=7,
        producer_epoch=0,
        timeout_ms=60_000,
        state=state,
        partitions=() if state is S.EMPTY else ORDERS,
        previous_producer_id=7,
    )


def elected(states: list[TransactionState], high_watermark: int) -> TransactionShard:
    """It has read the whole log, and of that so much is committed."""
    shard = TransactionShard(
        TopicPartition("__transaction_state", 0), Config({}), Effects(), lambda: 99, 1
    )
    for offset, state in enumerate(states):
        shard.replay(transaction_record(known(state), 1), offset, -1)
    shard.commit(high_watermark)
    shard.on_loaded(0)
    return shard


@pytest.mark.parametrize("high_watermark", [0, 2, 3, 4])
def test_a_decision_that_others_followed_is_not_carried_out_again(high_watermark: int) -> None:
    """Swarm seed 331: its markers would have ended the transaction that was open by then."""
    shard = elected([S.ONGOING, S.PREPARE_COMMIT, S.COMPLETE_COMMIT, S.ONGOING], high_watermark)
    shard.commit(4)
    assert shard.take_decided() == []


@pytest.mark.parametrize("high_watermark", [0, 1, 2])
def test_the_last_decision_is_carried_out_once_it_is_committed(high_watermark: int) -> None:
    shard = elected([S.ONGOING, S.PREPARE_COMMIT], high_watermark)
    assert len(shard.take_decided()) == (high_watermark == 2)
    shard.commit(2)
    assert [each.state for each in shard.take_decided()] == [S.PREPARE_COMMIT] * (
        high_watermark < 2
    )
