"""A loop in the background as one quiet line: what runs, how it stands, and a button to stop it.

    ▸ read   running                                                    [■ Stop]

Read next: `lab.widgets.background`.
"""

from typing import Final

from lab.scenes.controls import BAR_HEIGHT, button
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, glyph, rect, text

_LINE: Final = 18
_ERROR_LINES_MAX: Final = 4
#: Sign and tone of each state.
_SIGNS: Final = {
    "running": ("play", "comm-t"),
    "stopping": ("clock", "mute"),
    "stopped": ("stop", "mute"),
    "ended": ("tick", "mute"),
    "failed": ("cross", "out-t"),
}


def draw_loop(name: str, state: str, words: str, width: int, *, is_live: bool) -> Scene:
    """`is_live`: with the button; the static twin has nothing to press."""
    sign, tone = _SIGNS[state]
    title = fit(name, "lab", width * 0.4)
    x = 36 + width_of(title, "lab") + 12
    shapes: list[Shape] = []
    right = float(width - 12)
    if is_live and state in ("running", "stopping"):
        stop, wide = button("stop", (0, 0), "stop", words="Stop", icon="stop",
                            label=f"Stop {name}", is_disabled=state != "running")  # fmt: skip
        right -= wide
        stop.attributes["transform"] = f"translate({right:g},8)"
        shapes.append(stop)
    if state == "failed":
        lines = wrap(words, "note", right - 36)[:_ERROR_LINES_MAX]
        place, first = 36.0, 46.0
    else:
        lines, place, first = [fit(words, "note", right - x - 12)], x, 26.5
    height = int(max(BAR_HEIGHT + 16, first + (len(lines) - 1) * _LINE + 14))
    card = rect("card", 0.5, 0.5, width - 1, height - 1, "card", "line", radius=8)
    said = [text(f"words{i}", place, first + i * _LINE, line, "note", tone)
            for i, line in enumerate(lines)]  # fmt: skip
    shapes = [card, glyph("sign", sign, 20, 26.5, tone), text("name", 36, 26.5, title, "lab"),
              *said, *shapes]  # fmt: skip
    return Scene(width, height, f"In the background: {name}", f"{name}: {words}", tuple(shapes))
