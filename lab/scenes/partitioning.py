"""The same keys under each kind of client: hash, partition, and what moves when partitions grow.

    key        murmur2                 CRC-32                  FNV-1a
    user-1     □ □ ■ □ □ □  2          □ □ ■ □ □ □  2          ■ □ □ □ □ □  0      2 places
    …
    user-1, worked out:   murmur2   (1404122828 & 0x7fffffff) % 6 = 2
    no key:               sticky    3 3 3 3 3 3 3 3 3 4 4 4 …

A filled square is the partition.  In the second and later columns it is in the colour of
divergence where it is not that of the first; with `then`, a key that moves is in the colour of
loss.

Actions: `key N` works another key out, `before` and `next` too; `partitions N` has more or fewer.
Read next: `lab.experiments.partitioning`, which has the truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lab.experiments.partitioning import Keyless, Landing, Method, Row, share_that_moves
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, chip, glyph, group, line, rect, text

MARGIN: Final = 10
WIDTH_MIN: Final = 640
ROWS_MAX: Final = 14
TITLE: Final = "Where does a key go?"
_LEFT: Final = 122
_RIGHT: Final = 84
_ROW: Final = 34
_SLOT: Final = 20
_HASH: Final = 11 * 7.3
_CHIP: Final = 40


@dataclass(frozen=True, slots=True)
class Lens:
    """The picture's data.  `chosen` is the row that is worked out."""

    rows: tuple[Row, ...]
    methods: tuple[Method, ...]
    keyless: tuple[Keyless, ...]
    partitions: int
    then: int | None = None
    chosen: int = 0
    width: int = 960


def draw_lens(lens: Lens) -> Scene:
    """The picture, at the lens's width."""
    width = max(lens.width, WIDTH_MIN)
    shapes = list(_head(lens, width))
    shown = lens.rows[:ROWS_MAX]
    column = (width - 2 * MARGIN - _LEFT - _RIGHT) / len(lens.methods)
    places = [MARGIN + _LEFT + i * column for i in range(len(lens.methods))]
    for i, method in enumerate(lens.methods):
        room = column - 14
        shapes += [
            text(f"m{i}", places[i], 128, fit(method.name, "h2", room), "h2"),
            text(f"c{i}", places[i], 146, _who(method.clients, "note", room), "note"),
        ]
    shapes.append(text("key", MARGIN + 8, 146, "key", "cap"))
    goes = "goes to" if lens.then is None else "moves with"
    shapes.append(text("goes", width - MARGIN - 8, 146, goes, "cap", anchor="end"))
    y = 156.0
    for number, row in enumerate(shown):
        shapes.append(_row(lens, number, row, (y, width, column)))
        y += _ROW
    shapes.append(line("end", (MARGIN, y), (width - MARGIN, y), "line"))
    counts = [list(_counts(lens, i, column - 14)) for i in range(len(lens.methods))]
    label = "keys each" if lens.then is None else "keys that move"
    if len(lens.rows) > len(shown):
        label = f"all {len(lens.rows)} keys"
    shapes.append(text("counts", MARGIN + 8, y + 22, fit(label, "note", _LEFT - 14), "note"))
    shapes += [group(f"n{i}", each, at=(places[i], y)) for i, each in enumerate(counts)]
    worked, y = _worked(lens, y + 58, width)
    keyless, y = _keyless(lens, y + 22, width)
    legend, height = draw_legend(_legend(lens), width - 2 * MARGIN)
    shapes += [*worked, *keyless, group("legend", [legend], at=(MARGIN, y + 14))]
    keys = {"ArrowDown": "next", "ArrowUp": "before", "+": f"partitions {lens.partitions + 1}"}
    if lens.partitions > 1:
        keys["-"] = f"partitions {lens.partitions - 1}"
    return Scene(width, round(y + 14 + height), TITLE, finding(lens), tuple(shapes), keys)


def finding(lens: Lens) -> str:
    """The one sentence, from the figures."""
    if lens.then is not None:
        return _finding_of_growth(lens)
    both = [row for row in lens.rows if row.landings[0].hash is not None]
    both = [row for row in both if row.landings[1].hash is not None]
    apart = sum(row.landings[0].partition != row.landings[1].partition for row in both)
    if not both:
        return "None of these keys is hashed by both Java and librdkafka: chance decides."
    if not apart:
        who = "The one key goes" if len(both) == 1 else f"All {_keys(len(both))} go"
        return (
            f"{who} where Java and librdkafka agree, by luck: other hash, "
            f"same remainder of {lens.partitions}."
        )
    return (
        f"{apart} of {_keys(len(both))} go elsewhere with librdkafka than with Java. "
        f"partitioner=murmur2_random makes librdkafka agree."
    )


