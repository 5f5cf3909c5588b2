"""A group's partitions as rows: who had, has and is to have each, when it stood still, how far.

          owner, by generation     D joins   C gives up P5   now        offsets
          gen 7   gen 8, now       ▒▒▒ preparing ▒▒▒│▒▒▒▒▒▒▒▒▒▒│        committed position end lag
    P4    C ───── C                     ┆  ┆                   │        1,176     1,183  1,184   8
    P5    C ╌╌╌╌╌ none                          ■■■ 1.9 s ■■■■■│        1,181     none   1,200  19
                                   0 s   1   2   3   4   5

The state of the group, the marks and the stops share one time axis and one *now* line; silence is
cut out of it.

Invariants: rows keep their order; a stop is as long as it was, also where its bar is short.
Read next: `group_time`, the middle column; `group_members`, above it on screen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from kafkalab.frames.group_history import ColumnFrame, GroupHistoryFrame
from kafkalab.frames.shape import GroupFrame
from lab.scenes.group_members import short
from lab.scenes.group_time import ALL_ROW, ROW, draw_count, draw_time, time_axis
from lab.scenes.metrics import first_fitting, fit, width_of
from lab.scenes.shapes import Shape, group, line, rect, text

ROWS_MAX: Final = 12
_HEAD: Final = 78
_NARROW: Final = 780
_NOBODY: Final = 46.0


class Row(NamedTuple):
    """One partition of the group; `position` None: nobody reads it, or its process is not ours."""

    key: str
    committed: int | None
    position: int | None
    end: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the columns stand; `columns` are those of owners that are shown."""

    columns: Sequence[ColumnFrame]
    owners_x: float
    owner_width: float
    owner_step: float
    time: tuple[float, float]
    offsets: Mapping[str, float]  # right edges
    bar_x: float
    width: float


def rows_of(each: GroupFrame, history: GroupHistoryFrame) -> list[Row]:
    """Every partition the group has to do with, by topic and number."""
    owners = owners_of(history)
    positions = {
        (one["topic"], one["partition"]): one["position"]
        for member in each["members"]
        for one in member["partitions"]
        if one.get("state", "owned") == "owned"
    }
    rows = []
    for one in each["offsets"]:
        key = f"{one['topic']}-{one['partition']}"
        owner = owners.get(key)
        position = positions.get((one["topic"], one["partition"])) if owner else None
        rows.append(Row(key, one["committed"], position, one["end"], owner))
    return rows


def in_order(rows: Sequence[Row], history: GroupHistoryFrame) -> list[Row]:
    """As they are, or where they are too many those first that the rebalance touched."""
    if len(rows) <= ROWS_MAX:
        return list(rows)
    touched = {stop["partition"] for stop in history["stops"]} | moved(history)
    return sorted(rows, key=lambda row: row.key not in touched)


def owners_of(history: GroupHistoryFrame) -> dict[str, str]:
    """Who reads what now."""
    return next(column["owners"] for column in history["columns"] if column["what"] == "now")


def before_of(history: GroupHistoryFrame) -> dict[str, str]:
    """Who had what before the rebalance; nobody had anything before the first."""
    first = history["columns"][0]
    return first["owners"] if first["what"] == "before" else {}


def moved(history: GroupHistoryFrame) -> set[str]:
    """Partitions whose owner before is not their owner now, or to be."""
    first, last = before_of(history), history["columns"][-1]["owners"]
    return {key for key in {**first, **last} if first.get(key) != last.get(key)}


def draw_table(
    each: GroupFrame,
    history: GroupHistoryFrame,
    rows: Sequence[Row],
    every: Sequence[Row],
    now: int,
    width: float,
) -> tuple[list[Shape], float]:
    """The rows given, under heads, and the height; above them one for all, if there are more."""
    has_more = len(every) > len(rows)
    grid = _grid(each, history, rows, width, [_all_name(every)] if has_more else [])
    top = _HEAD + (ALL_ROW if has_more else 0)
    bottom = top + len(rows) * ROW
    shapes = [group("heads", _heads(history, grid))]
    largest = max((lag_of(row) for row in rows), default=0)
    lines = []
    if has_more:
        lines.append(group("r-all", _all(every, grid), at=(0, _HEAD), label=_label_of_all(every)))
    for index, row in enumerate(rows):
        y = top + index * ROW
        label = _label(row, history)
        drawn = _row(row, each, history, grid, largest)
        lines.append(group(f"r-{row.key}", drawn, at=(0, y), label=label))
    shapes.append(group("rows", lines))
    if history["began"] is not None:
        axis = time_axis(history, now, grid.time)
        place = {row.key: top + index * ROW for index, row in enumerate(rows)}
        shapes += draw_time(axis, each, history, place, now, (_HEAD, bottom))
        if has_more:
            stood = draw_count(axis, history["stops"], len(every), now)
            shapes.append(group("all-stops", stood, at=(0, _HEAD)))
        return shapes, bottom + 26
    words = "No rebalance as far back as the trace was looked through."
    left, right = grid.time
    shapes.append(text("calm", left, 46, fit(words, "note", right - left), "note"))
    return shapes, bottom + 6


