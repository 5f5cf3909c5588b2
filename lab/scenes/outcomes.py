"""What two runs came to, as cards: a figure each, with both bars, and which is better.

Equal outcomes are grey: what does not matter goes quiet.
Read next: `twins`, below which they stand.
"""

from collections.abc import Sequence

from kafkalab.frames.twins import OutcomeFrame
from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, glyph, group, rect, text


def draw_outcomes(outcomes: Sequence[OutcomeFrame], inner: float) -> tuple[list[Shape], float]:
    """Cards in lines that are equally long, and their height."""
    per_line = 3 if inner < 900 or (len(outcomes) > 5 and inner < 1240) else len(outcomes)
    wide = (inner - 12 * (per_line - 1)) / per_line
    shapes = []
    for i, outcome in enumerate(outcomes):
        at = (i % per_line * (wide + 12), i // per_line * 124)
        shapes.append(_outcome(outcome, wide, at))
    return shapes, -(-len(outcomes) // per_line) * 124 - 12


def _outcome(outcome: OutcomeFrame, width: float, at: tuple[float, float]) -> Shape:
    is_same = outcome["verdict"] == "same"
    most = max(outcome["a"], outcome["b"], 1)
    figures = [f"{value}{outcome['unit']}" for value in (outcome["a"], outcome["b"])]
    room = width - 46 - max(width_of(each, "numb") for each in figures) - 14
    shapes: list[Shape] = [
        rect("card", 0, 0, width, 112, "card", "line", radius=10),
        text("name", 14, 24, outcome["name"], "h2", "mute" if is_same else "ink"),
    ]
    tone = "comm" if outcome["name"] == "acknowledged" else "out"
    for i, (run, figure) in enumerate(zip("AB", figures, strict=True)):
        y = 38 + i * 24
        value = (outcome["a"], outcome["b"])[i]
        shapes += [
            text(f"n{run}", 14, y + 13, run, "lab"),
            rect(f"t{run}", 32, y + 2, room, 14, "soft", radius=2),
            rect(f"b{run}", 32, y + 2, max(room * value / most, 1.5), 14,
                 "rule" if is_same or not value else tone, radius=2),
            text(f"v{run}", width - 14, y + 13.5, figure, "numb", anchor="end"),
        ]  # fmt: skip
    if is_same:
        shapes.append(text("verdict", 14, 101, "same in both", "note"))
    else:
        is_better = outcome["verdict"] == "better"
        ink, sign = ("sync-t", "tick") if is_better else ("out-t", "clock")
        by = f"B: {outcome['b'] - outcome['a']:+d}{outcome['unit']}".replace("-", "−")
        shapes += [
            text("by", 14, 101, by, "lab", ink),
            glyph("sign", sign, width - 26 - width_of(outcome["verdict"], "note"), 101, ink),
            text("verdict", width - 14, 101, outcome["verdict"], "note", ink, anchor="end"),
        ]
    label = f"{outcome['name']}: A {figures[0]}, B {figures[1]}, {outcome['verdict']}"
    return group(f"o-{outcome['name']}", shapes, at=at, label=label)
