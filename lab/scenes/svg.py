"""A scene as SVG text: the static twin of what the widget shows.

It stands in saved notebooks, on GitHub and in print, where no kernel and no script runs.  So it
has its own background and style, no motion, and nothing to press.

Invariants: well-formed XML whatever the words; equal scenes give equal text.
Read next: `diff`, the other way out of a scene.
"""

from collections.abc import Iterable
from html import escape

from lab.scenes.shapes import Scene, Shape, plain
from lab.scenes.theme import stylesheet

_ONLY_LIVE = ("tabindex", "data-action", "data-arrows", "aria-pressed")


def write_svg(scene: Scene) -> str:
    """The whole picture, readable alone: title, description, style, shapes."""
    size = f'viewBox="0 0 {scene.width} {scene.height}" width="{scene.width}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kl kl-alone" {size} '
        f'height="{scene.height}" role="img">',
        f"<title>{escape(plain(scene.title))}</title><desc>{escape(plain(scene.say))}</desc>",
        f"<style>{stylesheet(live=False)}</style>",
        f'<rect class="f-bg" width="{scene.width}" height="{scene.height}"/>',
    ]
    _write_shapes(scene.shapes, parts)
    parts.append("</svg>")
    return "".join(parts)


def _write_shapes(shapes: Iterable[Shape], parts: list[str]) -> None:
    for shape in shapes:
        given = shape.attributes
        if given.get("tabindex") == -1 and "aria-label" in given:
            given = {**given, "role": "group"}  # one of many: it still says what it is
        attributes = "".join(
            f' {name}="{escape(str(value))}"'
            for name, value in given.items()
            if name not in _ONLY_LIVE and value != "button"
        )
        if shape.tag == "g":
            parts.append(f"<g{attributes}>")
            _write_shapes(shape.children, parts)
            parts.append("</g>")
        elif shape.words is not None:
            parts.append(f"<text{attributes}>{escape(shape.words)}</text>")
        else:
            parts.append(f"<{shape.tag}{attributes}/>")
