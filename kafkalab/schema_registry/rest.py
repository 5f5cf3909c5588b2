"""The REST face of a registry, as plain data: a request in, an answer and records to write out.

    answer(subjects, Request("POST", "/subjects/orders-value/versions", {}, {"schema": …}))
      ──▶ Answer(200, {"id": 1, …}, (a record of _schemas,))

The caller writes the records first, reads them back, and only then gives the answer.

In Confluent's Schema Registry: `rest/resources`; paths, codes and words are those.
Read next: `reading` and `changes`, the handlers.
"""

from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import unquote

from kafkalab.schema_registry import changes, reading
from kafkalab.schema_registry.requests import Answer, Refused, Request
from kafkalab.schema_registry.subjects import Subjects


class Route(NamedTuple):
    """`{}` in a path stands for one part of it, which the handler is given."""

    method: str
    path: str
    handler: Callable[..., Answer]


_SUBJECT: Final = "/subjects/{}"
_VERSIONS: Final = f"{_SUBJECT}/versions"
_VERSION: Final = f"{_VERSIONS}/{{}}"
_ID: Final = "/schemas/ids/{}"

ROUTES: Final = (
    Route("GET", "/", reading.root),
    Route("GET", "/mode", reading.mode),
    Route("GET", "/schemas", reading.schemas),
    Route("GET", "/schemas/types", reading.types),
    Route("GET", _ID, reading.schema_by_id),
    Route("GET", f"{_ID}/schema", reading.text_by_id),
    Route("GET", f"{_ID}/subjects", reading.subjects_by_id),
    Route("GET", f"{_ID}/versions", reading.versions_by_id),
    Route("GET", "/subjects", reading.subject_names),
    Route("POST", _SUBJECT, changes.lookup),
    Route("DELETE", _SUBJECT, changes.delete_subject),
    Route("GET", _VERSIONS, reading.versions),
    Route("POST", _VERSIONS, changes.register),
    Route("GET", _VERSION, reading.version),
    Route("DELETE", _VERSION, changes.delete_version),
    Route("GET", f"{_VERSION}/schema", reading.version_text),
    Route("GET", f"{_VERSION}/referencedby", reading.referenced_by),
    Route("POST", f"/compatibility{_VERSIONS}", changes.test_latest),
    Route("POST", f"/compatibility{_VERSION}", changes.test_version),
    Route("GET", "/config", reading.level),
    Route("PUT", "/config", changes.set_level),
    Route("DELETE", "/config", changes.unset_level),
    Route("GET", "/config/{}", reading.subject_level),
    Route("PUT", "/config/{}", changes.set_level),
    Route("DELETE", "/config/{}", changes.unset_level),
)


def answer(subjects: Subjects, request: Request) -> Answer:
    """Answer one request.  Never raises: what is wrong is an answer with an `error_code`."""
    parts = [unquote(part) for part in request.path.split("/") if part]
    is_known = False
    for route in ROUTES:
        arguments = _match(route.path, parts)
        if arguments is None:
            continue
        is_known = True
        if route.method == request.method:
            try:
                return route.handler(subjects, request, *arguments)
            except Refused as refused:
                return refused.answer()
    status, words = (405, "Method Not Allowed") if is_known else (404, "Not Found")
    return Answer(status, {"error_code": status, "message": f"HTTP {status} {words}"})


def _match(path: str, parts: list[str]) -> list[str] | None:
    """What stands for each `{}`; None if the path is another."""
    pattern = [part for part in path.split("/") if part]
    if len(pattern) != len(parts):
        return None
    pairs = list(zip(pattern, parts, strict=True))
    if any(want not in ("{}", part) for want, part in pairs):
        return None
    return [part for want, part in pairs if want == "{}"]
