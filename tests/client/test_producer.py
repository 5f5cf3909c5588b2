"""Conversations of a producer with brokers that append to real logs, and misbehave."""

import tracemalloc

import pytest
from producer_bench import (
    LOSE_ANSWER,
    LOSE_REQUEST,
    SILENT,
    ProducerBench,
)

from kafkalab.client.accumulator import Pending
from kafkalab.client.deliveries import Deliveries
from kafkalab.client.errors import KafkaException
from kafkalab.client.output import Output
from kafkalab.config import ConfigError
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.record import Record

ORDERS = TopicPartition("orders", 0)


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_records_arrive_in_order_and_are_reported_with_their_offsets() -> None:
    bench = ProducerBench()
    bench.produce(*numbers(10))
    bench.run(1000)
    assert bench.values() == numbers(10)
    assert [(report.id, report.record.offset) for report in bench.reports] == [
        (number + 1, number) for number in range(10)
    ]
    assert bench.node.outstanding() == 0
    assert len(bench.kinds("RecordAcknowledged")) == 10


def test_forks_share_the_reports_that_nobody_takes_and_each_takes_its_own() -> None:
    deliveries = Deliveries(Output(), errors_only=False)

    def acknowledge(of: Deliveries, *ids: int) -> None:
        for id in ids:
            pending = Pending(id, Record(None, b"value"), 0, 70)
            of.expect(pending)
            of.acknowledge(ORDERS, [pending], id, 0, 0)

    acknowledge(deliveries, *range(5_000))
    tracemalloc.start()
    try:
        forks = [deliveries.fork(Output()) for _ in range(100)]
        assert tracemalloc.get_traced_memory()[0] < 100_000  # 4 MB if each has a copy
    finally:
        tracemalloc.stop()
    acknowledge(forks[0], 5_000, 5_001)
    acknowledge(deliveries, 5_002)
    taken = [[report.id for report in each.take()] for each in (*forks[:2], deliveries)]
    assert taken == [[*range(5_002)], [*range(5_000)], [*range(5_000), 5_002]]
    acknowledge(deliveries, 5_003)
    assert [report.id for report in deliveries.take()] == [5_003]


def test_lingering_gathers_records_into_one_request() -> None:
    bench = ProducerBench({"linger.ms": 50})
    bench.run(1000)
    bench.produce("first, so that the connection stands")
    bench.run(100)
    bench.produced.clear()
    for value in numbers(5):
        bench.produce(value)
        bench.run(9)
    assert not bench.produced
    bench.run(20)
    assert len(bench.produced) == 1
    assert bench.values()[1:] == numbers(5)


def test_flushing_does_not_linger() -> None:
    bench = ProducerBench({"linger.ms": 60_000})
    bench.produce("a", "b")
    bench.run(1000)
    assert not bench.produced
    bench.node.begin_flush(bench.now)
    bench.run(50)
    assert bench.values() == ["a", "b"]
    assert len(bench.produced) == 1


def test_a_full_batch_does_not_wait() -> None:
    bench = ProducerBench({"linger.ms": 60_000, "batch.num.messages": 3})
    bench.produce(*numbers(7))
    bench.run(1000)
    assert bench.values() == numbers(6)
    assert len(bench.produced) == 2


def test_a_batch_is_full_by_bytes_too() -> None:
    bench = ProducerBench({"linger.ms": 60_000, "batch.size": 1000})
    bench.produce(*("x" * 400 for _ in range(5)))
    bench.run(1000)
    assert len(bench.produced) == 2


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    bench = ProducerBench({"batch.num.messages": 1, "max.in.flight": 2})
    bench.script = [SILENT] * 10
    bench.produce(*numbers(10))
    bench.run(1000)
    assert len(bench.produced) == 2


def test_without_acks_a_record_is_reported_when_it_is_sent() -> None:
    bench = ProducerBench({"acks": 0})
    bench.script = [LOSE_REQUEST]
    bench.produce("lost")
    bench.run(1000)
    assert [report.record.offset for report in bench.reports] == [-1001]
    assert bench.outcomes() == [(1, 0)]


def test_a_lost_answer_makes_a_duplicate_without_idempotence() -> None:
    bench = ProducerBench()
    bench.script = [LOSE_ANSWER]
    bench.produce("once")
    bench.run(5000)
    assert bench.values() == ["once", "once"]
    assert bench.outcomes() == [(1, 0)]


def test_without_idempotence_a_retry_is_overtaken() -> None:
    bench = ProducerBench({"batch.num.messages": 1})
    bench.script = [ErrorCode.NOT_ENOUGH_REPLICAS]
    bench.produce("a", "b", "c")
    bench.run(5000)
    assert bench.values() == ["b", "c", "a"]


def test_with_one_request_in_flight_nothing_is_overtaken() -> None:
    bench = ProducerBench({"batch.num.messages": 1, "max.in.flight": 1})
    bench.script = [ErrorCode.NOT_ENOUGH_REPLICAS]
    bench.produce("a", "b", "c")
    bench.run(5000)
    assert bench.values() == ["a", "b", "c"]


