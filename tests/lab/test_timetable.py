"""The timetable shows what the shop saw: every row is whole, and its stops are those counted."""

from itertools import pairwise

import pytest

from lab.exercises.stories_06 import PROTOCOLS, joins
from lab.exercises.watched_06 import watched
from lab.scenes.svg import write_svg
from lab.scenes.timetable import Bar, Block, Mark, Row, Timetable, draw_timetable, text_of


@pytest.fixture(scope="module")
def table() -> Timetable:
    runs = {name: joins(PROTOCOLS[name], slow=4) for name in ("eager", "KIP-848")}
    return watched(runs, "Ann begins").table


def test_rows_have_no_gaps_and_add_up(table: Timetable) -> None:
    for block in table.blocks:
        stopped = 0
        for row in block.rows[1:]:  # the first is Ann's slow order
            assert row.bars[0].since == 0
            assert row.bars[-1].until == table.end
            assert all(a.until == b.since and a.words != b.words for a, b in pairwise(row.bars))
            stopped += sum(bar.until - bar.since for bar in row.bars if bar.kind == "nobody")
        assert abs(stopped / 1000 - float(block.total.split()[0])) < 0.3  # looked at each 50 ms


def test_only_the_eager_group_stops_whole(table: Timetable) -> None:
    stopped = [
        [row.name for row in block.rows if any(bar.kind == "nobody" for bar in row.bars)]
        for block in table.blocks
    ]
    assert stopped[0] == ["P0", "P1", "P2", "P3"]
    assert len(stopped[1]) == 1


@pytest.mark.parametrize("width", [400, 960])
def test_labels_of_one_instant_do_not_meet(width: int) -> None:
    marks = (Mark(500, "Ann joins"), Mark(500, "Ben is given up"), Mark(900, "Cleo leaves"))
    row = Row("P0", (Bar(0, 1000, "owned", "Ann"),), "0 s")
    table = Timetable("Said.", "it begins", (Block("one", "", "0", (row,), marks),), 1000, width)
    svg = write_svg(draw_timetable(table))
    assert all(mark.words in svg for mark in marks)
    assert "P0: Ann 0.00 to 1.00 s" in text_of(table)
