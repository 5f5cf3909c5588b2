"""Two or three pictures on one page, under one clock: `log+replication`.

    wide (two fit)                narrow
    Log          Replication      Log
    finding      finding          finding
    ▭▭▭▭         ▭▭▭▭             ▭▭▭▭
                                  Replication …

All are of the same topic, partition and group; what a reader chooses inside one stays with that
one: its actions begin with `in NAME`.

Invariants: a part is drawn as it would be alone at that width.
Read next: `lab.scenes.picture`, what a part is; `page`, which puts faults and events below.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from kafkalab.frames.shape import Frame
from lab.scenes.controls import Target
from lab.scenes.legend import Entry
from lab.scenes.metrics import wrap
from lab.scenes.picture import Picture, Sight, detail_of, view_of
from lab.scenes.shapes import Shape, group, text
from lab.scenes.view import Block

PARTS_MAX: Final = 3
_PART_MIN: Final = 600  # narrower than this, no picture is drawn
_BETWEEN: Final = 28


def beside(parts: Sequence[Picture]) -> Picture:
    """One picture of several; its name is theirs with + between."""
    return Picture(
        name="+".join(part.name for part in parts),
        has_topic=any(part.has_topic for part in parts),
        draw=_draw_of(parts),
        words=lambda sight: "\n\n".join(_words(part, sight) for part in parts),
        legend=lambda sight: _legend(parts, sight),
        targets=lambda frame: _targets(parts, frame),
        keys=lambda sight: _keys(parts, sight),
        parts=tuple(parts),
    )


def _sight_of(part: Picture, sight: Sight, width: float | None = None) -> Sight:
    view = view_of(part, sight.view)
    detail = detail_of(part, sight.frame, view)
    return replace(sight, view=view, detail=detail, width=width or sight.width)


def _draw_of(parts: Sequence[Picture]) -> Callable[[Sight], Block]:
    def draw(sight: Sight) -> Block:
        columns = max(1, min(len(parts), int((sight.width + _BETWEEN) // (_PART_MIN + _BETWEEN))))
        wide = (sight.width - _BETWEEN * (columns - 1)) / columns
        heights = [0.0] * columns
        shapes: list[Shape] = []
        for part in parts:
            column = heights.index(min(heights))  # the shortest so far; at first from the left
            block = _drawn(part, _sight_of(part, sight, wide))
            at = (column * (wide + _BETWEEN), heights[column])
            shapes.append(group(f"in-{part.name}", block.shapes, at=at, label=part.title))
            heights[column] += block.height + _BETWEEN
        return Block(tuple(shapes), max(heights) - _BETWEEN)

    return draw


def _drawn(part: Picture, sight: Sight) -> Block:
    """A part under its name and its own finding."""
    lines = wrap(part.say(sight), "note", sight.width)
    shapes = [text("part", 0, 26, part.title, "h1")]
    shapes += [
        text(f"find{i}", 0, 48 + i * 15, said, "note", "ink") for i, said in enumerate(lines)
    ]
    y = 46.0 + 15 * len(lines)
    block = part.draw(sight)
    for shape in block.shapes:
        _address(shape, part, sight)
    return Block((*shapes, group("drawn", block.shapes, at=(0, y))), y + block.height)


def _address(shape: Shape, part: Picture, sight: Sight) -> None:
    """What an action of this part's own means, only this part knows."""
    action = shape.attributes.get("data-action")
    if isinstance(action, str):
        words = action.split()
        if words[:1] == ["choose"] or part.obey(sight, words) is not None:
            shape.attributes["data-action"] = f"in {part.name} {action}"
    for child in shape.children:
        _address(child, part, sight)


def _words(part: Picture, sight: Sight) -> str:
    said = part.words(_sight_of(part, sight))
    return said or f"{part.title}: {sight.frame['say']}"


def _legend(parts: Sequence[Picture], sight: Sight) -> Sequence[Entry]:
    """Each sign once."""
    entries = (entry for part in parts for entry in part.legend(_sight_of(part, sight)))
    return tuple({f"{entry.words} {entry.shape.tag}": entry for entry in entries}.values())


def _targets(parts: Sequence[Picture], frame: Frame) -> Sequence[Target]:
    return tuple({each.name: each for part in parts for each in part.targets(frame)}.values())


def _keys(parts: Sequence[Picture], sight: Sight) -> Mapping[str, str]:
    """A key that two of them have is the first one's."""
    return dict(reversed(list(_all_keys(parts, sight))))


def _all_keys(parts: Sequence[Picture], sight: Sight) -> Iterator[tuple[str, str]]:
    for part in parts:
        for key, action in part.keys(_sight_of(part, sight)).items():
            yield key, f"in {part.name} {action}"
