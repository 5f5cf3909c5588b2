"""The lessons as cards: what each is about, how long it takes, and how far one has come.

    ┌ 02  Topics and partitions     35 min ┐
    │ where order holds, and what …        │
    └ ■ ■ □   90 minutes · a week          ┘       squares are exercises

    90 minutes   [00 ✓] [02] [05] [07]   next 02 · 3 to do, 2 h with their exercises

Read next: `lab.widgets.contents`, which knows the lessons and what has been done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, glyph, group, rect, text

MARGIN: Final = 10
_CARD: Final = 110
_GAP: Final = 12
_CARD_MIN: Final = 300
_WAY: Final = 34


@dataclass(frozen=True, slots=True)
class Card:
    """One lesson.  `scores`: of its exercises, None for one not tried; `is_there`: its notebook,
    `file`, which a press on the card opens.
    """

    number: str
    title: str
    about: str
    minutes: int
    paths: Sequence[str]
    scores: Sequence[float | None]
    is_there: bool
    file: str

    @property
    def is_done(self) -> bool:
        """Whether every exercise is solved."""
        return bool(self.scores) and all(score == 1 for score in self.scores)

    @property
    def action(self) -> str | None:
        """What a press does: the page opens the notebook (`player.js`)."""
        return f"visit {self.file}" if self.is_there else None


def draw_contents(cards: Sequence[Card], width: int = 960) -> Scene:
    """The picture."""
    room = width - 2 * MARGIN
    columns = max(1, int((room + _GAP) // (_CARD_MIN + _GAP)))
    wide = (room - _GAP * (columns - 1)) / columns
    shapes: list[Shape] = [
        text("title", MARGIN, 28, "The lessons", "h1"),
        text("say", MARGIN, 54, finding(cards), "lab"),
    ]
    top = 74
    for index, card in enumerate(cards):
        row, column = divmod(index, columns)
        at = (MARGIN + column * (wide + _GAP), top + row * (_CARD + _GAP))
        drawn = list(_card(card, wide))
        key = f"l{card.number}"
        shapes.append(group(key, drawn, at=at, label=_label(card), action=card.action))
    rows = -(-len(cards) // columns)
    y = top + rows * (_CARD + _GAP) + 24
    shapes.append(text("ways", MARGIN, y, "Ways through them", "h2"))
    y += 12
    for name, on_it in _paths(cards).items():
        drawn = list(_path(name, on_it, room))
        label = f"{name}: {_left(on_it)}"
        shapes.append(group(f"way-{name}", drawn, at=(MARGIN, y), label=label))
        y += _WAY
    y += 20
    legend, height = draw_legend(_LEGEND, room)
    shapes.append(group("legend", [legend], at=(MARGIN, y)))
    return Scene(width, round(y + height), "The lessons", finding(cards), tuple(shapes))


def _paths(cards: Sequence[Card]) -> dict[str, list[Card]]:
    """The lessons of each path, in order."""
    found: dict[str, list[Card]] = {}
    for card in cards:
        for name in card.paths:
            found.setdefault(name, []).append(card)
    return found


def _path(name: str, cards: Sequence[Card], room: float) -> Iterator[Shape]:
    yield text("name", 0, 20, name, "lab")
    x = 96.0
    for card in cards:
        is_done = card.is_done
        fill, stroke = ("sync-s", "sync") if is_done else ("none", "line")
        shapes = [rect("at", 0, 4, 38, 22, fill, stroke, radius=6, role="face")]
        shift = 6 if is_done else 0
        shapes.append(text("number", 19 - shift, 20, card.number, "lab", anchor="middle"))
        if is_done:
            shapes.append(glyph("done", "tick", 29, 20, "sync-t", 10))
        label = f"Open {card.number}, {card.title}"
        yield group(f"n{card.number}", shapes, at=(x, 0), label=label, action=card.action)
        x += 44
    words = first_fitting((_left(cards), _left(cards).partition(" ·")[0]), "note", room - x - 8)
    yield text("left", x + 8, 20, words, "note")


def _left(cards: Sequence[Card]) -> str:
    """What of a path is still to do."""
    to_do = [card for card in cards if not card.is_done]
    if not to_do:
        return "done"
    minutes = sum(card.minutes for card in to_do)
    hours = f"{minutes / 60:.1f}".removesuffix(".0")
    return f"next {to_do[0].number} · {len(to_do)} to do, {hours} h with their exercises"


def finding(cards: Sequence[Card]) -> str:
    """How far one has come, and what comes next."""
    scores = [score for card in cards for score in card.scores]
    done = sum(score == 1 for score in scores)
    if not done:
        return "Begin with 00. Each lesson stands alone; a filled square is an exercise solved."
    following = next(
        (c for c in cards if c.is_there and any(score != 1 for score in c.scores)), None
    )
    words = f"{done} of {len(scores)} exercises are solved."
    return f"{words} Next: {following.number}, {following.title}." if following else words


def _card(card: Card, width: float) -> Iterator[Shape]:
    edge = "sync" if card.is_done else "line"
    dash = None if card.is_there else "4 3"
    yield rect("card", 0, 0, width, _CARD, "card", edge, radius=10, dash=dash, role="face")
    yield text("number", 14, 27, card.number, "h2", "comm-t")
    x = 14 + width_of(card.number, "h2") + 10
    title = fit(card.title, "h2", width - x - (78 if card.is_done else 14))
    yield text("title", x, 27, title, "h2", "ink" if card.is_there else "mute")
    if card.is_done:
        yield glyph("done", "tick", width - 24 - width_of("solved", "noteb"), 27, "sync-t")
        yield text("word", width - 14, 27, "solved", "noteb", "sync-t", anchor="end")
    for index, line in enumerate(wrap(card.about, "sub", width - 28, 2)):
        yield text(f"about{index}", 14, 50 + 18 * index, line, "sub")
    for index, score in enumerate(card.scores):
        fill, stroke, dash = ("comm", "comm", None) if score == 1 else ("none", "rule", "2 2")
        if score is not None and score < 1:
            fill, stroke, dash = "unc", "comm", None
        yield rect(f"e{index}", 14 + index * 19, 82, 15, 15, fill, stroke, radius=3, dash=dash)
    minutes = f"{card.minutes} min" if card.is_there else "still to come"
    room = width - 28 - len(card.scores) * 19 - 8
    where = f"{minutes} · in “{'”, “'.join(card.paths)}”" if card.paths else minutes
    words = first_fitting((where, minutes), "note", room)
    yield text("minutes", width - 14, 94, words, "note", anchor="end")


def _label(card: Card) -> str:
    solved = sum(score == 1 for score in card.scores)
    words = f"Open lesson {card.number}, {card.title}: {card.about}. {card.minutes} minutes"
    return f"{words}, {solved} of {len(card.scores)} exercises solved"


_LEGEND: Final = (
    Entry(rect("shape", 0, -8, 15, 15, "comm", "comm", radius=3), 15, "solved"),
    Entry(rect("shape", 0, -8, 15, 15, "unc", "comm", radius=3), 15, "tried"),
    Entry(rect("shape", 0, -8, 15, 15, "none", "rule", radius=3, dash="2 2"), 15, "not tried yet"),
)
