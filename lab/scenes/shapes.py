"""What a scene is made of: keyed shapes that say what they are, not how they look.

    Scene ── width, height, title, description
      └─ group "cluster" ── group "b1" ── rect "card", text "name", group "p0" ── …

A shape's full key is the path of keys down to it: `/cluster/b1/p0/log/c41`.  Keys and places go
by identity (offset 41 at 41 × 20 in a group that slides), so that one record more is one shape
more, whatever the window shows, and so that the player can keep nodes and let CSS move them.

Invariants: siblings' keys differ; a key keeps its tag for good; words are data, cleaned of what
no XML may hold, and only ever become text nodes.
Left out: curves beyond `path`, images, markup in words.
Read next: `svg` (writes a scene), `diff` (compares two), `cluster` (draws one).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from lab.scenes.glyphs import BOX, GLYPHS
from lab.scenes.metrics import width_of
from lab.scenes.theme import TYPE

Tag = Literal["g", "rect", "line", "path", "text"]
Attributes = dict[str, str | float]
Anchor = Literal["start", "middle", "end"]


class Shape:
    """A node to be: tag, key among its siblings, attributes, children, and words if a text."""

    __slots__ = ("attributes", "children", "key", "tag", "words")

    def __init__(
        self,
        tag: Tag,
        key: str,
        attributes: Attributes,
        children: "tuple[Shape, ...]" = (),
        words: str | None = None,
    ) -> None:
        self.tag = tag
        self.key = key
        self.attributes = attributes
        self.children = children
        self.words = words


class FlatShape(NamedTuple):
    """A shape without its children, as the diff and the player see it."""

    parent: str
    tag: Tag
    attributes: Attributes
    words: str | None


Flat = dict[str, FlatShape]


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: its shapes, its size, and its one sentence.

    `keys` maps keyboard keys (as `KeyboardEvent.key` names them) to actions.
    """

    width: int
    height: int
    title: str
    say: str
    shapes: tuple[Shape, ...]
    keys: Mapping[str, str] = field(default_factory=dict)

    def flat(self) -> Flat:
        """Every shape by its full key, parents first, in paint order."""
        flat: Flat = {}
        for parent, key, shape in _walk("", self.shapes):
            assert key not in flat, f"two shapes have the key {key}"
            flat[key] = FlatShape(parent, shape.tag, shape.attributes, shape.words)
        return flat


def group(
    key: str,
    children: Iterable[Shape | None],
    *,
    at: tuple[float, float] | None = None,
    label: str | None = None,
    role: str | None = None,
    action: str | None = None,
    is_tab_stop: bool = True,
    is_pressed: bool | None = None,
    is_disabled: bool = False,
    arrows: Literal["line", "plane", "rows"] | None = None,
) -> Shape:
    """Shapes that belong together; with `action`, a button for mouse and keyboard.

    `label` is what a screen reader says.  `action` comes back from the player when it is used.
    Without `is_tab_stop` it is one of many alike, in a group with `arrows`: that is one tab stop,
    and arrow keys go through it: in order ("line"), to the nearest that way ("plane"), or as in
    written text, in order to the left and right, to the nearest above and below ("rows").
    """
    attributes: Attributes = {}
    if at:
        attributes["transform"] = f"translate({number(at[0])},{number(at[1])})"
    if label is not None:
        attributes["aria-label"] = plain(label)
        attributes["role"] = role or "group"
    if action is not None:
        attributes["data-action"] = plain(action)
    if action is not None:
        attributes |= {"role": "button", "tabindex": 0 if is_tab_stop else -1}
    if arrows is not None:
        attributes["data-arrows"] = arrows
    if is_disabled:
        attributes["aria-disabled"] = "true"
    if is_pressed is not None:
        attributes["aria-pressed"] = "true" if is_pressed else "false"
    return Shape("g", key, attributes, tuple(child for child in children if child is not None))


def rect(
    key: str,
    x: float,
    y: float,
    width: float,
    height: float,
    fill: str = "none",
    stroke: str | None = None,
    *,
    radius: float | None = None,
    dash: str | None = None,
    stroke_width: float | None = None,
    role: str = "",
) -> Shape:
    """`role`: a further class, "cell" (slow to change colour) or "face" (of a button)."""
    attributes: Attributes = {
        "x": number(x),
        "y": number(y),
        "width": number(max(width, 0)),
        "height": number(max(height, 0)),
        "class": _classes(fill, stroke, role),
    }
    if radius is not None:
        attributes["rx"] = radius
    _add_stroke(attributes, dash, stroke_width)
    return Shape("rect", key, attributes)


