"""What an application sees of a producer."""

from typing import Any

import pytest

from kafkalab import KafkaError, KafkaException, Message, Producer, Simulation, StillWaiting
from kafkalab.config import ConfigError
from kafkalab.errors import LearnerError

CONF = {"bootstrap.servers": "kafka:9092"}


def test_reports_come_in_flush_with_the_place_of_each_record(sim: Simulation) -> None:
    told: list[tuple[Any, Message]] = []
    producer = Producer(CONF)
    for number in range(5):
        producer.produce(
            "orders",
            f"value {number}",
            key="user-1",
            on_delivery=lambda error, message: told.append((error, message)),
            headers={"trace": b"1"},
        )
    assert len(producer) == 5
    assert not told
    assert producer.flush() == 0
    assert [(error, message.offset(), message.value()) for error, message in told] == [
        (None, number, f"value {number}".encode()) for number in range(5)
    ]
    message = told[0][1]
    assert message.key() == b"user-1"
    assert message.topic() == "orders"
    assert message.headers() == [("trace", b"1")]
    assert (message.latency() or 0) > 0
    assert message.error() is None


def test_no_time_passes_in_produce(sim: Simulation) -> None:
    before = sim.now
    Producer(CONF).produce("orders", b"x")
    assert sim.now == before


def test_poll_waits_for_a_report_or_its_timeout(sim: Simulation) -> None:
    producer = Producer(CONF)
    before = sim.now
    assert producer.poll(0.5) == 0
    assert sim.now == before + 500
    producer.produce("orders", b"x")
    assert producer.poll(5) == 1
    assert sim.now < before + 5_500
    assert producer.poll(0) == 0


def test_records_leave_when_time_runs_for_any_reason(sim: Simulation) -> None:
    producer = Producer(CONF)
    producer.produce("orders", b"x")
    sim.run(1)
    assert len(producer) == 1  # acknowledged; its report has not been served
    assert producer.poll(0) == 1
    assert len(producer) == 0


def test_flush_with_a_timeout_says_how_many_are_left(sim: Simulation) -> None:
    producer = Producer({**CONF, "message.timeout.ms": 60_000})
    for broker in sim.alive():
        sim.broker(broker).crash()
    producer.produce("orders", b"x")
    before = sim.now
    assert producer.flush(2.5) == 1
    assert sim.now == before + 2_500


def test_flush_without_end_says_what_it_waited_for(sim: Simulation) -> None:
    producer = Producer({**CONF, "message.timeout.ms": 0})
    for broker in sim.alive():
        sim.broker(broker).crash()
    producer.produce("orders", b"x")
    with pytest.raises(StillWaiting, match="1 records are not reported"):
        producer.flush()


def test_what_a_callback_raises_comes_out_after_all_reports_are_served(sim: Simulation) -> None:
    served: list[int | None] = []

    def report(error: KafkaError | None, message: Message) -> None:
        served.append(message.offset())
        raise ValueError("my own mistake")

    producer = Producer({**CONF, "on_delivery": report})
    for _ in range(3):
        producer.produce("orders", b"x", partition=0)
    with pytest.raises(ValueError, match="my own mistake"):
        producer.flush()
    assert served == [0, 1, 2]
    producer.produce("orders", b"x", on_delivery=lambda *_: None)
    assert producer.flush() == 0


def test_a_callback_may_produce(sim: Simulation) -> None:
    producer = Producer(CONF)
    values: list[bytes] = []

    def report(error: KafkaError | None, message: Message) -> None:
        values.append(message.value())
        if len(values) < 3:
            producer.produce("orders", b"again", on_delivery=report)

    producer.produce("orders", b"first", on_delivery=report)
    assert producer.flush() == 0
    assert values == [b"first", b"again", b"again"]


def test_a_record_for_a_partition_that_does_not_exist_is_reported(sim: Simulation) -> None:
    told: list[Any] = []
    producer = Producer(CONF)
    producer.produce("orders", b"x", partition=9, callback=lambda error, _: told.append(error))
    producer.flush()
    assert [error.name() for error in told] == ["_UNKNOWN_PARTITION"]


