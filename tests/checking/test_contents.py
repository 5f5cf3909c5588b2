"""The landing page: lessons as they are, progress as it was kept."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kafkalab.errors import LearnerError
from lab import Contents
from lab.checking import progress
from lab.coverage import ROOT
from lab.exercises.lessons import LESSONS, PATHS
from lab.exercises.look_up import look_up
from lab.scenes.contents import draw_contents
from lab.scenes.svg import write_svg


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKALAB_PROGRESS", str(tmp_path / "progress.json"))


def test_lessons_are_the_fourteen_and_notebooks_are_lessons() -> None:
    assert [each.number for each in LESSONS] == [f"{number:02}" for number in range(14)]
    numbers = {each.number for each in LESSONS}
    assert all(set(path) <= numbers for path in PATHS.values())
    assert all(need < each.number for each in LESSONS for need in each.needs)
    there = {path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    assert there <= {each.file for each in LESSONS}


def test_progress_shows() -> None:
    assert "Begin with 00" in repr(Contents())
    progress.note("00.1", 1.0)
    progress.note("00.2", 0.5)
    shown = Contents()
    assert "1 of" in repr(shown)
    assert "Next: 00, Start here" in repr(shown)
    shown._handle({"width": 700})
    for width in (640, 960, 1400):
        ET.fromstring(write_svg(draw_contents(shown._cards, width)))


def test_a_path_says_what_comes_next_and_how_long_the_rest_takes() -> None:
    assert "next 00 · 4 to do, 2.3 h" in write_svg(draw_contents(Contents()._cards))
    progress.note("00.1", 1.0)
    progress.note("00.2", 1.0)
    shown = write_svg(draw_contents(Contents()._cards))
    assert "90 minutes: next 02 · 3 to do, 2 h with their exercises" in shown
    assert ">solved</text>" in shown
    for card in Contents()._cards:
        for number in range(1, 1 + len(card.scores)):
            progress.note(f"{card.number}.{number}", 1.0)
    assert "advanced: done" in write_svg(draw_contents(Contents()._cards))


def test_a_word_is_looked_up_and_one_misspelt_is_guessed() -> None:
    shown = look_up("High Watermark").markdown
    assert "in-sync replica" in shown
    assert "(07_replication.ipynb)" in shown
    assert "tombstone" in look_up().markdown
    with pytest.raises(LearnerError, match="it has high watermark"):
        look_up("hihg watermark")
