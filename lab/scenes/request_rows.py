"""The rows of a request lens: each field with its bytes, structures as headings.

Read next: `request_lens`, whose part this is; `byte_rows`, which draws them.
"""

from collections.abc import Sequence

from kafkalab.errors import ErrorCode
from kafkalab.frames.wire_fields import Path, WireAnatomy, WireField, batches_in
from kafkalab.ids import uuid_text
from lab.scenes.byte_rows import Row


def rows_of(anatomy: WireAnatomy) -> list[Row]:
    """A row for each field, and a heading for header, body and each structure."""
    rows: list[Row] = []
    inside: Path = ()
    batches = 0
    is_body = False
    for number, field in enumerate(anatomy.fields):
        if number == 1:
            rows.append(Row(field.offset, 0, "Header"))
        if not is_body and number and field.offset >= anatomy.body_at:
            is_body = True
            rows.append(Row(field.offset, 0, "Body"))
        if field.inside != inside:
            inside = field.inside
            if inside and _opens(inside, rows):
                depth = _depth(inside) - 1
                rows.append(Row(field.offset, 0, _last(inside), depth=depth, about="heading"))
        found = batches_in(field)
        does = None
        if found:
            words = "Open the batch" if len(found) == 1 else f"Open its {len(found)} batches"
            does = words, f"open {batches}"
            batches += len(found)
        rows.append(_row(field, does))
    return rows


def _opens(inside: Path, rows: Sequence[Row]) -> bool:
    """Whether a structure begins here, not goes on after one within it."""
    name, depth = _last(inside), _depth(inside) - 1
    for row in reversed(rows):
        if row.depth == depth and row.about == "heading":
            return row.name != name
        if row.depth < depth and row.about == "heading":
            return True
    return True


def _depth(path: Path) -> int:
    return sum(isinstance(step, str) for step in path)


def _last(path: Path) -> str:
    """`partition_data[0]`: the last name and what follows it."""
    name = next(at for at in range(len(path) - 1, -1, -1) if isinstance(path[at], str))
    return str(path[name]) + "".join(f"[{step}]" for step in path[name + 1 :])


def _row(field: WireField, does: tuple[str, str] | None) -> Row:
    name = field.name
    if field.path:
        name = _last(field.path)
    elif name.endswith(" length"):
        name = "length"
    note, sign = field.note or _note(field) or field.kind, ""
    if field.name.endswith("error_code") and field.value:
        sign = "cross"
    value = "" if field.name == "?" else value_words(field)
    return Row(
        field.offset, field.size, name, value, note, field.about, sign,
        depth=_depth(field.inside), does=does,
    )  # fmt: skip


def value_words(field: WireField) -> str:
    """A value as a reader would write it."""
    value = field.value
    if value is None:
        return "null" if field.path else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        if field.kind == "uuid":
            return uuid_text(value)
        if field.kind == "records":
            return f"{len(value)} bytes"
        try:
            words = value.decode()
        except UnicodeDecodeError:
            return f"{len(value)} bytes"
        return f"“{words}”" if words.isprintable() else f"{len(value)} bytes"
    if isinstance(value, str):
        return f"“{value}”"
    return "[]" if value == () else str(value)


def _note(field: WireField) -> str:
    value = field.value
    if field.name.endswith("error_code") and isinstance(value, int):
        try:
            return ErrorCode(value).name
        except ValueError:
            return "no code of Kafka's"
    if field.name == "acks":
        return {-1: "all", 0: "no answer", 1: "the leader's"}.get(value, "")
    return ""
