"""One script of comings and goings under three protocols: when did each partition stand still?

                     D joins          A leaves       B crashes
    Eager            ┆                ┆              ┆                       56.0
      P0   A         ┆  ███  A        ┆███ B         ┆██████████ C            7.9 s
      P1   …
    Cooperative …
    KIP-848 …
    ─────────────────────────────── s, one axis for all

    What each change cost      Eager ███ 9.5    Cooperative █ 3.5    KIP-848 █ 5.1

Filled: nobody could read on.  Outlined, with a letter: who could.  The band above the rows is the
group's state by its coordinator.  More than ROWS_MAX partitions are counted instead of drawn.

Read next: `lab.experiments.rebalancing`, which runs it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lab.experiments.rebalancing import HEARTBEAT_MS, SESSION_TIMEOUT_MS, WORK_MS, Change, Run
from lab.scenes.axis import Axis, draw_axis
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, group, line, path, rect, text

MARGIN: Final = 10
WIDTH_MIN: Final = 640
ROWS_MAX: Final = 12
TITLE: Final = "What does a rebalance cost?"
NAMES: Final = {"eager": "Eager", "cooperative": "Cooperative", "consumer": "KIP-848"}
_NOTES: Final = {
    "eager": "partition.assignment.strategy=range",
    "cooperative": "partition.assignment.strategy=cooperative-sticky",
    "consumer": "group.protocol=consumer",
}
_DOES: Final = {"join": "joins", "leave": "leaves", "crash": "crashes"}
_LEFT: Final = 44
_RIGHT: Final = 74
_ROW: Final = 22
_BAND: Final = 16
_CHART: Final = 64
_TOP: Final = 156


@dataclass(frozen=True, slots=True)
class Bench:
    """The picture's data: the script and what came of it under each protocol."""

    first: tuple[str, ...]
    changes: tuple[Change, ...]
    runs: tuple[Run, ...]
    width: int = 960

    @property
    def partitions(self) -> int:
        return len(self.runs[0].spans)


def draw_bench(bench: Bench) -> Scene:
    """The picture, at the bench's width."""
    width = max(bench.width, WIDTH_MIN)
    axis = _axis(bench, width)
    height = _block_height(bench)
    bottom = _TOP + len(bench.runs) * height - 8
    shapes = [*_head(bench, width), *_marks(bench, axis, bottom)]
    for number, run in enumerate(bench.runs):
        at = (0, _TOP + number * height)
        shapes.append(group(run.protocol, _block(run, axis, width), at=at))
        cuts = [rect(f"cut{i}", cut.x - 7, 25, 14, height - 45, "bg") for i, cut in
                enumerate(axis.cuts)]  # fmt: skip
        shapes.append(group(f"{run.protocol}-cuts", cuts, at=at))
    shapes.append(group("axis", draw_axis(axis, bottom - 4, bottom, has_grid=False)))
    shapes.append(line("base", (axis.left, bottom), (axis.right, bottom), "rule"))
    costs, y = _costs(bench, bottom + 54, width)
    legend, legend_height = draw_legend(_legend(bench), width - 2 * MARGIN)
    shapes += [*costs, group("legend", [legend], at=(MARGIN, y + 16))]
    return Scene(width, round(y + 16 + legend_height), TITLE, finding(bench), tuple(shapes))


def finding(bench: Bench) -> str:
    """The one sentence, from the figures."""
    said = ", ".join(f"{NAMES[run.protocol]} {seconds(run.stopped_ms())}" for run in bench.runs)
    left = [run.never_stopped() for run in bench.runs]
    words = f"Partition-seconds stopped: {said}."
    if not any(left):
        return f"{words} No partition was read all the time."
    counts = f"{', '.join(map(str, left[:-1]))} and {left[-1]}"
    return f"{words} Read all the time: {counts} of {bench.partitions} partitions."


def seconds(ms: int) -> str:
    """To the millisecond below a tenth of a second, else to a tenth."""
    return f"{ms / 1000:.3f}" if 0 < ms < 100 else f"{ms / 1000:,.1f}"


def cost_of(bench: Bench, number: int, run: Run) -> int:
    """Partition-ms stopped from a change of the script until the next one."""
    is_last = number + 1 == len(bench.changes)
    until = run.end if is_last else bench.changes[number + 1].at
    return run.stopped_ms(bench.changes[number].at, until)


def name_of(change: Change) -> str:
    return f"{change.member} {_DOES[change.what]}"


def _axis(bench: Bench, width: float) -> Axis:
    """Silences may be cut, stops never."""
    end = bench.runs[0].end
    times = {
        end - 1_000,
        *(max(change.at - ms, 0) for change in bench.changes for ms in (0, 1_000)),
    }
    for run in bench.runs:
        times |= {state.since for state in run.states}
        for partition in range(bench.partitions):
            for stop in run.stops(partition):
                times |= {*range(stop.since, stop.until, 500), stop.until}
    room = (MARGIN + _LEFT, width - MARGIN - _RIGHT)
    return Axis(times, (0, end), room)


def _block_height(bench: Bench) -> float:
    rows = bench.partitions * _ROW if bench.partitions <= ROWS_MAX else _CHART + 6
    return 26 + _BAND + 6 + rows + 22


