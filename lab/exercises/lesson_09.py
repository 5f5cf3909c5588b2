"""Lesson 09, messages and serialization: what is in the bytes, and who can read them."""

import json
import zlib
from typing import Any, Final

from kafkalab.record.crc32c import crc32c
from kafkalab.schema_registry.avro import InvalidSchema, parse
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.stories_09 import V1, differences, is_only_the_crc, read_old, sent_sealed

COVERS: Final = {
    "message": "2. Message anatomy",
    "message: key": "2. Message anatomy",
    "message: value": "2. Message anatomy",
    "message: headers": "2. Message anatomy",
    "message: timestamp": "2. Message anatomy",
    "message: partition": "2. Message anatomy",
    "message: offset": "2. Message anatomy",
    "serialization": "4. Serialization",
    "serialization: string": "4. Serialization",
    "serialization: avro": "5. Avro, and a schema registry",
}
_COVERED: Final = "the CRC is over the bytes from the attributes to the end"
_CRC32C: Final = "Kafka's checksum is CRC-32C, not the CRC-32 of zlib"
_ENDIAN: Final = "Kafka writes numbers with the highest byte first"
_ONLY_CRC: Final = "sealing changes the CRC and nothing else"
_REPLAY: Final = (
    "from lab.exercises.stories_09 import sealed_lens\nlens = sealed_lens(seal, {seed})\nlens"
)


def _judge_seal(answer: Any) -> Right:
    first = sent_sealed(answer, 0)
    _, changed, sealed = first
    stored = int.from_bytes(sealed[17:21], "big")
    idea = _COVERED
    if len(sealed) != len(changed) or not is_only_the_crc(changed, sealed):
        idea = _ONLY_CRC
    elif stored == zlib.crc32(changed[21:]):
        idea = _CRC32C
    elif stored == int.from_bytes(crc32c(changed[21:]).to_bytes(4, "big"), "little"):
        idea = _ENDIAN

    def story(seed: int) -> None:
        code, before, after = first if seed == 0 else sent_sealed(answer, seed)
        if code == "NONE" and is_only_the_crc(before, after):
            return
        said = int.from_bytes(after[17:21], "big")
        raise Broken(
            f"the leader said {code}. Bytes 17 to 20 hold 0x{said:08x}; for what is in the batch "
            f"now it must be 0x{crc32c(before[21:]):08x}."
        )

    return under_faults(story).verdict("The leader took every changed batch.", idea, _REPLAY)


def _judge_schema_id(answer: Any) -> Right:
    framed = b"\x00\x00\x00\x01\x02\x06o-1T"
    if answer(framed) == int.from_bytes(framed[1:5], "little"):
        words = "00 00 01 02 is 258: all of Kafka's numbers have the highest byte first."
        raise Wrong("the id is big-endian", words)
    if answer(framed) != 258:
        words = f"for {framed!r} it returned {answer(framed)!r}; bytes 1 to 4 hold 258"
        raise Wrong("the id is in bytes 1 to 4", words)
    for value in (b'{"order": 1}', b"o-1", b""):
        if (found := answer(value)) is not None:
            words = f"{value!r} does not begin with a zero byte and an id; it returned {found!r}."
            raise Wrong("not every value is framed", words)
    if (found := answer(b"\x00\x01")) is not None:
        words = f"two bytes are too few to hold an id of four; it returned {found!r}."
        raise Wrong("a frame has five bytes", words)
    return Right("258 is found, and what is not framed is told apart.")


_IDEAS: Final = {
    "READER_FIELD_MISSING_DEFAULT_VALUE": (
        "a field that the old orders lack needs a default",
        "nobody wrote `{0.detail}` into the orders that are there, so what should it be?",
    ),
    "TYPE_MISMATCH": (
        "only some types widen into others",
        "{0.detail}. An int can be read as long, float or double.",
    ),
    "NAME_MISMATCH": ("another name is another record", "keep the record's name, {0.detail}"),
}


def _type(field: Any) -> Any:
    """A field's type; `{"type": "string"}` is as good as `"string"`."""
    said = field.get("type")
    return said["type"] if isinstance(said, dict) and set(said) == {"type"} else said


def _judge_next_version(answer: Any) -> Right:
    if not isinstance(answer, dict):
        raise Wrong("a schema is JSON", "give a dict, as V1 is one")
    try:
        parse(json.dumps(answer))
    except (InvalidSchema, TypeError, ValueError) as error:
        raise Wrong("that is no Avro schema", str(error)) from error
    types = {one.get("name"): _type(one) for one in answer.get("fields", ())}
    if found := differences(answer, V1):
        idea, words = _IDEAS.get(found[0].kind, ("the old orders cannot be read", "{0.detail}"))
        if found[0].detail not in ("currency", "amount") and "DEFAULT" in found[0].kind:
            idea = "a new name is a new field"
            words = "the old orders have no `{0.detail}`: Avro finds fields by name."
        raise Wrong(idea, words.format(found[0]))
    if types.get("currency") != "string" or types.get("amount") != "double":
        words = f"wanted: currency a string, amount a double. Here: {types}"
        raise Wrong("the shop needs both fields", words)
    if "order_id" not in types:
        words = "the registry would take it, for a reader may leave out what was written. The shop"
        raise Wrong("compatible is not complete", f"{words} would not know which order it is.")
    return Right(f"The old orders, read with it: {read_old(answer)}")


