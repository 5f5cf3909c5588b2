"""What GET answers: subjects, versions, schemas, settings.  Nothing changes."""

import json
from typing import Any

from kafkalab.schema_registry import compatibility
from kafkalab.schema_registry.requests import Answer, Refused, Request, version_number
from kafkalab.schema_registry.subjects import Subjects, Version


def root(subjects: Subjects, request: Request) -> Answer:
    """`/`: a registry is here."""
    return Answer(200, {})


def types(subjects: Subjects, request: Request) -> Answer:
    """`/schemas/types`"""
    return Answer(200, ["AVRO"])


def mode(subjects: Subjects, request: Request) -> Answer:
    """`/mode`: this registry is always open for writing."""
    return Answer(200, {"mode": "READWRITE"})


def subject_names(subjects: Subjects, request: Request) -> Answer:
    """`/subjects`"""
    prefix = request.query.get("subjectPrefix", "")
    is_only = request.flag("deletedOnly")
    names = subjects.names(deleted=request.flag("deleted") or is_only)
    if is_only:
        alive = set(subjects.names())
        names = [name for name in names if name not in alive]
    return Answer(200, [name for name in names if name.startswith(prefix)])


def schemas(subjects: Subjects, request: Request) -> Answer:
    """`/schemas`"""
    prefix, is_all = request.query.get("subjectPrefix", ""), request.flag("deleted")
    found: list[Version] = []
    for name in subjects.names(deleted=is_all):
        if name.startswith(prefix):
            versions = subjects.versions(name, deleted=is_all)
            found += versions[-1:] if request.flag("latestOnly") else versions
    return Answer(200, [shown(version) for version in found])


def schema_by_id(subjects: Subjects, request: Request, id: str) -> Answer:
    """`/schemas/ids/{id}`: what a consumer asks once for each id it meets."""
    found: dict[str, Any] = {"schema": _text(subjects, id)}
    if request.flag("fetchMaxId"):
        found["maxId"] = subjects.next_id - 1
    return Answer(200, found)


def text_by_id(subjects: Subjects, request: Request, id: str) -> Answer:
    """`/schemas/ids/{id}/schema`: the schema itself, not in a string."""
    return Answer(200, json.loads(_text(subjects, id)))


def subjects_by_id(subjects: Subjects, request: Request, id: str) -> Answer:
    """`/schemas/ids/{id}/subjects`"""
    _text(subjects, id)
    users = subjects.with_id(int(id), deleted=request.flag("deleted"))
    return Answer(200, list(dict.fromkeys(version.subject for version in users)))


def versions_by_id(subjects: Subjects, request: Request, id: str) -> Answer:
    """`/schemas/ids/{id}/versions`"""
    _text(subjects, id)
    users = subjects.with_id(int(id), deleted=request.flag("deleted"))
    return Answer(200, [{"subject": one.subject, "version": one.version} for one in users])


def versions(subjects: Subjects, request: Request, subject: str) -> Answer:
    """`/subjects/{subject}/versions`"""
    is_only = request.flag("deletedOnly")
    found = subjects.versions(subject, deleted=request.flag("deleted") or is_only)
    if is_only:
        found = [version for version in found if version.is_deleted]
    if not found:
        raise Refused(40401, subject)
    return Answer(200, [version.version for version in found])


def version(subjects: Subjects, request: Request, subject: str, number: str) -> Answer:
    """`/subjects/{subject}/versions/{version}`"""
    return Answer(200, shown(find(subjects, subject, number, deleted=request.flag("deleted"))))


def version_text(subjects: Subjects, request: Request, subject: str, number: str) -> Answer:
    """`/subjects/{subject}/versions/{version}/schema`"""
    found = find(subjects, subject, number, deleted=request.flag("deleted"))
    return Answer(200, json.loads(found.schema))


def referenced_by(subjects: Subjects, request: Request, subject: str, number: str) -> Answer:
    """`/subjects/{subject}/versions/{version}/referencedby`: references are left out here."""
    find(subjects, subject, number, deleted=request.flag("deleted"))
    return Answer(200, [])


def level(subjects: Subjects, request: Request) -> Answer:
    """`/config`"""
    return Answer(200, {"compatibilityLevel": subjects.level(None) or compatibility.DEFAULT})


def subject_level(subjects: Subjects, request: Request, subject: str) -> Answer:
    """`/config/{subject}`"""
    found = subjects.level(subject)
    if found is None and request.flag("defaultToGlobal"):
        return level(subjects, request)
    if found is None:
        raise Refused(40408, subject)
    return Answer(200, {"compatibilityLevel": found})


def find(subjects: Subjects, subject: str, number: str, *, deleted: bool = False) -> Version:
    """A version by its number or "latest".  `Refused`: 40401, 40402, 42202."""
    wanted = version_number(number)
    found = subjects.versions(subject, deleted=deleted)
    if not found:
        raise Refused(40401, subject)
    if wanted is None:
        return found[-1]
    match = next((version for version in found if version.version == wanted), None)
    if match is None:
        raise Refused(40402, wanted)
    return match


def shown(version: Version) -> dict[str, Any]:
    """A version as JSON; AVRO goes without saying, as in the original."""
    return {
        "subject": version.subject,
        "version": version.version,
        "id": version.id,
        "schema": version.schema,
        **({"deleted": True} if version.is_deleted else {}),
    }


def _text(subjects: Subjects, id: str) -> str:
    text = subjects.text(int(id)) if id.isascii() and id.isdigit() else None
    if text is None:
        raise Refused(40403, f" {id}")
    return text
