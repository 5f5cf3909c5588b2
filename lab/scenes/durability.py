"""What survives: acks × min.insync.replicas × failures, each cell tried in the engine.

              No broker fails        One broker fails       Two brokers fail
    acks=0    ┌ □ □ □  ✕ may lose    ┌ …
    acks=1    │ ■ □ □  ✓ keeps
    acks=all  │ ■□□ │ ■■□ │ ■■■ │
    min ISR     1     2     3

A cell says two things that vary apart: whether the record is kept, and whether writes are taken.
Squares are copies: filled surely has the record, dashed may have it, crossed has failed.

Before it is revealed the grid holds what the reader predicts, and is empty at first.
Read next: `lab.experiments.durability`, which tries a cell.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lab.experiments.durability import COPIES, Case, Outcome
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import first_fitting, wrap
from lab.scenes.shapes import Scene, Shape, glyph, group, path, rect, text

MARGIN: Final = 10
WIDTH_MIN: Final = 640
_WIDE: Final = 900  # from here on, the three parts stand side by side
_LEFT: Final = 80
_HEADS: Final = ("No broker fails", "One broker fails", "Two brokers fail")
_ROWS: Final = (("0", "no waiting"), ("1", "the leader"), ("all", "all in sync"))
_GAP: Final = 12
_INNER: Final = 5
_SINGLE: Final = 62
_TRIPLE: Final = 96
_USUAL: Final = Case("all", 2, 1)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a reader predicts of a cell; None: nothing yet."""

    keeps: bool | None = None
    accepts: bool | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid.  `outcomes` are shown where `is_revealed`, guesses else."""

    outcomes: Mapping[Case, Outcome]
    guesses: Mapping[Case, Guess] = field(default_factory=dict)
    is_revealed: bool = True
    width: int = 960


def draw_grid(grid: Grid) -> Scene:
    """The picture.  Actions until it is revealed: `keeps ACKS MIN FAILED`, `accepts …`, `reveal`"""
    width = max(grid.width, WIDTH_MIN)
    room = width - 2 * MARGIN - _LEFT
    is_wide = width >= _WIDE
    column = (room - 2 * _GAP) / 3 if is_wide else room
    block = _row_y("all", 0) + _TRIPLE + 62
    shapes: list[Shape] = list(_head(grid, width))
    lines = _lines(grid, width)
    top = 142.0 + 18 * (len(lines) - 1)
    for number, head in enumerate(_HEADS):
        x = MARGIN + _LEFT + (number * (column + _GAP) if is_wide else 0)
        here = top if is_wide else top + number * block
        shapes.append(text(f"h{number}", x, here - 12, head, "h2"))
        shapes += _column(grid, number, x, here, column)
        if not is_wide or number == 0:
            shapes += _names(number, here)
    y = _row_y("all", top) + _TRIPLE + 20 + (0 if is_wide else 2 * block)
    y += 34
    for index, (sign, tone, words) in enumerate(_RULES if grid.is_revealed else ()):
        shapes.append(glyph(f"rule{index}", sign, MARGIN + 6, y, tone))
        for line_number, line in enumerate(wrap(words, "body", width - 2 * MARGIN - 22, 2)):
            shapes.append(text(f"r{index}-{line_number}", MARGIN + 22, y, line, "body"))
            y += 20
        y += 4
    legend, height = draw_legend(_LEGEND, width - 2 * MARGIN)
    shapes.append(group("legend", [legend], at=(MARGIN, y + 14)))
    title = "What survives?"
    return Scene(
        width, round(y + 14 + height), title, finding(grid), tuple(shapes), {"r": "reveal"}
    )


def finding(grid: Grid) -> str:
    """The one sentence: before, an invitation; after, what the figures say."""
    if not grid.is_revealed:
        filled = sum(
            guess.keeps is not None and guess.accepts is not None for guess in grid.guesses.values()
        )
        count = len(grid.outcomes)
        return f"Predict each cell by clicking its words: {filled} of {count} are filled in."
    outcomes = grid.outcomes
    guessed = [case for case, guess in grid.guesses.items() if guess != Guess()]
    if guessed:
        right = sum(_is_right(grid.guesses[case], outcomes[case]) for case in guessed)
        otherwise = " The framed ones came out otherwise." if right < len(guessed) else ""
        return f"You had {right} of {len(guessed)} right.{otherwise}"
    usual = outcomes.get(_USUAL)
    if usual is not None and usual.keeps and usual.accepts:
        return (
            "min.insync.replicas counts for acks=all alone: it buys copies, and pays with writes "
            "that stop sooner."
        )
    return "With these settings not even one failure is survived without a loss or a stop."


def _is_right(guess: Guess, outcome: Outcome) -> bool:
    keeps = guess.keeps is None or guess.keeps == outcome.keeps
    return keeps and (guess.accepts is None or guess.accepts == outcome.accepts)


def _head(grid: Grid, width: float) -> Iterator[Shape]:
    yield text("title", MARGIN, 28, "What survives?", "h1")
    words = (
        "acks × min.insync.replicas × failures · replication factor 3 · failures at the worst "
        "moment, disks included; unclean election allowed"
    )
    for number, line in enumerate(wrap(words, "sub", width - 2 * MARGIN, 2)):
        yield text(f"sub{number}", MARGIN, 50 + 18 * number, line, "sub")
    for number, line in enumerate(_lines(grid, width)):
        yield text(f"say{number}", MARGIN, 92 + 18 * number, line, "lab")
    if not grid.is_revealed:
        face = rect("face", 0, 0, 120, 28, "card", "comm", radius=6, role="face")
        label = text("words", 60, 18.5, "Reveal", "lab", "comm-t", anchor="middle")
        at = (width - MARGIN - 120, 74)
        yield group("reveal", [face, label], at=at, action="reveal", label="Reveal what was tried")


def _lines(grid: Grid, width: float) -> list[str]:
    """The finding, beside the button while there is one."""
    room = width - 2 * MARGIN - (0 if grid.is_revealed else 130)
    return wrap(finding(grid), "lab", room, 2)


def _names(number: int, top: float) -> Iterator[Shape]:
    """What the rows are."""
    for acks, words in _ROWS:
        y = _row_y(acks, top) + _row_height(acks) / 2
        yield text(f"acks{acks}-{number}", MARGIN, y - 4, f"acks={acks}", "lab")
        yield text(f"why{acks}-{number}", MARGIN, y + 14, words, "note")
    yield text(f"min{number}", MARGIN, _row_y("all", top) + _TRIPLE + 20, "min ISR", "lab")


def _row_y(acks: str, top: float) -> float:
    return top + {"0": 0, "1": _SINGLE + _INNER, "all": 2 * (_SINGLE + _INNER)}[acks]


def _row_height(acks: str) -> float:
    return _TRIPLE if acks == "all" else _SINGLE


def _column(grid: Grid, failures: int, x: float, top: float, width: float) -> Iterator[Shape]:
    for acks in ("0", "1"):
        case = Case("0" if acks == "0" else "1", 2, failures)
        at = (x, _row_y(acks, top))
        yield group(f"c{acks}-{failures}", _cell(grid, case, width), at=at)
    third = (width - 2 * _INNER) / 3
    for index in range(COPIES):
        case = Case("all", index + 1, failures)
        at = (x + index * (third + _INNER), _row_y("all", top))
        yield group(f"call{index}-{failures}", _cell(grid, case, third), at=at)
        y = _row_y("all", top) + _TRIPLE + 20
        yield text(
            f"m{index}-{failures}", at[0] + third / 2, y, str(index + 1), "numb", anchor="middle"
        )


def _cell(grid: Grid, case: Case, width: float) -> Iterator[Shape]:
    outcome, guess = grid.outcomes[case], grid.guesses.get(case, Guess())
    keeps = outcome.keeps if grid.is_revealed else guess.keeps
    accepts = outcome.accepts if grid.is_revealed else guess.accepts
    fill, stroke = _surface(keeps, accepts)
    is_wrong = grid.is_revealed and not _is_right(guess, outcome)
    is_usual = grid.is_revealed and case == _USUAL and not grid.guesses
    height = _row_height(case.acks)
    edge, thick = ("ink", 2.5) if is_wrong else (stroke, 2.5 if is_usual else 1)
    yield rect("box", 0, 0, width, height, fill, edge, radius=7, stroke_width=thick)
    is_tall = case.acks == "all"
    copies = outcome.copies if grid.is_revealed else None
    inset = 7 if is_tall and width < 110 else 13
    yield group("copies", _copies(copies, case.failures), at=(inset + 1, 12))
    if not is_tall:
        yield text("any", 14, 50, first_fitting(("any min ISR",), "tiny", 70), "tiny")
    x = inset if is_tall else 92
    y = 54 if is_tall else 26
    yield _said("keeps", case, keeps, (x, y), width - x, grid.is_revealed)
    yield _said(
        "accepts", case, accepts, (x, y + (24 if is_tall else 22)), width - x, grid.is_revealed
    )


def _surface(keeps: bool | None, accepts: bool | None) -> tuple[str, str]:
    if keeps is None or accepts is None:
        return "card", "rule"
    if not keeps:
        return "out-s", "out"
    return ("sync-s", "sync") if accepts else ("lead-s", "lead")


def _copies(copies: int | None, failures: int) -> Iterator[Shape]:
    """Failures take the copies first."""
    for index in range(COPIES):
        x = index * 21
        has_failed = index < failures
        if has_failed:
            yield rect(f"s{index}", x, 0, 18, 18, "none", "out", radius=3, dash="3 2")
            yield path(
                f"x{index}",
                f"M{x + 5} 5 {x + 13} 13M{x + 13} 5 {x + 5} 13",
                "none",
                "out",
                stroke_width=2,
            )
        elif copies is not None and index < copies:
            yield rect(f"s{index}", x, 0, 18, 18, "comm", radius=3)
        else:
            yield rect(f"s{index}", x, 0, 18, 18, "none", "rule", radius=3, dash="3 2")


_SAID: Final = {
    ("keeps", True): ("tick", "sync-t", ("keeps the record", "keeps")),
    ("keeps", False): ("cross", "out-t", ("may lose the record", "may lose", "loses")),
    ("keeps", None): ("ring", "mute", ("keeps it?", "keeps?")),
    ("accepts", True): ("play", "ink", ("accepts writes", "accepts")),
    ("accepts", False): ("stop", "lead-t", ("refuses writes", "refuses")),
    ("accepts", None): ("ring", "mute", ("accepts writes?", "accepts?")),
}


def _said(
    what: str,
    case: Case,
    is_so: bool | None,
    at: tuple[float, float],
    room: float,
    is_revealed: bool,
) -> Shape:
    """A sign and a word; a button while it is to be predicted."""
    sign, tone, words = _SAID[what, is_so]
    style = "lab" if what == "keeps" else "body"
    shown = first_fitting(words, style, room - 18) or words[-1]
    children = [
        rect("face", -4, -14, max(room - 4, 10), 20, "none", radius=4, role="face"),
        glyph("sign", sign, 6, 0, tone),
        text("words", 16, 0, shown, style, tone),
    ]
    about = f"acks={case.acks}, {case.failures} failed"
    if case.acks == "all":
        about += f", min.insync.replicas {case.min_isr}"
    action = None if is_revealed else f"{what} {case.acks} {case.min_isr} {case.failures}"
    return group(what, children, at=at, label=f"{about}: {shown}", action=action)


_RULES: Final = (
    (
        "tick",
        "sync-t",
        "Keeps the record while fewer brokers fail than copies were sure when the producer went "
        "on: 0, 1 or min.insync.replicas.",
    ),
    (
        "play",
        "ink",
        "Accepts writes while the brokers left, once back in sync, are at least "
        "min.insync.replicas (acks=all) or one (acks=0, 1).",
    ),
)
_LEGEND: Final[Sequence[Entry]] = (
    Entry(rect("shape", 0, -8, 16, 16, "comm", radius=3), 16, "surely has the record"),
    Entry(rect("shape", 0, -8, 16, 16, "none", "rule", radius=3, dash="3 2"), 16, "may have it"),
    Entry(
        group(
            "shape",
            [
                rect("box", 0, -8, 16, 16, "none", "out", radius=3, dash="3 2"),
                path("x", "M4-4 12 4M12-4 4 4", "none", "out", stroke_width=2),
            ],
        ),
        16,
        "failed, disk and all",
    ),
    Entry(
        rect("shape", 0, -8, 26, 16, "sync-s", "sync", radius=4, stroke_width=2.5),
        26,
        "the usual choice: one failure, no loss, no stop",
    ),
)
