"""What a registry knows: a replay of `_schemas`.

    key                                                  value
    {"keytype": "SCHEMA", "subject", "version", …}       {"id", "schema", "deleted", …}
    {"keytype": "DELETE_SUBJECT", "subject", …}          {"version"}: all up to this one
    {"keytype": "CONFIG", "subject", …}                  {"compatibilityLevel"}; null: of all
    {"keytype": "NOOP", …}                               nothing

A value of null (a tombstone) forgets its key for good.  Soft deletion only marks: the id of a
deleted version still answers, for messages written with it are still in their topics.

Invariants: an id stands for one text; versions of a subject never repeat, while any is remembered.
In Confluent's Schema Registry: `SchemaKey`, `SchemaValue`, `DeleteSubjectKey`, `ConfigKey`,
`KafkaStoreMessageHandler`.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

TOPIC: Final = "_schemas"


class Version(NamedTuple):
    """One version of a subject.  `schema` is its canonical text."""

    subject: str
    version: int
    id: int
    schema: str
    is_deleted: bool = False


class Record(NamedTuple):
    """A record of `_schemas`; value None is a tombstone."""

    key: bytes
    value: bytes | None


class Subjects:
    """Versions by subject, texts by id, compatibility levels."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, Version]] = {}
        self._texts: dict[int, str] = {}
        self._levels: dict[str | None, str] = {}

    # reading

    def names(self, *, deleted: bool = False) -> list[str]:
        """Subjects with a version that is not deleted; all, with `deleted`."""
        return sorted(name for name in self._versions if self.versions(name, deleted=deleted))

    def versions(self, subject: str, *, deleted: bool = False) -> list[Version]:
        """Oldest first."""
        found = self._versions.get(subject, {})
        return [found[n] for n in sorted(found) if deleted or not found[n].is_deleted]

    def text(self, id: int) -> str | None:
        """The schema with this id."""
        return self._texts.get(id)

    def with_id(self, id: int, *, deleted: bool = False) -> list[Version]:
        """Who uses an id, by subject and version."""
        return [
            version
            for subject in sorted(self._versions)
            for version in self.versions(subject, deleted=deleted)
            if version.id == id
        ]

    def id_of(self, text: str) -> int | None:
        """The id of a canonical text, in whatever subject."""
        return next((id for id, known in self._texts.items() if known == text), None)

    @property
    def next_id(self) -> int:
        return max(self._texts, default=0) + 1

    def next_version(self, subject: str) -> int:
        return max(self._versions.get(subject, ()), default=0) + 1

    def level(self, subject: str | None) -> str | None:
        """The compatibility level set for a subject (None: for all)."""
        return self._levels.get(subject)

    # replay

    def replay(self, key: bytes, value: bytes | None) -> None:
        """Take in one record.  What is no registry's record is passed over."""
        try:
            what = json.loads(key)
            said = None if value is None else json.loads(value)
        except ValueError:
            return
        if not isinstance(what, dict):
            return
        match what.get("keytype"):
            case "SCHEMA":
                self._replay_schema(what["subject"], what["version"], said)
            case "DELETE_SUBJECT" if said is not None:
                self._delete_up_to(said["subject"], said["version"])
            case "CONFIG":
                self._replay_level(what.get("subject"), said)

    def _replay_schema(self, subject: str, number: int, said: Mapping[str, Any] | None) -> None:
        versions = self._versions.setdefault(subject, {})
        if said is not None:
            versions[number] = Version(
                subject, number, said["id"], said["schema"], said.get("deleted", False)
            )
            self._texts[said["id"]] = said["schema"]
            return
        gone = versions.pop(number, None)
        if not versions:
            del self._versions[subject]
        if gone is not None and not self.with_id(gone.id, deleted=True):
            del self._texts[gone.id]

    def _delete_up_to(self, subject: str, last: int) -> None:
        versions = self._versions.get(subject, {})
        for number, version in versions.items():
            if number <= last:
                versions[number] = version._replace(is_deleted=True)

    def _replay_level(self, subject: str | None, said: Mapping[str, Any] | None) -> None:
        if said is None:
            self._levels.pop(subject, None)
        else:
            self._levels[subject] = said["compatibilityLevel"]


# records

#: Says nothing: a registry that starts writes it, and has read all before it once it reads it back.
NOOP: Final = Record(b'{"keytype":"NOOP","magic":0}', None)


def schema_record(version: Version) -> Record:
    """To add or mark a version."""
    return _record(
        {"keytype": "SCHEMA", "subject": version.subject, "version": version.version, "magic": 1},
        {
            "subject": version.subject,
            "version": version.version,
            "id": version.id,
            "schema": version.schema,
            "deleted": version.is_deleted,
        },
    )


def forget_record(version: Version) -> Record:
    """To forget a version for good."""
    return Record(schema_record(version).key, None)


def delete_subject_record(subject: str, last: int) -> Record:
    """To mark all versions up to the last."""
    return _record(
        {"keytype": "DELETE_SUBJECT", "subject": subject, "magic": 0},
        {"subject": subject, "version": last},
    )


def level_record(subject: str | None, level: str | None) -> Record:
    """To set a compatibility level, or (None) take it away."""
    key = {"keytype": "CONFIG", "subject": subject, "magic": 0}
    return _record(key, None if level is None else {"compatibilityLevel": level})


def _record(key: Mapping[str, Any], value: Mapping[str, Any] | None) -> Record:
    return Record(_bytes(key), None if value is None else _bytes(value))


def _bytes(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