def lag_of(row: Row) -> int:
    return max(row.end - (row.committed or 0), 0)


def _grid(
    each: GroupFrame,
    history: GroupHistoryFrame,
    rows: Sequence[Row],
    width: float,
    more: Sequence[str],
) -> Grid:
    """`more`: names of further rows."""
    is_narrow = width < _NARROW
    names = [*more, *(short(row.key, each) for row in rows)]
    left = min(max((width_of(name, "lab") for name in names), default=20.0), width * 0.2) + 22
    columns: Sequence[ColumnFrame] = history["columns"]
    if is_narrow and len(columns) > 2:
        columns = [columns[0], columns[-1]]
    labels = [width_of(owner, "note") for c in columns for owner in c["owners"].values()]
    chip_width = min(max([*labels, 40.0]) + 10, 88)
    step = chip_width + 12
    bar = 0.0 if is_narrow else 54.0
    widths = (("committed", 64), ("position", 56), ("end", 48), ("lag", 40))
    offsets, x = {}, width - bar
    for name, wide in reversed(widths):
        offsets[name] = x
        x -= wide
    time = (left + len(columns) * step + 8, x - 14)
    return Grid(columns, left, chip_width, step, time, offsets, width - bar + 8, width)


def _heads(history: GroupHistoryFrame, grid: Grid) -> Iterator[Shape]:
    unit = "epoch" if "Assigning" in history["machine"]["states"] else "gen"
    room = grid.time[0] - grid.owners_x
    title = first_fitting(
        (f"owner, by {'epoch' if unit == 'epoch' else 'generation'}", "owner"), "h2", room
    )
    yield text("owner", grid.owners_x, 30, title or "owner", "h2")
    offsets_x = grid.offsets["committed"] - 58
    yield text("offsets", offsets_x, 30, "offsets", "h2")
    for index, column in enumerate(grid.columns):
        x = grid.owners_x + index * grid.owner_step + grid.owner_width / 2
        number = column["generation"]
        words = (f"{unit} {number}",)
        if column["what"] == "now":
            words = (f"{unit} {number}, now", "now")
        elif column["what"] == "target":
            words = (f"{unit} {number}, target", "target")
        style = "noteb" if column["what"] == "now" else "cap"
        shown = first_fitting(words, style, grid.owner_step - 4) or words[-1]
        yield text(f"head{index}", x, 58, shown, style, anchor="middle")
    for name, right in grid.offsets.items():
        yield text(f"h-{name}", right, 58, name, "cap", anchor="end")


def _unread(row: Row) -> str:
    """A member that has it and tells no position: a program elsewhere, or not that far yet."""
    return "none" if row.owner is None else "–"


def _row(
    row: Row, each: GroupFrame, history: GroupHistoryFrame, grid: Grid, largest: int
) -> Iterator[Shape]:
    is_still = row.owner is None and bool(each["members"])
    if is_still:
        yield rect("still", -4, 1, grid.width + 4, ROW - 2, "out-s", radius=6)
    yield line("rule", (0, 0), (grid.width, 0), "line")
    base = ROW / 2 + 4.5
    name = fit(short(row.key, each), "lab", grid.owners_x - 16)
    yield text("name", 8, base, name, "lab")
    yield from _owners(row, grid, history)
    values = (
        ("committed", "none" if row.committed is None else f"{row.committed:,}"),
        ("position", _unread(row) if row.position is None else f"{row.position:,}"),
        ("end", f"{row.end:,}"),
        ("lag", f"{lag_of(row):,}"),
    )
    for key, words in values:
        tone = "out-t" if (words == "none" and is_still) or (key == "lag" and is_still) else None
        style = "numb" if key == "lag" else "num"
        tone = tone or ("mute" if words in ("none", "–") else None)
        yield text(key, grid.offsets[key], base, words, style, tone, anchor="end")
    if grid.width > grid.bar_x and lag_of(row):
        wide = max((grid.width - grid.bar_x) * lag_of(row) / largest, 2)
        yield rect(
            "bar", grid.bar_x, ROW / 2 - 5.5, wide, 11, "out" if is_still else "comm", radius=2
        )


