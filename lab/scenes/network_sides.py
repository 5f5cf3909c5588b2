"""A partition of the network in words and arrows: who stands on which side, and who hears whom.

    ╭ side 1 ─────╮  1 → 2, 3 cut ╭ side 2 ──────────╮
    │ broker 1    │  ─ ─ ✕ ─ ─ ▷  │ brokers 2, 3     │      one way: 1 hears 2, 2 does not hear 1
    │             │  ◀───── ✓ ──  │                  │
    ╰─────────────╯  1 ← 2, 3     ╰──────────────────╯
    On no side, so in touch with all: controller 101, producer-1

Read next: `network_map`, where these stand; `kafkalab.world.network`, which holds the messages.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from kafkalab.frames.network import NetworkFrame, SpotFrame
from lab.scenes.metrics import first_fitting, fit, wrap
from lab.scenes.network_matrix import named
from lab.scenes.shapes import Shape, glyph, group, line, path, rect, text

_BETWEEN: Final = 150.0
_HEIGHT: Final = 84.0
_ROW_MAX: Final = 3  # sides side by side; more of them stand in a list


def together(names: Sequence[str], spots: Mapping[str, SpotFrame]) -> str:
    """`brokers 2, 3, controller 101`: those of a kind together."""
    kinds: dict[str, list[int]] = {}
    others: list[str] = []
    for name in names:
        spot = spots.get(name)
        if spot is not None and spot["id"] is not None:
            kinds.setdefault(spot["kind"], []).append(spot["id"])
        else:
            others.append(name)
    parts = [f"{kind}{'s' if len(ids) > 1 else ''} {_ids(ids)}" for kind, ids in kinds.items()]
    return ", ".join([*parts, *others])


def _ids(ids: Sequence[int]) -> str:
    """`1, 2, 5–9`: four in a row and more as a range."""
    runs: list[list[int]] = []
    for id in sorted(ids):
        if runs and id == runs[-1][-1] + 1:
            runs[-1].append(id)
        else:
            runs.append([id])
    return ", ".join(
        f"{run[0]}–{run[-1]}" if len(run) > 3 else ", ".join(map(str, run)) for run in runs
    )


def draw_sides(frame: NetworkFrame, width: float) -> tuple[list[Shape], float]:
    """The strip and its height; nothing while the network is whole."""
    sides = frame["sides"]
    if not sides:
        return [], 0.0
    spots = {spot["name"]: spot for spot in frame["spots"]}
    shown = sides[:_ROW_MAX]
    between = min(_BETWEEN, width * 0.2)
    card = (width - between * (len(shown) - 1)) / len(shown)
    shapes: list[Shape] = []
    for i, side in enumerate(shown):
        x = i * (card + between)
        shapes.append(_side(i, side, spots, card, x))
        if i:
            shapes.append(_arrows(frame, i, spots, (x - between, between)))
    y = _HEIGHT + 20
    if len(sides) > len(shown):
        words = f"and {len(sides) - len(shown)} sides more; no side hears another"
        shapes.append(text("more", 0, y, words, "note"))
        y += 20
    free = [named(spot) for spot in frame["spots"] if spot["side"] is None]
    if free:
        words = f"On no side, so in touch with all: {', '.join(free)}"
        shapes.append(text("free", 0, y, fit(words, "note", width), "note"))
        y += 20
    return shapes, y - 14


def _side(
    i: int, side: Sequence[str], spots: Mapping[str, SpotFrame], card: float, x: float
) -> Shape:
    words = wrap(together(side, spots), "lab", card - 28, 2)
    votes = quorum_words(side, spots)
    children: list[Shape] = [
        rect("card", 0, 0, card, _HEIGHT, "card", "rule", radius=10),
        text("name", 14, 18, f"Side {i + 1}", "cap"),
    ]
    y = 37.0 if len(words) > 1 else 40.0 if votes else 47.0
    children += [text(f"w{j}", 14, y + 16 * j, each, "lab") for j, each in enumerate(words)]
    shown = first_fitting([votes, votes.partition(",")[0]], "note", card - 28)
    children.append(text("votes", 14, y + 16 * len(words) + 4, shown, "note", "ink"))
    label = f"Side {i + 1}: {together(side, spots)}" + (f"; {votes}" if votes else "")
    return group(f"side{i}", children, at=(x, 0), label=label)


def quorum_words(side: Sequence[str], spots: Mapping[str, SpotFrame]) -> str:
    """Whether a side can have an active controller.

    "" where there is one controller at all, or where one is on no side, and so reaches them all.
    """
    all_of = {name: spot for name, spot in spots.items() if spot["kind"] == "controller"}
    if len(all_of) < 2 or any(spot["side"] is None for spot in all_of.values()):
        return ""
    mine = sum(name in all_of for name in side)
    said = "a majority, so it can have an active one" if 2 * mine > len(all_of) else "no majority"
    return f"{mine or 'none'} of {len(all_of)} controllers: {said}"


def _arrows(
    frame: NetworkFrame, i: int, spots: Mapping[str, SpotFrame], place: tuple[float, float]
) -> Shape:
    """Both directions between a side and the one before it; `place`: left edge and width."""
    is_one_way = frame["is_one_way"]
    x, wide = place
    here, there = (
        _numbers(side, spots, j) for j, side in enumerate(frame["sides"]) if j in (i - 1, i)
    )
    cut, open = (
        first_fitting(
            (f"{here} {arrow} {there}{end}", f"{i} {arrow} {i + 1}{end}"), "cap", wide - 8
        )
        for arrow, end in (("→", " cut"), ("←", "" if is_one_way else " cut"))
    )
    children = [
        text("cut", wide / 2, 12, cut, "cap", "out-t", anchor="middle"),
        *_arrow("to", wide, 27.0, is_cut=True, is_right=True),
        *_arrow("fro", wide, 48.0, is_cut=not is_one_way, is_right=False),
        text(
            "open", wide / 2, 70, open, "cap", "sync-t" if is_one_way else "out-t", anchor="middle"
        ),
    ]
    heard = f"side {i} hears side {i + 1}" if is_one_way else f"side {i} does not hear side {i + 1}"
    label = f"side {i + 1} does not hear side {i}; {heard}"
    return group(f"between{i}", children, at=(x, 0), label=label)


def _numbers(side: Sequence[str], spots: Mapping[str, SpotFrame], i: int) -> str:
    """`1`, `2, 3`: servers by number; `side 2` if others are among them."""
    numbers = [spots[name]["id"] for name in side if name in spots]
    known = [number for number in numbers if number is not None]
    return _ids(known) if known and len(known) == len(side) else f"side {i + 1}"


def _arrow(key: str, wide: float, y: float, *, is_cut: bool, is_right: bool) -> list[Shape]:
    left, right = 12.0, wide - 12
    tip, tail = (right, left) if is_right else (left, right)
    sense = 1 if is_right else -1
    tone = "out" if is_cut else "sync"
    head = f"M{tip:.1f} {y:.1f}l{-10 * sense} -5.5v11Z"
    shapes: list[Shape] = [
        line(f"{key}-line", (tail, y), (tip - 9 * sense, y), tone, stroke_width=2.5,
             dash="3 6" if is_cut else None),
        path(f"{key}-head", head, "bg" if is_cut else tone, tone, stroke_width=1.5),
    ]  # fmt: skip
    middle = wide / 2
    shapes += [
        path(f"{key}-disc", f"M{middle:.1f} {y - 9:.1f}a9 9 0 1 1 -.01 0Z", "bg", tone,
             stroke_width=1.5),
        glyph(f"{key}-sign", "cross" if is_cut else "tick", middle, y + 4.6,
              "out-t" if is_cut else "sync-t", 11),
    ]  # fmt: skip
    return shapes
