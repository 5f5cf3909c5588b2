"""One notebook from release to grade, as a teacher would do it."""

from pathlib import Path

import nbformat
import pytest

from lab.checking.shelf import lesson, solution
from lab.grade import main as grade_main
from lab.release import main as release_main

pytestmark = pytest.mark.notebook


def lesson_notebook(path: Path) -> None:
    """A lesson 00 with all its exercises solved."""
    cells = [nbformat.v4.new_code_cell("from lab import exercise")]
    for each in lesson("00")[0]:
        source = f'{solution(each.id)}\nexercise("{each.id}").check({each.answer})'
        cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def test_released_filled_in_and_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKALAB_PROGRESS", str(tmp_path / "progress.json"))
    solved, released = tmp_path / "00_solved.ipynb", tmp_path / "00_released.ipynb"
    lesson_notebook(solved)
    release_main([str(solved), str(released)])
    text = released.read_text()
    assert "raise NotImplementedError" in text
    assert "value not in kept" not in text

    half = nbformat.read(released, as_version=4)
    half.cells.insert(1, nbformat.v4.new_code_cell("1 / 0"))
    wrong = next(iter(lesson("00")[0][1].tempting))
    half.cells[-1].source = f'{wrong}\nexercise("00.2").check(worthless)'
    handed_in = tmp_path / "00_handed_in.ipynb"
    nbformat.write(half, handed_in)

    capsys.readouterr()
    assert grade_main([str(solved), str(handed_in)]) == 0
    shown = capsys.readouterr().out
    assert "2.00 of 2" in shown
    assert "00.1     -  Not attempted yet." in shown
    assert "00.2  0.00  Not yet: kept without a receipt" in shown
    assert grade_main([str(tmp_path / "00_none.ipynb")]) == 1
