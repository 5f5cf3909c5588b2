"""A request to a registry, its answer, and what a refusal says.

Codes and words are those of Confluent's `rest/exceptions/Errors`; the first three digits of a code
are the HTTP status.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kafkalab.schema_registry.subjects import Record

_VERSION_MAX: Final = 2**31 - 1
_WORDS: Final = {
    40401: "Subject '{0}' not found.",
    40402: "Version {0} not found.",
    40403: "Schema{0} not found",
    40404: "Subject '{0}' was soft deleted.Set permanent=true to delete permanently",
    40405: "Subject '{0}' was not deleted first before being permanently deleted",
    40406: "Subject '{0}' Version {1} was soft deleted.Set permanent=true to delete permanently",
    40407: "Subject '{0}' Version {1} was not deleted first before being permanently deleted",
    40408: "Subject '{0}' does not have subject-level compatibility configured",
    40901: (
        "Schema being registered is incompatible with an earlier schema for subject "
        '"{0}", details: [{1}]'
    ),
    42201: "{0}",
    42202: (
        "The specified version '{0}' is not a valid version id. Allowed values are between "
        '[1, 2^31-1] and the string "latest"'
    ),
    42203: (
        "Invalid compatibility level. Valid values are none, backward, forward, full, "
        "backward_transitive, forward_transitive, and full_transitive"
    ),
    42205: "{0}",
    50001: "{0}",
}


class Request(NamedTuple):
    """`body` is parsed JSON, or None."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None

    def flag(self, name: str) -> bool:
        """Whether `?name=true` was given."""
        return self.query.get(name, "").lower() == "true"


class Answer(NamedTuple):
    """`body` is JSON; `records` must be in `_schemas` before it may be given."""

    status: int
    body: Any
    records: tuple[Record, ...] = ()


class Refused(Exception):
    """A request that cannot be done; `code` is the registry's own."""

    def __init__(self, code: int, *about: object) -> None:
        super().__init__(_WORDS[code].format(*about))
        self.code = code

    def answer(self) -> Answer:
        """What the client is told."""
        return Answer(self.code // 100, {"error_code": self.code, "message": str(self)})


def version_number(text: str) -> int | None:
    """A version in a path; None for the latest.  `Refused` (42202) for what is none."""
    if text in ("latest", "-1"):
        return None
    if text.isascii() and text.isdigit() and 1 <= int(text) <= _VERSION_MAX:
        return int(text)
    raise Refused(42202, text)
