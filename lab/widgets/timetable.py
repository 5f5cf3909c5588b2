"""`TimetableView(table)`: a timetable in a cell: the picture, its static twin, and its words.

Read next: `lab.scenes.timetable`, the picture.
"""

from dataclasses import replace
from typing import Any

from lab.scenes.svg import write_svg
from lab.scenes.timetable import Timetable, draw_timetable, text_of
from lab.widgets.player_widget import Message, ScenePlayer


class TimetableView:
    """See the module's docstring."""

    def __init__(self, table: Timetable) -> None:
        self.table = table
        self.widget = ScenePlayer(draw_timetable(table), name="timetable")
        self.widget.on_message(self._handle)

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return self.table.say

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self.table = replace(self.table, width=round(width))
            self.widget.show(draw_timetable(self.table))
            self.widget.renew()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/svg+xml"] = write_svg(draw_timetable(replace(self.table, width=960)))
        data["text/plain"] = repr(self)
        return data

    def __repr__(self) -> str:
        return text_of(self.table)
