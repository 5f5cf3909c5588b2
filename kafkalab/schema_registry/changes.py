"""What POST, PUT and DELETE do: each decides on records of `_schemas` and an answer for later.

Registering: the same text in a subject is the same version; the same text elsewhere has the same
id; anything new must be compatible with what is there.  Deleting is soft at first (the id still
answers, for messages in topics have it), and for good only then, with `?permanent=true`.

In Confluent's Schema Registry: `KafkaSchemaRegistry.register`, `deleteSubject`,
`deleteSchemaVersion`.
"""

from collections.abc import Mapping
from typing import Any, Final

from kafkalab.schema_registry import compatibility, reading
from kafkalab.schema_registry.avro import AvroSchema, InvalidSchema, parse
from kafkalab.schema_registry.compatibility import Registered
from kafkalab.schema_registry.requests import Answer, Refused, Request, version_number
from kafkalab.schema_registry.subjects import (
    Record,
    Subjects,
    Version,
    delete_subject_record,
    forget_record,
    level_record,
    schema_record,
)

_AVRO: Final = "AVRO"


def register(subjects: Subjects, request: Request, subject: str) -> Answer:
    """`POST /subjects/{subject}/versions`: {"id", "version", "schema"}."""
    schema = _posted(request)
    there = subjects.versions(subject)
    same = next((version for version in there if version.schema == schema.text), None)
    if same is not None:
        return _registered(same)
    level = _level(subjects, subject)
    against = compatibility.check(level, schema, _registered_schemas(there))
    if against:
        raise Refused(40901, subject, ", ".join(against))
    known = subjects.id_of(schema.text)
    version = Version(
        subject,
        subjects.next_version(subject),
        subjects.next_id if known is None else known,
        schema.text,
    )
    # an older, deleted version with this id makes room, as in the original
    gone = [
        forget_record(old)
        for old in subjects.versions(subject, deleted=True)
        if old.is_deleted and old.id == version.id
    ]
    return _registered(version, (schema_record(version), *gone))


def lookup(subjects: Subjects, request: Request, subject: str) -> Answer:
    """`POST /subjects/{subject}`: the version that has this schema."""
    schema = _posted(request)
    there = subjects.versions(subject, deleted=request.flag("deleted"))
    if not there:
        raise Refused(40401, subject)
    for version in reversed(there):
        if version.schema == schema.text:
            return Answer(200, reading.shown(version))
    raise Refused(40403, "")


def test_latest(subjects: Subjects, request: Request, subject: str) -> Answer:
    """`POST /compatibility/subjects/{subject}/versions`: against what the level says."""
    return _tested(subjects, request, subject, subjects.versions(subject))


def test_version(subjects: Subjects, request: Request, subject: str, number: str) -> Answer:
    """`POST /compatibility/subjects/{subject}/versions/{version}`: against that one."""
    there = subjects.versions(subject)
    if not there and version_number(number) is None:
        return _tested(subjects, request, subject, [])
    if not there:
        raise Refused(40402, number)
    return _tested(subjects, request, subject, [reading.find(subjects, subject, number)])


def _tested(subjects: Subjects, request: Request, subject: str, against: list[Version]) -> Answer:
    is_verbose = request.flag("verbose")
    try:
        schema = _posted(request)
    except Refused as refused:
        if not is_verbose:
            raise
        return Answer(200, {"is_compatible": False, "messages": [str(refused)]})
    found = compatibility.check(_level(subjects, subject), schema, _registered_schemas(against))
    body: dict[str, Any] = {"is_compatible": not found}
    if is_verbose:
        body["messages"] = found
    return Answer(200, body)


def delete_subject(subjects: Subjects, request: Request, subject: str) -> Answer:
    """`DELETE /subjects/{subject}`: the versions deleted."""
    is_permanent = request.flag("permanent")
    every = subjects.versions(subject, deleted=True)
    alive = [version for version in every if not version.is_deleted]
    if not every:
        raise Refused(40401, subject)
    if is_permanent:
        if alive:
            raise Refused(40405, subject)
        forgotten = [forget_record(version) for version in reversed(every)]
        return Answer(
            200, [one.version for one in every], (*forgotten, *_no_level(subjects, subject))
        )
    if not alive:
        raise Refused(40404, subject)
    record = delete_subject_record(subject, alive[-1].version)
    return Answer(200, [one.version for one in alive], (record,))


def delete_version(subjects: Subjects, request: Request, subject: str, number: str) -> Answer:
    """`DELETE /subjects/{subject}/versions/{version}`: its number."""
    if not request.flag("permanent"):
        version = _deletable(subjects, subject, number)
        return Answer(200, version.version, (schema_record(version._replace(is_deleted=True)),))
    version = reading.find(subjects, subject, number, deleted=True)
    if not version.is_deleted:
        raise Refused(40407, subject, version.version)
    is_last = len(subjects.versions(subject, deleted=True)) == 1
    levels = _no_level(subjects, subject) if is_last else ()
    return Answer(200, version.version, (forget_record(version), *levels))


def _deletable(subjects: Subjects, subject: str, number: str) -> Version:
    wanted = version_number(number)
    gone = [one for one in subjects.versions(subject, deleted=True) if one.is_deleted]
    if any(one.version == wanted for one in gone):
        raise Refused(40406, subject, wanted)
    return reading.find(subjects, subject, number)


def set_level(subjects: Subjects, request: Request, subject: str | None = None) -> Answer:
    """`PUT /config`, `PUT /config/{subject}`."""
    body = request.body if isinstance(request.body, Mapping) else {}
    level = str(body.get("compatibility", "")).upper()
    if level not in compatibility.LEVELS:
        raise Refused(42203)
    return Answer(200, {"compatibility": level}, (level_record(subject, level),))


def unset_level(subjects: Subjects, request: Request, subject: str | None = None) -> Answer:
    """`DELETE /config`, `DELETE /config/{subject}`: the level that was."""
    level = subjects.level(subject)
    if level is None and subject is not None:
        raise Refused(40401, subject)
    records = () if level is None else (level_record(subject, None),)
    return Answer(200, {"compatibilityLevel": level or compatibility.DEFAULT}, records)


def _no_level(subjects: Subjects, subject: str) -> tuple[Record, ...]:
    return () if subjects.level(subject) is None else (level_record(subject, None),)


def _level(subjects: Subjects, subject: str) -> str:
    return subjects.level(subject) or subjects.level(None) or compatibility.DEFAULT


def _registered(version: Version, records: tuple[Record, ...] = ()) -> Answer:
    body = {"id": version.id, "version": version.version, "schema": version.schema}
    return Answer(200, body, records)


def _registered_schemas(versions: list[Version]) -> list[Registered]:
    return [Registered(version.version, parse(version.schema)) for version in versions]


def _posted(request: Request) -> AvroSchema:
    """The schema in a request's body.  `Refused` (42201) if it is none that is served here."""
    body = request.body
    if not isinstance(body, Mapping) or not isinstance(body.get("schema"), str):
        raise Refused(42201, 'Empty schema: send {"schema": "…"}, the schema as a JSON string')
    kind = body.get("schemaType") or _AVRO
    if kind != _AVRO:
        raise Refused(42201, f"Invalid schema type {kind}: this registry knows AVRO")
    if body.get("references"):
        raise Refused(42201, "Invalid schema: this registry knows no references to other schemas")
    try:
        return parse(body["schema"])
    except InvalidSchema as error:
        raise Refused(42201, error) from error
