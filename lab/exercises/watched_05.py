"""A day of lesson 05 as a picture: when each order was in hand, what was committed, who died.

    watched(day(auto, "half way through the work", 2))

Read next: `stories_05`, which runs the day; `lab.scenes.timetable`, the picture.
"""

from collections.abc import Iterator
from typing import Final

from lab.exercises.stories_05 import Day
from lab.scenes.timetable import Bar, Block, Kind, Mark, Row, Timetable
from lab.widgets.timetable import TimetableView

_AFTER_MS: Final = 60
_LEGEND: Final[dict[Kind, str]] = {
    "owned": "in hand until its parcel is written",
    "nobody": "in hand when the process died, and never again",
    "busy": "once more",
    "gone": "in hand when the process died",
}
_WORDS: Final[dict[Kind, str]] = {
    "owned": "shipped",
    "nobody": "lost",
    "busy": "again",
    "gone": "not shipped",
}


def watched(*days: Day) -> TimetableView:
    """Days one below the other, each from the first order to the end of the last."""
    blocks, end = [], 0
    for one in days:
        zero = _handed(one)[0][1]
        rows = tuple(_rows(one, zero))
        end = max([end, *(row.bars[-1].until for row in rows)])
        died = f"killed {one.plan.point}, order {one.plan.order}"
        is_well = not (one.lost or one.repeated)
        blocks.append(Block(died, "", _outcome(one), rows, tuple(_marks(one, zero)), is_well))
    say = "; ".join(f"{block.name}: {block.total}" for block in blocks)
    say = f"{say[0].upper()}{say[1:]}."
    table = Timetable(
        say, "order 0 is handed over", tuple(blocks), end + _AFTER_MS, 960, _LEGEND, has_cuts=True
    )
    return TimetableView(table)


def _outcome(one: Day) -> str:
    words = [f"{name} lost" for name in one.lost] + [f"{name} repeated" for name in one.repeated]
    return ", ".join(words) or "each order once"


def _handed(one: Day) -> list[tuple[int, int]]:
    """Offsets in the order in which they were handed over, and when (virtual ms)."""
    polled = one.sim.trace.of("RecordsPolled")
    return [(e.fields["base_offset"], e.at) for e in polled if e.fields["topic"] == "orders"]


def _died(one: Day) -> int:
    """When the first process died (virtual ms)."""
    assert one.crash is not None
    return one.crash.now


def _rows(one: Day, zero: int) -> Iterator[Row]:
    written = [
        (record.value or b"", record.timestamp)
        for record in one.sim.records("parcels")
        if record.value is not None
    ]
    died = _died(one)
    for offset, name in enumerate(one.parcels):
        bars: list[Bar] = []
        times = [at for value, at in written if value.decode() == name]
        for since in (at for place, at in _handed(one) if place == offset):
            ends = [at for at in times if at >= since and (since > died) == (at > died)]
            until = ends[0] if ends else died
            kind: Kind = "busy" if any(bar.kind == "owned" for bar in bars) else "owned"
            if not ends:
                kind = "nobody" if name in one.lost else "gone"
            bars.append(Bar(since - zero, until - zero, kind, _WORDS[kind]))
        yield Row(f"order {offset}", tuple(bars))


def _marks(one: Day, zero: int) -> Iterator[Mark]:
    died = _died(one)
    commits = [
        (e.fields["offset"], e.at)
        for e in one.sim.trace.of("OffsetCommitted")
        if e.fields["topic"] == "orders" and e.at <= died
    ]
    if commits:
        offset, at = commits[-1]
        yield Mark(at - zero, f"commits {offset}")
    yield Mark(died - zero, "killed")
    again = next((each for each in _handed(one) if each[1] > died), None)
    if again is not None:
        yield Mark(again[1] - zero, f"the next process begins at {again[0]}")
