"""Which changes fit, by Avro's rules; and the same as Apache's own library finds."""

import json
from typing import Any

import pytest
from avro.compatibility import (  # type: ignore[import-untyped]
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityType,
)
from hypothesis import given
from hypothesis import strategies as st

from kafkalab.schema_registry.avro import AvroSchema, parse
from kafkalab.schema_registry.compatibility import Registered, check, differences


def record(*fields: dict[str, Any], **more: Any) -> AvroSchema:
    return parse(json.dumps({"type": "record", "name": "R", "fields": list(fields), **more}))


def of(schema: Any) -> AvroSchema:
    return parse(json.dumps(schema))


A = {"name": "a", "type": "int"}
B = {"name": "b", "type": "string"}
B_DEFAULT = {**B, "default": "x"}


@pytest.mark.parametrize(
    ("reader", "writer", "kinds"),
    [
        (record(A), record(A, B), []),
        (record(A, B_DEFAULT), record(A), []),
        (record(A, B), record(A), ["READER_FIELD_MISSING_DEFAULT_VALUE"]),
        (record({"name": "c", "type": "int", "aliases": ["a"]}), record(A), []),
        (record({"name": "a", "type": "long"}), record(A), []),
        (record(A), record({"name": "a", "type": "long"}), ["TYPE_MISMATCH"]),
        (record(A), record(A, name="S"), ["NAME_MISMATCH"]),
        (record(A, aliases=["S"]), record(A, name="S"), []),
        (of("bytes"), of("string"), []),
        (of(["null", "int"]), of("int"), []),
        (of("int"), of(["null", "int"]), ["TYPE_MISMATCH"]),
        (of(["null", "string"]), of(["null", "int"]), ["MISSING_UNION_BRANCH"]),
        (of(["null", "string"]), of("int"), ["MISSING_UNION_BRANCH"]),
        (
            of({"type": "enum", "name": "E", "symbols": ["X"]}),
            of({"type": "enum", "name": "E", "symbols": ["X", "Y"]}),
            ["MISSING_ENUM_SYMBOLS"],
        ),
        (
            of({"type": "enum", "name": "E", "symbols": ["X"], "default": "X"}),
            of({"type": "enum", "name": "E", "symbols": ["X", "Y"]}),
            [],
        ),
        (
            of({"type": "fixed", "name": "F", "size": 2}),
            of({"type": "fixed", "name": "F", "size": 3}),
            ["FIXED_SIZE_MISMATCH"],
        ),
        (of({"type": "array", "items": "int"}), of({"type": "array", "items": "long"}), None),
        (of({"type": "map", "values": "long"}), of({"type": "map", "values": "int"}), []),
    ],
)
def test_what_a_reader_can_read(
    reader: AvroSchema, writer: AvroSchema, kinds: list[str] | None
) -> None:
    found = [difference.kind for difference in differences(reader, writer)]
    assert found == (["TYPE_MISMATCH"] if kinds is None else kinds)


def test_a_difference_says_where() -> None:
    (found,) = differences(record(A, B), record(A))
    assert (found.path, found.detail) == ("/fields/1", "b")
    inner = record({"name": "l", "type": {"type": "array", "items": "int"}})
    outer = record({"name": "l", "type": {"type": "array", "items": "string"}})
    assert differences(inner, outer)[0].path == "/fields/0/type/items"


def test_a_schema_that_contains_itself_ends() -> None:
    node = record(A, {"name": "next", "type": ["null", "R"], "default": None})
    assert differences(node, node) == []
    assert differences(node, record(A)) == []


def test_levels_look_in_their_direction() -> None:
    old = Registered(1, record(A))
    grown, shrunk = record(A, B), record()  # a field more; a field less
    assert check("BACKWARD", grown, [old])
    assert not check("FORWARD", grown, [old])
    assert not check("BACKWARD", shrunk, [old])
    assert check("FORWARD", shrunk, [old])
    for change in (grown, shrunk):
        assert check("FULL", change, [old])
        assert not check("NONE", change, [old])
    assert not check("FULL", record(A, B_DEFAULT), [old])


def test_transitive_levels_look_at_all_versions() -> None:
    """b: added with a default, then without; the middle version hides the first."""
    versions = [Registered(1, record(A)), Registered(2, record(A, B_DEFAULT))]
    new = record(A, B)
    assert not check("BACKWARD", new, versions)
    refused = check("BACKWARD_TRANSITIVE", new, versions)
    assert "{oldSchemaVersion: 1}" in refused


PRIMITIVES = st.sampled_from(
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
)


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    field = st.tuples(st.sampled_from("abc"), inner, st.booleans())
    return st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda values: {"type": "map", "values": values}, inner),
        st.builds(
            lambda fields: {
                "type": "record",
                "name": "R",
                "fields": [
                    {"name": name, "type": kind, **({"default": 0} if has_default else {})}
                    for name, kind, has_default in fields
                ],
            },
            st.lists(field, max_size=3, unique_by=lambda one: one[0]),
        ),
        st.builds(
            lambda branches: branches, st.lists(PRIMITIVES, min_size=1, max_size=3, unique=True)
        ),
        st.builds(
            lambda symbols: {"type": "enum", "name": "E", "symbols": symbols},
            st.lists(st.sampled_from("XYZ"), min_size=1, max_size=3, unique=True),
        ),
    )


SIMPLE = schemas(PRIMITIVES)  # one level: a name may stand in a schema once only


@given(reader=SIMPLE | PRIMITIVES, writer=SIMPLE | PRIMITIVES)
def test_it_says_what_apaches_library_says(reader: Any, writer: Any) -> None:
    mine, theirs = of(reader), of(writer)
    checker = ReaderWriterCompatibilityChecker()
    found = checker.get_compatibility(mine.root, theirs.root).compatibility
    assert (not differences(mine, theirs)) == (found is SchemaCompatibilityType.compatible)
