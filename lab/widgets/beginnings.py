"""`BeginningsView(ways)`: where a consumer begins, by how it comes and by its reset policy.

Read next: `lab.scenes.beginnings`, the picture; `lab.exercises.stories_04`, which runs the ways.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lab.scenes.beginnings import Beginnings, Way, draw_beginnings, finding
from lab.scenes.svg import write_svg
from lab.widgets.player_widget import Message, ScenePlayer


class BeginningsView:
    """See the module's docstring.  The picture of what has been found out: nothing moves in it."""

    def __init__(self, ways: Iterable[Way]) -> None:
        self._picture = Beginnings(tuple(ways))
        self.widget = ScenePlayer(draw_beginnings(self._picture), name="beginnings")
        self.widget.on_message(self._handle)

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return finding(self._picture.ways)

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self._picture = replace(self._picture, width=round(width))
            self.widget.show(draw_beginnings(self._picture))
            self.widget.renew()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/svg+xml"] = write_svg(draw_beginnings(replace(self._picture, width=960)))
        data["text/plain"] = repr(self)
        return data

    def __repr__(self) -> str:
        """A table, a line for each way to come."""
        policies = list(self._picture.ways[0].firsts)
        lines = [f"{'':24}" + "".join(f"{name:10}" for name in policies)]
        for way in self._picture.ways:
            cells = ("error" if way.firsts[p] is None else f"at {way.firsts[p]}" for p in policies)
            lines.append(f"{way.name:24}" + "".join(f"{cell:10}" for cell in cells))
        return "\n".join([self.say, *(each.rstrip() for each in lines)])
