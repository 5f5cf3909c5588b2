"""The network: who can hear whom, what is on its way, what is cut, held, slow.

The choice of a reader, in words: `node broker-2`, or `link broker-1/broker-2`.

Read next: `lab.scenes.network_map`, `network_matrix`, `network_sides`, the three parts;
`kafkalab.frames.network`, what there is.
"""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from kafkalab.frames.network import LinkFrame, NetworkFrame, SpotFrame
from lab.scenes.controls import button
from lab.scenes.legend import Entry
from lab.scenes.metrics import fit, width_of
from lab.scenes.network_map import draw_map, quiet_pairs
from lab.scenes.network_matrix import (
    Pair,
    draw_matrix,
    links_by_pair,
    matrix_width,
    named,
    words_of,
)
from lab.scenes.network_sides import draw_sides, together
from lab.scenes.picture import Picture, Sight
from lab.scenes.shapes import Shape, glyph, group, line, rect, text
from lab.scenes.spacetime_arrows import KINDS
from lab.scenes.view import Block

SLOW_MS: Final = 300
_MAP_MIN: Final = 420.0  # narrower, and the table goes below
_Specs = list[tuple[str, str, str, str]]  # key, sign, words, action


def _network(sight: Sight) -> NetworkFrame | None:
    return cast("NetworkFrame | None", sight.detail)


def _chosen(sight: Sight, frame: NetworkFrame) -> tuple[str, Pair | None]:
    """(node, link) chosen, as far as they are there."""
    what, _, rest = sight.view.choice.partition(" ")
    there = {spot["name"] for spot in frame["spots"]}
    if what == "node" and rest in there:
        return rest, None
    source, _, target = rest.partition("/")
    if what == "link" and source in there and target in there:
        return "", (source, target)
    return "", None


def _draw(sight: Sight) -> Block:
    frame = _network(sight)
    if frame is None:
        return Block((text("none", 0, 20, "No network to show.", "sub"),), 40)
    is_live = sight.controls is not None
    node, pair = _chosen(sight, frame)
    shapes: list[Shape] = []
    y = 0.0
    strip, height = draw_sides(frame, sight.width)
    if strip:
        shapes.append(group("sides", strip, label="Sides of the partition"))
        y += height + 8
    if is_live:
        about, height = _about(frame, node, pair, sight.width)
        shapes.append(group("about", about, at=(0, y), label="The one chosen"))
        y += height + 12
    table_width = matrix_width(frame["spots"])
    is_beside = sight.width - table_width - 34 >= _MAP_MIN
    map_width = sight.width - table_width - 34 if is_beside else sight.width
    drawn, tall = draw_map(frame, map_width, node or (pair[0] if pair else ""), is_live=is_live)
    table, table_height = draw_matrix(
        frame["spots"], links_by_pair(frame["links"]), pair, frame["latency_ms"], is_live=is_live
    )
    shapes.append(group("map", drawn, at=(0, y + 6), label="Map of the network"))
    at = (sight.width - table_width, y) if is_beside else (0.0, y + tall + 30)
    shapes.append(group("matrix", table, at=at, label="Who hears whom", arrows="plane"))
    bottom = max(tall + 6, table_height) if is_beside else tall + 30 + table_height
    return Block(tuple(shapes), y + bottom)


def _about(
    frame: NetworkFrame, node: str, pair: Pair | None, width: float
) -> tuple[list[Shape], float]:
    """One line about what is chosen, and what can be done to it."""
    spots = {spot["name"]: spot for spot in frame["spots"]}
    links = links_by_pair(frame["links"])
    if pair is not None:
        words, specs = _of_link(spots, links, pair)
    elif node:
        words, specs = _of_node(frame, spots[node], links)
    else:
        words, specs = "Press a node, or a cell of the table: what can be done to it.", []
    if frame["sides"]:
        specs.append(("heal", "tick", "Heal the network", "heal"))
    buttons: list[Shape] = []
    x = width - 8
    for key, icon, name, action in reversed(specs):
        shape, wide = button(key, (0, 0), action, words=name, icon=icon)
        x -= wide
        buttons.append(group(f"g-{key}", [shape], at=(x, 0)))
        x -= 6
    is_tall = width_of(words, "body") > x - 24
    height = 76.0 if is_tall else 46.0
    return [
        rect("card", 0, 0, width, height, "card", "line", radius=10),
        text("words", 14, 28, fit(words, "body", width - 28 if is_tall else x - 18), "body"),
        group("acts", buttons[::-1], at=(0, 40 if is_tall else 9)),
    ], height


