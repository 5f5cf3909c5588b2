"""Where definitions are found: `lab.exercises.lesson_02` holds those whose id begins with "02".

Solutions are files of their own, `lab/solutions/exercise_02_1.py`, so that a teacher can release a
lab without them.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from kafkalab.errors import LearnerError
from lab.checking.definitions import Exercise, Prediction


def find_exercise(id: str) -> Exercise:
    """The exercise "02.1".  `LearnerError` with the ids there are."""
    found = {each.id: each for each in lesson(id.partition(".")[0])[0]}
    if id not in found:
        raise LearnerError(f"there is no exercise {id!r}; there are {', '.join(found) or 'none'}")
    return found[id]


def find_prediction(id: str) -> Prediction:
    """The prediction "02.keys".  `LearnerError` with the ids there are."""
    found = {each.id: each for each in lesson(id.partition(".")[0])[1]}
    if id not in found:
        raise LearnerError(f"there is no prediction {id!r}; there are {', '.join(found) or 'none'}")
    return found[id]


@cache
def lesson(number: str) -> tuple[tuple[Exercise, ...], tuple[Prediction, ...]]:
    """The exercises and predictions of one lesson.  `LearnerError` if it has none."""
    try:
        module: Any = import_module(f"lab.exercises.lesson_{number}")
    except ModuleNotFoundError as error:
        if error.name != f"lab.exercises.lesson_{number}":
            raise
        raise LearnerError(f"lesson {number!r} has no exercises; lessons are 00 to 13") from None
    return tuple(module.EXERCISES), tuple(module.PREDICTIONS)


def lessons() -> Iterator[str]:
    """The numbers of the lessons that have definitions, in order."""
    names = sorted(each.name for each in files("lab.exercises").iterdir())
    for name in names:
        if name.startswith("lesson_") and name.endswith(".py"):
            yield name.removeprefix("lesson_").removesuffix(".py")


def solution(id: str) -> str | None:
    """The source of an exercise's solution; None if this lab came without it."""
    path = files("lab.solutions") / f"exercise_{id.replace('.', '_')}.py"
    return path.read_text() if path.is_file() else None