def test_a_partition_without_a_leader_is_waited_for() -> None:
    bench = ProducerBench()
    bench.leaders[ORDERS] = -1
    bench.produce("patient")
    bench.run(10_000)
    assert not bench.reports
    bench.leaders[ORDERS] = 1
    bench.run(2_000)
    assert bench.values() == ["patient"]


def test_a_record_that_cannot_be_sent_in_time_fails() -> None:
    bench = ProducerBench({"message.timeout.ms": 2000})
    bench.leaders[ORDERS] = -1
    bench.produce("too late")
    bench.run(1990)
    assert not bench.reports
    bench.run(20)
    assert [error for _, error in bench.outcomes()] == [-192]
    assert bench.kinds("RecordFailed") == [("orders", 0, -192, 1)]


def test_a_permanent_refusal_is_reported_at_once() -> None:
    bench = ProducerBench()
    bench.script = [ErrorCode.MESSAGE_TOO_LARGE]
    bench.produce("big")
    bench.run(100)
    assert bench.outcomes() == [(1, ErrorCode.MESSAGE_TOO_LARGE)]
    assert len(bench.produced) == 1


def test_retries_are_counted() -> None:
    bench = ProducerBench({"retries": 2})
    bench.script = [ErrorCode.NOT_ENOUGH_REPLICAS] * 10
    bench.produce("a")
    bench.run(20_000)
    assert len(bench.produced) == 3
    assert bench.outcomes() == [(1, ErrorCode.NOT_ENOUGH_REPLICAS)]


def test_an_unknown_topic_is_given_time_to_appear() -> None:
    bench = ProducerBench({"topic.metadata.propagation.max.ms": 5000}, other=1)
    bench.produce("early")
    bench.run(3000)
    bench.topics["orders"] = 1
    bench.run(2000)
    assert bench.values() == ["early"]


def test_a_topic_that_stays_unknown_fails_the_record() -> None:
    bench = ProducerBench({"topic.metadata.propagation.max.ms": 5000}, other=1)
    bench.produce("nowhere")
    bench.run(4900)
    assert not bench.reports
    bench.run(1200)
    assert [error for _, error in bench.outcomes()] == [-188]


def test_a_partition_that_does_not_exist_fails_the_record() -> None:
    bench = ProducerBench(orders=2)
    bench.produce("there", partition=1)
    bench.produce("nowhere", partition=2)
    bench.run(1000)
    assert sorted(bench.outcomes()) == [(1, 0), (2, -190)]


def test_records_with_one_key_share_a_partition_and_those_without_stick_for_a_while() -> None:
    bench = ProducerBench({"linger.ms": 20}, orders=8)
    bench.produce(*numbers(20), key=b"user-1")
    bench.run(1000)
    assert len({report.partition for report in bench.reports}) == 1
    bench.reports.clear()
    bench.produce(*numbers(20))
    bench.run(1000)
    assert len({report.partition for report in bench.reports}) == 1


def test_a_partitioner_of_ones_own_is_asked() -> None:
    bench = ProducerBench({"partitioner": lambda key, count: 2}, orders=3)
    bench.produce("a", key=b"k")
    bench.run(1000)
    assert bench.values(2) == ["a"]


def test_the_queue_is_full_at_its_limit_until_reports_are_taken() -> None:
    bench = ProducerBench({"queue.buffering.max.messages": 2})
    bench.produce("a", "b")
    with pytest.raises(KafkaException) as raised:
        bench.produce("c")
    assert raised.value.args[0] == -184
    bench.run(1000)
    bench.produce("c")


def test_a_restarted_producer_has_forgotten_and_counts_connections_on() -> None:
    bench = ProducerBench()
    bench.produce("lost with the process")
    bench.run(1)
    before = bench.node._connections.number
    bench.node = bench.node.restarted(bench.now)
    assert bench.node.outstanding() == 0
    bench.produce("after")
    bench.run(1000)
    assert bench.node._connections.number > before
    assert bench.values() == ["after"]


def test_metadata_can_be_asked_for() -> None:
    bench = ProducerBench(orders=2)
    id = bench.node.request_metadata(None, 5000, bench.now)
    bench.run(1000)
    assert bench.node.has_result(id)
    reply = bench.node.take_result(id, bench.now)
    assert reply is not None
    assert [topic.name for topic in reply.response.topics] == ["orders"]
    assert [partition.leader for partition in reply.response.topics[0].partitions] == [1, 1]


def test_an_unanswered_question_ends_in_time() -> None:
    bench = ProducerBench()
    bench.down = {"broker-1", "broker-2"}
    id = bench.node.request_metadata(None, 5000, bench.now)
    bench.run(5001)
    reply = bench.node.take_result(id, bench.now)
    assert reply is not None
    assert reply.error == -185


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"did you mean linger\.ms"):
        ProducerBench({"lingr.ms": 5})
