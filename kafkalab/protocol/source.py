"""The Python text of a codec: one function for one class at one version.

What it writes for `FetchPartition` at version 9, to read (and, likewise, to write):

    def read(view, at):
        end = at + 28
        if end > len(view): raise MalformedMessage(...)
        v0, v1, v2, v3, v4 = fixed_0.unpack_from(view, at)
        at = end
        return cls(partition=v0, current_leader_epoch=v1, …), at

Read next: `primitives`, which the text calls.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, replace
from struct import Struct
from typing import Any, NamedTuple

from kafkalab.protocol.primitives import FIXED, VARIABLE
from kafkalab.protocol.schema import Array, Primitive, Wire

Names = dict[str, Any]


class Source(NamedTuple):
    """The text of a function, the objects it names, and the structures whose functions it calls."""

    text: str
    names: Names
    nested: dict[str, type[Any]]


class Part(NamedTuple):
    """A field of a structure, as one version has it."""

    name: str
    wire: Wire
    default: Any
    nullable: bool

    @property
    def fixed(self) -> str | None:
        """Its letter in a `struct` format, if it has a fixed width."""
        if self.nullable or not isinstance(self.wire.type, Primitive):
            return None
        return FIXED.get(self.wire.type.name)


class _Text:
    """Lines being written, and the objects they name."""

    def __init__(self, struct_class: type[Any], flexible: bool, head: str) -> None:
        self.lines = [head]
        self.names: Names = {"cls": struct_class}
        self.nested: dict[str, type[Any]] = {}
        self.flexible = flexible
        self.indent = 1
        self._number = 0

    def add(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def fresh(self, prefix: str) -> str:
        """A name nobody has yet."""
        self._number += 1
        return f"{prefix}{self._number}"

    def name(self, prefix: str, value: Any) -> str:
        """A name by which the text can call `value`."""
        name = self.fresh(prefix)
        self.names[name] = value
        return name

    def part(self, struct_class: type[Any]) -> str:
        """A name for the function of a structure within this one."""
        name = self.fresh("part_")
        self.nested[name] = struct_class
        return name

    def compact(self, wire: Wire) -> bool:
        return self.flexible and wire.flexible

    def source(self) -> Source:
        return Source("\n".join(self.lines) + "\n", self.names, self.nested)


def _parts(struct_class: type[Any], version: int) -> tuple[list[Part], list[Part]]:
    """The fields in their places, and the tagged ones by tag."""
    placed: list[Part] = []
    tagged: list[Part] = []
    for one in fields(struct_class):
        wire: Wire = one.metadata["wire"]
        if version not in wire.versions:
            continue
        part = Part(one.name, wire, _default(one), version in wire.nullable)
        (tagged if version in wire.tagged else placed).append(part)
    return placed, sorted(tagged, key=lambda part: part.wire.tag or 0)


def _default(one: "Field[Any]") -> Any:
    assert one.default is not MISSING, one
    return one.default


def _runs(parts: list[Part]) -> Iterator[list[Part]]:
    """Neighbours of fixed width together, all others alone."""
    run: list[Part] = []
    for part in parts:
        if part.fixed is not None:
            run.append(part)
            continue
        if run:
            yield run
            run = []
        yield [part]
    if run:
        yield run


# --- reading


def reader(struct_class: type[Any], version: int, flexible: bool) -> Source:
    """`read(view, at) -> (cls, at)` and what it names."""
    text = _Text(struct_class, flexible, "def read(view, at):")
    placed, tagged = _parts(struct_class, version)
    variables: dict[str, str] = {}
    for run in _runs(placed):
        if run[0].fixed is not None:
            _read_fixed(text, run, variables)
        else:
            variables[run[0].name] = _read(text, run[0])
    if flexible:
        _read_tagged(text, tagged, variables)
    arguments = ", ".join(f"{name}={variable}" for name, variable in variables.items())
    text.add(f"return cls({arguments}), at")
    return text.source()


def _read_fixed(text: _Text, run: list[Part], variables: dict[str, str]) -> None:
    struct = Struct(">" + "".join(part.fixed or "" for part in run))
    fixed = text.name("fixed_", struct)
    for part in run:
        variables[part.name] = text.fresh("v")
    targets = ", ".join(variables[part.name] for part in run)
    text.add(f"end = at + {struct.size}")
    text.add("if end > len(view):")
    text.add(f"    raise MalformedMessage('{run[0].name} is cut short')")
    text.add(f"{targets}, = {fixed}.unpack_from(view, at)")
    text.add("at = end")


def _read(text: _Text, part: Part) -> str:
    """Read one value into a variable; its name."""
    kind, compact = part.wire.type, text.compact(part.wire)
    variable = text.fresh("v")
    if isinstance(kind, Array):
        _read_array(text, part, kind, variable)
    elif isinstance(kind, Primitive) and kind.name in VARIABLE:
        text.add(f"{variable}, at = read_{VARIABLE[kind.name][compact]}(view, at)")
        if not part.nullable:
            text.add(f"if {variable} is None: required(None, '{part.name}')")
    elif isinstance(kind, Primitive):
        variables: dict[str, str] = {}
        _read_fixed(text, [part], variables)
        return variables[part.name]
    else:
        nested = text.part(kind)
        if not part.nullable:
            text.add(f"{variable}, at = {nested}(view, at)")
        else:
            text.add("if at >= len(view):")
            text.add(f"    raise MalformedMessage('{part.name} is cut short')")
            text.add("if view[at] >= 0x80:")
            text.add(f"    {variable}, at = None, at + 1")
            text.add("else:")
            text.add(f"    {variable}, at = {nested}(view, at + 1)")
    return variable


def _read_array(text: _Text, part: Part, kind: Array, variable: str) -> None:
    count = text.fresh("n")
    text.add(f"{count}, at = read_{'compact_' * text.compact(part.wire)}count(view, at)")
    text.add(f"if {count} < 0:")
    text.add(f"    {variable} = None" if part.nullable else f"    required(None, '{part.name}')")
    text.add("else:")
    text.indent += 1
    text.add(f"{variable} = []")
    text.add(f"for _ in range({count}):")
    text.indent += 1
    item = _read(text, _item(part, kind))
    text.add(f"{variable}.append({item})")
    text.indent -= 1
    text.add(f"{variable} = tuple({variable})")
    text.indent -= 1


def _item(part: Part, kind: Array) -> Part:
    return Part(part.name, replace(part.wire, type=kind.item), None, nullable=False)


def _read_tagged(text: _Text, tagged: list[Part], variables: dict[str, str]) -> None:
    for part in tagged:
        variables[part.name] = variable = text.fresh("v")
        text.add(f"{variable} = {text.name('default_', part.default)}")
    text.add("count, at = read_uvarint(view, at)")
    text.add("while count:")
    text.indent += 1
    text.add("count -= 1")
    text.add("tag, at = read_uvarint(view, at)")
    text.add("size, at = read_uvarint(view, at)")
    text.add("after = at + size")
    text.add("if after > len(view):")
    text.add("    raise MalformedMessage(f'tagged field {tag} is cut short')")
    for part in tagged:
        text.add(f"if tag == {part.wire.tag}:")
        text.indent += 1
        variable = _read(text, part)
        text.add(f"{variables[part.name]} = {variable}")
        text.indent -= 1
    text.add("at = after")
    text.indent -= 1


# --- writing


def writer(struct_class: type[Any], version: int, flexible: bool) -> Source:
    """`write(out, m)` and what it names."""
    text = _Text(struct_class, flexible, "def write(out, m):")
    placed, tagged = _parts(struct_class, version)
    for run in _runs(placed):
        if run[0].fixed is not None:
            fixed = text.name("fixed_", Struct(">" + "".join(part.fixed or "" for part in run)))
            values = ", ".join(f"m.{part.name}" for part in run)
            text.add(f"out.append({fixed}.pack({values}))")
        else:
            _write(text, run[0], f"m.{run[0].name}", "out")
    if flexible:
        _write_tagged(text, tagged)
    text.add("return")
    return text.source()


def _write(text: _Text, part: Part, value: str, out: str) -> None:
    """Write `value`, an expression, to the list called `out`."""
    kind, compact = part.wire.type, text.compact(part.wire)
    if isinstance(kind, Array):
        _write_array(text, part, kind, value, out)
    elif isinstance(kind, Primitive) and kind.name in VARIABLE:
        checked = value if part.nullable else f"required({value}, '{part.name}')"
        text.add(f"write_{VARIABLE[kind.name][compact]}({out}, {checked})")
    elif isinstance(kind, Primitive):
        fixed = text.name("fixed_", Struct(">" + FIXED[kind.name]))
        text.add(f"{out}.append({fixed}.pack({value}))")
    else:
        nested = text.part(kind)
        if not part.nullable:
            text.add(f"{nested}({out}, {value})")
        else:
            text.add(f"if {value} is None:")
            text.add(f"    {out}.append(b'\\xff')")
            text.add("else:")
            text.add(f"    {out}.append(b'\\x01')")
            text.add(f"    {nested}({out}, {value})")


def _write_array(text: _Text, part: Part, kind: Array, value: str, out: str) -> None:
    count = f"write_{'compact_' * text.compact(part.wire)}count"
    items = text.fresh("v")
    text.add(f"{items} = {value}")
    if part.nullable:
        text.add(f"if {items} is None:")
        text.add(f"    {count}({out}, -1)")
        text.add("else:")
        text.indent += 1
    text.add(f"{count}({out}, len({items}))")
    item = text.fresh("v")
    text.add(f"for {item} in {items}:")
    text.indent += 1
    _write(text, _item(part, kind), item, out)
    text.indent -= 2 if part.nullable else 1


def _write_tagged(text: _Text, tagged: list[Part]) -> None:
    if not tagged:
        text.add("out.append(b'\\0')")
        return
    text.add("tags = 0")
    text.add("body = []")
    for part in tagged:
        default = text.name("default_", part.default)
        text.add(f"if m.{part.name} != {default}:")
        text.indent += 1
        text.add("tags += 1")
        text.add("field = []")
        _write(text, part, f"m.{part.name}", "field")
        text.add(f"body.append(uvarint({part.wire.tag}))")
        text.add("body.append(uvarint(sum(map(len, field))))")
        text.add("body.extend(field)")
        text.indent -= 1
    text.add("out.append(uvarint(tags))")
    text.add("out.extend(body)")
