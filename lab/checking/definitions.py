"""What an exercise and a prediction are: data, and a function that judges.

    EXERCISES = (
        Exercise(
            id="02.1",
            title="Keep an account's entries in order",
            question="Choose the key …",
            stub='key = ...   # your answer',
            answer="key",
            judge=_judge_key,
            hints=("…", "…", "…"),
        ),
    )

`answer` names what the stub defines: the value or function that `check` is given.  A judge returns
`Right` or raises `Wrong`; `NotImplementedError`, or `...` as the answer, is "not attempted".

Invariants (a test holds them): ids are "LESSON.NUMBER"; three hints, from a nudge to nearly all;
the solution passes, the stub is not attempted, each tempting answer fails with its own idea.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.checking.outcome import Missed, NotAttempted, Outcome, Right, Wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One task of a lesson.  `concepts`: rows of the subject that it practises."""

    id: str
    title: str
    question: str
    stub: str
    answer: str
    judge: Callable[[Any], Right]
    hints: tuple[str, str, str]
    #: Answers that look right, as source text, each with the idea it must be told is wrong.
    tempting: Mapping[str, str]
    concepts: tuple[str, ...] = ()
    #: Whether the learner's choice or function is run in the engine under faults.
    is_behaviour: bool = False

    @property
    def lesson(self) -> str:
        """`02`"""
        return self.id.partition(".")[0]

    def check(self, answer: Any) -> Outcome:
        """Judge an answer.  What the learner's own code raises is told, not passed on."""
        if answer is Ellipsis or (isinstance(answer, tuple | list) and Ellipsis in answer):
            return NotAttempted()
        try:
            return self.judge(answer)
        except Wrong as wrong:
            return wrong.outcome
        except NotImplementedError:
            return NotAttempted()
        except Exception as error:
            words = f"it raised {type(error).__name__}: {error}"
            return Missed(words, idea="your code stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing one can predict.  `because` is told to who chose it and was wrong.

    `misconception`: the idea behind it, one of `lab.exercises.misconceptions`, or "".
    """

    key: str
    words: str
    because: str = ""
    misconception: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A question before a run.  `judge` says from the run's own figures which choice came true."""

    id: str
    question: str
    choices: tuple[Choice, ...]
    judge: Callable[..., str]
    #: A sentence with the run's figures, filled by `str.format`.
    evidence: str = ""
    concepts: tuple[str, ...] = field(default=())

    @property
    def lesson(self) -> str:
        return self.id.partition(".")[0]

    def choice(self, key: str) -> Choice:
        """KeyError-free: ValueError names the choices there are."""
        found = next((choice for choice in self.choices if choice.key == key), None)
        if found is None:
            keys = ", ".join(repr(choice.key) for choice in self.choices)
            raise ValueError(f"prediction {self.id} has no choice {key!r}; choose one of {keys}")
        return found
