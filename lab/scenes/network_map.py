"""The map of the network: controllers, brokers in their racks, clients, and lines between them.

        [★ 101]
       ╱   │   ╲            controllers above
    ╭─rack a──╮ ╭─rack b╮
    │ [1] [2] │ │  [3]  │   arcs between brokers
    ╰─────────╯ ╰───────╯
       [producer-1]         clients below

Places never change: a broker stands where it stood, whatever happens to its links.  What works is
quiet; what is cut, held or slow is drawn thick, dashed, with a sign.

Read next: `network_matrix`, the same as a table, exact where lines run together.
"""

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Final

from kafkalab.frames.network import LinkFrame, NetworkFrame, SpotFrame
from kafkalab.frames.shape import DOWN
from lab.scenes.metrics import fit, width_of
from lab.scenes.network_curves import CARD_HEIGHT, INNER, Curve, Place, Point, curve_of
from lab.scenes.network_matrix import Pair, codes, links_by_pair, named, words_of
from lab.scenes.shapes import Shape, glyph, group, path, rect, text
from lab.scenes.spacetime_arrows import KINDS

_SIGNS_MAX: Final = 9  # signs on lines: with more of them, the table says it
_BROKERS: Final = 150.0  # below the controllers
_MANY: Final = 30  # lines: thin from here on, and beside trouble what works is grey
_ARC_ROOM: Final = 40.0  # over controllers that talk to each other


def draw_map(
    frame: NetworkFrame, width: float, chosen: str, *, is_live: bool
) -> tuple[list[Shape], float]:
    """The map and its height.  `chosen`: the spot that is looked at, or ""."""
    spots = frame["spots"]
    brokers = sorted(
        (s for s in spots if s["kind"] == "broker"),
        key=lambda s: (s["rack"] or "", s["id"] or 0) if frame["racks"] else ("", s["id"] or 0),
    )
    controllers = [s for s in spots if s["kind"] == "controller"]
    clients = [s for s in spots if s["id"] is None]
    has_racks = bool(frame["racks"])
    y_controllers = _ARC_ROOM if len(controllers) > 1 else 0.0
    y_brokers = y_controllers + _BROKERS if controllers else 96.0
    y_clients = y_brokers + CARD_HEIGHT + (104 if has_racks else 84)
    places = _row(controllers, y_controllers, width, 150)
    places |= _broker_row(brokers, y_brokers, width, has_racks=has_racks)
    places |= _row(clients, y_clients, width, 150)
    shapes = _racks(brokers, places, frame["racks"])
    shapes.append(group("links", _lines(frame, places, chosen), label="Links"))
    for spot in spots:
        shapes.append(_card(spot, places[spot["name"]], spot["name"] == chosen, frame, is_live))
    height = (y_clients + CARD_HEIGHT if clients else y_brokers + CARD_HEIGHT) + 4
    return shapes, height + (20 if has_racks and not clients else 0)


def _row(
    spots: Sequence[SpotFrame], y: float, width: float, widest: float
) -> dict[str, Place]:  # fmt: skip
    """Cards evenly over the width, in the middle of their shares."""
    if not spots:
        return {}
    share = width / len(spots)
    card = min(widest, share - 8)
    return {
        spot["name"]: Place(i * share + (share - card) / 2, y, card) for i, spot in enumerate(spots)
    }


def _broker_row(
    brokers: Sequence[SpotFrame], y: float, width: float, *, has_racks: bool
) -> dict[str, Place]:
    """Brokers side by side; with racks, each rack's together and a gap before the next."""
    if not brokers or not has_racks:
        return _row(brokers, y, width, 150)
    racks = list(dict.fromkeys(spot["rack"] for spot in brokers))
    gap = 22.0 if len(brokers) <= 6 else 12.0
    room = width - gap * (len(racks) - 1)
    share = room / len(brokers)
    places: dict[str, Place] = {}
    x, before = 0.0, brokers[0]["rack"]
    for spot in brokers:
        x += gap if spot["rack"] != before else 0
        before = spot["rack"]
        card = min(150, share - 12)
        places[spot["name"]] = Place(x + (share - card) / 2, y, card, foot=26)
        x += share
    return places


