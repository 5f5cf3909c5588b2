"""The lessons as cards: what each is about, how long it takes, and how far one has come.

    ┌ 02  Topics and partitions     35 min ┐
    │ where order holds, and what …        │
    └ ■ ■ □   90 minutes · a week          ┘       squares are exercises

Read next: `lab.widgets.contents`, which knows the lessons and what has been done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, group, rect, text

MARGIN: Final = 10
_CARD: Final = 110
_GAP: Final = 12
_CARD_MIN: Final = 300


@dataclass(frozen=True, slots=True)
class Card:
    """One lesson.  `scores`: of its exercises, None for one not tried; `is_there`: its notebook."""

    number: str
    title: str
    about: str
    minutes: int
    paths: Sequence[str]
    scores: Sequence[float | None]
    is_there: bool


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
        shapes.append(group(f"l{card.number}", _card(card, wide), at=at, label=_label(card)))
    rows = -(-len(cards) // columns)
    y = top + rows * (_CARD + _GAP) + 12
    legend, height = draw_legend(_LEGEND, room)
    shapes.append(group("legend", [legend], at=(MARGIN, y)))
    return Scene(width, round(y + height), "The lessons", finding(cards), tuple(shapes))


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
    is_done = bool(card.scores) and all(score == 1 for score in card.scores)
    edge = "sync" if is_done else "line"
    dash = None if card.is_there else "4 3"
    yield rect("card", 0, 0, width, _CARD, "card", edge, radius=10, dash=dash)
    yield text("number", 14, 27, card.number, "h2", "comm-t")
    x = 14 + width_of(card.number, "h2") + 10
    title = fit(card.title, "h2", width - x - 14)
    yield text("title", x, 27, title, "h2", "ink" if card.is_there else "mute")
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
    words = f"Lesson {card.number}, {card.title}: {card.about}. {card.minutes} minutes"
    return f"{words}, {solved} of {len(card.scores)} exercises solved"


_LEGEND: Final = (
    Entry(rect("shape", 0, -8, 15, 15, "comm", "comm", radius=3), 15, "solved"),
    Entry(rect("shape", 0, -8, 15, 15, "unc", "comm", radius=3), 15, "tried"),
    Entry(rect("shape", 0, -8, 15, 15, "none", "rule", radius=3, dash="2 2"), 15, "not tried yet"),
)