EXERCISES: Final = (
    Exercise(
        id="09.1",
        title="Seal it again",
        question=(
            "`batch` is a record batch in which somebody changed a byte of the value. Return the "
            "same bytes with the right CRC, so that the leader takes it. "
            "(`from kafkalab.record.crc32c import crc32c`.) Tried with 20 batches."
        ),
        stub="def seal(batch):\n    raise NotImplementedError   # your code here; return bytes",
        answer="seal",
        judge=_judge_seal,
        hints=(
            "The lens says where the CRC stands, and which bytes it covers.",
            "It stands in bytes 17 to 20 and covers all from byte 21, the attributes, to the end.",
            "`….to_bytes(4, 'big')` makes four bytes of a number. A slice such as `batch[:17]` is "
            "what stands before.",
        ),
        tempting={
            (
                "from kafkalab.record.crc32c import crc32c\ndef seal(batch):\n"
                "    return batch[:17] + crc32c(batch).to_bytes(4, 'big') + batch[21:]"
            ): _COVERED,
            (
                "import zlib\ndef seal(batch):\n"
                "    return batch[:17] + zlib.crc32(batch[21:]).to_bytes(4, 'big') + batch[21:]"
            ): _CRC32C,
            (
                "from kafkalab.record.crc32c import crc32c\ndef seal(batch):\n"
                "    return batch[:17] + crc32c(batch[21:]).to_bytes(4, 'little') + batch[21:]"
            ): _ENDIAN,
            (
                "from kafkalab.record.crc32c import crc32c\ndef seal(batch):\n"
                "    return crc32c(batch[21:]).to_bytes(4, 'big') + batch[4:]"
            ): _ONLY_CRC,
        },
        concepts=("message", "message: value"),
        is_behaviour=True,
    ),
    Exercise(
        id="09.2",
        title="Which schema wrote this?",
        question=(
            "`value` is the value of a record (bytes). Return the id of the schema it was written "
            "with, or None if it is not framed by a schema registry's serializer."
        ),
        stub="def schema_id(value):\n    raise NotImplementedError   # your code here",
        answer="schema_id",
        judge=_judge_schema_id,
        hints=(
            "Look at the Avro value in section 5, byte by byte.",
            "A zero byte, then four bytes of id. What does JSON begin with?",
            "`int.from_bytes(…, 'big')` makes a number of bytes. And what of a value that is "
            "shorter than five bytes?",
        ),
        tempting={
            "def schema_id(value):\n    return int.from_bytes(value[1:5], 'little')": (
                "the id is big-endian"
            ),
            "def schema_id(value):\n    return int.from_bytes(value[1:5], 'big')": (
                "not every value is framed"
            ),
            "def schema_id(value):\n    return value[4] if value[:1] == b'\\0' else None": (
                "the id is in bytes 1 to 4"
            ),
        },
        concepts=("serialization", "serialization: avro"),
    ),
    Exercise(
        id="09.3",
        title="The next version",
        question=(
            "The shop goes abroad: `amount` shall be a `double`, and there shall be a `currency`,"
            " a "
            "string. Write the next version of `V1` (a dict) so that programs with it can read the "
            "orders that are in the topic already: the registry's level is BACKWARD."
        ),
        stub="schema = ...   # such as {**V1, 'fields': [...]}",
        answer="schema",
        judge=_judge_next_version,
        hints=(
            "A program with your schema reads an order written with V1. Where does it get "
            "`currency`?",
            "A reader fills in what is missing with the field's default. And an int reads as "
            "double.",
            "Section 6: the field that `BACKWARD` lets in has three entries, the one it refuses "
            "has two.",
        ),
        tempting={
            (
                "from lab.exercises.stories_09 import V1, add, change\n"
                "schema = add(change(V1, 'amount', type='double'), 'currency', 'string')"
            ): "a field that the old orders lack needs a default",
            (
                "from lab.exercises.stories_09 import V1, add, change\n"
                "schema = add(change(V1, 'amount', type='string'), 'currency', 'string', 'EUR')"
            ): "only some types widen into others",
            (
                "from lab.exercises.stories_09 import V1, add, remove\n"
                "schema = add(add(remove(V1, 'amount'), 'total', 'double'), "
                "'currency', 'string', 'EUR')"
            ): "a new name is a new field",
        },
        concepts=("serialization: avro",),
    ),
)

