"""`Drawing(cells)`: a table of coloured cells in a notebook, live at any width, still elsewhere.

Read next: `lab.scenes.cells`.
"""

from lab.scenes.cells import Cells, draw_cells, tell_cells
from lab.scenes.shapes import Scene
from lab.widgets.still_view import StillView

_WIDTHS = (640, 1400)


class Drawing(StillView):
    """As the last line of a cell."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        super().__init__("cells")

    def _scene(self, width: int) -> Scene:
        least, most = _WIDTHS
        return draw_cells(self.cells, max(least, min(width, most)))

    def __repr__(self) -> str:
        return tell_cells(self.cells)
