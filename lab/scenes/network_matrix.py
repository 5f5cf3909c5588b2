"""Who hears whom, as a table: a row speaks, a column listens, a cell is one direction.

                1   2   3  101
    broker 1    ·   ✕   ✕   ●       broker 1 cannot be heard by 2 and 3,
    broker 2    ●   ·   ●   ●       but hears them: a one-way cut

Exact where lines on a map run together: it holds any number of cuts, and both directions apart.

Read next: `network_map`, the same as lines; `kafkalab.frames.network`, what there is.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from kafkalab.frames.network import LinkFrame, SpotFrame
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, glyph, group, rect, text

_LABEL_MAX: Final = 134.0
Pair = tuple[str, str]


def links_by_pair(links: Sequence[LinkFrame]) -> dict[Pair, LinkFrame]:
    return {(link["source"], link["target"]): link for link in links}


def named(spot: SpotFrame) -> str:
    """`broker 1` as a person says it; clients by their own names."""
    return f"{spot['kind']} {spot['id']}" if spot["id"] is not None else spot["name"]


def codes(spots: Sequence[SpotFrame]) -> dict[str, str]:
    """Of each spot a name of at most three letters: 1, 101, P1, C2; C× stands for many."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for spot in spots:
        if spot["id"] is not None:
            found[spot["name"]] = str(spot["id"])
        elif spot["members"] > 1:
            found[spot["name"]] = f"{spot['kind'][0].upper()}×"
        else:
            letter = "X" if spot["kind"] == "external" else spot["kind"][0].upper()
            counts[letter] = counts.get(letter, 0) + 1
            found[spot["name"]] = f"{letter}{counts[letter]}"
    return found


def cell_size(spots: Sequence[SpotFrame]) -> float:
    return 26 if len(spots) <= 12 else 22


def label_width(spots: Sequence[SpotFrame]) -> float:
    return min(_LABEL_MAX, max(width_of(_row_words(s, codes(spots)), "note") for s in spots) + 10)


def matrix_width(spots: Sequence[SpotFrame]) -> float:
    """The room it takes."""
    return label_width(spots) + cell_size(spots) * len(spots) + 2 if spots else 0.0


def draw_matrix(
    spots: Sequence[SpotFrame],
    links: Mapping[Pair, LinkFrame],
    chosen: Pair | None,
    usual_ms: int,
    *,
    is_live: bool,
) -> tuple[list[Shape], float]:
    """The table and its height."""
    size, left, short = cell_size(spots), label_width(spots), codes(spots)
    shapes: list[Shape] = [
        text("title", 0, 12, "Who hears whom", "h2"),
        text("note", 0, 31, "a row speaks, a column listens", "note"),
    ]
    top = 58.0
    for i, spot in enumerate(spots):
        middle = left + (i + 0.5) * size
        shapes.append(
            text(f"h-{spot['name']}", middle, top - 6, short[spot["name"]], "cap", anchor="middle")
        )
    for i, source in enumerate(spots):
        y = top + i * size
        words = fit(_row_words(source, short), "note", left - 8)
        shapes.append(text(f"r-{source['name']}", 0, y + size / 2 + 4, words, "note", "ink"))
        for j, target in enumerate(spots):
            pair = (source["name"], target["name"])
            at = (left + j * size, y)
            if i == j:
                shapes.append(_self(pair, at, size))
                continue
            cell = _cell(links.get(pair), size, usual_ms, is_chosen=pair == chosen)
            label = f"{named(source)} to {named(target)}: {words_of(links.get(pair))}"
            action = f"link {pair[0]}/{pair[1]}" if is_live else None
            key = f"c-{pair[0]}/{pair[1]}"
            shapes.append(group(key, cell, at=at, label=label, action=action, is_tab_stop=False))
    return shapes, top + len(spots) * size


def words_of(link: LinkFrame | None) -> str:
    """What there is to say of one direction."""
    if link is None:
        return "no connection"
    parts = []
    if link["is_cut"]:
        parts.append("cut by the partition")
    if link["is_held"]:
        parts.append("held")
    if link["is_slow"]:
        parts.append(f"slow, {link['latency_ms']} ms")
    if link["in_flight"]:
        parts.append(f"{link['in_flight']} in flight")
    lately = sum(link["lately"].values())
    if lately:
        parts.append(f"{lately} message{'s' if lately > 1 else ''} in the last second")
    return ", ".join(parts) or ("silent" if link["connections"] else "no connection")


def _row_words(spot: SpotFrame, short: Mapping[str, str]) -> str:
    if spot["id"] is not None:
        return f"{named(spot)}"
    return f"{spot['name']} · {short[spot['name']]}"


def _self(pair: Pair, at: tuple[float, float], size: float) -> Shape:
    return group(f"s-{pair[0]}", [rect("face", 1, 1, size - 2, size - 2, "soft", radius=3)], at=at)


def _cell(
    link: LinkFrame | None, size: float, usual_ms: int, *, is_chosen: bool
) -> list[Shape]:  # fmt: skip
    fill, stroke, inside = _inside(link, size)
    if is_chosen:
        stroke = "ink"
    face = rect("face", 1, 1, size - 2, size - 2, fill, stroke, radius=3, role="face",
                stroke_width=2 if is_chosen else 1)  # fmt: skip
    return [face, *inside]


def _inside(link: LinkFrame | None, size: float) -> tuple[str, str, list[Shape]]:
    middle = size / 2

    def sign(kind: str, tone: str, wide: float) -> list[Shape]:
        return [glyph("sign", kind, middle, middle + 0.38 * wide, tone, wide)]

    if link is None:
        return "none", "line", []
    if link["is_cut"]:
        return "out-s", "out", sign("cross", "out-t", 10)
    if link["is_held"]:
        return "out-s", "out", sign("pause", "out-t", 10)
    if link["is_slow"]:
        ms = link["latency_ms"]
        words = str(ms) if ms < 1000 else f"{ms // 1000}s"
        return "lead-s", "rule", [text("ms", middle, middle + 4, words, "tiny", "ink",
                                       anchor="middle")]  # fmt: skip
    if link["in_flight"]:
        count = str(link["in_flight"])
        return (
            "comm-s",
            "comm",
            [text("count", middle, middle + 4, count, "cap", "comm-t", anchor="middle")],
        )
    if link["lately"]:
        return "none", "line", sign("dot", "sync-t", 9)
    if link["connections"]:
        return "none", "line", sign("ring", "mute", 8)
    return "none", "line", []
