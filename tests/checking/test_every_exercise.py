"""What every exercise and prediction must be, whichever lesson it belongs to."""

from functools import cache
from typing import Any

import pytest

from lab.checking.definitions import Exercise, Prediction
from lab.checking.outcome import Misconception, Missed, NotAttempted, Right
from lab.checking.shelf import find_exercise, lesson, lessons, solution
from lab.exercises.misconceptions import ALL

EXERCISES = [each for number in lessons() for each in lesson(number)[0]]
PREDICTIONS = [each for number in lessons() for each in lesson(number)[1]]


def in_one_worker(exercise: Exercise) -> Any:
    """An exercise's tests stay together: they share what its judge said."""
    group = pytest.mark.xdist_group(f"exercise-{exercise.id}")
    return pytest.param(exercise, id=exercise.id, marks=group)


TEMPTING = [
    pytest.param(
        each.id,
        source,
        idea,
        id=f"{each.id}-{number}",
        marks=pytest.mark.xdist_group(f"exercise-{each.id}"),
    )
    for each in EXERCISES
    for number, (source, idea) in enumerate(each.tempting.items())
]


def run(source: str, name: str) -> Any:
    """What a cell defines."""
    space: dict[str, Any] = {}
    exec(source, space)
    return space[name]


@cache
def judged(id: str, source: str) -> Any:
    """What the judge says of an answer; judging many seeds takes seconds."""
    exercise = find_exercise(id)
    return exercise.check(run(source, exercise.answer))


def by_id(one: Exercise | Prediction) -> str:
    return one.id


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_id)
def test_the_stub_is_not_attempted(exercise: Exercise) -> None:
    assert isinstance(exercise.check(run(exercise.stub, exercise.answer)), NotAttempted)


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_id)
def test_the_solution_passes(exercise: Exercise) -> None:
    source = solution(exercise.id)
    assert source is not None
    outcome = exercise.check(run(source, exercise.answer))
    assert isinstance(outcome, Right), outcome


@pytest.mark.parametrize(("id", "source", "idea"), TEMPTING)
def test_a_tempting_answer_is_told_which_idea_is_wrong(id: str, source: str, idea: str) -> None:
    outcome = judged(id, source)
    assert isinstance(outcome, Missed), outcome
    assert outcome.idea == idea
    assert outcome.score < 1


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_id)
def test_its_form(exercise: Exercise) -> None:
    assert len(exercise.hints) == 3
    assert len(set(exercise.hints)) == 3
    assert exercise.tempting, "an exercise nobody can get wrong teaches nothing"
    assert exercise.title[-1] not in ".!"


@pytest.mark.parametrize("exercise", [in_one_worker(one) for one in EXERCISES if one.is_behaviour])
def test_a_failing_seed_comes_back_as_a_cell(exercise: Exercise) -> None:
    cells = [
        f"{source}\n{outcome.replay}\nshown = True"
        for source in exercise.tempting
        if isinstance(outcome := judged(exercise.id, source), Missed) and outcome.replay
    ]
    assert cells
    run(cells[0], "shown")


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=by_id)
def test_a_prediction_tells_each_wrong_choice_why(prediction: Prediction) -> None:
    keys = [choice.key for choice in prediction.choices]
    assert len(keys) == len(set(keys)) >= 2
    silent = [choice.key for choice in prediction.choices if not choice.because]
    assert len(silent) <= 1, "only the choice that comes true needs no word"


@pytest.mark.parametrize("number", list(lessons()))
def test_a_lesson_has_two_to_five_exercises_and_one_of_behaviour(number: str) -> None:
    exercises, predictions = lesson(number)
    assert 2 <= len(exercises) <= 5
    assert any(each.is_behaviour for each in exercises)
    assert predictions
    ids = [each.id for each in (*exercises, *predictions)]
    assert len(ids) == len(set(ids))
    assert all(each.startswith(f"{number}.") for each in ids)


def test_misconceptions_are_named_by_their_text() -> None:
    assert len(set(ALL)) == 16
    assert all(isinstance(each, Misconception) for each in ALL)


def test_a_misconception_is_denied_where_it_is_named_and_a_rule_is_not() -> None:
    assert repr(Missed("…", idea=ALL[0])).startswith(f"Not yet: it is not so that {ALL[0]}.")
    assert repr(Missed("it was …", idea="a rule")) == "Not yet: a rule. It was …"
    assert repr(Missed("b'x' was …", idea="a rule")) == "Not yet: a rule. b'x' was …"