def _of_node(
    frame: NetworkFrame, spot: SpotFrame, links: Mapping[Pair, LinkFrame]
) -> tuple[str, _Specs]:
    mine = [link for pair, link in links.items() if spot["name"] in pair]
    flying = sum(link["in_flight"] for link in mine)
    peers = {
        name
        for pair, link in links.items()
        if spot["name"] in pair and link["connections"]
        for name in pair
    } - {spot["name"]}
    rack = f", rack {spot['rack']}" if spot["rack"] is not None else ""
    words = f"{named(spot)}{rack}: {spot['state']}, {len(peers)} peers, {flying} in flight"
    if spot["id"] is None or spot["kind"] not in ("broker", "controller"):
        return words, []
    others = [
        each["name"] for each in frame["spots"] if each["id"] is not None and each is not spot
    ]
    if not others:
        return words, []
    name, rest = spot["name"], ",".join(others)
    return words, [
        ("cut", "plug", "Cut it off", f"partition {name} | {rest}"),
        ("deaf", "minus", "Hears nobody", f"partition {rest} > {name}"),
        ("mute", "minus", "Heard by nobody", f"partition {name} > {rest}"),
    ]


def _of_link(
    spots: Mapping[str, SpotFrame], links: Mapping[Pair, LinkFrame], pair: Pair
) -> tuple[str, _Specs]:
    source, target = (spots[name] for name in pair)
    link = links.get(pair)
    words = f"{named(source)} to {named(target)}: {words_of(link)}"
    if any(spot["members"] > 1 or spot["kind"] == "external" for spot in (source, target)):
        return words, []
    a, b = pair
    specs: _Specs = []
    if link is not None and link["is_held"]:
        specs.append(("hold", "play", "Release", f"release {a} {b}"))
    else:
        specs.append(("hold", "pause", "Hold", f"hold {a} {b}"))
    if link is not None and link["is_slow"]:
        specs.append(("slow", "clock", "As before", f"delay {a} {b} 1"))
    else:
        specs.append(("slow", "clock", f"{SLOW_MS} ms", f"delay {a} {b} {SLOW_MS}"))
    if link is not None and link["connections"]:
        specs.append(("break", "plug", "Break it", f"cut {a} {b}"))
    return words, specs


def _obey(sight: Sight, words: list[str]) -> str | None:
    frame = _network(sight)
    match words:
        case ["node", name]:
            wanted = f"node {name.replace('~', ' ')}"
            return "" if sight.view.choice == wanted else wanted
        case ["link", *pair]:
            wanted = f"link {' '.join(pair)}"
            return "" if sight.view.choice == wanted else wanted
        case ["beside", step] if frame is not None:
            return _beside(frame, sight, 1 if step == "next" else -1)
        case ["nothing"]:
            return ""
    return None


def _beside(frame: NetworkFrame, sight: Sight, step: int) -> str:
    """The next link, for those who use the keyboard."""
    pairs = [f"{link['source']}/{link['target']}" for link in frame["links"]]
    if not pairs:
        return ""
    _, pair = _chosen(sight, frame)
    now = pairs.index("/".join(pair)) if pair is not None and "/".join(pair) in pairs else -step
    return f"link {pairs[(now + step) % len(pairs)]}"


