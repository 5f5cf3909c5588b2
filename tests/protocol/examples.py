"""Any message at any version, drawn from a seed: for round trips and for the oracles."""

from dataclasses import fields
from functools import cache
from importlib import import_module
from typing import Any

from kafkalab.chance import Stream
from kafkalab.protocol.api_keys import ApiKey, request_class, response_class
from kafkalab.protocol.schema import Array, Message, Primitive, Wire

_TEXTS = ("", "a", "orders", "Größe ✓", "x" * 200)
_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}


@cache
def message_classes() -> tuple[type[Message], ...]:
    """Every request, every response, and the records of the metadata log and of groups."""
    found = [part for key in ApiKey for part in (request_class(key), response_class(key))]
    for module in (
        "kafkalab.metadata.records",
        "kafkalab.groups.records",
        "kafkalab.protocol.messages.consumer_protocol",
    ):
        for value in vars(import_module(module)).values():
            if isinstance(value, type) and issubclass(value, Message) and value is not Message:
                found.append(value)
    return tuple(dict.fromkeys(found))


def cases(classes: tuple[type[Message], ...]) -> list[tuple[type[Message], int]]:
    """Every (class, version)."""
    return [
        (one, version)
        for one in classes
        for version in range(one.VERSIONS.valid.low, one.VERSIONS.valid.high + 1)
    ]


def example(struct_class: Any, version: int, stream: Stream, *, tame: bool = False) -> Any:
    """An instance; fields the version lacks keep their default.

    `tame` keeps to values every reader takes: real error codes, small numbers, no nulls.
    """
    values = {}
    for one in fields(struct_class):
        wire: Wire = one.metadata["wire"]
        if version not in wire.versions:
            continue
        nullable = version in wire.nullable and not tame
        values[one.name] = _value(one.name, wire.type, nullable, version, stream, tame)
    return struct_class(**values)


def _value(name: str, kind: Any, nullable: bool, version: int, stream: Stream, tame: bool) -> Any:
    if nullable and stream.below(4) == 0:
        return None
    if isinstance(kind, Array):
        count = stream.below(3)
        return tuple(_value(name, kind.item, False, version, stream, tame) for _ in range(count))
    if not isinstance(kind, Primitive):
        return example(kind, version, stream, tame=tame)
    return _primitive(name, kind.name, stream, tame)


def _primitive(name: str, kind: str, stream: Stream, tame: bool) -> Any:
    if kind in _BITS:
        if tame:
            return stream.below(80)
        bits = _BITS[kind]
        return stream.between(-(1 << bits - 1), (1 << bits - 1) - 1)
    match kind:
        case "bool":
            return stream.below(2) == 1
        case "uint16":
            return stream.below(1 << 16)
        case "float64":
            return stream.below(1 << 20) / 64
        case "uuid":
            return stream.uuid()
        case "string":
            return _TEXTS[stream.below(len(_TEXTS))]
        case "bytes" | "records":
            return bytes(stream.below(256) for _ in range(stream.below(40)))
    raise AssertionError(kind)