def line(
    key: str,
    start: tuple[float, float],
    end: tuple[float, float],
    stroke: str = "line",
    *,
    at: tuple[float, float] | None = None,
    dash: str | None = None,
    stroke_width: float | None = None,
) -> Shape:
    """`at` moves the line by a transform, which the player animates."""
    attributes: Attributes = {
        "x1": number(start[0]),
        "y1": number(start[1]),
        "x2": number(end[0]),
        "y2": number(end[1]),
        "class": f"s-{stroke}",
    }
    if at:
        attributes["transform"] = f"translate({number(at[0])},{number(at[1])})"
    _add_stroke(attributes, dash, stroke_width)
    return Shape("line", key, attributes)


def path(
    key: str,
    d: str,
    fill: str = "none",
    stroke: str | None = None,
    *,
    transform: str | None = None,
    dash: str | None = None,
    stroke_width: float | None = None,
) -> Shape:
    attributes: Attributes = {"d": d, "class": _classes(fill, stroke)}
    if transform:
        attributes["transform"] = transform
    _add_stroke(attributes, dash, stroke_width)
    if stroke:
        attributes |= {"stroke-linecap": "round", "stroke-linejoin": "round"}
    return Shape("path", key, attributes)


def text(
    key: str,
    x: float,
    y: float,
    words: str,
    style: str = "body",
    colour: str | None = None,
    *,
    anchor: Anchor = "start",
    has_halo: bool = False,
) -> Shape:
    """Words on the baseline `y`.  `has_halo` keeps them readable over a line."""
    look = TYPE[style]
    names = f"t-{style} f-{colour or look.colour}"
    names += (" mono" if look.is_mono else "") + (" halo" if has_halo else "")
    attributes: Attributes = {"x": number(x), "y": number(y), "class": names}
    if anchor != "start":
        attributes["text-anchor"] = anchor
    return Shape("text", key, attributes, words=plain(words))


def glyph(key: str, kind: str, x: float, y: float, tone: str = "ink", size: float = 12) -> Shape:
    """A sign whose box is centred at `x` and stands on the baseline `y` of 13 px text beside it.

    An unknown kind draws a diamond: frames may be newer than the picture.
    """
    sign = GLYPHS.get(kind, GLYPHS["diamond"])
    place = f"translate({number(x - size / 2)},{number(y - size * 0.88)})"
    transform = f"{place} scale({number(size / BOX)})" if size != BOX else place
    if sign.stroke:
        return path(key, sign.path, "none", tone, transform=transform, stroke_width=sign.stroke)
    return path(key, sign.path, tone, transform=transform)


def chip(
    key: str,
    at: tuple[float, float],
    words: str,
    tones: tuple[str, str, str],
    *,
    width: float | None = None,
    dash: str | None = None,
    action: str | None = None,
    label: str | None = None,
    is_pressed: bool | None = None,
    is_tab_stop: bool = True,
) -> Shape:
    """A small named box, 20 high; `tones` are fill, stroke and words."""
    fill, stroke, tone = tones
    wide = width or chip_width(words)
    children = [
        rect("face", 0, 0, wide, 20, fill, stroke, radius=4, dash=dash, role="face"),
        text("words", wide / 2, 14.5, words, "lab", tone, anchor="middle"),
    ]
    return group(
        key, children, at=at, action=action, label=label, is_pressed=is_pressed,
        is_tab_stop=is_tab_stop,
    )  # fmt: skip


def chip_width(words: str) -> float:
    return width_of(words, "lab") + 14


_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def plain(words: str) -> str:
    """Words without what XML forbids or what turns a line around: each becomes a dot."""
    return words if words.isascii() and words.isprintable() else _FORBIDDEN.sub("·", words)


def number(value: float) -> float:
    """At most two decimals, and no `.0`: equal places must be equal text."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _classes(fill: str, stroke: str | None, role: str = "") -> str:
    names = f"f-{fill} s-{stroke}" if stroke else f"f-{fill}"
    return f"{names} {role}" if role else names


def _add_stroke(attributes: Attributes, dash: str | None, width: float | None) -> None:
    if dash:
        attributes["stroke-dasharray"] = dash
    if width is not None:
        attributes["stroke-width"] = width


def _walk(parent: str, shapes: Iterable[Shape]) -> Iterator[tuple[str, str, Shape]]:
    for shape in shapes:
        key = f"{parent}/{shape.key}"
        yield parent, key, shape
        if shape.children:
            yield from _walk(key, shape.children)
