"""`Drawer`: a place under a page where one lens at a time is opened, and a button that closes it.

    page
    [Close]
    lens

Read next: `picture_view`, which has one.
"""

from typing import Any, Final

import ipywidgets

from kafkalab.errors import LearnerError
from lab.scenes.view import MARGIN

_EDGE: Final = f"4px {MARGIN}px"  # where pictures end
_LINE: Final = "1px solid var(--jp-border-color1, #767676)"
_INK: Final = "var(--jp-content-font-color1, inherit)"


class Drawer:
    """Empty at first.  `widget` belongs under the page; it takes no room while it is empty."""

    def __init__(self) -> None:
        self.shown: Any = None
        self._close = ipywidgets.Button(
            description="Close the lens",
            layout=ipywidgets.Layout(
                width="auto", margin=_EDGE, border=_LINE, align_self="flex-end"
            ),
            style={"button_color": "transparent", "text_color": _INK},
        )
        self._close.on_click(lambda button: self.close())
        self.widget = ipywidgets.VBox([], layout=ipywidgets.Layout(margin="0"))

    def open(self, lens: Any) -> None:
        """Show this instead of what was shown.  `LearnerError` for what is no picture."""
        widget = getattr(lens, "widget", None)
        if not isinstance(widget, ipywidgets.DOMWidget):
            raise LearnerError(
                "under the page goes a picture, such as RecordLens(sim, 'orders') or "
                f"PartitionerLens(), not {lens!r}"
            )
        before, self.shown = self.shown, lens
        self._close.tooltip = f"Close the {type(lens).__name__} below"
        self.widget.children = (self._close, widget)
        if before is not None and before is not lens:
            before.widget.close()

    def close(self) -> None:
        """Take it away."""
        shown, self.shown = self.shown, None
        self.widget.children = ()
        if shown is not None:
            shown.widget.close()
