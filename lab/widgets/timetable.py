"""`TimetableView(table)`: a timetable in a cell: the picture, its static twin, and its words.

Read next: `lab.scenes.timetable`, the picture.
"""

from dataclasses import replace

from lab.scenes.shapes import Scene
from lab.scenes.timetable import Timetable, draw_timetable, text_of
from lab.widgets.still_view import StillView


class TimetableView(StillView):
    """See the module's docstring."""

    def __init__(self, table: Timetable) -> None:
        self.table = table
        super().__init__("timetable")

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return self.table.say

    def _scene(self, width: int) -> Scene:
        return draw_timetable(replace(self.table, width=width))

    def __repr__(self) -> str:
        return text_of(self.table)
