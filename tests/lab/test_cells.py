"""Tables of coloured cells: what stands in them, at any width, drawn and in words."""

import xml.etree.ElementTree as ET

import pytest

from lab.exercises.drawing import Drawing
from lab.scenes.cells import Cells, Kind, Row, draw_cells, tell_cells
from lab.scenes.svg import write_svg

KINDS = {
    "kept": Kind("kept, its age", "comm-s", "comm", "comm-t"),
    "gone": Kind("deleted", "none", "rule", "mute", "✕", "2 2"),
}
ROWS = (
    Row("after 1 h", [("kept", "1"), ("", "")], "log start 0"),
    Row("after 2 h", [("gone", ""), ("kept", "12")], "log start 1"),
)
CELLS = Cells("Two hours", "One is gone.", "a row an hour", KINDS, ROWS, {0: "0", 1: "1"}, {1})


def test_the_words_say_what_the_cells_do() -> None:
    said = tell_cells(CELLS)
    assert "after 2 h  ✕   12   log start 1" in said
    assert "✕: deleted" in said
    assert said.startswith("Two hours\nOne is gone.")


@pytest.mark.parametrize("width", [640, 960, 1400])
def test_it_is_drawn_within_its_width(width: int) -> None:
    scene = draw_cells(CELLS, width)
    svg = write_svg(scene)
    ET.fromstring(svg)
    boxes = [each.attributes for each in scene.flat().values() if each.tag == "rect"]
    assert all(float(box["x"]) + float(box["width"]) <= width for box in boxes)
    assert "1 deleted" in svg  # a row's label, for who does not see it


def test_in_a_notebook_it_follows_the_width_and_leaves_a_picture() -> None:
    drawing = Drawing(CELLS)
    drawing._handle({"width": 700})
    drawing._handle({"action": "nothing"})
    assert drawing.widget.scene["size"][0] == 700
    bundle = drawing._repr_mimebundle_()
    assert bundle["text/plain"] == tell_cells(CELLS)
    assert "<svg" in bundle["image/svg+xml"]
