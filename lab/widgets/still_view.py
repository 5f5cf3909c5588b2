"""`StillView`: a picture of what has been found out, in a cell; nothing moves in it.

    found out ──▶ scene ──▶ the widget, as wide as the page; the still picture; the text

Each says how it is drawn (`_scene`) and how it reads (`__repr__`).  `in_a_cell` is how every
picture of the lab stands in a cell: live, and for readers without a kernel.

Read next: `own_view`, for pictures of a run that goes on.
"""

from typing import Any, Final

import ipywidgets

from lab.scenes.shapes import Scene
from lab.scenes.svg import write_svg
from lab.widgets.player_widget import Message, ScenePlayer

STILL_WIDTH: Final = 960


def in_a_cell(widget: ipywidgets.DOMWidget, scene: Scene, text: str) -> dict[str, Any]:
    """The live picture, and for readers without a kernel the same picture and text."""
    bundle = widget._repr_mimebundle_()
    data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
    data["image/svg+xml"] = write_svg(scene)
    data["text/plain"] = text
    return data


class StillView:
    """See the module's docstring.  A subclass is ready to draw before it calls this."""

    def __init__(self, name: str) -> None:
        self.widget = ScenePlayer(self._scene(STILL_WIDTH), name=name)
        self.widget.on_message(self._handle)

    def _scene(self, width: int) -> Scene:
        raise NotImplementedError

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self.widget.show(self._scene(round(width)))
            self.widget.renew()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return in_a_cell(self.widget, self._scene(STILL_WIDTH), repr(self))
