"""The table of lesson 03 says where clients put keys."""

from kafkalab import Producer, Simulation
from lab.exercises.lesson_03 import batches
from lab.exercises.partitioner_table import ANYWHERE, PartitionerTable


def test_a_row_is_what_the_producers_do() -> None:
    keys = [f"user-{number}" for number in range(20)]
    table = PartitionerTable(keys, 7)
    sim = Simulation(brokers=1, seed=1)
    for column, name in enumerate(("murmur2_random", "consistent_random", "fnv1a_random")):
        sim.create_topic(name, partitions=7)
        producer = Producer({"bootstrap.servers": "kafka:9092", "partitioner": name}, sim=sim)
        for key in keys:
            producer.produce(name, "value", key=key)
        producer.flush()
        went = {record.key: record.partition for record in sim.records(name)}
        assert [places[column] for _, places in table.rows] == [went[k.encode()] for k in keys]


def test_no_key_goes_anywhere_and_an_empty_one_only_for_librdkafka() -> None:
    """murmur2 of nothing is 275646681 (Kafka's `UtilsTest`)."""
    none, empty = (places for _, places in PartitionerTable([None, ""], 1000).rows)
    assert none == [ANYWHERE] * 3
    assert empty[:2] == [275646681 % 1000, ANYWHERE]


def test_it_prints_in_columns() -> None:
    table = PartitionerTable(["21", None], 6)
    lines = repr(table).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].startswith("'21'")
    assert table.agreeing in (0, 1)


def test_batches_are_those_of_the_log() -> None:
    sim = Simulation(brokers=3, seed=1)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for number in range(10):
        producer.produce("orders", "value", partition=number % 2)
    producer.flush()
    sent = batches(sim, "orders")
    assert [one.records for one in sent] == [5, 5]
    assert [one.size for one in sent] == [61 + 5 * 12] * 2, "a header and five small records"
