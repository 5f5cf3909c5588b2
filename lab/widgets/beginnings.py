"""`BeginningsView(ways)`: where a consumer begins, by how it comes and by its reset policy.

Read next: `lab.scenes.beginnings`, the picture; `lab.exercises.stories_04`, which runs the ways.
"""

from collections.abc import Iterable
from dataclasses import replace

from lab.scenes.beginnings import Beginnings, Way, draw_beginnings, finding
from lab.scenes.shapes import Scene
from lab.widgets.still_view import StillView


class BeginningsView(StillView):
    """See the module's docstring.  The picture of what has been found out: nothing moves in it."""

    def __init__(self, ways: Iterable[Way]) -> None:
        self._picture = Beginnings(tuple(ways))
        super().__init__("beginnings")

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return finding(self._picture.ways)

    def _scene(self, width: int) -> Scene:
        return draw_beginnings(replace(self._picture, width=width))

    def __repr__(self) -> str:
        """A table, a line for each way to come."""
        policies = list(self._picture.ways[0].firsts)
        lines = [f"{'':24}" + "".join(f"{name:10}" for name in policies)]
        for way in self._picture.ways:
            cells = ("error" if way.firsts[p] is None else f"at {way.firsts[p]}" for p in policies)
            lines.append(f"{way.name:24}" + "".join(f"{cell:10}" for cell in cells))
        return "\n".join([self.say, *(each.rstrip() for each in lines)])
