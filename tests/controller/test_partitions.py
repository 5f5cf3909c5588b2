"""AlterPartition: which ISR a leader gets, and why not."""

from typing import Any

import pytest

from kafkalab.errors import ErrorCode
from kafkalab.protocol.messages.partitions import AlterPartitionRequest

E = ErrorCode


@pytest.fixture
def orders(three: Any) -> Any:
    three.make("orders", (1, 2, 3))
    return three


def test_a_leader_shrinks_and_expands_the_isr(orders: Any) -> None:
    answer = orders.alter_isr("orders", 1, (1, 2))
    assert (answer.error_code, answer.isr, answer.partition_epoch) == (E.NONE, (1, 2), 1)
    assert (answer.leader_id, answer.leader_epoch) == (1, 0)
    answer = orders.alter_isr("orders", 1, (1, 2, 3))
    assert (answer.isr, answer.partition_epoch) == ((1, 2, 3), 2)
    assert orders.partition("orders").isr == (1, 2, 3)


def test_the_same_isr_again_changes_nothing(orders: Any) -> None:
    offset = orders.image.offset
    assert orders.alter_isr("orders", 1, (1, 2, 3)).partition_epoch == 0
    assert orders.image.offset == offset


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"leader_epoch": 5}, E.NOT_CONTROLLER),
        ({"partition_epoch": 5}, E.NOT_CONTROLLER),
        ({"leader_epoch": -1}, E.FENCED_LEADER_EPOCH),
        ({"partition_epoch": -1}, E.INVALID_UPDATE_VERSION),
        ({"partition_index": 9}, E.UNKNOWN_TOPIC_OR_PARTITION),
        ({"leader_recovery_state": 1}, E.INVALID_REQUEST),
    ],
)
def test_requests_out_of_their_epoch_are_refused(orders: Any, changes: Any, error: E) -> None:
    assert orders.alter_isr("orders", 1, (1, 2), **changes).error_code == error
    assert orders.partition("orders").partition_epoch == 0


def test_only_the_leader_may_ask_and_it_cannot_remove_itself(orders: Any) -> None:
    assert orders.alter_isr("orders", 2, (1, 2)).error_code == E.INVALID_REQUEST
    assert orders.alter_isr("orders", 1, (2, 3)).error_code == E.INVALID_REQUEST
    assert orders.alter_isr("orders", 1, ()).error_code == E.INVALID_REQUEST


def test_only_replicas_can_be_in_the_isr(orders: Any) -> None:
    orders.make("small", (1, 2))
    assert orders.alter_isr("small", 1, (1, 3)).error_code == E.INVALID_REQUEST


def test_a_fenced_broker_is_no_member(orders: Any) -> None:
    orders.lose(3)
    assert orders.alter_isr("orders", 1, (1, 2, 3)).error_code == E.INELIGIBLE_REPLICA


def test_a_broker_on_its_way_out_is_no_member(orders: Any) -> None:
    orders.make("other", (3, 1))
    orders.beat(3, shut_down=True)
    assert orders.partition("orders").isr == (1, 2)
    assert orders.alter_isr("orders", 1, (1, 2, 3)).error_code == E.INELIGIBLE_REPLICA


def test_an_older_incarnation_is_no_member(orders: Any) -> None:
    answer = orders.alter_isr("orders", 1, (1, 2, 3), broker_epochs={3: 1})
    assert answer.error_code == E.INELIGIBLE_REPLICA
    answer = orders.alter_isr("orders", 1, (1, 3), broker_epochs={3: -1})
    assert answer.error_code == E.NONE  # -1: the leader cannot tell


def test_before_version_three_the_isr_has_no_epochs(orders: Any) -> None:
    answer = orders.alter_isr("orders", 1, (), new_isr=(1, 2))
    assert (answer.error_code, answer.isr) == (E.NONE, (1, 2))


def test_a_leader_says_that_it_has_recovered(orders: Any) -> None:
    orders.make("solo", (1,))
    orders.lose(1)
    orders.register(1, incarnation=2)
    orders.beat(1)
    assert orders.partition("solo").leader_recovery_state == 1
    answer = orders.alter_isr("solo", 1, (1,), leader_recovery_state=0)
    assert (answer.error_code, answer.leader_recovery_state) == (E.NONE, 0)
    assert orders.partition("solo").leader_recovery_state == 0


def test_a_stale_broker_is_refused_as_a_whole(orders: Any) -> None:
    request = AlterPartitionRequest(broker_id=1, broker_epoch=0)
    assert orders.ask(request).error_code == E.STALE_BROKER_EPOCH
