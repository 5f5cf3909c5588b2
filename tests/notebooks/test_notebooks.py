"""Every notebook runs as saved (nbval, strict), and what is saved shows its pictures anywhere."""

import re
from pathlib import Path

import nbformat
import pytest
from nbval_runs import run_notebook

from lab.save_notebooks import WIDGET_VIEW, strip

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.notebook


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS[0].name == "00_start_here.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_does_again_what_it_says_it_did(path: Path, tmp_path: Path) -> None:
    log = tmp_path / "nbval.log"
    assert run_notebook(path, log) == 0, log.read_text()[-8000:]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_saved_notebook_has_been_executed_and_holds_no_widget(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert "widgets" not in notebook.metadata
    outputs = [output for cell in code for output in cell.outputs]
    assert not [one for one in outputs if one.output_type == "error"]
    assert not [one for one in outputs if WIDGET_VIEW in one.get("data", {})]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_viewer_without_a_kernel_shows_the_pictures(path: Path) -> None:
    from nbconvert import HTMLExporter

    notebook = nbformat.read(path, as_version=4)
    pictures = sum(
        "image/svg+xml" in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert len(re.findall(r"<img[^>]* src=\"data:image/svg\+xml;base64,", html)) == pictures > 0


def test_what_a_slow_kernel_printed_in_pieces_is_saved_in_one() -> None:
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("a", "\n")]
    cell = nbformat.v4.new_code_cell("print('a')", outputs=pieces)
    saved = strip(nbformat.v4.new_notebook(cells=[cell]))
    assert [output.text for output in saved.cells[0].outputs] == ["a\n"]


@pytest.mark.parametrize("path", NOTEBOOKS[:-1], ids=lambda path: path.stem)
def test_a_lesson_has_its_sections_in_order_and_none_is_missing(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    words = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", words, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    heads = re.findall(r"^## ([A-Z][A-Za-z ]+)$", words, re.MULTILINE)
    assert "How this differs from Kafka" in heads
    assert re.findall(r"^# \S.*$", cells[0].source, re.MULTILINE) and not re.search(
        r"<summary>[^<]*[`*]", words
    ), "a summary is HTML: <code> there, no backticks"