def _head(bench: Bench, width: float) -> Iterator[Shape]:
    yield text("title", MARGIN, 28, TITLE, "h1")
    room = width - 2 * MARGIN
    much = f"{bench.partitions} partition" + ("" if bench.partitions == 1 else "s")
    words = (
        f"{much} · first {', '.join(bench.first)} · the same script three times · members poll "
        f"every {WORK_MS / 1000:g} s · session timeout {SESSION_TIMEOUT_MS / 1000:g} s",
        f"{much} · members poll every {WORK_MS / 1000:g} s · session timeout "
        f"{SESSION_TIMEOUT_MS / 1000:g} s",
    )
    yield text(
        "sub", MARGIN, 50, first_fitting(words, "sub", room) or fit(much, "sub", room), "sub"
    )
    for number, each in enumerate(wrap(finding(bench), "lab", room, 2)):
        yield text(f"say{number}", MARGIN, 78 + 18 * number, each, "lab")


def _marks(bench: Bench, axis: Axis, bottom: float) -> Iterator[Shape]:
    """When the script does what; a label that finds no room is left to the table below."""
    ends = [0.0, 0.0]
    for number, change in enumerate(bench.changes):
        x = axis(change.at)
        words = name_of(change)
        half = width_of(words, "noteb") / 2
        middle = min(max(x, axis.left + half), axis.right - half)
        level = next((i for i, end in enumerate(ends) if middle - half > end + 8), None)
        top = _TOP - 10.0
        if level is not None:
            ends[level] = middle + half
            y = _TOP - 14 - 16 * level
            top = y + 4
            yield text(f"mark{number}", middle, y, words, "noteb", anchor="middle", has_halo=True)
        yield line(f"at{number}", (x, top), (x, bottom), "rule", dash="2 3")


def _block(run: Run, axis: Axis, width: float) -> Iterator[Shape]:
    """One protocol: head, the group's states, a row for each partition."""
    right = width - MARGIN
    name = NAMES[run.protocol]
    total = f"{seconds(run.stopped_ms())}"
    note_x = MARGIN + width_of(name, "h2") + 12
    room = right - note_x - width_of(f"{total} partition-seconds", "h2") - 20
    setting, beat = _NOTES[run.protocol], HEARTBEAT_MS[run.protocol] / 1000
    notes = (
        f"{setting} · heartbeat every {beat:g} s",
        f"{setting} · heartbeat {beat:g} s",
        setting,
    )
    yield rect("clear", MARGIN, 2, right - MARGIN, 20, "bg")
    yield text("name", MARGIN, 18, name, "h2")
    yield text("note", note_x, 18, first_fitting(notes, "note", room), "note")
    yield text("total", right, 18, f"{total} partition-seconds", "h2", "out-t", anchor="end")
    yield group("states", _states(run, axis), at=(0, 26))
    yield text("group", MARGIN, 38, "group", "tiny")
    y = 26 + _BAND + 6
    if len(run.spans) > ROWS_MAX:
        yield group("chart", _chart(run, axis, right), at=(0, y))
        return
    for partition in range(len(run.spans)):
        at = (0, y + partition * _ROW)
        yield group(f"p{partition}", _partition(run, partition, axis, right), at=at)


def _states(run: Run, axis: Axis) -> Iterator[Shape]:
    """What is no rebalance is quiet."""
    for number, state in enumerate(run.states):
        x, wide = axis(state.since), axis(state.until) - axis(state.since)
        is_stable = state.name == "Stable"
        fill, edge = ("bg", "line") if is_stable else ("group-s", "group")
        yield rect(f"s{number}", x, 0, max(wide, 1.5), _BAND - 2, fill, edge)
        tone = "mute" if is_stable else "group-t"
        words = (state.name, _SHORT.get(state.name, ""))
        yield from _words(f"t{number}", axis, (x, wide, 11), words, tone)


def _words(
    key: str, axis: Axis, box: tuple[float, float, float], words: Sequence[str], tone: str
) -> Iterator[Shape]:
    """The first words that fit into a box (x, width, baseline), beside the cuts of the axis."""
    x, wide, y = box
    said = first_fitting(words, "tiny", wide - 4)
    half = width_of(said, "tiny") / 2
    for share in (1 / 2, 1 / 4, 3 / 4):
        middle = x + wide * share
        is_inside = x + half + 2 <= middle <= x + wide - half - 2
        is_clear = all(abs(cut.x - middle) > half + 10 for cut in axis.cuts)
        if said and is_inside and is_clear:
            yield text(key, middle, y, said, "tiny", tone, anchor="middle")
            return


_SHORT: Final = {
    "PreparingRebalance": "preparing",
    "CompletingRebalance": "completing",
    "Reconciling": "reconciling",
    "Assigning": "assigning",
}


