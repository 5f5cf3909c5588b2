"""What changed between two scenes, by key: the only thing that travels to the browser.

    flat(old), flat(new) ──diff()──▶ Patch {d, a, m, u} ──JSON──▶ player.js keeps and patches nodes

Short names, because a patch goes out thirty times a second: `d` keys to delete, `a` shapes to add
`[key, parent, tag, attributes, words, after]`, `m` kept shapes whose place among their siblings
changed `[key, parent, after]`, `u` changed `[key, attributes, words?]`, where an attribute of null
is removed.  `after` is the key of the sibling before, null for the first.

Invariants: `apply(old, diff(old, new)) == new`, paint order included; a shape that does not change
is not mentioned; a key never changes its tag or its parent.
Read next: `lab/widgets/player.js`, which applies one.
"""

from typing import Final, TypedDict

from lab.scenes.shapes import Attributes, Flat, FlatShape, Tag

Added = tuple[str, str, Tag, Attributes, str | None, str | None]
Moved = tuple[str, str, str | None]
Changed = tuple[str, dict[str, str | float | None]] | tuple[str, dict[str, str | float | None], str]


class Patch(TypedDict):
    d: list[str]
    a: list[Added]
    m: list[Moved]
    u: list[Changed]


NOTHING: Final[Flat] = {}


def diff(old: Flat, new: Flat) -> Patch:
    """What must be done to `old` to make it `new`."""
    added: list[Added] = []
    changed: list[Changed] = []
    last: dict[str, str] = {}  # by parent: the sibling before
    for key, shape in new.items():
        before = old.get(key)
        if before is None:
            added.append((key, *shape, last.get(shape.parent)))
        elif (
            before.attributes is not shape.attributes and before.attributes != shape.attributes
        ) or before.words != shape.words:
            assert before.tag == shape.tag, f"{key} was a {before.tag}, now a {shape.tag}"
            changed.append(_change(key, before, shape))
        last[shape.parent] = key
    gone = [key for key in old if key not in new]
    return {"d": gone, "a": added, "m": _moves(old, new), "u": changed}


def is_empty(patch: Patch) -> bool:
    return not (patch["d"] or patch["a"] or patch["m"] or patch["u"])


def apply(old: Flat, patch: Patch) -> Flat:
    """What the player does, in Python: for tests, and as the patch's definition."""
    shapes: dict[str, FlatShape] = {k: s for k, s in old.items() if k not in set(patch["d"])}
    children: dict[str, list[str]] = {}
    for key, shape in shapes.items():
        children.setdefault(shape.parent, []).append(key)
    for key, parent, tag, attributes, words, after in patch["a"]:
        shapes[key] = FlatShape(parent, tag, attributes, words)
        _insert(children.setdefault(parent, []), key, after)
    for key, parent, after in patch["m"]:
        children[parent].remove(key)
        _insert(children[parent], key, after)
    for key, delta, *words_changed in patch["u"]:
        shape = shapes[key]
        merged = {n: v for n, v in {**shape.attributes, **delta}.items() if v is not None}
        words = words_changed[0] if words_changed else shape.words
        shapes[key] = FlatShape(shape.parent, shape.tag, merged, words)
    return _in_order("", children, shapes)


def _change(key: str, before: FlatShape, after: FlatShape) -> Changed:
    old, new = before.attributes, after.attributes
    delta: dict[str, str | float | None] = {n: v for n, v in new.items() if old.get(n) != v}
    delta |= {name: None for name in old if name not in new}
    if before.words != after.words:
        return (key, delta, after.words or "")
    return (key, delta)


def _moves(old: Flat, new: Flat) -> list[Moved]:
    """Every child of a parent whose kept children stand in another order than before.

    Scenes keep their order, so this costs one comparison of two lists and returns nothing; a
    group whose members come in another order is still drawn right.
    """
    kept_before = [key for key in old if key in new]
    kept_after = [key for key in new if key in old]
    if kept_before == kept_after:
        return []
    before, after = _by_parent(kept_before, old), _by_parent(kept_after, new)
    parents = {parent for parent, keys in after.items() if before[parent] != keys}
    moves: list[Moved] = []
    last: dict[str, str] = {}
    for key, shape in new.items():
        if shape.parent in parents:
            moves.append((key, shape.parent, last.get(shape.parent)))
            last[shape.parent] = key
    return moves


def _by_parent(keys: list[str], flat: Flat) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for key in keys:
        children.setdefault(flat[key].parent, []).append(key)
    return children


def _insert(siblings: list[str], key: str, after: str | None) -> None:
    siblings.insert(siblings.index(after) + 1 if after is not None else 0, key)


def _in_order(parent: str, children: dict[str, list[str]], shapes: Flat) -> Flat:
    ordered: Flat = {}
    for key in children.get(parent, []):
        ordered[key] = shapes[key]
        ordered |= _in_order(key, children, shapes)
    return ordered