def _racks(
    brokers: Sequence[SpotFrame], places: Mapping[str, Place], racks: Sequence[str]
) -> list[Shape]:
    shapes: list[Shape] = []
    for rack in racks:
        mine = [places[spot["name"]] for spot in brokers if spot["rack"] == rack]
        left, right = mine[0].x - 6, mine[-1].x + mine[-1].width + 6
        words = fit(f"rack {rack}", "cap", right - left - 12)
        children: list[Shape] = [
            rect("box", left, mine[0].y - 8, right - left, CARD_HEIGHT + 34, "soft", "line",
                 radius=10),
            text("name", left + 10, mine[0].y + CARD_HEIGHT + 17, words, "cap", has_halo=False),
        ]  # fmt: skip
        shapes.append(group(f"rack-{rack}", children, label=f"rack {rack}"))
    return shapes


def _card(
    spot: SpotFrame, place: Place, is_chosen: bool, frame: NetworkFrame, is_live: bool
) -> Shape:
    is_down = spot["state"] in DOWN
    stroke = "ink" if is_chosen else "out" if spot["state"] != "online" else "rule"
    if spot["is_active"] and not is_chosen:
        stroke = "lead"
    children: list[Shape] = [
        rect("face", 0, 0, place.width, CARD_HEIGHT, "bg" if is_down else "card", stroke, radius=7,
             dash="4 3" if is_down else None, stroke_width=2 if is_chosen else 1.5, role="face")
    ]  # fmt: skip
    room = place.width - 16
    name = named(spot)
    if width_of(name, "lab") > room and spot["id"] is not None:
        name = str(spot["id"])
    style = "lab" if width_of(name, "lab") <= room else "cap"
    children.append(text("name", place.width / 2, 19, fit(name, style, room + 8), style,
                         anchor="middle"))  # fmt: skip
    children += _state(spot, place.width, frame)
    label = f"{named(spot)}, {spot['state']}" + (
        f", rack {spot['rack']}" if spot["rack"] is not None else ""
    )
    action = f"node {spot['name'].replace(' ', '~')}" if is_live else None
    return group(f"n-{spot['name']}", children, at=(place.x, place.y), label=label, action=action,
                 is_pressed=is_chosen if is_live else None)  # fmt: skip


def _state(spot: SpotFrame, width: float, frame: NetworkFrame) -> list[Shape]:
    """Sign and word under the name; the sign alone where the card is small."""
    sign, tone, words = "dot", "sync-t", spot["state"]
    if spot["is_active"]:
        sign, tone, words = "star", "lead-t", "active"
    if spot["state"] != "online":
        sign = "clock" if spot["state"] == "paused" else "cross"
        tone = "out-t"
    elif spot["disk_ms"]:
        sign, tone, words = "clock", "out-t", f"disk {spot['disk_ms']} ms"
    elif spot["id"] is None:
        words = spot["kind"] if spot["members"] == 1 else "shown as one"
        sign, tone = ("up", "comm-t") if spot["kind"] == "producer" else ("dot", "mute")
    if frame["sides"] and spot["side"] is not None:
        words = f"side {spot['side'] + 1}" if spot["state"] == "online" else words
    wide = width_of(words, "note") + 16
    if wide > width - 12:
        if frame["sides"] and spot["side"] is not None:
            words = str(spot["side"] + 1)
            wide = width_of(words, "note") + 16
        else:
            return [glyph("sign", sign, width / 2, 37, tone, 11)]
    x = (width - wide) / 2
    return [
        glyph("sign", sign, x + 6, 37, tone, 11),
        text("state", x + 16, 37, words, "note", tone if tone == "out-t" else "ink"),
    ]


