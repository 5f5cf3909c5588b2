"""Why: consumers that stand where nothing is, or are paused; errors that no event keeps."""

from typing import Any

import pytest

from kafkalab import Consumer, KafkaException, Producer, Simulation
from kafkalab.client.message import TopicPartition
from kafkalab.errors import KafkaError, LearnerError

SERVERS = {"bootstrap.servers": "kafka:9092"}


def stored_five(seed: int) -> Simulation:
    sim = Simulation(seed=seed, brokers=3)
    sim.create_topic("orders", 1, 3)
    producer = Producer(SERVERS)
    for number in range(5):
        producer.produce("orders", str(number))
    producer.flush()
    return sim


def placed(group: str, offset: int, **conf: Any) -> tuple[Consumer, list[TopicPartition]]:
    consumer = Consumer(SERVERS | {"group.id": group, **conf})
    places = [TopicPartition("orders", 0, offset)]
    consumer.assign(places)
    return consumer, places


def test_a_consumer_that_stands_where_nothing_is_has_not_read_all() -> None:
    sim = stored_five(7)
    stopped, places = placed("a", 500, **{"auto.offset.reset": "error"})
    message = stopped.poll(2)
    assert message is not None and message.error() is not None
    told = "stands at offset 500 of orders-0, which has 0 to 5, and its auto.offset.reset is error"
    for about in (stopped, message.error(), "OFFSET_OUT_OF_RANGE"):
        assert told in sim.why(about).say
    stopped.seek(TopicPartition("orders", 0, 5))
    stopped.poll(1)
    assert "has read all there is" in sim.why(stopped).say
    nowhere, _ = placed("b", -1001, **{"auto.offset.reset": "error"})
    nowhere.poll(2)
    assert "has no offset to begin orders-0 at" in sim.why(nowhere).say
    beyond, places = placed("c", 500)
    beyond.pause(places)
    beyond.poll(1)
    assert "stands at offset 500" in sim.why(beyond).say and "has paused it" in sim.why(beyond).say


def test_a_paused_consumer_says_so_as_long_as_it_is_so() -> None:
    sim = stored_five(7)
    consumer, places = placed("a", 0)
    assert consumer.poll(1) is not None
    consumer.pause(places)
    consumer.poll(1)
    answer = sim.why(consumer)
    assert "has paused orders-0" in answer.say and "has read" not in answer.say
    assert answer.cause is not None and answer.cause.event[1] == "pause"
    consumer.resume(places)
    while consumer.poll(1) is not None:
        pass
    assert sim.why(consumer).say.endswith("has read all there is in orders-0.")
    consumer.pause(places)
    assert sim.why(consumer).say.endswith("all there is in orders-0. It has paused orders-0.")


def test_an_error_of_another_answer_than_to_a_write_is_told_from_what_made_it_so() -> None:
    sim = stored_five(7)
    with pytest.raises(LearnerError, match="no write has been answered with UNKNOWN_MEMBER_ID"):
        sim.why("UNKNOWN_MEMBER_ID")
    with pytest.raises(KafkaError) as exists:
        sim.create_topic("orders")
    assert "a topic that is there: orders since 0.014 s" in sim.why(exists.value).say
    member = Consumer(
        SERVERS | {"group.id": "m", "session.timeout.ms": 6000, "auto.offset.reset": "earliest"}
    )
    member.subscribe(["orders"])
    assert member.poll(10) is not None
    sim.driver.command(f"pause {member.name} 9000")
    sim.run(8.9)
    with pytest.raises(KafkaException) as refused:
        member.commit(asynchronous=False)
    error = refused.value.args[0]
    assert error.name() == "UNKNOWN_MEMBER_ID"
    for about in (refused.value, error, "UNKNOWN_MEMBER_ID"):
        answer = sim.why(about)
        assert f"{member.name} stood still" in answer.say
        assert [each.kind for each in answer.chain] == ["Paused", "MemberLeft"]


def test_an_epoch_that_is_over_is_told_from_the_fence() -> None:
    sim = stored_five(7)
    first, second = (Producer(SERVERS | {"transactional.id": "t"}) for _ in "12")
    first.init_transactions()
    first.begin_transaction()
    first.produce("orders", "x")
    second.init_transactions()
    with pytest.raises(KafkaException) as refused:
        first.commit_transaction()
    for about in (refused.value, "INVALID_PRODUCER_EPOCH"):
        answer = sim.why(about)
        assert "another producer began" in answer.say
        assert "ProducerFenced" in [each.kind for each in answer.chain]
