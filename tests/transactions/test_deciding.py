"""What each request makes of a transactional id, in every state, under both versions."""

import itertools

import pytest

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.transactions import TRANSITIONS, Transaction, TransactionState, deciding
from kafkalab.transactions.deciding import Producer
from kafkalab.transactions.states import AT_REST, MAX_EPOCH, IllegalTransition
from kafkalab.transactions.stored import TransactionLogValue, restored, transaction_record

S = TransactionState
ME = Producer(7, 3)
PARTITION = TopicPartition("orders", 0)


def known(state: S, **more: object) -> Transaction:
    partitions = () if state in AT_REST else (PARTITION,)
    fields = {
        "transactional_id": "t",
        "producer_id": 7,
        "producer_epoch": 3,
        "timeout_ms": 60_000,
        "state": state,
        "partitions": partitions,
        "previous_producer_id": 7,
        **more,
    }
    return Transaction(**fields)  # type: ignore[arg-type]


def another_id() -> int:
    return 99


def code(raised: pytest.ExceptionInfo[KafkaError]) -> ErrorCode:
    return raised.value.code


def end(transaction: Transaction, producer: Producer, committed: bool, version: int) -> object:
    """The state it comes to, None if that was so before, or the error."""
    try:
        made = deciding.ended(transaction, producer, committed, version, another_id, 5)
    except KafkaError as error:
        return error.code
    return made.state if made is not None else None


E = ErrorCode
#: state -> (abort again, abort, commit again, commit); "again": with the epoch before.
VERSION_2 = {
    S.EMPTY: (E.PRODUCER_FENCED, S.PREPARE_ABORT, E.PRODUCER_FENCED, E.INVALID_TXN_STATE),
    S.COMPLETE_ABORT: (None, S.PREPARE_ABORT, E.INVALID_TXN_STATE, E.INVALID_TXN_STATE),
    S.COMPLETE_COMMIT: (E.INVALID_TXN_STATE, S.PREPARE_ABORT, None, E.INVALID_TXN_STATE),
}


@pytest.mark.parametrize("state", VERSION_2)
def test_the_table_of_kip_890(state: S) -> None:
    """The table in `TransactionCoordinator.scala`, word by word."""
    again = Producer(7, 2)
    got = tuple(
        end(known(state), producer, committed, 2)
        for committed in (False, True)
        for producer in (again, ME)
    )
    assert got == VERSION_2[state]


def test_version_1_ends_what_is_open_and_says_yes_to_the_same_again() -> None:
    assert end(known(S.ONGOING), ME, True, 0) is S.PREPARE_COMMIT
    assert end(known(S.ONGOING), ME, False, 0) is S.PREPARE_ABORT
    assert end(known(S.COMPLETE_COMMIT), ME, True, 0) is None
    assert end(known(S.COMPLETE_COMMIT), ME, False, 0) is E.INVALID_TXN_STATE
    assert end(known(S.EMPTY), ME, False, 0) is E.INVALID_TXN_STATE
    assert end(known(S.ONGOING), Producer(7, 2), True, 0) is E.PRODUCER_FENCED
    assert end(known(S.ONGOING), Producer(8, 3), True, 0) is E.INVALID_PRODUCER_ID_MAPPING


def test_version_2_raises_the_epoch_and_changes_the_id_when_epochs_are_used_up() -> None:
    made = deciding.ended(known(S.ONGOING), ME, True, 2, another_id, 5)
    assert made is not None
    assert (made.producer_id, made.producer_epoch, made.last_producer_epoch) == (7, 4, 3)
    last = MAX_EPOCH - 1
    made = deciding.ended(
        known(S.ONGOING, producer_epoch=last), Producer(7, last), True, 2, another_id, 5
    )
    assert made is not None
    assert (made.producer_id, made.producer_epoch, made.next_producer_id) == (7, MAX_EPOCH, 99)
    complete = deciding.completed(made, 6)
    assert (complete.producer_id, complete.producer_epoch) == (99, 0)
    assert complete.partitions == ()
    assert end(complete, Producer(7, last), True, 2) is None  # the answer got lost


def test_init_raises_the_epoch_each_time_and_remembers_who_asked_itself() -> None:
    made = deciding.initialized(known(S.EMPTY), "t", 1000, None, another_id, 5)
    assert (made.producer_epoch, made.last_producer_epoch, made.timeout_ms) == (4, -1, 1000)
    made = deciding.initialized(known(S.EMPTY), "t", 1000, ME, another_id, 5)
    assert (made.producer_epoch, made.last_producer_epoch) == (4, 3)
    again = deciding.initialized(made, "t", 1000, ME, another_id, 5)
    assert again.producer_epoch == 4
    with pytest.raises(KafkaError) as raised:
        deciding.initialized(made, "t", 1000, Producer(7, 1), another_id, 5)
    assert code(raised) is E.PRODUCER_FENCED
    used_up = known(S.COMPLETE_COMMIT, producer_epoch=MAX_EPOCH - 1)
    made = deciding.initialized(used_up, "t", 1000, None, another_id, 5)
    assert (made.producer_id, made.producer_epoch) == (99, 0)


@pytest.mark.parametrize(("version", "epoch"), [(0, 4), (2, 4)])
def test_fencing_aborts_under_a_higher_epoch(version: int, epoch: int) -> None:
    made = deciding.fenced(known(S.ONGOING), version, another_id, 5)
    assert (made.state, made.producer_epoch) == (S.PREPARE_ABORT, epoch)
    with pytest.raises(KafkaError) as raised:
        deciding.check_producer(made, ME)
    assert code(raised) is E.PRODUCER_FENCED


def test_a_transaction_begins_and_grows() -> None:
    made = deciding.with_partitions(known(S.EMPTY), (PARTITION,), 0, 5)
    assert made is not None
    assert (made.state, made.start_timestamp) == (S.ONGOING, 5)
    assert deciding.with_partitions(made, (PARTITION,), 0, 9) is None
    more = deciding.with_partitions(made, (TopicPartition("orders", 1),), 0, 9)
    assert more is not None
    assert (len(more.partitions), more.start_timestamp) == (2, 5)


def test_only_moves_of_the_table_are_made() -> None:
    for before, after in itertools.product(S, S):
        if after in TRANSITIONS[before]:
            assert known(before).to(after).state is after
        else:
            with pytest.raises(IllegalTransition):
                known(before).to(after)


def test_what_is_decided_cannot_turn() -> None:
    assert TRANSITIONS[S.PREPARE_COMMIT] == {S.COMPLETE_COMMIT}
    assert TRANSITIONS[S.PREPARE_ABORT] == {S.COMPLETE_ABORT}


@pytest.mark.parametrize("state", [each for each in S if TRANSITIONS[each]])
@pytest.mark.parametrize("version", [0, 2])
def test_a_record_says_all_but_the_last_epoch(state: S, version: int) -> None:
    before = known(state, start_timestamp=4, update_timestamp=5, client_version=version)
    record = transaction_record(before, version)
    assert record.version == min(version, 1)
    assert isinstance(record.value, TransactionLogValue)
    assert restored("t", record.value) == before
