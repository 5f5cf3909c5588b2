"""Exercises and predictions as a cell shows them."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from kafkalab.errors import LearnerError
from lab import exercise, predict
from lab.checking import progress
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Prediction
from lab.checking.outcome import Right, Wrong
from lab.checking.views import PredictionView
from lab.exercises.lesson_00 import PREDICTIONS
from lab.exercises.lessons import LESSONS, Lesson


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKALAB_PROGRESS", str(tmp_path / "progress.json"))


def test_hints_are_a_ladder_and_the_solution_is_there() -> None:
    one = exercise("00.2")
    assert one is exercise("00.2")
    hints = [repr(one.hint()) for _ in range(4)]
    assert hints[0].startswith("Hint 1 (2 more):")
    assert hints[2] == hints[3]
    assert "value not in kept" in repr(one.solution())


def test_a_check_is_remembered_and_what_is_untouched_is_not() -> None:
    def worthless(receipts: list[bytes], kept: set[bytes]) -> list[bytes]:
        raise NotImplementedError

    assert "Not attempted" in repr(exercise("00.2").check(worthless))
    assert progress.load() == {}
    exercise("00.2").check(lambda receipts, kept: [one for one in receipts if one not in kept])
    assert progress.load() == {"00.2": 1.0}


def test_code_that_stops_is_told_and_does_not_stop_the_notebook() -> None:
    outcome = exercise("00.2").check(lambda receipts, kept: 1 / 0)
    assert "ZeroDivisionError" in repr(outcome)


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(LearnerError, match=r"there are 00\.1, 00\.2"):
        exercise("00.9")
    with pytest.raises(LearnerError, match="lesson '77'"):
        exercise("77.1")


def test_a_prediction_is_tied_to_the_run() -> None:
    view = PredictionView(PREDICTIONS[0])
    assert "You had not predicted" in repr(view.reveal(one=14, every=0))
    with pytest.raises(ValueError, match="choose one of 'a', 'b', 'c'"):
        view.answer("z")
    view.answer("a")
    told = repr(view.reveal(one=14, every=0))
    assert told.startswith("b came true")
    assert "14 shops of 20" in told
    assert "a replicated topic cannot lose a record" in told
    view.answer("b")
    assert "As you predicted" in repr(view.reveal(one=14, every=0))
    assert repr(view.reveal(one=0, every=0)).startswith("a came true")


def test_a_prediction_shows_buttons_and_the_same_as_text() -> None:
    view = PredictionView(PREDICTIONS[0])
    data = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "- **b** Some with `acks=1`" in data["text/markdown"]
    view._widget.value = "c"
    assert view.chosen == "c"
    assert predict("00.receipts") is predict("00.receipts")


def test_a_survey_keeps_the_failure_that_is_quickest_to_see() -> None:
    def story(seed: int) -> None:
        if seed % 3 == 0:
            raise Broken(f"seed {seed} broke", at_ms=100 - seed)

    survey = under_faults(story, range(10))
    assert (survey.survived, survey.total) == (6, 10)
    assert survey.shortest is not None
    assert survey.shortest.seed == 9
    with pytest.raises(Wrong) as wrong:
        survey.verdict("fine", "the idea", "show({seed})")
    assert wrong.value.replay == "show(9)"
    assert wrong.value.score == 0.6
    assert isinstance(under_faults(lambda seed: None).verdict("fine.", "", ""), Right)


def test_a_progress_file_that_is_broken_is_begun_anew(tmp_path: Path) -> None:
    progress.path().write_text("{")
    assert progress.load() == {}
    progress.note("00.1", 0.5)
    progress.note("00.1", 0.2)
    assert progress.load() == {"00.1": 0.5}


def test_no_mark_of_markdown_is_shown_raw_by_the_buttons() -> None:
    view = PredictionView(
        Prediction(
            id="x",
            question="*billing* has `a*b*c` and 3 * 4 < 5 * 6; *all of it* `{x}`?",
            choices=(
                Choice(key="a", words="The *first* of `two`."),
                Choice(key="b", words="2 * 3."),
            ),
            judge=lambda: "a",
            evidence="",
        )
    )
    question, buttons = view._buttons().children
    assert question.value == (
        "<b>Predict first:</b> <em>billing</em> has <code>a*b*c</code> and 3 * 4 &lt; 5 * 6; "
        "<em>all of it</em> <code>{x}</code>?"
    )
    assert [words for words, _ in buttons.options] == ["The first of two.", "2 * 3."]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_what_a_lesson_asks_has_no_raw_mark(lesson: Lesson) -> None:
    module = import_module(f"lab.exercises.lesson_{lesson.number}")
    for prediction in module.PREDICTIONS:
        question, buttons = PredictionView(prediction)._buttons().children
        shown = re.sub(r"<code>.*?</code>", "", question.value)
        for words in (shown, *(words for words, _ in buttons.options)):
            assert not re.search(r"\*\S|\S\*|`", words), words
