"""An idempotent producer among brokers that misbehave: order, number, epochs."""

import pytest
from producer_bench import (
    HELD,
    LOSE_ANSWER,
    LOSE_REQUEST,
    SILENT,
    ProducerBench,
    random_script,
)

from kafkalab.client.errors import KafkaException
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition

ORDERS = TopicPartition("orders", 0)
IDEMPOTENT = {"enable.idempotence": True}


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_a_lost_answer_makes_no_duplicate_with_idempotence() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.script = [LOSE_ANSWER]
    bench.produce("once")
    bench.run(5000)
    assert bench.values() == ["once"]
    assert [report.record.offset for report in bench.reports] == [0]


TROUBLE = (
    0,
    0,
    LOSE_ANSWER,
    LOSE_REQUEST,
    ErrorCode.NOT_ENOUGH_REPLICAS,
    ErrorCode.REQUEST_TIMED_OUT,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
)


@pytest.mark.parametrize("seed", range(30))
def test_with_idempotence_trouble_changes_neither_order_nor_number(seed: int) -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 2}, seed)
    bench.script = random_script(seed, 25, TROUBLE)
    for value in numbers(40):
        bench.produce(value)
        bench.run(3)
    bench.run(60_000)
    assert bench.values() == numbers(40)
    assert sorted(bench.outcomes()) == [(number + 1, 0) for number in range(40)]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_happens_each_record_is_reported_once(seed: int) -> None:
    words = (*TROUBLE, SILENT, ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_PRODUCER_ID)
    conf = {
        "batch.num.messages": 2,
        "message.timeout.ms": 3000,
        "enable.idempotence": seed % 2 == 0,
    }
    bench = ProducerBench(conf, seed, orders=3)
    bench.script = random_script(seed, 40, words)
    for value in numbers(60):
        bench.produce(value, key=value.encode())
        bench.run(20)
    bench.run(60_000)
    assert sorted(report.id for report in bench.reports) == list(range(1, 61))
    present = {value for partition in range(3) for value in bench.values(partition)}
    good = {(report.record.value or b"").decode() for report in bench.reports if not report.error}
    assert good <= present
    assert bench.node.is_flushed()


def test_a_moved_partition_is_followed() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.produce("at one")
    bench.run(1000)
    bench.leaders[ORDERS], bench.epochs[ORDERS] = 2, 1
    bench.produce("at two")
    bench.run(1000)
    assert bench.values() == ["at one", "at two"]
    assert bench.outcomes() == [(1, 0), (2, 0)]


def test_an_unanswered_record_fails_in_time_and_the_next_ones_arrive() -> None:
    bench = ProducerBench({**IDEMPOTENT, "message.timeout.ms": 2000})
    bench.script = [SILENT]
    bench.produce("unknown fate")
    bench.run(1000)
    bench.produce("next")
    bench.run(10_000)
    assert sorted(bench.outcomes()) == [(1, -192), (2, 0)]
    assert bench.values() == ["unknown fate", "next"]
    assert bench.node.producer_epoch == 1  # there was a gap: KIP-360


def test_a_moved_partition_waits_for_what_is_in_flight_at_the_old_leader() -> None:
    bench = ProducerBench({**IDEMPOTENT, "socket.timeout.ms": 5000})
    bench.produce("a")
    bench.run(1000)
    bench.script = [HELD]
    bench.produce("b")
    bench.run(10)
    bench.leaders[ORDERS], bench.epochs[ORDERS] = 2, 1
    bench.node.request_metadata("orders", 1000, bench.now)
    bench.node._metadata.request_update()
    bench.run(1000)
    bench.produce("c")
    bench.run(1000)
    assert len(bench.produced) == 2  # c is not sent to the new leader before b
    bench.run(10_000)
    assert bench.values() == ["a", "b", "c"]
    assert len(bench.produced) == 4


def test_a_forgotten_producer_goes_on_under_a_new_epoch() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 1})
    bench.produce("a")
    bench.run(1000)
    bench.script = [ErrorCode.UNKNOWN_PRODUCER_ID, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER]
    bench.produce("b", "c", "d")
    bench.run(5000)
    assert bench.values() == ["a", "b", "c", "d"]
    sent = [(one.batch.producer_epoch, one.batch.base_sequence) for one in bench.entries()]
    assert sent == [(0, 0), (1, 0), (1, 1), (1, 2)]
    assert [error for _, error in bench.outcomes()] == [0, 0, 0, 0]


def test_a_duplicate_the_broker_no_longer_remembers_is_a_success() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.script = [ErrorCode.DUPLICATE_SEQUENCE_NUMBER]
    bench.produce("there already")
    bench.run(1000)
    assert bench.outcomes() == [(1, 0)]
    assert bench.reports[0].record.offset == -1001


def test_a_fatal_error_ends_the_producer() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 1, "max.in.flight": 1})
    bench.script = [ErrorCode.INVALID_PRODUCER_EPOCH]
    bench.produce("a", "b")
    bench.run(1000)
    assert [error for _, error in bench.outcomes()] == [ErrorCode.INVALID_PRODUCER_EPOCH] * 2
    with pytest.raises(KafkaException) as raised:
        bench.produce("c")
    assert raised.value.args[0] == -150


def test_a_producer_id_is_asked_for_until_there_is_one() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.init_script = [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS] * 3
    bench.produce("a")
    bench.run(5000)
    assert bench.values() == ["a"]


def test_purging_gives_up_what_waits_and_what_is_in_flight() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 1, "max.in.flight": 1})
    bench.script = [SILENT]
    bench.produce("in flight", "in queue")
    bench.run(100)
    bench.node.purge(True, True, bench.now)
    bench.run(0)
    assert sorted(bench.outcomes()) == [(1, -151), (2, -152)]
    bench.run(120_000)
    assert len(bench.reports) == 2
    bench.produce("after")
    bench.run(5_000)
    assert bench.values()[-1] == "after"


def test_a_broker_that_is_down_is_tried_again() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.down = {"broker-1"}
    bench.produce("a")
    bench.run(20_000)
    assert not bench.reports
    bench.down.clear()
    bench.run(20_000)
    assert bench.values() == ["a"]


def test_a_fork_goes_the_same_way_and_shares_nothing() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 2}, orders=3)
    bench.script = [LOSE_ANSWER, 0, ErrorCode.NOT_ENOUGH_REPLICAS]
    bench.produce(*numbers(9), key=b"a")
    bench.run(11)
    node = bench.node
    fork = node.fork()
    assert fork.next_timer() == node.next_timer()
    before = (node.outstanding(), node.doing(bench.now), node.next_timer())
    fork.produce("orders", b"only in the fork", None, -1, (), 0, bench.now)
    fork.on_timer(bench.now + 400_000)
    assert fork.is_flushed() != node.is_flushed()
    assert (node.outstanding(), node.doing(bench.now), node.next_timer()) == before
    assert not node.take_outbox().envelopes
    bench.run(60_000)
    assert sorted(bench.outcomes()) == [(number + 1, 0) for number in range(9)]
