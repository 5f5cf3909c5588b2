"""Our schemas against those of kio and of kafka-python, message by message and version by version.

Both were made from Kafka's own message definitions, by others.  They read what we write, write it
again, and every byte must be the same.
"""

import io
import re
from importlib import import_module
from typing import Any

import pytest

from kafkalab.chance import Stream
from kafkalab.protocol.codec import encode_bytes
from kafkalab.protocol.schema import Message

from .examples import cases, example, message_classes

pytestmark = pytest.mark.peer
API_CLASSES = tuple(
    one for one in message_classes() if one.__name__.endswith(("Request", "Response"))
)


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def kio_class(message_class: type[Message], version: int) -> Any:
    """Its twin in kio, or None if this release of kio does not know it."""
    stem, kind = re.fullmatch(r"(\w+)(Request|Response)", message_class.__name__).groups()
    try:
        module = import_module(f"kio.schema.{snake(stem)}.v{version}.{kind.lower()}")
    except ModuleNotFoundError:
        return None
    return getattr(module, message_class.__name__)


def test_kio_reads_and_writes_the_same_bytes() -> None:
    from kio.serial import entity_reader, entity_writer

    stream = Stream(3, "test/kio")
    compared = 0
    for message_class, version in cases(API_CLASSES):
        twin = kio_class(message_class, version)
        if twin is None:
            continue
        wire = encode_bytes(example(message_class, version, stream, tame=True), version)
        theirs, size = entity_reader(twin)(wire, 0)
        assert size == len(wire), (message_class, version)
        out = io.BytesIO()
        entity_writer(twin)(out, theirs)
        assert out.getvalue() == wire, (message_class, version)
        compared += 1
    assert compared > 250, compared


def kafka_python_classes() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("admin", "consumer", "metadata", "producer"):
        found |= vars(import_module(f"kafka.protocol.{name}"))
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_kafka_python_reads_and_writes_the_same_bytes() -> None:
    stream = Stream(4, "test/kafka-python")
    theirs_by_name = kafka_python_classes()
    compared = 0
    for message_class, version in cases(API_CLASSES):
        twin = theirs_by_name.get(message_class.__name__)
        if message_class.__name__ == "ApiVersionsResponse":
            continue  # kafka-python keeps the throttle time of that answer elsewhere
        if twin is None or not twin.min_version <= version <= twin.max_version:
            continue
        wire = encode_bytes(example(message_class, version, stream, tame=True), version)
        theirs = twin.decode(wire, version=version)
        theirs._header = None  # it is decoded without one, and asks for it when encoding
        assert theirs.encode(version=version) == wire, (message_class, version)
        compared += 1
    assert compared > 150, compared
