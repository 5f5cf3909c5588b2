"""What an application sees of an admin client."""

import pytest

from kafkalab import (
    AdminClient,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    NewPartitions,
    NewTopic,
    Producer,
    Simulation,
    TopicPartition,
)
from kafkalab.handles import AlterConfigOpType, ConfigEntry, ConfigResource

CONF = {"bootstrap.servers": "kafka:9092"}


def code_of(error: BaseException | None) -> int:
    assert isinstance(error, KafkaException)
    return int(error.args[0].code())


def test_topics_are_created_and_refused_one_by_one(sim: Simulation) -> None:
    futures = AdminClient(CONF).create_topics(
        [
            NewTopic("payments", 2, 3, config={"min.insync.replicas": 2}),
            NewTopic("orders", 1, 1),
            NewTopic("wide", 1, 9),
        ]
    )
    assert futures["payments"].result() is None
    assert code_of(futures["orders"].exception()) == KafkaError.TOPIC_ALREADY_EXISTS
    assert code_of(futures["wide"].exception()) == KafkaError.INVALID_REPLICATION_FACTOR
    assert len(sim.metadata.topics["payments"].partitions) == 2


def test_a_future_is_not_done_before_time_has_passed(sim: Simulation) -> None:
    future = AdminClient(CONF).create_topics([NewTopic("payments")])["payments"]
    assert not future.done()
    sim.run(1)
    assert future.done()
    before = sim.now
    future.result()
    assert sim.now == before


def test_validating_creates_nothing(sim: Simulation) -> None:
    admin = AdminClient(CONF)
    admin.create_topics([NewTopic("payments", 1, 1)], validate_only=True)["payments"].result()
    assert "payments" not in sim.topics


def test_replicas_can_be_placed_by_hand(sim: Simulation) -> None:
    topic = NewTopic("placed", replica_assignment=[[3, 1], [2, 3]])
    AdminClient(CONF).create_topics([topic])["placed"].result()
    assert sim.isr("placed", 0) == (3, 1)


def test_topics_are_deleted(sim: Simulation) -> None:
    futures = AdminClient(CONF).delete_topics(["orders", "nothing"])
    assert futures["orders"].result() is None
    assert code_of(futures["nothing"].exception()) == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert "orders" not in sim.topics


def test_partitions_are_added(sim: Simulation) -> None:
    admin = AdminClient(CONF)
    admin.create_partitions([NewPartitions("orders", 5)])["orders"].result()
    assert len(sim.metadata.topics["orders"].partitions) == 5
    fewer = admin.create_partitions([NewPartitions("orders", 2)])["orders"]
    assert code_of(fewer.exception()) == KafkaError.INVALID_PARTITIONS


def test_settings_are_described_and_changed(sim: Simulation) -> None:
    admin = AdminClient(CONF)
    topic = ConfigResource("topic", "orders")
    before = admin.describe_configs([topic])[topic].result()
    assert before["retention.ms"].is_default
    topic.add_incremental_config(
        ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
    )
    admin.incremental_alter_configs([topic])[topic].result()
    after = admin.describe_configs([topic])[topic].result()
    assert after["retention.ms"].value == "1000"
    assert not after["retention.ms"].is_default
    broker = ConfigResource(ConfigResource.Type.BROKER, "2")
    assert "log.retention.ms" in admin.describe_configs([broker])[broker].result()


def test_the_cluster_is_described(sim: Simulation) -> None:
    cluster = AdminClient(CONF).describe_cluster().result()
    assert [node.id for node in cluster.nodes] == [1, 2, 3]
    assert AdminClient(CONF).list_topics("orders").topics["orders"].error is None


def test_groups_are_listed_described_and_deleted(sim: Simulation) -> None:
    producer = Producer(CONF)
    producer.produce("orders", b"x")
    producer.flush()
    consumer = Consumer({**CONF, "group.id": "billing", "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    assert consumer.poll(10) is not None
    admin = AdminClient(CONF)
    assert [group.group_id for group in admin.list_consumer_groups().result().valid] == ["billing"]
    group = admin.describe_consumer_groups(["billing"])["billing"].result()
    assert group.state == "Stable"
    (member,) = group.members
    assert member.client_id == consumer.name
    assert [one.partition for one in member.assignment.topic_partitions] == [0, 1, 2]
    busy = admin.delete_consumer_groups(["billing"])["billing"]
    assert code_of(busy.exception()) == KafkaError.NON_EMPTY_GROUP
    consumer.close()
    assert admin.delete_consumer_groups(["billing"])["billing"].result() is None
    assert admin.list_groups() == []


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_offsets_of_groups_are_listed_altered_and_deleted(sim: Simulation, protocol: str) -> None:
    producer = Producer(CONF)
    for partition in range(3):
        producer.produce("orders", b"x", partition=partition)
    producer.flush()
    conf = {"group.id": "billing", "group.protocol": protocol, "auto.offset.reset": "earliest"}
    consumer = Consumer({**CONF, **conf})
    consumer.subscribe(["orders"])
    for _ in range(3):
        assert consumer.poll(20) is not None
    admin = AdminClient(CONF)
    group = admin.describe_consumer_groups(["billing"])["billing"].result()
    assert group.partition_assignor == ("range" if protocol == "classic" else "uniform")
    assert len(group.members[0].assignment.topic_partitions) == 3
    place = ConsumerGroupTopicPartitions("billing", [TopicPartition("orders", 1, 0)])
    busy = admin.alter_consumer_group_offsets([place])["billing"].result()
    assert busy.topic_partitions[0].error.code() == KafkaError.UNKNOWN_MEMBER_ID
    kept = admin.delete_consumer_group_offsets([place])["billing"].result()
    assert kept.topic_partitions[0].error.code() == KafkaError.GROUP_SUBSCRIBED_TO_TOPIC
    consumer.close()

    def offsets() -> dict[int, int]:
        asked = ConsumerGroupTopicPartitions("billing")
        listed = admin.list_consumer_group_offsets([asked])["billing"].result()
        return {each.partition: each.offset for each in listed.topic_partitions}

    assert offsets() == {0: 1, 1: 1, 2: 1}
    admin.alter_consumer_group_offsets([place])["billing"].result()
    assert offsets() == {0: 1, 1: 0, 2: 1}
    admin.delete_consumer_group_offsets([place])["billing"].result()
    assert offsets() == {0: 1, 2: 1}


def test_a_request_nobody_answers_ends_in_time(sim: Simulation) -> None:
    admin = AdminClient(CONF)
    for broker in sim.alive():
        sim.broker(broker).crash()
    future = admin.create_topics([NewTopic("late")], request_timeout=3)["late"]
    before = sim.now
    assert code_of(future.exception()) == KafkaError._TIMED_OUT
    assert sim.now == before + 3000


def test_a_result_is_waited_for_as_long_as_one_says(sim: Simulation) -> None:
    admin = AdminClient(CONF)
    for broker in sim.alive():
        sim.broker(broker).crash()
    future = admin.create_topics([NewTopic("late")])["late"]
    with pytest.raises(KafkaException, match="no answer within 1 virtual seconds"):
        future.result(timeout=1)
    assert not future.done()