def _finding_of_growth(lens: Lens) -> str:
    landings = [row.landings[0] for row in lens.rows if row.landings[0].hash is not None]
    moving = sum(one.moves for one in landings)
    assert lens.then is not None
    share = share_that_moves(lens.partitions, lens.then)
    if not moving:
        return f"None of {_keys(len(landings))} moves from {lens.partitions} to {lens.then}."
    return (
        f"From {lens.partitions} to {lens.then} partitions {moving} of {_keys(len(landings))} move "
        f"with Java ({share:.0%} of all would). Old records stay, so their order is lost."
    )


def _keys(count: int) -> str:
    return f"{count} key" if count == 1 else f"{count} keys"


def key_name(row: Row) -> str:
    """A key as the reader wrote it; bytes that are no text in hexadecimal."""
    if row.key is None:
        return "None"
    if isinstance(row.key, bytes) and not (row.key.isascii() and row.key.decode().isprintable()):
        return row.key.hex(" ")
    return repr(row.key) if isinstance(row.key, bytes) or not row.key else row.key


def _head(lens: Lens, width: float) -> Iterator[Shape]:
    yield text("title", MARGIN, 28, TITLE, "h1")
    much = "1 partition" if lens.partitions == 1 else f"{lens.partitions} partitions"
    if lens.then is not None:
        much += f", then {lens.then}"
    words = (
        f"{much} · the producer decides, not the broker · by default settings of each client",
        f"{much} · the producer decides, not the broker",
    )
    yield text("sub", MARGIN, 50, first_fitting(words, "sub", width - 2 * MARGIN - 110), "sub")
    for number, each in enumerate(wrap(finding(lens), "lab", width - 2 * MARGIN, 2)):
        yield text(f"say{number}", MARGIN, 78 + 18 * number, each, "lab")
    if lens.then is not None:
        return
    steps = ((-1, "minus", "one partition less"), (1, "plus", "one partition more"))
    for index, (step, sign, label) in enumerate(steps):
        children = [
            rect("face", 0, 0, 28, 28, "card", "rule", radius=6, role="face"),
            glyph("sign", sign, 14, 18.5, "ink"),
        ]
        at = (width - MARGIN - 28 - (1 - index) * 66, 12)
        is_off = lens.partitions + step < 1
        action = None if is_off else f"partitions {lens.partitions + step}"
        yield group(sign, children, at=at, action=action, label=label, is_disabled=is_off)
    count = str(lens.partitions)
    yield text("count", width - MARGIN - 28 - 19, 31, count, "lab", anchor="middle")


def _row(lens: Lens, number: int, row: Row, size: tuple[float, float, float]) -> Shape:
    y, width, column = size
    is_chosen = number == lens.chosen
    wide = width - 2 * MARGIN
    shapes: list[Shape] = [
        rect("face", 0, 2, wide, _ROW - 4, "soft" if is_chosen else "none", radius=6, role="face"),
        line("rule", (0, 0), (wide, 0), "line"),
        text("key", 8, 21.5, fit(key_name(row), "lab", _LEFT - 20), "lab"),
    ]
    if is_chosen:
        shapes.append(rect("band", 0, 4, 4, _ROW - 8, "comm", radius=2))
    for i, landing in enumerate(row.landings):
        at = (_LEFT + i * column, 0)
        is_apart = i > 0 and _is_apart(landing, row.landings[0])
        shapes.append(group(f"l{i}", _landing(lens, landing, is_apart, column - 14), at=at))
    verdict, tone, sign = _verdict(lens, row)
    shapes += [
        text("verdict", wide - 8, 21.5, verdict, "body", tone, anchor="end"),
        glyph("sign", sign, wide - 18 - width_of(verdict, "body"), 21.5, tone),
    ]
    said = f"{key_name(row)}: " + ", ".join(
        f"{method.name} {_words(landing)}"
        for method, landing in zip(lens.methods, row.landings, strict=True)
    )
    action = None if is_chosen else f"key {number}"
    return group(f"r{number}", shapes, at=(MARGIN, y), action=action, label=said)


def _is_apart(landing: Landing, first: Landing) -> bool:
    known = landing.partition is not None and first.partition is not None
    return known and landing.partition != first.partition


def _verdict(lens: Lens, row: Row) -> tuple[str, str, str]:
    if lens.then is not None:
        moving = sum(one.moves for one in row.landings)
        settled = sum(one.partition is not None for one in row.landings)
        if not settled:
            return "any", "mute", "swap"
        of = f"{moving} of {settled}"
        return (of, "out-t", "swap") if moving else ("none", "sync-t", "tick")
    if row.places == 0:
        return "any", "mute", "swap"
    if row.places == 1:
        return "1 place", "sync-t", "tick"
    return f"{row.places} places", "group-t", "diamond"


