"""What an application sees of a consumer."""

from typing import Any

import pytest

from kafkalab import (
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    Simulation,
    TopicPartition,
)

CONF = {"bootstrap.servers": "kafka:9092"}
READER = {**CONF, "group.id": "billing", "auto.offset.reset": "earliest"}


def fill(count: int = 9) -> None:
    producer = Producer(CONF)
    for number in range(count):
        producer.produce("orders", f"{number}", partition=number % 3)
    assert producer.flush() == 0


def test_everything_is_read_once_and_in_order_per_partition(sim: Simulation) -> None:
    fill()
    consumer = Consumer(READER)
    consumer.subscribe(["orders"])
    messages = consumer.consume(100, timeout=10)
    assert sorted(int(message.value()) for message in messages) == list(range(9))
    for partition in range(3):
        offsets = [one.offset() for one in messages if one.partition() == partition]
        assert offsets == [0, 1, 2]


def test_poll_gives_none_when_its_time_is_up(sim: Simulation) -> None:
    consumer = Consumer(READER)
    consumer.subscribe(["orders"])
    before = sim.now
    assert consumer.poll(0) is None
    assert sim.now == before
    assert consumer.poll(1.5) is None
    assert sim.now == before + 1500


def test_rebalance_callbacks_are_told_in_poll_and_close(sim: Simulation) -> None:
    fill()
    told: list[tuple[str, list[int]]] = []

    def teller(what: str) -> Any:
        def tell(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            told.append((what, sorted(one.partition for one in partitions)))

        return tell

    first = Consumer(READER)
    first.subscribe(["orders"], on_assign=teller("+"), on_revoke=teller("-"))
    assert first.poll(10) is not None
    assert told == [("+", [0, 1, 2])]
    second = Consumer(READER)
    second.subscribe(["orders"])
    for _ in range(20):
        first.poll(0.5)
        second.poll(0.5)
    assert told[1] == ("-", [0, 1, 2])
    assert len(told[2][1]) in (1, 2)
    first.close()
    assert told[-1][0] == "-"


def test_a_callback_may_say_where_to_begin(sim: Simulation) -> None:
    fill()

    def at_two(consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for one in partitions:
            one.offset = 2
        consumer.assign(partitions)

    consumer = Consumer(READER)
    consumer.subscribe(["orders"], on_assign=at_two)
    messages = consumer.consume(100, timeout=10)
    assert sorted(int(one.value()) for one in messages) == [6, 7, 8]


def test_a_synchronous_commit_returns_what_the_group_has(sim: Simulation) -> None:
    fill()
    consumer = Consumer({**READER, "enable.auto.commit": False})
    consumer.subscribe(["orders"])
    message = consumer.poll(10)
    assert message is not None
    (committed,) = consumer.commit(message=message, asynchronous=False) or []
    assert (committed.partition, committed.offset, committed.error) == (
        message.partition(),
        1,
        None,
    )
    everywhere = [TopicPartition("orders", number) for number in range(3)]
    found = {one.partition: one.offset for one in consumer.committed(everywhere, timeout=5)}
    assert found.pop(message.partition() or 0) == 1
    assert set(found.values()) == {OFFSET_INVALID}


def test_a_commit_of_nothing_is_refused(sim: Simulation) -> None:
    consumer = Consumer({**READER, "enable.auto.commit": False})
    consumer.subscribe(["orders"])
    consumer.poll(10)
    with pytest.raises(KafkaException) as raised:
        consumer.commit(asynchronous=False)
    assert raised.value.args[0] == KafkaError._NO_OFFSET


def test_an_asynchronous_commit_is_told_to_on_commit(sim: Simulation) -> None:
    fill()
    told: list[Any] = []
    consumer = Consumer(
        {
            **READER,
            "enable.auto.commit": False,
            "on_commit": lambda error, partitions: told.append((error, len(partitions))),
        }
    )
    consumer.subscribe(["orders"])
    consumer.consume(9, timeout=10)
    assert consumer.commit() is None
    consumer.poll(1)
    assert told == [(None, 3)]


def test_the_next_consumer_of_the_group_goes_on_where_the_first_stopped(sim: Simulation) -> None:
    fill()
    with Consumer(READER) as first:
        first.subscribe(["orders"])
        got = [int(one.value()) for one in first.consume(4, timeout=10)]
    second = Consumer(READER)
    second.subscribe(["orders"])
    got += [int(one.value()) for one in second.consume(100, timeout=10)]
    assert sorted(got) == list(range(9))


def test_positions_seeking_and_pausing(sim: Simulation) -> None:
    fill()
    consumer = Consumer(READER)
    place = TopicPartition("orders", 1)
    consumer.assign([TopicPartition("orders", 1, 0)])
    assert consumer.assignment() == [place]
    assert consumer.position([place])[0].offset == OFFSET_INVALID
    assert [one.offset() for one in consumer.consume(3, timeout=5)] == [0, 1, 2]
    assert consumer.position([place])[0].offset == 3
    consumer.seek(TopicPartition("orders", 1, 1))
    assert [one.offset() for one in consumer.consume(9, timeout=2)] == [1, 2]
    consumer.pause([place])
    consumer.seek(TopicPartition("orders", 1, 0))
    assert consumer.poll(2) is None
    consumer.resume([place])
    message = consumer.poll(2)
    assert message is not None
    assert message.offset() == 0


def test_questions_about_offsets(sim: Simulation) -> None:
    fill()
    consumer = Consumer(READER)
    place = TopicPartition("orders", 1)
    assert consumer.get_watermark_offsets(place, timeout=5) == (0, 3)
    times = [TopicPartition("orders", 1, 0), TopicPartition("orders", 2, sim.now + 1000)]
    assert [one.offset for one in consumer.offsets_for_times(times, timeout=5)] == [0, -1]
    assert "orders" in consumer.list_topics(timeout=5).topics


def test_a_question_ends_in_time(sim: Simulation) -> None:
    consumer = Consumer(READER)
    for broker in sim.alive():
        sim.broker(broker).crash()
    with pytest.raises(KafkaException, match="no answer within 2 virtual seconds"):
        consumer.get_watermark_offsets(TopicPartition("orders", 0), timeout=2)


def test_a_closed_consumer_does_nothing_more(sim: Simulation) -> None:
    consumer = Consumer(READER)
    consumer.subscribe(["orders"])
    consumer.close()
    consumer.close()
    with pytest.raises(RuntimeError, match="Consumer closed"):
        consumer.poll(1)


def test_a_topic_is_given_in_a_list(sim: Simulation) -> None:
    with pytest.raises(TypeError, match="list of topics"):
        Consumer(READER).subscribe("orders")


def test_a_long_poll_does_not_cost_the_membership(sim: Simulation) -> None:
    consumer = Consumer({**READER, "max.poll.interval.ms": 45_000})
    consumer.subscribe(["orders"])
    assert consumer.poll(200) is None
    assert len(consumer.assignment()) == 3
