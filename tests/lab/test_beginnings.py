"""The picture of where a consumer begins: what is skipped and repeated, and that it fits."""

import pytest

from lab.exercises.stories_04 import starts
from lab.scenes.beginnings import Beginnings, Way, draw_beginnings, finding

GONE = Way("gone", 6, 10, 3, False, {"earliest": 6, "latest": 10, "none": None})
VALID = Way("valid", 0, 10, 3, False, {"earliest": 3, "latest": 3, "none": 3})
EXPIRED = Way("expired", 0, 10, 3, True, {"earliest": 0, "latest": 10, "none": None})


def test_what_is_deleted_is_not_skipped_and_what_was_not_done_is_not_repeated() -> None:
    assert GONE.skipped == range(6, 10)
    assert EXPIRED.skipped == range(3, 10)
    assert list(EXPIRED.repeated) == [0, 1, 2]
    assert not GONE.repeated
    assert not VALID.repeated


def test_a_valid_commit_is_not_asked() -> None:
    assert not VALID.is_asked
    keys = draw_beginnings(Beginnings((VALID,))).flat()
    assert not any("skipped" in key or "error" in key for key in keys)
    assert finding((VALID, GONE)).startswith("The policy is asked in 1 of 2 ways to come.")


@pytest.mark.parametrize("width", [100, 700, 960, 1600])
def test_all_is_inside(width: int) -> None:
    scene = draw_beginnings(Beginnings((VALID, GONE), width))
    cells = [flat.attributes for key, flat in scene.flat().items() if "/cell" in key]
    assert len(cells) == 22
    assert all(float(each["x"]) + float(each["width"]) + 120 <= scene.width for each in cells)


def test_the_ways_of_the_lesson() -> None:
    said = repr(starts()).splitlines()
    assert said[-1].split()[-5:] == ["at", "6", "at", "10", "error"]
    assert said[3].count("at 3") == 3
