"""`Contents()`: the landing page's picture of the lessons, with what has been done so far.

Read next: `lab.scenes.contents`; `progress`, where that is kept.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from kafkalab.errors import LearnerError
from lab.checking import progress
from lab.checking.shelf import lesson
from lab.scenes.contents import Card, draw_contents, finding
from lab.scenes.shapes import Scene
from lab.widgets.still_view import StillView

_NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def cards() -> list[Card]:
    """The lessons and how far one has come."""
    listed: Any = import_module("lab.exercises.lessons")
    scores = progress.load()
    made = []
    for each in listed.LESSONS:
        try:
            exercises, _ = lesson(each.number)
        except LearnerError:
            exercises = ()
        made.append(
            Card(
                each.number,
                each.title,
                each.about,
                each.minutes,
                [name for name, numbers in listed.PATHS.items() if each.number in numbers],
                [scores.get(exercise.id) for exercise in exercises],
                (_NOTEBOOKS / each.file).exists(),
                each.file,
            )
        )
    return made


class Contents(StillView):
    """The lessons as cards; as the last line of a cell."""

    def __init__(self) -> None:
        self._cards = cards()
        super().__init__("contents")

    def _scene(self, width: int) -> Scene:
        return draw_contents(self._cards, max(640, min(width, 1400)))

    def __repr__(self) -> str:
        lines = ["The lessons", finding(self._cards), ""]
        for card in self._cards:
            solved = sum(score == 1 for score in card.scores)
            done = f"{solved} of {len(card.scores)}" if card.is_there else "still to come"
            lines.append(f"{card.number}  {card.title:<28} {card.minutes:>3} min  {done}")
        return "\n".join(lines)