def _partition(run: Run, partition: int, axis: Axis, right: float) -> Iterator[Shape]:
    total = run.stopped_ms() and sum(one.until - one.since for one in run.stops(partition))
    yield text("name", MARGIN, 15, f"P{partition}", "lab")
    for number, span in enumerate(run.spans[partition]):
        x, wide = axis(span.since), axis(span.until) - axis(span.since)
        if span.owner is not None:
            yield rect(f"b{number}", x, 2, wide, _ROW - 6, "card", "line", radius=3)
            yield from _words(f"t{number}", axis, (x, wide, 14), (span.owner,), "ink")
            continue
        yield rect(f"b{number}", x, 2, max(wide, 2), _ROW - 6, "out", radius=2)
        exact = seconds(span.until - span.since)
        yield from _words(f"t{number}", axis, (x, wide, 14), (f"{exact} s", exact), "onout")
    said, tone = (f"{seconds(total)} s", "out-t") if total else ("0 s", "mute")
    yield text("total", right, 15, said, "num", tone, anchor="end")


def _chart(run: Run, axis: Axis, right: float) -> Iterator[Shape]:
    """How many partitions stood still at each instant."""
    count = len(run.spans)
    steps: dict[int, int] = {0: 0, run.end: 0}
    for partition in range(count):
        for stop in run.stops(partition):
            steps[stop.since] = steps.get(stop.since, 0) + 1
            steps[stop.until] = steps.get(stop.until, 0) - 1
    stopped, most = 0, 0
    d = f"M{axis.left:g} {_CHART}"
    for at in sorted(steps):
        stopped += steps[at]
        most = max(most, stopped)
        d += f"H{axis(at):.1f}V{_CHART * (1 - stopped / count):.1f}"
    yield line("all", (axis.left, 0), (axis.right, 0), "line", dash="3 2")
    yield line("none", (axis.left, _CHART), (axis.right, _CHART), "line")
    yield path("area", f"{d}V{_CHART}Z", "out")
    yield text("top", axis.left - 6, 9, str(count), "tiny", anchor="end")
    yield text("zero", axis.left - 6, _CHART, "0", "tiny", anchor="end")
    for number, (figure, words) in enumerate(
        ((most, "at once"), (run.never_stopped(), "never stop"))
    ):
        yield text(f"f{number}", right, 10 + 32 * number, str(figure), "numb", anchor="end")
        yield text(f"w{number}", right, 24 + 32 * number, words, "tiny", anchor="end")


def _costs(bench: Bench, top: float, width: float) -> tuple[list[Shape], float]:
    """Each change of the script: a bar and a figure for each protocol; and where it ends."""
    shapes: list[Shape] = [text("c-head", MARGIN, top, "What each change cost", "h2")]
    words = ("partition-seconds stopped until the next one", "partition-seconds")
    x = MARGIN + width_of("What each change cost", "h2") + 12
    shapes.append(text("c-sub", x, top, first_fitting(words, "note", width - x - MARGIN), "note"))
    names = [name_of(change) for change in bench.changes]
    left = MARGIN + max([width_of(name, "body") for name in names] + [60.0]) + 18
    column = (width - MARGIN - left) / len(bench.runs)
    rows = [[cost_of(bench, i, run) for run in bench.runs] for i in range(len(names))]
    most = max([max(row) for row in rows], default=0) or 1
    for i, run in enumerate(bench.runs):
        shapes.append(text(f"c-n{i}", left + i * column, top + 24, NAMES[run.protocol], "cap"))
    y = top + 32
    for number, (name, row) in enumerate(zip(names, rows, strict=True)):
        shapes.append(line(f"c-l{number}", (MARGIN, y), (width - MARGIN, y), "line"))
        shapes.append(text(f"c-w{number}", MARGIN, y + 18, fit(name, "body", left - 20), "body"))
        for i, cost in enumerate(row):
            at = (left + i * column, y)
            shapes.append(group(f"c{number}-{i}", _cost(cost, most, column - 24), at=at))
        y += 28
    if any(change.what == "crash" for change in bench.changes):
        note = (
            f"Who leaves says so; a crash shows only when the session of "
            f"{SESSION_TIMEOUT_MS / 1000:g} s has ended, under each protocol."
        )
        shapes.append(text("c-note", MARGIN, y + 20, fit(note, "note", width - 2 * MARGIN), "note"))
        y += 28
    return shapes, y


def _cost(cost: int, most: int, room: float) -> Iterator[Shape]:
    bar = (room - 52) * cost / most
    if cost:
        yield rect("bar", 0, 7, max(bar, 2), 14, "out", radius=2)
    tone = "ink" if cost else "mute"
    yield text("figure", bar + 8, 18.5, seconds(cost) if cost else "0", "num", tone)


def _legend(bench: Bench) -> Sequence[Entry]:
    stopped = Entry(rect("shape", 0, -8, 26, 16, "out", radius=2), 26, "stands still: no member "
                    "that runs can read on")  # fmt: skip
    moving = Entry(rect("shape", 0, -7, 26, 14, "group-s", "group"), 26, "the group rebalances")
    if bench.partitions > ROWS_MAX:
        return stopped, moving
    box = [
        rect("box", 0, -8, 26, 16, "card", "line", radius=3),
        text("letter", 13, 4, "A", "tiny", "ink", anchor="middle"),
    ]
    return stopped, Entry(group("shape", box), 26, "read by A"), moving