def _all(rows: Sequence[Row], grid: Grid) -> Iterator[Shape]:
    """All of them in one: how many, their owners in each column, and what is left to read."""
    base = ALL_ROW / 2 + 4.5
    yield line("rule", (0, 0), (grid.width, 0), "line")
    yield text("name", 8, base, fit(_all_name(rows), "lab", grid.owners_x - 16), "lab")
    for index, column in enumerate(grid.columns):
        count = len(set(column["owners"].values()))
        words = f"{count} {'member' if count == 1 else 'members'}" if count else "nobody"
        x = grid.owners_x + index * grid.owner_step + grid.owner_width / 2
        yield text(f"o{index}", x, base, words, "note", "ink", anchor="middle")
    lag = sum(lag_of(row) for row in rows)
    yield text("lag", grid.offsets["lag"], base, f"{lag:,}", "numb", anchor="end")


def _all_name(rows: Sequence[Row]) -> str:
    return f"all {len(rows)}"


def _label_of_all(rows: Sequence[Row]) -> str:
    return f"All {len(rows)} partitions: lag {sum(lag_of(row) for row in rows)}"


def _owners(row: Row, grid: Grid, history: GroupHistoryFrame) -> Iterator[Shape]:
    """A chip a column; between them solid where the owner stays, dashed where it changes."""
    middle = ROW / 2
    found = [column["owners"].get(row.key) for column in grid.columns]
    for index, (before, after) in enumerate(pairwise(found)):
        edge = grid.owners_x + index * grid.owner_step + grid.owner_width / 2
        x = edge + _owner_width(before, grid) / 2
        gap = grid.owner_step - (_owner_width(before, grid) + _owner_width(after, grid)) / 2
        is_same = before == after
        tone = "line" if is_same else "out" if after is None else "group"
        yield line(f"to{index}", (x, middle), (x + gap, middle), tone,
                   dash=None if is_same else "4 3", stroke_width=1 if is_same else 2)  # fmt: skip
    for index, (column, owner) in enumerate(zip(grid.columns, found, strict=True)):
        at = (grid.owners_x + index * grid.owner_step, middle - 10)
        before = found[index - 1] if index else owner
        yield _owner(f"o{index}", at, owner, grid.owner_width, column, is_new=owner != before)


def _owner(
    key: str,
    at: tuple[float, float],
    owner: str | None,
    width: float,
    column: ColumnFrame,
    *,
    is_new: bool,
) -> Shape:
    if owner is None:
        tones = ("none", "out", "out-t")
        words, dash = "none", "4 3"
    else:
        tones = ("card", "group", "group-t") if is_new else ("card", "line", "ink")
        words, dash = owner, "4 3" if column["what"] == "target" and is_new else None
    wide = width if owner is not None else min(width, _NOBODY)
    shapes = [
        rect("face", 0, 0, wide, 20, tones[0], tones[1], radius=4, dash=dash),
        text("words", wide / 2, 14.5, _tail(words, wide - 6), "note", tones[2], anchor="middle"),
    ]
    return group(key, shapes, at=(at[0] + (width - wide) / 2, at[1]))


def _owner_width(owner: str | None, grid: Grid) -> float:
    return grid.owner_width if owner is not None else min(grid.owner_width, _NOBODY)


def _tail(words: str, room: float) -> str:
    """Names differ at their end: cut the beginning."""
    if width_of(words, "note") <= room:
        return words
    for start in range(1, len(words)):
        cut = f"…{words[start:]}"
        if width_of(cut, "note") <= room:
            return cut
    return ""


def _label(row: Row, history: GroupHistoryFrame) -> str:
    owner = row.owner or "nobody"
    return f"{row.key}: read by {owner}, lag {lag_of(row)}"