def _words(landing: Landing) -> str:
    if landing.problem:
        return landing.problem
    if landing.is_drawn:
        return "drawn by chance"
    after = "" if landing.then is None else f", then {landing.then}"
    return f"partition {landing.partition}{after}"


def _landing(lens: Lens, landing: Landing, is_apart: bool, room: float) -> Iterator[Shape]:
    """One cell of the table."""
    if landing.problem:
        yield glyph("sign", "cross", 6, 21.5, "out-t")
        yield text("words", 18, 21.5, fit(landing.problem, "body", room - 18), "body", "out-t")
    elif landing.is_drawn:
        words = ("drawn, not hashed", "drawn")
        yield text("words", 0, 21.5, first_fitting(words, "sub", room), "sub")
    elif landing.then is not None:
        tones = ("out-s", "out", "out-t") if landing.moves else ("card", "line", "ink")
        yield chip("from", (0, 7), f"P{landing.partition}", ("card", "line", "ink"), width=_CHIP)
        yield glyph("to", "next", _CHIP + 12, 21.5, tones[2] if landing.moves else "mute")
        yield chip("then", (_CHIP + 24, 7), f"P{landing.then}", tones, width=_CHIP)
        word = "moves" if landing.moves else "stays"
        if room > 2 * _CHIP + 34 + 44:
            tone = "out-t" if landing.moves else "mute"
            yield text("word", 2 * _CHIP + 34, 21.5, word, "body", tone)
    else:
        yield from _strip(lens, landing, is_apart, room)


def _strip(lens: Lens, landing: Landing, is_apart: bool, room: float) -> Iterator[Shape]:
    """Squares for partitions, the one it goes to filled; a chip if there are too many."""
    fill, edge, tone = ("group-s", "group", "group-t") if is_apart else ("comm-s", "comm", "comm-t")
    wide = _strip_width(lens.partitions, room)
    if wide:
        for slot in range(lens.partitions):
            if slot == landing.partition:
                yield rect(f"s{slot}", slot * _SLOT, 8, 18, 18, fill, edge, radius=3)
                yield text("n", slot * _SLOT + 9, 21.5, str(slot), "numb", tone, anchor="middle")
            else:
                yield rect(f"s{slot}", slot * _SLOT, 8, 18, 18, "none", "line", radius=3)
    else:
        wide = _CHIP
        yield chip("place", (0, 7), f"P{landing.partition}", (fill, edge, tone), width=_CHIP)
    if landing.hash is not None and wide + 10 + _HASH <= room:
        yield text("hash", wide + 10 + _HASH, 21.5, str(landing.hash), "num", "mute", anchor="end")


def _strip_width(partitions: int, room: float) -> float:
    wide = partitions * _SLOT
    return wide if wide <= room and partitions <= 10 else 0


def _counts(lens: Lens, method: int, room: float) -> Iterator[Shape]:
    """How many keys each partition gets, or how many move."""
    landings = [row.landings[method] for row in lens.rows]
    known = [one for one in landings if one.partition is not None]
    if lens.then is not None:
        moving = sum(one.moves for one in known)
        yield text("moving", 0, 22, f"{moving} of {len(known)}", "numb", "out-t")
        return
    counts = [sum(one.partition == slot for one in known) for slot in range(lens.partitions)]
    if _strip_width(lens.partitions, room) and max(counts) < 100:
        for slot, count in enumerate(counts):
            tone = "ink" if count else "mute"
            yield text(f"k{slot}", slot * _SLOT + 9, 22, str(count), "num", tone, anchor="middle")
        return
    words = (f"{min(counts)} to {max(counts)} a partition", f"{min(counts)} to {max(counts)}")
    yield text("range", 0, 22, first_fitting(words, "note", room), "note")