def _lines(frame: NetworkFrame, places: Mapping[str, Place], chosen: str) -> list[Shape]:
    """One line a pair, the troubled ones last; signs only while they can be told apart."""
    links = links_by_pair(frame["links"])
    pairs = list(
        dict.fromkeys(
            (a, b) if (places[a].y, places[a].x) <= (places[b].y, places[b].x) else (b, a)
            for a, b in links
        )
    )
    quiet = quiet_pairs(frame, chosen)
    kinds = {spot["name"]: spot["kind"] for spot in frame["spots"]}
    troubled = [pair for pair in pairs if _trouble(links, pair)]
    short = codes(frame["spots"])
    has_signs = len(troubled) <= _SIGNS_MAX
    shapes: list[Shape] = []
    taken: list[Point] = []
    for pair in sorted(pairs, key=lambda p: (bool(_trouble(links, p)), chosen in p)):
        a, b = pair
        is_quiet = (a, b) in quiet
        curve = curve_of(places[a], places[b], kinds[a] == kinds[b] == "broker", places)
        label = f"{a} to {b}: {words_of(links.get(pair))}; back: {words_of(links.get((b, a)))}"
        has_sign = has_signs or chosen in pair
        drawn = _line(links, pair, curve, taken, short, is_quiet=is_quiet, has_sign=has_sign,
                      is_thin=len(pairs) > _MANY)  # fmt: skip
        shapes.append(group(f"l-{a}/{b}", drawn, label=label))
    return shapes


def quiet_pairs(frame: NetworkFrame, chosen: str) -> frozenset[Pair]:
    """Those drawn as thin grey lines, both ways: aside from what is chosen, or from trouble."""
    links = links_by_pair(frame["links"])
    kinds = {spot["name"]: spot["kind"] for spot in frame["spots"]}
    if chosen:
        return frozenset(pair for pair in links if chosen not in pair)
    if len(links) <= 2 * _MANY or not any(_trouble(links, pair) for pair in links):
        return frozenset()
    found = {(a, b) for a, b in links if kinds[a] == kinds[b] == "broker"}
    return frozenset(pair for pair in found if not _trouble(links, pair))


def _trouble(links: Mapping[Pair, LinkFrame], pair: Pair) -> str:
    both = [links.get(pair), links.get((pair[1], pair[0]))]
    there = [link for link in both if link is not None]
    if any(link["is_cut"] for link in there):
        return "cut" if sum(link["is_cut"] for link in there) == 2 else "one way"
    if any(link["is_held"] for link in there):
        return "held"
    return "slow" if any(link["is_slow"] for link in there) else ""


def _line(
    links: Mapping[Pair, LinkFrame],
    pair: Pair,
    curve: Curve,
    taken: list[Point],
    short: Mapping[str, str],
    *,
    is_quiet: bool,
    has_sign: bool,
    is_thin: bool,
) -> list[Shape]:
    there, back = links.get(pair), links.get((pair[1], pair[0]))
    trouble = _trouble(links, pair)
    shapes: list[Shape] = []
    wide = 2.0 if has_sign else 1.0
    match trouble:
        case "cut":
            shapes.append(path("way", curve.d, "none", "out", stroke_width=wide, dash="2 5"))
        case "one way":
            shapes.append(path("way", curve.d, "none", "out", stroke_width=wide, dash="8 4"))
        case _:
            tone, dash = _kind(there, back)
            wide = 1.0 if is_thin or is_quiet or tone == "line" else 1.5
            tone = "line" if is_quiet else tone
            shapes.append(path("way", curve.d, "none", tone, stroke_width=wide, dash=dash))
    if trouble and has_sign:
        a, b = pair if there is not None and there["is_cut"] else pair[::-1]
        words = f"{short.get(a, a)} → {short.get(b, b)} cut"
        shapes += _sign(trouble, there, back, curve, taken, words)
    for link, t, sense in ((there, 0.3, 1), (back, 0.7, -1)):
        if link is not None and link["in_flight"] and not is_quiet and not link["is_cut"]:
            shapes += _flying(f"f{sense}", link["in_flight"], curve, t, sense)
    return shapes


