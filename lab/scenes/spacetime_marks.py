"""Signs on the lanes of a spacetime diagram, and their words where there is room.

Read next: `spacetime`.
"""

from collections.abc import Mapping, Sequence

from kafkalab.frames.spacetime_marks import MarkFrame
from lab.scenes.axis import Axis
from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, glyph, group, path, text


def badge(key: str, number: int, x: float, y: float) -> Shape:
    """A step's number on a dark disc."""
    disc = path("disc", "M0-9a9 9 0 1 1 -.01 0Z", "ink")
    words = text("n", 0, 4, str(number), "cap", "bg", anchor="middle")
    return group(key, [disc, words], at=(round(x, 1), round(y, 1)))


def draw_marks(marks: Sequence[MarkFrame], axis: Axis, lanes: Mapping[str, float]) -> list[Shape]:
    """The chain's first: they get the best places."""
    shapes: list[Shape] = []
    taken: list[tuple[float, float, float]] = []  # left, right, baseline
    drawn: set[tuple[str, int, object]] = set()  # signs by place, words by what they say
    of_chain = {(mark["lane"], mark["at"]) for mark in marks if "step" in mark}
    floor = max(lanes.values(), default=0.0) + 22
    for mark in sorted(marks, key=lambda m: ("step" not in m, m["at"])):
        place, said = (mark["lane"], mark["at"], ""), (mark["lane"], mark["at"], mark["words"])
        is_beside = "step" not in mark and (said in drawn or place[:2] in of_chain)
        if mark["lane"] not in lanes or is_beside:
            continue
        is_first = place not in drawn
        drawn |= {place, said}
        x, y = axis(mark["at"]), lanes[mark["lane"]]
        tone = "ink" if mark["tone"] == "ink" else f"{mark['tone']}-t"
        is_front = "step" in mark
        children: list[Shape] = []
        if is_front and is_first:
            children.append(path("glow", "M-1 0L1 0", "none", "mark", stroke_width=22))
        if is_first:  # where more happens at once, words alone stand for the rest
            children.append(glyph("sign", mark["glyph"], 0, 5.5, tone, 15 if is_front else 11))
        shape_words = _placed(mark, (x, y, floor), axis, taken, tone)
        if shape_words is not None:
            children += shape_words
        shapes.append(group(f"e{mark['id']}", children, at=(round(x, 1), y), label=mark["words"]))
    return shapes


def _placed(
    mark: MarkFrame,
    place: tuple[float, float, float],
    axis: Axis,
    taken: list[tuple[float, float, float]],
    tone: str,
) -> list[Shape] | None:
    """Words below the lane, right of the sign or left of it, where no others stand."""
    x, y, floor = place
    style = "lab" if "step" in mark else "cap"
    wide = width_of(mark["words"], style)
    extra = 22.0 if "step" in mark else 0.0
    tries = [(dy, side, True) for dy in (20.0, -12.0, 36.0, -27.0) for side in (1, -1)]
    for dy, side, is_clear in [*tries, *((dy, side, False) for dy, side, _ in tries)]:
        start = x + 8 if side > 0 else x - 8 - wide - extra
        end = start + wide + extra
        line_y = y + dy
        fits = start >= axis.left - 4 and end <= axis.right + 4 and line_y <= floor
        free = all(end + 6 < a or start - 6 > b or abs(line_y - c) > 15 for a, b, c in taken)
        clear = not is_clear or all(
            end + 2 < cut.x - 12 or start - 2 > cut.x + 12 for cut in axis.cuts
        )
        if fits and free and clear:
            taken.append((start, end, line_y))
            shapes = [text("words", start - x, dy, mark["words"], style, tone, has_halo=True)]
            if "step" in mark:
                shapes.append(badge("badge", mark["step"], start - x + wide + 13, dy - 4.5))
            return shapes
    if "step" in mark:
        return [badge("badge", mark["step"], 0, -16)]
    return None
