"""Twins: one line where they are one, two close lines while equal, two far lines once they part.

    ■■■■■─┬■■■■■■■■┐                       A   ■■■■✕✕✕✕✕✕■■■
          └■■■■■■■■┴◆ first divergence     B   ■■■■◷◷◷◷◷◷■■■

A record stands at its send time; what became of it is its cell.  Where several share a place the
worst is shown, with how many they are.

Read next: `axis`; `kafkalab.frames.twins`, which says what there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from kafkalab.frames.shape import Frame
from kafkalab.frames.spacetime import SpaceTimeFrame
from kafkalab.frames.twins import RunFrame, TwinsFrame
from lab.scenes import spacetime
from lab.scenes.axis import Axis, draw_axis
from lab.scenes.clock import seconds
from lab.scenes.cluster import draw_cluster
from lab.scenes.controls import button
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import width_of, wrap
from lab.scenes.outcomes import draw_outcomes
from lab.scenes.parting import draw_parting
from lab.scenes.replica_cells import COMPACT, rows_of
from lab.scenes.shapes import Scene, Shape, glyph, group, line, path, rect, text
from lab.scenes.twin_cells import CELL, FATES, Level, draw_cells, draw_shared
from lab.scenes.twin_differences import what_differs
from lab.scenes.twin_marks import draw_flags, place_flags
from lab.scenes.view import MARGIN, Block, chosen_topic

WIDTH_MIN, WIDTH_MAX = 640, 1400
STATIC_WIDTH: Final = 960
NEAR, FAR = 15, 62  # half the distance of the lines before and after they part
LEFT: Final = 108.0


@dataclass(frozen=True, slots=True)
class View:
    """The page, and the instant looked at (None: the end)."""

    width: int = STATIC_WIDTH
    now: int | None = None
    is_live: bool = False
    run: str = ""  # whose chain is shown in spacetime

    def at_width(self, width: float) -> "View":
        return replace(self, width=int(min(max(width, WIDTH_MIN), WIDTH_MAX)) // 10 * 10)


KEYS: Final[Mapping[str, str]] = {
    "ArrowLeft": "back", "ArrowRight": "step", "Home": "first", "End": "end", "d": "divergence",
}  # fmt: skip


def draw(
    frame: TwinsFrame,
    view: View,
    clusters: tuple[Frame, Frame] | None = None,
    chain: SpaceTimeFrame | None = None,
) -> Scene:
    """The picture alone, with its title.  For the rest see `draw_block`."""
    inner = view.width - 2 * MARGIN
    shapes, y = _head(frame, view, inner)
    block = draw_block(frame, view, inner, clusters, chain)
    shapes.append(group("body", block.shapes, at=(MARGIN, y)))
    y += block.height
    legend, height = draw_legend(entries(frame, chain), inner)
    shapes.append(group("legend", [legend], at=(MARGIN, y + 26)))
    total = int(y + 26 + height + 8)
    say = clusters[1]["say"] if clusters is not None else frame["say"]
    return Scene(view.width, total, frame["title"], say, tuple(shapes), KEYS)


def draw_block(
    frame: TwinsFrame,
    view: View,
    inner: float,
    clusters: tuple[Frame, Frame] | None = None,
    chain: SpaceTimeFrame | None = None,
) -> Block:
    """Everything but title, finding and legend.

    `clusters`: both worlds at `view.now`, shown side by side.  `chain`: the causes of what run
    `view.run` does where they part, in the spacetime of that run.
    """
    shapes: list[Shape] = []
    axis = _axis(frame, inner)
    flags, y = place_flags(frame, axis)
    middle = y + FAR + 34
    bottom = middle + FAR + 34
    shapes.append(group("axis", draw_axis(axis, middle - FAR - 26, bottom, has_grid=False)))
    marks = draw_flags(flags, bottom, is_live=view.is_live)
    shapes.append(group("marks", marks, arrows="line"))
    shapes += _runs(frame, axis, middle)
    if view.now is not None:
        shapes.append(_now(axis(view.now), view.now, middle))
    y = bottom + 50
    if frame["diverges"] is not None:
        parting, height = draw_parting(frame, view, inner)
        shapes.append(group("parting", parting, at=(0, y), label="Where they part, and why"))
        y += height + 18
    if chain is not None:
        bare: SpaceTimeFrame = {**chain, "chain": []}  # its words stand above already
        picture = spacetime.draw_block(bare, spacetime.View(), inner)
        shapes.append(group(f"chain-{view.run}", picture.shapes, at=(0, y - 24)))
        y += picture.height + 4
    if clusters is not None:
        panels, height = _panels(clusters, inner)
        shapes.append(group("panels", panels, at=(0, y)))
        y += height + 18
    cards, height = draw_outcomes(frame["outcomes"], inner)
    shapes.append(group("outcomes", cards, at=(0, y), label="What they came to"))
    return Block(tuple(shapes), y + height)


def _head(frame: TwinsFrame, view: View, inner: float) -> tuple[list[Shape], float]:
    shapes: list[Shape] = []
    room = inner
    if view.is_live:
        controls, wide = _controls(view)
        room -= wide + 14
        shapes.append(controls)
    y = 32.0
    for style, key, words, lines_max, step, after in (
        ("h1", "title", frame["title"], 2, 24, 22),
        ("sub", "settings", frame["settings"], 2, 18, 26),
        ("lab", "say", frame["say"], 4, 18, 32),
    ):
        for i, each in enumerate(wrap(words, style, room if key == "title" else inner, lines_max)):
            y += step if i else 0
            shapes.append(text(f"{key}{i}", MARGIN, y, each, style))
        y += after
    return shapes, y


def _controls(view: View) -> tuple[Shape, float]:
    """One clock for both: step by step, to where they part, to the end; and how wide that is."""
    shapes: list[Shape] = []
    x = 0.0
    if view.now is not None:
        when = f"{seconds(view.now)} s"
        shapes.append(text("clock", 0, 23, when, "big"))
        x = width_of(when, "big") + 14
    for key, icon, label in (
        ("back", "back", "To the instant before"),
        ("step", "step", "To the next instant"),
        ("divergence", "diamond", "To the first divergence"),
        ("end", "next", "To the end"),
    ):
        shape, wide = button(key, (x, 0), key, icon=icon, label=label)
        shapes.append(shape)
        x += wide + 6
    at = (view.width - MARGIN - x + 6, 14)
    return group("controls", shapes, at=at, label="Time, of both"), x - 6


def _panels(clusters: tuple[Frame, Frame], inner: float) -> tuple[list[Shape], float]:
    """Both clusters at one instant: side by side, or one above the other."""
    is_wide = inner >= 900
    wide = (inner - 20) / 2 if is_wide else inner
    shapes: list[Shape] = []
    height = 0.0
    pick = what_differs(clusters)
    for i, (name, frame) in enumerate(zip("AB", clusters, strict=True)):
        topic = chosen_topic(frame, pick.topic)
        rows = [row for row in rows_of(topic) if row.partition["id"] in pick.rows] if topic else []
        brokers = [broker for broker in frame["brokers"] if broker["id"] in pick.brokers]
        cards, tall = draw_cluster(brokers, rows, wide, COMPACT)
        words = f"{frame['say']} {pick.note}".strip()
        say = wrap(words, "note", wide - 30, 2)
        children = [text("name", 0, 12, name, "h2")]
        children += [text(f"say{j}", 22, 12 + 15 * j, w, "note", "ink") for j, w in enumerate(say)]
        children.append(group("cards", cards, at=(0, 40), arrows="plane"))
        at = (i * (wide + 20), 0.0) if is_wide else (0.0, height)
        shapes.append(group(name, children, at=at, label=f"{name} at {seconds(frame['now'])} s"))
        height = max(height, tall + 40) if is_wide else height + tall + 58
    return shapes, height


def _axis(frame: TwinsFrame, inner: float) -> Axis:
    times = [record["at"] for run in frame["runs"] for record in run["records"]]
    times += [mark["at"] for mark in frame["marks"]]
    times += [t for run in frame["runs"] for stall in run["stalls"] for t in stall]
    if frame["diverges"] is not None:
        times.append(frame["diverges"])
    margin = max(20, (frame["until"] - frame["since"]) // 60)
    span = (max(0, frame["since"] - margin), frame["until"] + margin)
    return Axis(times, span, (LEFT, inner - 4.0))


def _runs(frame: TwinsFrame, axis: Axis, middle: float) -> list[Shape]:
    """Lines, stalls and cells of both runs, and their names."""
    change = axis(frame["change"])
    parts = axis(frame["diverges"]) if frame["diverges"] is not None else axis.right + 40
    begins = min((r["at"] for run in frame["runs"] for r in run["records"]), default=0)
    is_at_once = parts - change < 44
    parted_at = frame["diverges"] if frame["diverges"] is not None else 1 << 62
    has_trunk = begins < frame["change"]
    rails: list[Shape] = []
    cells: list[Shape] = []
    stalls: list[Shape] = []
    names: list[Shape] = []
    if has_trunk:
        rails.append(line("trunk", (axis.left, middle), (change - 10, middle), "rule",
                          stroke_width=2))  # fmt: skip
        cells += draw_shared(frame, axis, middle)
    for run, side in zip(frame["runs"], (-1, 1), strict=True):
        near, far = middle + side * NEAR, middle + side * FAR

        def level(at: int, near: float = near, far: float = far) -> float:
            return far if is_at_once or at >= parted_at else near

        start = max(change - 10, axis.left)
        first = far if is_at_once else near
        bend = f"M{start:.1f} {middle:.1f}C{start + 12:.1f} {middle:.1f} {start:.1f} {first:.1f} "
        bend += f"{start + 14:.1f} {first:.1f}"
        if not is_at_once and parts < axis.right:
            bend += f"H{parts - 10:.1f}C{parts + 4:.1f} {near:.1f} {parts - 6:.1f} {far:.1f} "
            bend += f"{parts + 10:.1f} {far:.1f}"
        bend += f"H{axis.right:.1f}"
        rails.append(path(f"rail{run['name']}", bend, "none", "rule", stroke_width=2))
        later = [r for r in run["records"] if not has_trunk or r["at"] >= frame["change"]]
        cells += draw_cells(run["name"], later, axis, level)
        stalls += _stalls(run, axis, frame, level, side)
        y = far + (-18 if side > 0 else -8)
        names.append(text(f"n{run['name']}", 0, y, f"{run['name']}  {_title(run)}", "lab"))
        names += [
            text(f"w{run['name']}{i}", 0, y + 15 * (i + 1), words, "note")
            for i, words in enumerate(_lines(run["words"]))
        ]
    if has_trunk:
        names.append(text("shared", 0, middle + 4.5, "shared past", "note"))
    return [group("rails", rails), group("stalls", stalls), group("cells", cells),
            group("names", names)]  # fmt: skip


def _title(run: RunFrame) -> str:
    return "run" if run["name"] == "A" else "what if"


def _lines(words: str) -> list[str]:
    """All of it, or the end of it: that is where the new value stands."""
    lines = wrap(words, "note", LEFT - 8, 3)
    if lines and lines[-1].endswith("…") and " → " in words:
        lines = wrap(f"→ {words.partition(' → ')[2]}", "note", LEFT - 8, 3)
    return lines


def _stalls(run: RunFrame, axis: Axis, frame: TwinsFrame, level: Level, side: int) -> list[Shape]:
    """Bars: some write waits for its answer; broken where the line bends."""
    shapes: list[Shape] = []
    labels: list[tuple[float, float]] = []
    for i, (since, until) in enumerate(run["stalls"]):
        cut = frame["diverges"]
        edges = [since, until]
        if cut is not None and since < cut < until:
            edges = [since, cut, until]
        for j, (a, b) in enumerate(pairwise(edges)):
            y = level(a) + side * 17
            shapes.append(rect(f"{run['name']}{i}-{j}", axis(a) + 1, y - 4, axis(b) - axis(a) - 2,
                               8, "out-s", "out"))  # fmt: skip
        a = edges[-2]
        words = f"writes wait, {until - since} ms"
        x, half = (axis(a) + axis(until)) / 2, width_of(words, "tiny") / 2 + 4
        x = min(x, axis.right - half)
        y = level(a) + side * 17 + (17 if side > 0 else -9)
        if all(x + half < left or x - half > right for left, right in labels):
            labels.append((x - half, x + half))
            shapes.append(text(f"w{run['name']}{i}", x, y, words, "tiny", "out-t",
                               anchor="middle", has_halo=True))  # fmt: skip
    return shapes


def _now(x: float, now: int, middle: float) -> Shape:
    shapes = [
        line("line", (0, -FAR - 20), (0, FAR + 20), "ink", stroke_width=2),
        path("grip", "M0-6A6 6 0 1 1-.01-6Z", "ink", "bg", stroke_width=2),
    ]
    return group("now", shapes, at=(round(x, 1), middle), label=f"now {seconds(now)} s")


def entries(frame: TwinsFrame, chain: SpaceTimeFrame | None = None) -> list[Entry]:
    """The legend: what is in this picture, and not labelled in place."""
    used = {record["fate"] for run in frame["runs"] for record in run["records"]}
    found = []
    for fate, (fill, stroke, sign, tone, words) in FATES.items():
        if fate in used:
            children = [rect("face", 0, -9, CELL, CELL, fill, stroke, radius=3)]
            if sign:
                children.append(glyph("sign", sign, 9, 5.3, tone))
            found.append(Entry(group("shape", children), CELL, words))
    if any(run["stalls"] for run in frame["runs"]):
        bar = rect("shape", 0, -4, 30, 8, "out-s", "out")
        found.append(Entry(bar, 30, "a write waits"))
    return [*found, *(spacetime.entries(chain) if chain is not None else [])]
