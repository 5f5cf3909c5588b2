"""Reading schemas, and their one canonical text."""

import json

import pytest

from kafkalab.schema_registry.avro import InvalidSchema, parse

USER = {
    "type": "record",
    "name": "User",
    "namespace": "shop",
    "fields": [{"name": "id", "type": "string"}],
}


@pytest.mark.parametrize(
    "same",
    [
        json.dumps(USER, indent=4),
        json.dumps(dict(reversed(USER.items()))),
        json.dumps({"type": "record", "name": "shop.User", "fields": USER["fields"]}),
        json.dumps({**USER, "fields": [{"type": {"type": "string"}, "name": "id"}]}),
        json.dumps({**USER, "fields": [{"name": "id", "type": "string", "order": "ascending"}]}),
    ],
)
def test_the_same_schema_has_one_text(same: str) -> None:
    assert parse(same).text == parse(json.dumps(USER)).text


@pytest.mark.parametrize(
    "other",
    [
        {**USER, "doc": "a person"},
        {**USER, "namespace": "bank"},
        {**USER, "fields": [{"name": "id", "type": "string", "default": ""}]},
        {**USER, "aliases": ["Person"]},
    ],
)
def test_what_a_reader_cares_about_stays(other: dict[str, object]) -> None:
    assert parse(json.dumps(other)).text != parse(json.dumps(USER)).text


def test_a_name_used_again_is_short_inside_its_namespace() -> None:
    pair = {
        **USER,
        "fields": [
            {"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["X"]}},
            {"name": "b", "type": "shop.E"},
        ],
    }
    assert '{"name":"b","type":"E"}' in parse(json.dumps(pair)).text


def test_a_canonical_text_stays_as_it_is() -> None:
    once = parse(json.dumps({**USER, "doc": "é"})).text
    assert parse(once).text == once


def test_a_bare_primitive_is_a_schema() -> None:
    assert parse("string").text == parse('"string"').text == '"string"'


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "hello",
        '"hello"',
        "17",
        "null and void",
        '{"type": "record", "name": "x"}',
        '{"type": "record", "name": "x", "fields": [{"name": "a", "type": "nothing"}]}',
        '{"type": "enum", "name": "e", "symbols": ["A", "A"]}',
        '{"type": "record", "name": "1x", "fields": []}',
        '["int", "int"]',
        '{"name": "no type"}',
        '{"type": "array"}',
    ],
)
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchema):
        parse(text)