#: Where each choice of 09.nowhere would stand.
_FIELDS: Final = {"a": "offsetDelta", "b": "timestampDelta", "d": "headerKey", "c": "partition"}

PREDICTIONS: Final = (
    Prediction(
        id="09.bit",
        question="One bit of the value is flipped on the way to the leader. What happens?",
        choices=(
            Choice(
                key="a",
                words="The leader takes it: it does not know what orders look like.",
                because=(
                    "It need not know orders to see that bytes have changed: it computes the "
                    "checksum."
                ),
            ),
            Choice(key="b", words="The leader refuses it."),
            Choice(
                key="c",
                words="The leader takes it; the consumer finds the damage.",
                because=(
                    "A consumer may check too (`check.crcs`), but the leader does it first, "
                    "before anything is in the log."
                ),
            ),
        ),
        judge=lambda code: "a" if code == "NONE" else "b",
        evidence="The leader answered {code}.",
    ),
    Prediction(
        id="09.nowhere",
        question="Which of these is nowhere in the bytes of the batch?",
        choices=(
            Choice(
                key="a",
                words="The offset.",
                because="The batch holds a base offset, and each record its distance from it.",
            ),
            Choice(
                key="b",
                words="The timestamp.",
                because="The batch holds a base timestamp, and each record its distance from it.",
            ),
            Choice(key="c", words="The partition."),
            Choice(
                key="d",
                words="The headers.",
                because="They stand at the end of the record: name, bytes, name, bytes.",
            ),
        ),
        judge=lambda names: next(key for key, name in _FIELDS.items() if name not in names),
    ),
    Prediction(
        id="09.offset",
        question="The batch says `baseOffset 0`. Change it to 1 000 000 and send. What happens?",
        choices=(
            Choice(
                key="a",
                words="The leader refuses it: the CRC does not match.",
                because="The CRC matches: it does not cover the offset. It is the offset itself.",
            ),
            Choice(
                key="b",
                words="The order is written at offset 1 000 000.",
                because=(
                    "Then any producer could make holes in the log. The leader gives the offsets."
                ),
            ),
            Choice(
                key="c",
                words="The order is written at the next free offset.",
                because="The leader gives the offsets, and takes only batches that leave it to it.",
            ),
            Choice(
                key="d",
                words="The leader refuses it: what a producer sends begins at 0.",
            ),
        ),
        judge=lambda code: {"CORRUPT_MESSAGE": "a", "NONE": "c"}.get(code, "d"),
        evidence="The leader answered {code}.",
    ),
    Prediction(
        id="09.poison",
        question="Between the JSON orders somebody sends a value that is no JSON. Who notices?",
        choices=(
            Choice(
                key="a",
                words="The producer: `produce` raises an error.",
                because=(
                    "A producer takes bytes. What they mean is between those who write and those "
                    "who read."
                ),
            ),
            Choice(
                key="b",
                words="The broker refuses the record.",
                because=(
                    "The broker checks the frame, not what you put in it: your value is bytes to "
                    "it."
                ),
            ),
            Choice(
                key="c",
                words="The consumer, once: after a restart it goes on behind it.",
                because=(
                    "A restarted consumer goes on from the committed offset, and that is before it."
                ),
            ),
            Choice(key="d", words="The consumer, at each start: it never comes past it."),
        ),
        judge=lambda stops: "d" if len(stops) > 1 and len(set(stops)) == 1 else "c",
        evidence="Started three times, it stopped at the offsets {stops}.",
    ),
    Prediction(
        id="09.change",
        question=(
            "New programs must be able to read the old orders (BACKWARD). Which change does the "
            "registry refuse?"
        ),
        choices=(
            Choice(
                key="a",
                words="Removing a field.",
                because=(
                    "A reader may leave out what was written. It is the *old* programs that would"
                    " miss it."
                ),
            ),
            Choice(key="b", words="Adding a field without a default."),
            Choice(key="c", words="Both.", because="A reader may leave out what was written."),
            Choice(
                key="d",
                words="Neither.",
                because="What should a new program give for a field that nobody wrote?",
            ),
        ),
        judge=lambda removed, added: {
            (True, True): "d",
            (True, False): "b",
            (False, True): "a",
            (False, False): "c",
        }[removed, added],
    ),
    Prediction(
        id="09.smaller",
        question="Orders compressed with gzip: what becomes of a batch of one, and of a hundred?",
        choices=(
            Choice(
                key="a",
                words="Both shrink alike.",
                because=(
                    "A compressor looks for what repeats. In one order little does, and its own "
                    "header costs."
                ),
            ),
            Choice(key="b", words="One order grows, a hundred shrink."),
            Choice(
                key="c",
                words="Neither shrinks: the values are different.",
                because="The values differ, but their field names do not.",
            ),
        ),
        judge=lambda one, hundred: "b" if one > 1 > hundred else ("a" if one < 1 else "c"),
        evidence="One order takes {one:.1f} times its bytes, a hundred {hundred:.1f} times.",
    ),
)
