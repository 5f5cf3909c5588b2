"""Avro schemas: read from text, and written in one canonical way.

Two texts that differ in spacing or in the order of attributes are the same schema and get the same
id.  The canonical text keeps what a reader cares about (documentation, defaults, aliases), in the
order in which Avro's Java library writes it.

The `avro` package reads and checks them; this module only adds what a registry needs.
In Confluent's Schema Registry: `AvroSchema.canonicalString`.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from avro.errors import AvroException
from avro.schema import Schema
from avro.schema import parse as parse_json

_NAMED: Final = ("record", "error", "enum", "fixed")
#: What stands first, in this order, by Avro's `Schema.toString`; the rest follows as given.
_FIRST: Final = ("type", "name", "namespace", "doc", "fields", "symbols", "size", "items", "values")
_FIELD_FIRST: Final = ("name", "type", "doc", "default", "order")
_PRIMITIVES: Final = frozenset(
    ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
)


class InvalidSchema(Exception):
    """A text that is no Avro schema; the message says why."""


@dataclass(frozen=True, slots=True)
class AvroSchema:
    """A schema: as read (`root`, of the `avro` package), and its canonical text."""

    root: Schema
    text: str


def parse(text: str) -> AvroSchema:
    """Read a schema.  `InvalidSchema` if it is none."""
    try:
        data = json.loads(text)
    except ValueError:
        # a bare name is a schema too: `string` for `"string"`, as Avro's own parser takes it
        if text.strip() not in _PRIMITIVES:
            raise InvalidSchema(f"Invalid schema {text}: it is not JSON") from None
        data = text.strip()
    try:
        root = parse_json(json.dumps(data))
        canonical = json.dumps(_canonical(data, ""), separators=(",", ":"), ensure_ascii=False)
    except (AvroException, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidSchema(f"Invalid schema {text}, details: {error}") from error
    return AvroSchema(root, canonical)


def _canonical(data: Any, enclosing: str) -> Any:
    """The same schema, written Avro's way; names inside their own namespace are short."""
    if isinstance(data, str):
        namespace, _, name = data.rpartition(".")
        return name if namespace and namespace == enclosing else data
    if isinstance(data, list):
        return [_canonical(branch, enclosing) for branch in data]
    kind = data["type"]
    if isinstance(kind, dict | list):
        return _canonical(kind, enclosing)
    if kind not in _NAMED:
        if len(data) == 1:
            return _canonical(kind, enclosing)
        inner = {key: data[key] for key in data}
        for key in ("items", "values"):
            if key in inner:
                inner[key] = _canonical(inner[key], enclosing)
        return _ordered(inner, _FIRST)
    space, _, name = data["name"].rpartition(".")
    space = space or data.get("namespace", enclosing)
    named = {key: value for key, value in data.items() if key != "namespace"} | {"name": name}
    if space != enclosing:
        named["namespace"] = space
    if "fields" in named:
        named["fields"] = [_canonical_field(field, space) for field in named["fields"]]
    return _ordered(named, _FIRST)


def _canonical_field(field: dict[str, Any], enclosing: str) -> dict[str, Any]:
    written = {**field, "type": _canonical(field["type"], enclosing)}
    if written.get("order") == "ascending":
        del written["order"]
    return _ordered(written, _FIELD_FIRST)


def _ordered(data: dict[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    ordered = {key: data[key] for key in first if key in data}
    return ordered | {key: value for key, value in data.items() if key not in ordered}
