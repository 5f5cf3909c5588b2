"""The line to type in, under the pictures, and what it answered last.

Enter runs it.  What comes back is text, shown as text.
"""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from lab.scenes.view import MARGIN

_SHOWN_MAX = 12_000  # characters of an answer


class CommandLine:
    """`run` is called with the line; whatever it raises is shown as its answer."""

    def __init__(self, run: Callable[[str], str]) -> None:
        self._run = run
        self._text = ipywidgets.Text(
            placeholder="describe topic orders · crash 2 · help",
            layout=ipywidgets.Layout(width="100%", max_width="640px", margin="0"),
            continuous_update=False,
        )
        self._text.add_class("kl-line")
        self._answer = ipywidgets.HTML()
        self._text.observe(self._submitted, "value")
        self._answer.layout.margin = "0"
        edge = f"4px {MARGIN}px"  # where the pictures begin
        self.widget = ipywidgets.VBox(
            [self._text, self._answer], layout=ipywidgets.Layout(margin="0", padding=edge)
        )

    def _submitted(self, change: Any) -> None:
        line = str(change["new"]).strip()
        if not line:
            return
        try:
            answer = self._run(line)
        except Exception as error:
            answer = str(error) or type(error).__name__
        shown = answer if len(answer) <= _SHOWN_MAX else f"{answer[:_SHOWN_MAX]}\n…"
        self._answer.value = (
            '<pre style="margin:0;overflow-x:auto;max-height:24em">'
            f"&gt; {escape(line)}\n{escape(shown)}</pre>"
        )
        self._text.value = ""

    def close(self) -> None:
        self.widget.close()
