"""The subject's Avro sample, with the unmodified client, against a registry on a live cluster."""

import json
from contextlib import ExitStack

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from kafkalab import LiveCluster
from kafkalab.errors import LearnerError

SCHEMA = {
    "type": "record",
    "name": "OrderCreated",
    "fields": [{"name": "order_id", "type": "string"}, {"name": "amount", "type": "int"}],
}
EVENT = {"order_id": "o-1", "amount": 42}


def test_the_avro_sample_runs_and_a_broker_may_die() -> None:
    topic, schema_str = "orders.order.created", json.dumps(SCHEMA)
    config = {"broker.session.timeout.ms": 1000, "broker.heartbeat.interval.ms": 200}
    with ExitStack() as stack:
        live = LiveCluster(brokers=3, schema_registry=True, config=config)
        cluster = stack.enter_context(live)
        cluster.create_topic(topic, 1, 3)
        client = stack.enter_context(SchemaRegistryClient({"url": cluster.schema_registry_url}))
        serializer = AvroSerializer(client, schema_str)
        value = serializer(EVENT, SerializationContext(topic, MessageField.VALUE))
        assert value is not None
        assert value[:5] == b"\x00\x00\x00\x00\x01"
        producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "acks": "all"})
        producer.produce(topic, value)
        assert producer.flush(20) == 0

        cluster.broker(1).crash()
        wider = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "x", "type": "int"}]}
        with pytest.raises(SchemaRegistryError) as refused:
            client.register_schema(f"{topic}-value", Schema(json.dumps(wider), "AVRO"))
        assert (refused.value.http_status_code, refused.value.error_code) == (409, 40901)
        wider["fields"][-1]["default"] = 0
        assert client.register_schema(f"{topic}-value", Schema(json.dumps(wider), "AVRO")) == 2

        consumer = Consumer(
            {
                "bootstrap.servers": cluster.bootstrap_servers,
                "group.id": "readers",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe([topic])
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        fresh = stack.enter_context(SchemaRegistryClient({"url": cluster.schema_registry_url}))
        read = AvroDeserializer(fresh)(
            message.value(), SerializationContext(topic, MessageField.VALUE)
        )
        assert read == EVENT
        consumer.close()


def test_its_state_is_in_kafka() -> None:
    """What a plain consumer reads of `_schemas` is what the original keeps there."""
    with LiveCluster(brokers=1, schema_registry=True) as cluster:
        with SchemaRegistryClient({"url": cluster.schema_registry_url}) as client:
            client.register_schema("a", Schema('"string"', "AVRO"))
        consumer = Consumer(
            {
                "bootstrap.servers": cluster.bootstrap_servers,
                "group.id": "g",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe(["_schemas"])
        noop, written = (consumer.poll(20), consumer.poll(20))
        consumer.close()
        assert json.loads(noop.key()) == {"keytype": "NOOP", "magic": 0}
        key = {"keytype": "SCHEMA", "subject": "a", "version": 1, "magic": 1}
        assert json.loads(written.key()) == key
        assert json.loads(written.value())["id"] == 1


def test_a_cluster_without_one_says_how_to_get_one() -> None:
    with (
        LiveCluster(brokers=1) as cluster,
        pytest.raises(LearnerError, match="schema_registry=True"),
    ):
        _ = cluster.schema_registry_url
