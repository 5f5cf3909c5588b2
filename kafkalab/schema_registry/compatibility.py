"""Can a program that knows one Avro schema read what was written with another?

    BACKWARD   the new schema reads what the last one wrote      upgrade the consumers first
    FORWARD    the last schema reads what the new one writes     upgrade the producers first
    FULL       both                                              in any order
    …_TRANSITIVE   the same, of all versions, not only the last
    NONE       whatever

A reader resolves each of its own fields: the writer has it, or the reader has a default.  So a
field may be removed, or added with a default, and stay backward compatible; int may become long;
an enum may only gain symbols.

In Avro: "Schema Resolution" of the specification, `SchemaCompatibility`; the words of a difference
are those of Confluent's `Difference` and `SchemaValidatorBuilder`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from kafkalab.schema_registry.avro import AvroSchema

NONE: Final = "NONE"
DEFAULT: Final = "BACKWARD"
LEVELS: Final = (
    NONE,
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
)
_PROMOTIONS: Final = {
    "long": ("int",),
    "float": ("int", "long"),
    "double": ("int", "long", "float"),
    "bytes": ("string",),
    "string": ("bytes",),
}
_SHOWN_MAX: Final = 10_240  # of an old schema, in an error


class Difference(NamedTuple):
    """One thing a reader cannot read.  `path` is a JSON pointer into the reader's schema."""

    kind: str
    path: str
    detail: str

    def words(self, reader: str, writer: str) -> str:
        """In a sentence; `reader` and `writer` are "new" and "old", or the other way round."""
        return (
            f"{{errorType:'{self.kind}', description:'{self._description(reader, writer)}', "
            f"additionalInfo:'{self.detail}'}}"
        )

    def _description(self, reader: str, writer: str) -> str:
        path, detail = self.path, self.detail
        match self.kind:
            case "FIXED_SIZE_MISMATCH":
                return (
                    f"The size of FIXED type field at path '{path}' in the {reader} schema "
                    f"does not match with the {writer} schema"
                )
            case "TYPE_MISMATCH":
                return (
                    f"The type (path '{path}') of a field in the {reader} schema does not match "
                    f"with the {writer} schema"
                )
            case "NAME_MISMATCH":
                return f"The name of the schema has changed (path '{path}')"
            case "MISSING_ENUM_SYMBOLS":
                return (
                    f"The {reader} schema is missing enum symbols '{detail}' at path '{path}' "
                    f"in the {writer} schema"
                )
            case "MISSING_UNION_BRANCH":
                return (
                    f"The {reader} schema is missing a type inside a union field at path '{path}' "
                    f"in the {writer} schema"
                )
            case _:
                return (
                    f"The field '{detail}' at path '{path}' in the {reader} schema has no default "
                    f"value and is missing in the {writer} schema"
                )


class Registered(NamedTuple):
    """A version already there."""

    version: int
    schema: AvroSchema


def check(level: str, new: AvroSchema, earlier: Sequence[Registered]) -> list[str]:
    """Why a new schema may not follow the earlier ones (oldest first); [] if it may."""
    if level == NONE or not earlier:
        return []
    which = reversed(earlier) if level.endswith("_TRANSITIVE") else [earlier[-1]]
    for old in which:
        found = _against(level, new, old.schema)
        if found:
            shown = old.schema.text
            if len(shown) > _SHOWN_MAX:
                shown = shown[:_SHOWN_MAX] + "..."
            return [
                *found,
                f"{{oldSchemaVersion: {old.version}}}",
                f"{{oldSchema: '{shown}'}}",
                f"{{validateFields: 'false', compatibility: '{level}'}}",
            ]
    return []


def _against(level: str, new: AvroSchema, old: AvroSchema) -> list[str]:
    found = []
    if not level.startswith("BACKWARD"):
        found += [one.words("old", "new") for one in differences(old, new)]
    if not level.startswith("FORWARD"):
        found += [one.words("new", "old") for one in differences(new, old)]
    return found


def differences(reader: AvroSchema, writer: AvroSchema) -> list[Difference]:
    """What keeps the reader from reading what the writer writes; [] if nothing does."""
    return list(_Resolution().resolve(reader.root, writer.root, ""))


