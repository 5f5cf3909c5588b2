"""The stories of lesson 09: one order as bytes, a changed batch, a schema that grows.

Read next: `lesson_09`, which asks about them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from kafkalab import Producer, Simulation
from kafkalab.errors import ErrorCode
from kafkalab.record.anatomy import CRC_AT, CRC_COVERS_FROM, dissect
from kafkalab.schema_registry import compatibility
from kafkalab.schema_registry.avro import parse
from kafkalab.schema_registry.compatibility import Difference, Registered
from kafkalab.world.batches import as_sent, batch_at, send_batch
from lab.checking.views import Words
from lab.widgets.record_lens import RecordLens

Schema = Mapping[str, Any]
Seal = Callable[[bytes], bytes]

#: What every order in the topic was written with.
V1: Final[Schema] = {
    "type": "record",
    "name": "OrderCreated",
    "fields": [{"name": "order_id", "type": "string"}, {"name": "amount", "type": "int"}],
}
ORDERS: Final = ({"order_id": "o-1", "amount": 42}, {"order_id": "o-2", "amount": 7})
_MISSING: Final = object()


# --- bytes


def one_order(seed: int = 9) -> Simulation:
    """A broker with the topic `orders`, and one order in it."""
    sim = Simulation(brokers=1, seed=seed)
    sim.create_topic("orders")
    send_orders(sim, 1)
    return sim


def send_orders(sim: Simulation, count: int, **settings: Any) -> None:
    """Send so many orders as one batch; `settings` are the producer's."""
    conf = {"bootstrap.servers": "kafka:9092", "linger.ms": 50, **settings}
    producer = Producer(conf, sim=sim)
    for number in range(count):
        value = {"order": number, "state": "created", "currency": "EUR", "amount": 10 + number}
        producer.produce("orders", json.dumps(value), key=f"user-{number % 7}")
    producer.flush()


def sent_to(sim: Simulation, batch: bytes, topic: str) -> str:
    """Send a batch of one topic to partition 0 of another; the name of Kafka's error code."""
    code = send_batch(sim.driver, topic, 0, as_sent(batch)).error_code
    return ErrorCode(code).name


def mixed_orders() -> Simulation:
    """Five orders in `orders`-0: JSON, but for the third, which is text."""
    sim = Simulation(brokers=1, seed=4)
    sim.create_topic("orders")
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for number in range(5):
        value = "order no. 2, as text" if number == 2 else json.dumps({"order": number})
        producer.produce("orders", value, key=f"#{number}")
    producer.flush()
    return sim


def batch_bytes(count: int, codec: str) -> int:
    """How many bytes a batch of so many orders takes, compressed with that codec."""
    sim = Simulation(brokers=1, seed=9)
    sim.create_topic("orders")
    send_orders(sim, count, **{"compression.type": codec})
    return len(batch_at(sim.driver.world, "orders", 0, 0))


def changed_order(seed: int) -> tuple[Simulation, bytes]:
    """A batch as it stands in the log, with one byte of its value changed, the CRC as it was."""
    sim = one_order(seed)
    data = bytearray(batch_at(sim.driver.world, "orders", 0, 0))
    value = next(one for one in dissect(bytes(data)).fields if one.name == "value")
    place = value.offset + sim.draw("byte", 0, value.size - 1)
    data[place] ^= 1 << sim.draw("bit", 0, 6)
    return sim, bytes(data)


def sent_sealed(seal: Seal, seed: int) -> tuple[str, bytes, bytes]:
    """What the leader says to the changed batch once it is sealed; the bytes before and after."""
    sim, changed = changed_order(seed)
    sealed = bytes(seal(changed))
    answer = send_batch(sim.driver, "orders", 0, as_sent(sealed))
    return ErrorCode(answer.error_code).name, changed, sealed


def sealed_lens(seal: Seal, seed: int) -> RecordLens:
    """The same in the lens: the changed batch, sealed and sent."""
    sim, changed = changed_order(seed)
    lens = RecordLens(sim, "orders")
    for place, byte in enumerate(bytes(seal(changed))):
        if lens.data[place] != byte:
            lens.set(place, byte)
    lens.send()
    return lens


def is_only_the_crc(before: bytes, after: bytes) -> bool:
    """Whether nothing but the CRC's four bytes was touched."""
    same_front = before[:CRC_AT] == after[:CRC_AT]
    return same_front and before[CRC_COVERS_FROM:] == after[CRC_COVERS_FROM:]


# --- schemas


def add(schema: Schema, name: str, type_: Any, default: Any = _MISSING) -> Schema:
    """The schema with one field more."""
    field = {"name": name, "type": type_}
    if default is not _MISSING:
        field["default"] = default
    return {**schema, "fields": [*schema["fields"], field]}


def remove(schema: Schema, name: str) -> Schema:
    """The schema without that field."""
    return {**schema, "fields": [one for one in schema["fields"] if one["name"] != name]}


def change(schema: Schema, field: str, /, **attributes: Any) -> Schema:
    """The schema with that field's attributes (`type`, `name`, …) set anew."""
    fields = [{**one, **attributes} if one["name"] == field else one for one in schema["fields"]]
    return {**schema, "fields": fields}


def differences(reader: Schema, writer: Schema) -> list[Difference]:
    """What keeps a program with one schema from reading what another wrote."""
    return compatibility.differences(parse(json.dumps(reader)), parse(json.dumps(writer)))


def is_allowed(level: str, new: Schema, old: Schema = V1) -> bool:
    """Whether a registry would take `new` after `old` at that level."""
    earlier = [Registered(1, parse(json.dumps(old)))]
    return not compatibility.check(level, parse(json.dumps(new)), earlier)


def read_old(schema: Schema, orders: Sequence[Mapping[str, Any]] = ORDERS) -> list[Any]:
    """Orders written with V1, read by a program that has `schema`."""
    from fastavro import parse_schema, schemaless_reader, schemaless_writer

    written, wanted = parse_schema(dict(V1)), parse_schema(dict(schema))
    read = []
    for order in orders:
        data = BytesIO()
        schemaless_writer(data, written, dict(order))
        data.seek(0)
        read.append(schemaless_reader(data, written, wanted))
    return read


class Evolution(Words):
    """What a registry says to each change of V1, at three levels."""

    LEVELS: Final = ("BACKWARD", "FORWARD", "FULL")

    def __init__(self, changes: Mapping[str, Schema]) -> None:
        lines = [
            "| the new schema … | BACKWARD: new reads old | FORWARD: old reads new | FULL |",
            "| --- | --- | --- | --- |",
        ]
        for words, schema in changes.items():
            said = ["fits" if is_allowed(level, schema) else "**refused**" for level in self.LEVELS]
            lines.append(f"| {words} | {' | '.join(said)} |")
        super().__init__("\n".join(lines))
