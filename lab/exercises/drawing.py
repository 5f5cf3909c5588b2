"""`Drawing(cells)`: a table of coloured cells in a notebook, live at any width, still elsewhere.

Read next: `lab.scenes.cells`.
"""

from typing import Any

from lab.scenes.cells import Cells, draw_cells, tell_cells
from lab.scenes.svg import write_svg
from lab.widgets.player_widget import Message, ScenePlayer

_WIDTHS = (640, 1400)


class Drawing:
    """As the last line of a cell."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.widget = ScenePlayer(draw_cells(cells), name="cells")
        self.widget.on_message(self._handle)

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            least, most = _WIDTHS
            self.widget.show(draw_cells(self.cells, max(least, min(round(width), most))))
            self.widget.renew()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/svg+xml"] = write_svg(draw_cells(self.cells))
        data["text/plain"] = repr(self)
        return data

    def __repr__(self) -> str:
        return tell_cells(self.cells)
