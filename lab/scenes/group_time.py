"""A group's rebalance on a time axis: states, marks, stops, and one *now* line.

        D joins   C gives up P5  now
        ▒▒▒ preparing ▒▒▒│▒▒▒▒▒▒▒▒▒▒│
           ┆  ┆                     │
               ■■■ 1.9 s ■■■■■■■■■■■│
        0 s   1   2   3   4   5

Dashed: what eager would have stopped.  Silence is cut out of the axis.
Read next: `axis`; `group_table`, whose rows these are.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from kafkalab.frames.group_history import GroupHistoryFrame, StopFrame
from kafkalab.frames.shape import GroupFrame
from lab.scenes.axis import Axis, draw_axis
from lab.scenes.group_members import short
from lab.scenes.metrics import first_fitting, width_of
from lab.scenes.shapes import Shape, group, line, path, rect, text

ROW: Final = 32
ALL_ROW: Final = 44
_SPOTS_MAX: Final = 4  # marks of a kind on more spots are told as one
_NEAR: Final = 8.0  # marks nearer to each other stand on one spot
_PLURAL: Final = {
    "joins": "join",
    "leaves": "leave",
    "crashes": "crash",
    "gives up": "give up",
    "is paused": "are paused",
}
_BEFORE: Final = 24.0  # of the axis, for the state before
_CALM: Final = ("Stable", "Empty")


def time_axis(history: GroupHistoryFrame, now: int, room: tuple[float, float]) -> Axis:
    """From the beginning of the rebalance to now."""
    began = history["began"]
    assert began is not None
    times = [began, now, *(span["since"] for span in history["states"])]
    times += [mark["at"] for mark in history["marks"]]
    for stop in (*history["stops"], *history["could"]):
        times += [stop["since"], _until(stop, now)]
    known = sorted({at for at in times if at <= now})
    left, right = room
    return Axis(known, (began, max(now, began + 20)), (left + _BEFORE, right))


def draw_time(
    axis: Axis,
    each: GroupFrame,
    history: GroupHistoryFrame,
    place: Mapping[str, float],
    now: int,
    span: tuple[float, float],
) -> list[Shape]:
    """`place`: the top of each row shown, by partition; `span`: of all rows, top and bottom."""
    top, bottom = span
    dotted, words = _marks(axis, each, history, now, bottom)
    could = [
        _could(axis, stop, place[stop["partition"]], now)
        for stop in history["could"]
        if stop["partition"] in place
    ]
    stops = _stops(axis, history, place, now)
    x = axis(now)
    return [
        group("axis", draw_axis(axis, top, bottom, has_grid=False)),
        line("base", (axis.left - _BEFORE, bottom), (axis.right, bottom), "rule"),
        group("marks", dotted),
        group("states", _states(axis, history, now)),
        group("could", could),
        group("stops", stops),
        line("now", (0, 40), (0, bottom), "ink", at=(round(x, 1), 0), stroke_width=2),
        group("mark-words", words),
    ]


def _states(axis: Axis, history: GroupHistoryFrame, now: int) -> Iterator[Shape]:
    spans = history["states"]
    for index, span in enumerate(spans):
        until = spans[index + 1]["since"] if index + 1 < len(spans) else now
        left = axis.left - _BEFORE if index == 0 else axis(span["since"])
        right = axis(until)
        if right - left < 0.3:
            continue
        is_calm = span["state"] in _CALM
        fill, stroke = ("soft", "line") if is_calm else ("group-s", "group")
        yield rect(f"s{index}", left, 44, right - left, 22, fill, stroke)
        word = span["state"].removesuffix("Rebalance").lower()
        if width_of(word, "tiny") + 8 <= right - left:
            tone = "mute" if is_calm else "group-t"
            middle = (left + right) / 2
            yield text(f"w{index}", middle, 59, word, "tiny", tone, anchor="middle")


def _marks(
    axis: Axis, each: GroupFrame, history: GroupHistoryFrame, now: int, bottom: float
) -> tuple[list[Shape], list[Shape]]:
    """Dotted lines and words in two rows; what finds no room is told by the cards."""
    taken: list[list[tuple[float, float]]] = [[], []]
    lines: list[Shape] = []
    words: list[Shape] = []
    wanted = [(axis(now), f"now {now / 1000:.3f} s", "noteb", "now")]
    for places, said in _said(axis, each, history):
        wanted.append((sum(places) / len(places), said, "tiny", f"m{len(wanted)}"))
        lines += [
            line(f"l{len(wanted)}-{i}", (x, 40), (x, bottom), "rule", dash="2 3")
            for i, x in enumerate(places)
        ]
    for x, said, style, key in wanted:
        half = width_of(said, style) / 2
        left = axis.left - _BEFORE
        middle = min(max(x, left + half), max(axis.right - half, left + half))
        for row, others in enumerate(taken):
            if all(middle + half + 8 < a or middle - half - 8 > b for a, b in others):
                others.append((middle - half, middle + half))
                words.append(text(key, middle, 34 - 16 * row, said, style, "ink", anchor="middle",
                                  has_halo=True))  # fmt: skip
                break
    return lines, words


class _Bundle(NamedTuple):
    """Marks of one kind that are told as one."""

    what: str
    members: list[str]
    times: list[int]


def _said(
    axis: Axis, each: GroupFrame, history: GroupHistoryFrame
) -> Iterator[tuple[list[float], str]]:
    """Where lines stand, and what is said of them."""
    for what, members, times in _bundles(axis, history):
        words = f"{members[0]} {what}"
        if len(members) > 1:
            words = f"{len(members)} {_PLURAL[what]}"
        if what == "gives up" and len(members) == 1:
            gone = [s["partition"] for s in history["stops"] if s["since"] == times[0]]
            words += f" {short(gone[0], each)}" if len(gone) == 1 else f" {len(gone)}"
        places = [axis(times[0])]
        if axis(times[-1]) - places[0] >= _NEAR:
            places.append(axis(times[-1]))
            words += f", {times[0] / 1000:g}–{times[-1] / 1000:g} s"
        yield places, words


def _bundles(axis: Axis, history: GroupHistoryFrame) -> Iterator[_Bundle]:
    """Those on one spot are one; and if there are many spots, all of a kind are."""
    for what in dict.fromkeys(mark["what"] for mark in history["marks"]):
        found: list[_Bundle] = []
        for mark in history["marks"]:
            if mark["what"] != what:
                continue
            x = axis(mark["at"])
            near = next((b for b in found if abs(axis(b.times[0]) - x) < _NEAR), None)
            if near is None:
                found.append(_Bundle(what, [mark["member"]], [mark["at"]]))
            else:
                near.members.append(mark["member"])
                near.times.append(mark["at"])
        if len(found) > _SPOTS_MAX:
            members = [member for bundle in found for member in bundle.members]
            times = sorted(at for bundle in found for at in bundle.times)
            found = [_Bundle(what, members, times)]
        yield from found


def _stops(
    axis: Axis, history: GroupHistoryFrame, place: Mapping[str, float], now: int
) -> Iterator[Shape]:
    for key, y in place.items():
        own = [stop for stop in history["stops"] if stop["partition"] == key]
        ends = [(axis(stop["since"]), axis(_until(stop, now))) for stop in own]
        for index, stop in enumerate(own):
            before = ends[index - 1][1] if index else axis.left - _BEFORE
            after = ends[index + 1][0] if index + 1 < len(own) else axis.right
            yield _stop(axis, stop, y, now, (before, after))


def draw_count(axis: Axis, stops: Sequence[StopFrame], total: int, now: int) -> Iterator[Shape]:
    """How many of all partitions stood still at each instant, as an area."""
    turns = sorted({at for stop in stops for at in (stop["since"], _until(stop, now))})
    counts = [sum(s["since"] <= at < _until(s, now) for s in stops) for at in turns]
    most = max(counts, default=0)
    if not most:
        return
    foot, high = ALL_ROW - 4, ALL_ROW - 10
    steps = [f"M{axis(turns[0]):.1f} {foot}"]
    for at, count, until in zip(turns, counts, [*turns[1:], turns[-1]], strict=True):
        y = foot - high * count / total
        steps.append(f"L{axis(at):.1f} {y:.1f}L{axis(until):.1f} {y:.1f}")
    yield path("area", f"{''.join(steps)}L{axis(turns[-1]):.1f} {foot}Z", "out")
    left, right = axis(turns[0]), axis(turns[-1])
    words = first_fitting(
        (f"{most} of {total} stood still at once", f"{most} of {total}"), "noteb", right - left - 8
    )
    tall = high * most / total > 24
    y, tone = (ALL_ROW / 2 + 4.5, "onout") if tall else (16, "out-t")
    yield text("words", (left + right) / 2, y, words, "noteb", tone, anchor="middle",
               has_halo=not tall)  # fmt: skip


def _could(axis: Axis, stop: StopFrame, y: float, now: int) -> Shape:
    left, right = axis(stop["since"]), axis(_until(stop, now))
    wide = max(right - left, 3)
    key = f"e-{stop['partition']}-{stop['since']}"
    return rect(key, left, y + 7, wide, ROW - 14, "none", "rule", radius=2, dash="3 2")


def _stop(axis: Axis, stop: StopFrame, y: float, now: int, room: tuple[float, float]) -> Shape:
    """A bar with its length in it, or beside it where there is room between its neighbours."""
    left, right = axis(stop["since"]), axis(_until(stop, now))
    wide = max(right - left, 3)
    shapes = [rect("bar", 0, 7, wide, ROW - 14, "out", radius=2)]
    words = duration(_until(stop, now) - stop["since"])
    need, base = width_of(words, "noteb") + 8, ROW / 2 + 4.5
    if need <= wide:
        shapes.append(text("words", wide / 2, base, words, "noteb", "onout", anchor="middle"))
    elif right + need + 4 <= room[1]:
        shapes.append(text("words", wide + 5, base, words, "note", "out-t", has_halo=True))
    elif left - need - 4 >= room[0]:
        shapes.append(text("words", -5, base, words, "note", "out-t", anchor="end", has_halo=True))
    label = f"{stop['partition']} stood still for {words}: {stop['member']}, {stop['why']}"
    return group(f"s-{stop['partition']}-{stop['since']}", shapes, at=(left, y), label=label)


def _until(stop: StopFrame, now: int) -> int:
    return stop["until"] if stop["until"] is not None else now


def duration(ms: int) -> str:
    """`14 ms`, `3.013 s`."""
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:g} s"