def _say(sight: Sight) -> str:
    """The worst that there is to say of the network; "" lets the cluster's finding stand."""
    frame = _network(sight)
    if frame is None:
        return ""
    spots = {spot["name"]: spot for spot in frame["spots"]}
    waiting = sum(link["waiting"] for link in frame["links"])
    waits = f"{waiting} messages wait." if waiting != 1 else "1 message waits."
    if frame["sides"]:
        sides = [together(side, spots) for side in frame["sides"]]
        if frame["is_one_way"]:
            verb = "does" if len(frame["sides"][1]) == 1 else "do"
            return f"Cut one way: {sides[1]} {verb} not hear {sides[0]}; back all is heard. {waits}"
        return f"The network is cut between {' and '.join(sides)}: neither hears the other; {waits}"
    held = [link for link in frame["links"] if link["is_held"]]
    if held:
        way = " to ".join(named(spots[held[0][end]]) for end in ("source", "target"))
        more = f" and {len(held) - 1} more links" if len(held) > 1 else ""
        return f"Held in flight: {way}{more}; {waits}"
    slow = [link for link in frame["links"] if link["is_slow"]]
    if slow:
        way = " and ".join(named(spots[slow[0][end]]) for end in ("source", "target"))
        return (
            f"Messages between {way} take {slow[0]['latency_ms']} ms, elsewhere "
            f"{frame['latency_ms']} ms."
        )
    if any(spot["state"] != "online" for spot in frame["spots"]):
        return ""
    flying = sum(link["in_flight"] for link in frame["links"])
    count = sum(link["connections"] for link in frame["links"]) // 2
    return f"Everybody hears everybody: {count} connections, {flying} messages on their way."


def _words(sight: Sight) -> str:
    frame = _network(sight)
    if frame is None:
        return ""
    lines = [f"{sight.frame['title']} · the network", _say(sight), ""]
    for spot in frame["spots"]:
        rack = f", rack {spot['rack']}" if spot["rack"] is not None else ""
        side = f", side {spot['side'] + 1}" if spot["side"] is not None else ""
        lines.append(f"  {named(spot)}: {spot['state']}{rack}{side}")
    lines.append("")
    lines += [
        f"  {each['source']} to {each['target']}: {words_of(each)}" for each in frame["links"]
    ]
    return "\n".join(lines)


def _legend(sight: Sight) -> Sequence[Entry]:
    frame = _network(sight)
    if frame is None:
        return ()
    node, pair = _chosen(sight, frame)
    quiet = quiet_pairs(frame, node or (pair[0] if pair else ""))
    drawn = [link for link in frame["links"] if (link["source"], link["target"]) not in quiet]
    used = {kind for link in drawn for kind in link["lately"] if not link["is_cut"]}
    entries = [
        Entry(line("shape", (0, 0), (34, 0), tone, dash=dash, stroke_width=2), 34, words)
        for kind, (tone, dash, words) in KINDS.items()
        if kind in used
    ]
    entries.append(Entry(glyph("shape", "dot", 6, 4, "sync-t", 9), 12, "heard in the last second"))
    entries.append(Entry(glyph("shape", "ring", 6, 4, "mute", 8), 12, "connected, silent"))
    if any(link["in_flight"] for link in frame["links"]):
        number = text("n", 9, 4.5, "2", "cap", "comm-t", anchor="middle")
        cell = group("shape", [rect("face", 0, -9, 18, 18, "comm-s", "comm", radius=3), number])
        entries.append(Entry(cell, 18, "messages in flight"))
    if any(link["is_cut"] for link in frame["links"]):
        entries.append(Entry(glyph("shape", "cross", 6, 5, "out-t"), 12, "cannot be heard"))
    if any(link["is_held"] for link in frame["links"]):
        entries.append(Entry(glyph("shape", "pause", 6, 5, "out-t"), 12, "held"))
    if any(link["is_slow"] for link in frame["links"]):
        wide = width_of("300", "tiny")
        entries.append(Entry(text("shape", 0, 4, "300", "tiny", "ink"), wide, "slow, in ms"))
    return entries


NETWORK = Picture(
    name="network", has_topic=False, draw=_draw, detail=lambda frame, view: "network", say=_say,
    words=_words, legend=_legend, obey=_obey,
    keys=lambda sight: {"n": "beside next", "p": "beside previous", "Escape": "nothing"},
)  # fmt: skip