def _kind(there: LinkFrame | None, back: LinkFrame | None) -> tuple[str, str | None]:
    """Tone and dash of what is said most on this line; a thin line if nothing is."""
    counts: dict[str, int] = {}
    for link in (there, back):
        for kind, count in (link["lately"] if link is not None else {}).items():
            counts[kind] = counts.get(kind, 0) + count
    if not counts:
        return "line", None
    data = {kind: count for kind, count in counts.items() if kind in ("produce", "group")}
    most = max(data or counts, key=lambda kind: counts[kind])
    tone, dash, _ = KINDS[most]
    return tone, dash


def _sign(
    trouble: str,
    there: LinkFrame | None,
    back: LinkFrame | None,
    curve: Curve,
    taken: list[Point],
    words: str,
) -> list[Shape]:
    """A sign on the line; `words` is what one that is cut one way says."""
    if trouble == "one way":
        is_there_cut = there is not None and there["is_cut"]
        t, sense = (0.2, -1) if is_there_cut else (0.8, 1)
        places = (0.56, 0.5, 0.66) if is_there_cut else (0.44, 0.5, 0.34)
        x, y = _free(curve, places, taken)
        is_inner = abs(curve.end[0] - curve.start[0]) < INNER  # longer arcs run above it
        return [
            _arrow_head("heard", curve, t, sense, "sync-t", 7),
            _arrow_head("unheard", curve, 0.5 - sense * 0.25, -sense, "bg", 6, edge="out"),
            *_disc("cross", (x, y)),
            text(
                "words",
                x,
                y + (22 if is_inner else -13),
                words,
                "cap",
                "out-t",
                anchor="middle",
                has_halo=True,
            ),
        ]
    x, y = _free(curve, (0.5, 0.42, 0.58, 0.34, 0.66), taken)
    if trouble == "slow":
        ms = max(link["latency_ms"] for link in (there, back) if link is not None)
        words = f"{ms} ms"
        wide = width_of(words, "cap") + 22
        return [
            rect("tag", x - wide / 2, y - 9, wide, 18, "bg", "rule", radius=9),
            glyph("sign", "clock", x - wide / 2 + 11, y + 4.6, "out-t", 10),
            text("ms", x - wide / 2 + 19, y + 4, words, "cap", "ink"),
        ]
    return _disc("plug" if trouble == "cut" else "pause", (x, y))


def _free(curve: Curve, places: Sequence[float], taken: list[Point]) -> Point:
    """The first of these places on which no other sign stands."""
    spots = [curve.at(t) for t in places]
    free = (s for s in spots if all(hypot(s[0] - x, s[1] - y) > 24 for x, y in taken))
    spot = next(free, spots[0])
    taken.append(spot)
    return spot


def _disc(sign: str, at: Point) -> list[Shape]:
    x, y = at
    disc = f"M{x:.1f} {y - 9:.1f}a9 9 0 1 1 -.01 0Z"
    return [path("disc", disc, "bg", "out", stroke_width=1.5), glyph("sign", sign, x, y + 4.6,
            "out-t", 11)]  # fmt: skip


def _flying(key: str, count: int, curve: Curve, t: float, sense: int) -> list[Shape]:
    """An arrow head on the line, and how many there are."""
    shapes = [_arrow_head(key, curve, t, sense, "ink", 5)]
    if count > 1:
        x, y = curve.at(t)
        shapes.append(text(f"{key}-n", x + 9, y + 4, str(count), "cap", "ink", has_halo=True))
    return shapes


def _arrow_head(
    key: str, curve: Curve, t: float, sense: int, tone: str, size: float, edge: str = "bg"
) -> Shape:
    x, y = curve.at(t)
    ux, uy = (sense * each for each in curve.heading(t))
    d = (
        f"M{x + ux * size:.1f} {y + uy * size:.1f}"
        f"L{x - ux * size - uy * size:.1f} {y - uy * size + ux * size:.1f} "
        f"{x - ux * size + uy * size:.1f} {y - uy * size - ux * size:.1f}Z"
    )
    return path(key, d, tone, edge, stroke_width=1 if edge == "bg" else 1.5)
