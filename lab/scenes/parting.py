"""Where two runs part: what each does there, and the causes that led it to that.

    ◆ At 9.009 s they part
    A  as it was                [in spacetime]   B  without crash 1          [in spacetime]
    ❶ 1.024 s  broker 1 crashes                   nothing of the kind follows
    ❷ 9.009 s  the controller fences broker 1

Steps that both have are quiet; those of one run alone are what to read.

Read next: `twins`, whose part this is; `kafkalab.frames.twins.chain_of`, which finds the causes.
"""

from collections.abc import Sequence
from typing import Protocol

from kafkalab.frames.twins import StepFrame, TwinsFrame
from lab.scenes.clock import seconds
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, chip, chip_width, glyph, group, text
from lab.scenes.spacetime_marks import badge

_STEP = 22


class Looking(Protocol):
    """What matters here of the view: whose chain is shown, and whether one can press."""

    @property
    def run(self) -> str: ...

    @property
    def is_live(self) -> bool: ...


def draw_parting(frame: TwinsFrame, view: Looking, inner: float) -> tuple[list[Shape], float]:
    """The part, and its height."""
    at = seconds(frame["diverges"] or 0)
    shapes: list[Shape] = [
        glyph("sign", "diamond", 6, 4, "group-t"),
        text("head", 20, 4, f"At {at} s they part", "lab", "group-t"),
    ]
    is_wide = inner >= 860
    wide = (inner - 24) / 2 if is_wide else inner
    y, tallest = 32.0, 0.0
    for i, (run, steps) in enumerate(zip(frame["runs"], frame["chains"], strict=True)):
        children, height = _side(run["name"], run["words"], steps, frame, view, wide)
        place = (i * (wide + 24), y) if is_wide else (0.0, y + tallest)
        shapes.append(group(run["name"], children, at=place, label=f"Causes in {run['name']}"))
        tallest = max(tallest, height) if is_wide else tallest + height + 26
    return shapes, y + tallest - (0 if is_wide else 26)


def _side(
    name: str, words: str, steps: Sequence[StepFrame], frame: TwinsFrame, view: Looking, wide: float
) -> tuple[list[Shape], float]:
    head = fit(f"{name}  {words}", "lab", wide - 150)
    shapes: list[Shape] = [text("name", 0, 0, head, "lab")]
    if view.is_live and steps:
        is_shown = view.run == name
        tones = ("ink", "ink", "bg") if is_shown else ("none", "rule", "ink")
        shapes.append(
            chip("show", (wide - chip_width("in spacetime"), -14.5), "in spacetime", tones,
                 action=f"chain {'' if is_shown else name}".strip(),
                 label=f"The causes in {name} in its spacetime", is_pressed=is_shown)
        )  # fmt: skip
    y = 24.0
    what = frame["divergence"][0 if name == "A" else 1].partition(": ")[2]
    if not steps:
        shapes.append(text("none", 0, y, fit(what, "body", wide), "body"))
        return shapes, y + 8
    for step in steps:
        tone = "mute" if step["is_shared"] else "ink"
        at = f"{seconds(step['at'])} s"
        x = 24 + max(width_of(at, "num"), width_of("00.000 s", "num")) + 10
        children = [
            badge("badge", step["step"], 9, -4.5),
            text("at", x - 10, 0, at, "num", tone, anchor="end"),
            text("words", x, 0, fit(step["words"], "body", wide - x), "body", tone),
        ]
        shapes.append(group(f"s{step['step']}", children, at=(0, y)))
        y += _STEP
    if not any(step["words"] == what.partition(", at ")[0] for step in steps):
        shapes.append(text("what", 0, y, fit(what, "body", wide), "body"))
        y += _STEP
    return shapes, y - 14