def _worked(lens: Lens, top: float, width: float) -> tuple[list[Shape], float]:
    """The arithmetic of the chosen key, and where it ends."""
    row = lens.rows[lens.chosen]
    shapes: list[Shape] = [text("w-head", MARGIN, top, "Worked out", "h2")]
    if row.data is None:
        data = "no key at all, which is not the same as an empty one"
    else:
        more = " …" if len(row.data) > 16 else ""
        size = f"{len(row.data)} byte" + ("" if len(row.data) == 1 else "s")
        data = f"{size}: {row.data[:16].hex(' ')}{more}" if row.data else "0 bytes: an empty key"
    x = MARGIN + _LEFT
    shapes.append(text("w-key", x, top, fit(key_name(row), "lab", 160), "lab"))
    after = x + width_of(fit(key_name(row), "lab", 160), "lab") + 14
    style = "num" if row.data else "sub"
    shapes.append(text("w-data", after, top, fit(data, style, width - MARGIN - after), style))
    y = top + 26
    for i, (method, landing) in enumerate(zip(lens.methods, row.landings, strict=True)):
        shapes.append(text(f"w{i}", x, y, fit(method.name, "body", 96), "body"))
        shapes.append(
            text(f"w{i}-sum", x + 106, y, fit(_sum(lens, landing), "num", width - x - 116), "num")
        )
        y += 22
    return shapes, y - 8


def _sum(lens: Lens, landing: Landing) -> str:
    if landing.is_drawn:
        return "drawn, not hashed: see below"
    if landing.problem:
        return f"{landing.arithmetic}: {landing.problem}"
    words = f"{landing.arithmetic} = {landing.partition}"
    if landing.hash is not None and landing.hash < 0:  # what the mask does shows only then
        positive = landing.hash & 0x7FFFFFFF
        words = f"{landing.arithmetic} = {positive} % {lens.partitions} = {landing.partition}"
    if landing.then is not None:
        words += f",  % {lens.then} = {landing.then}"
    return words


def _keyless(lens: Lens, top: float, width: float) -> tuple[list[Shape], float]:
    """Records without a key, one beside the other, and where it ends; nothing if not asked for."""
    if not lens.keyless:
        return [], top - 22
    x = MARGIN + _LEFT
    shapes: list[Shape] = [
        text("k-head", MARGIN, top + 10, "No key", "h2"),
        text("k-sub", x, top + 10, _keyless_words(lens, width - x - MARGIN), "sub"),
    ]
    y = top + 26
    for i, one in enumerate(lens.keyless):
        shapes += [
            text(f"k{i}", MARGIN, y + 14, one.name, "body"),
            text(f"k{i}-who", MARGIN, y + 30, _who(one.clients, "tiny", _LEFT - 8), "tiny"),
            group(f"k{i}-runs", _runs(one, width - x - MARGIN - 96), at=(x, y + 6)),
            text(f"k{i}-n", width - MARGIN, y + 20, _changes(one), "body", anchor="end"),
        ]
        y += 40
    return shapes, y + 4


def _who(clients: str, style: str, room: float) -> str:
    """As many of the clients as fit, most common first."""
    names = clients.split(", ")
    fewer = [", ".join(names[:count]) for count in range(len(names), 0, -1)]
    return first_fitting(fewer, style, room) or fit(names[0], style, room)


def _changes(one: Keyless) -> str:
    count = one.runs - 1
    return "1 change" if count == 1 else f"{count} changes"


def _keyless_words(lens: Lens, room: float) -> str:
    count = len(lens.keyless[0].partitions)
    words = (
        f"{count} records of 2,000 bytes, one each 2 ms · a stretch in one partition can share a "
        f"batch",
        f"{count} records of 2,000 bytes, one each 2 ms",
    )
    return first_fitting(words, "sub", room)


def _runs(one: Keyless, room: float) -> Iterator[Shape]:
    """Stretches of records that went to one partition after each other."""
    each = room / len(one.partitions)
    is_short = all(width_of(str(n), "tiny") <= each - 3 for n in one.partitions)
    start = 0
    for i, partition in enumerate(one.partitions):
        is_last = i + 1 == len(one.partitions)
        if not is_last and one.partitions[i + 1] == partition:
            continue
        x, wide = start * each, (i + 1 - start) * each
        yield rect(f"b{start}", x, 0, wide - 2, 20, "comm-s", "comm", radius=3)
        names = (f"P{partition}", str(partition)) if is_short else (f"P{partition}",)
        words = first_fitting(names, "tiny", wide - 3)
        yield text(f"t{start}", x + (wide - 2) / 2, 14, words, "tiny", "ink", anchor="middle")
        start = i + 1


def _legend(lens: Lens) -> Sequence[Entry]:
    def box(fill: str, edge: str) -> Shape:
        return rect("shape", 0, -8, 16, 16, fill, edge, radius=3)

    if lens.then is not None:
        return (Entry(box("out-s", "out"), 16, "moves: later records go here"),
                Entry(box("card", "line"), 16, "where it was, or stays"))  # fmt: skip
    return (
        Entry(box("comm-s", "comm"), 16, "the partition"),
        Entry(box("group-s", "group"), 16, f"another than with {lens.methods[0].name}"),
    )