class _Resolution:
    """One walk over two schemas.  A pair that contains itself is assumed to fit (recursion)."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()

    def resolve(self, reader: Any, writer: Any, path: str) -> Iterator[Difference]:
        pair = (id(reader), id(writer))
        if pair in self._seen and reader.type in ("record", "error"):
            return
        self._seen.add(pair)
        if _kind(reader) == _kind(writer):
            yield from self._same_kind(reader, writer, path)
        elif _kind(writer) == "union":
            for branch in writer.schemas:
                yield from self.resolve(reader, branch, path)
        elif _kind(reader) == "union":
            if not any(self._fits(branch, writer) for branch in reader.schemas):
                yield _missing_branch(writer, path)
        elif _kind(writer) not in _PROMOTIONS.get(_kind(reader), ()):
            words = f"reader type: {_shown(reader)} not compatible with writer type: "
            yield Difference("TYPE_MISMATCH", path or "/", words + _shown(writer))

    def _fits(self, reader: Any, writer: Any) -> bool:
        apart = _Resolution()
        apart._seen = self._seen.copy()
        return not any(apart.resolve(reader, writer, ""))

    def _same_kind(self, reader: Any, writer: Any, path: str) -> Iterator[Difference]:
        match _kind(reader):
            case "array":
                yield from self.resolve(reader.items, writer.items, f"{path}/items")
            case "map":
                yield from self.resolve(reader.values, writer.values, f"{path}/values")
            case "union":
                for number, branch in enumerate(writer.schemas):
                    if not self._fits(reader, branch):
                        yield _missing_branch(branch, f"{path}/{number}")
            case "fixed":
                yield from _names(reader, writer, path)
                if reader.size != writer.size:
                    words = f"expected: {writer.size}, found: {reader.size}"
                    yield Difference("FIXED_SIZE_MISMATCH", f"{path}/size", words)
            case "enum":
                yield from _names(reader, writer, path)
                yield from _symbols(reader, writer, path)
            case "record":
                yield from _names(reader, writer, path)
                yield from self._fields(reader, writer, path)

    def _fields(self, reader: Any, writer: Any, path: str) -> Iterator[Difference]:
        written = {field.name: field for field in writer.fields}
        for number, field in enumerate(reader.fields):
            here = f"{path}/fields/{number}"
            names = (field.name, *_aliases(field))
            theirs = next((written[name] for name in names if name in written), None)
            if theirs is not None:
                yield from self.resolve(field.type, theirs.type, f"{here}/type")
            elif not field.has_default:
                yield Difference("READER_FIELD_MISSING_DEFAULT_VALUE", here, field.name)


def _kind(schema: Any) -> str:
    return "record" if schema.type == "error" else str(schema.type)


def _shown(schema: Any) -> str:
    return _kind(schema).upper()


def _missing_branch(writer: Any, path: str) -> Difference:
    words = f"reader union lacking writer type: {_shown(writer)}"
    return Difference("MISSING_UNION_BRANCH", path or "/", words)


def _names(reader: Any, writer: Any, path: str) -> Iterable[Difference]:
    """Simple names count, and the reader's aliases."""
    if reader.name == writer.name or writer.fullname in _full(reader):
        return
    yield Difference("NAME_MISMATCH", f"{path}/name", f"expected: {writer.fullname}")


def _full(schema: Any) -> list[str]:
    space = schema.namespace
    return [
        f"{space}.{alias}" if space and "." not in alias else alias for alias in _aliases(schema)
    ]


def _aliases(one: Any) -> list[str]:
    return list(one.props.get("aliases") or one.other_props.get("aliases") or ())


def _symbols(reader: Any, writer: Any, path: str) -> Iterator[Difference]:
    missing = sorted(set(writer.symbols) - set(reader.symbols))
    default = reader.props.get("default") or reader.other_props.get("default")
    if missing and default not in reader.symbols:
        yield Difference("MISSING_ENUM_SYMBOLS", f"{path}/symbols", f"[{', '.join(missing)}]")