def test_a_full_queue_is_a_buffer_error(sim: Simulation) -> None:
    producer = Producer({**CONF, "queue.buffering.max.messages": 1})
    producer.produce("orders", b"x")
    with pytest.raises(BufferError, match="Queue full"):
        producer.produce("orders", b"y")


def test_a_record_too_large_is_refused_at_once(sim: Simulation) -> None:
    with pytest.raises(KafkaException) as raised:
        Producer({**CONF, "message.max.bytes": 1000}).produce("orders", b"x" * 1001)
    assert raised.value.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE


def test_purged_records_are_reported(sim: Simulation) -> None:
    told: list[Any] = []
    producer = Producer({**CONF, "linger.ms": 1000})
    producer.produce("orders", b"x", on_delivery=lambda error, _: told.append(error.code()))
    producer.purge()
    producer.poll(0)
    assert told == [KafkaError._PURGE_QUEUE]


def test_an_unfit_value_is_a_type_error(sim: Simulation) -> None:
    with pytest.raises(TypeError, match="value must be bytes, str or None, not dict"):
        Producer(CONF).produce("orders", {"order": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="headers"):
        Producer(CONF).produce("orders", b"x", headers=["a"])


def test_an_unknown_option_is_named(sim: Simulation) -> None:
    with pytest.raises(ConfigError, match=r"did you mean linger\.ms"):
        Producer({**CONF, "linger": 5})


def test_topics_are_listed(sim: Simulation) -> None:
    listed = Producer(CONF).list_topics(timeout=5)
    assert sorted(listed.brokers) == [1, 2, 3]
    assert sorted(listed.topics["orders"].partitions) == [0, 1, 2]
    assert listed.topics["orders"].partitions[0].leader == sim.leader("orders", 0)
    assert listed.topics["orders"].error is None


def test_listing_ends_in_time(sim: Simulation) -> None:
    producer = Producer(CONF)
    for broker in sim.alive():
        sim.broker(broker).crash()
    with pytest.raises(KafkaException) as raised:
        producer.list_topics(timeout=2)
    assert raised.value.args[0] == KafkaError._TIMED_OUT


def test_the_newest_open_simulation_is_meant(sim: Simulation) -> None:
    with Simulation(brokers=1, seed=1) as other:
        assert Producer(CONF).name in other.world.nodes
        mine = Producer(CONF, sim=sim)
        assert mine.name in sim.world.nodes
        late = Producer(CONF, sim=other)
    assert Producer(CONF).name in sim.world.nodes
    with pytest.raises(LearnerError, match="is closed: make a new one"):
        late.produce("orders", b"x")
    mine.produce("orders", b"x")
    assert mine.flush() == 0


def test_a_branch_has_handles_of_its_own(sim: Simulation) -> None:
    producer = Producer(CONF)
    producer.produce("orders", b"x", partition=0)
    branch = sim.fork()
    other = Producer(CONF, sim=branch)
    other.produce("orders", b"y", partition=0)
    other.flush()
    assert len(producer) == 1
    assert other.name not in sim.world.nodes
    assert producer.flush() == 0


def test_a_crashed_leader_loses_nothing_acknowledged(sim: Simulation) -> None:
    offsets: dict[bytes, int | None] = {}
    producer = Producer({**CONF, "enable.idempotence": True})
    for number in range(30):
        producer.produce(
            "orders",
            f"{number}",
            partition=0,
            on_delivery=lambda error, message: offsets.update({message.value(): message.offset()}),
        )
        sim.run(0.02)
        if number == 10:
            sim.broker(sim.leader("orders", 0)).crash()
    assert producer.flush() == 0
    assert offsets == {b"%d" % number: number for number in range(30)}


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_records_go_over_the_wire(codec: str) -> None:
    with Simulation(brokers=1, seed=2, wire=True) as sim:
        sim.create_topic("orders")
        producer = Producer({**CONF, "compression.type": codec, "acks": 1})
        for _ in range(20):
            producer.produce("orders", b"the same again " * 20)
        assert producer.flush(10) == 0
        assert producer.list_topics("orders").topics["orders"].error is None
