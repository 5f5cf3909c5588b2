"""What a cell holds: an exercise with `check`, `hint` and `solution`; a prediction with `reveal`.

    exercise("02.1")                     shows the question
    exercise("02.1").check(key)          judges, names the idea that is wrong
    predict("02.keys")                   asks; choose in the picture, or .answer("b")
    predict("02.keys").reveal(moved=7)   after the run, with its figures

The same id gives the same object in one kernel, so what was predicted is still there afterwards.
"""

import re
from html import escape
from typing import Any, Final

from lab.checking import progress
from lab.checking.definitions import Exercise, Prediction
from lab.checking.outcome import NotAttempted, Outcome
from lab.checking.shelf import find_exercise, find_prediction, solution

_exercises: dict[str, "ExerciseView"] = {}
_predictions: dict[str, "PredictionView"] = {}
#: Outcomes by exercise id, the last of each: what `lab.grade` reads.
outcomes: dict[str, Outcome] = {}
#: `*word*`, as in Markdown; no star of a product or of `SELECT *`.
_EMPHASIS: Final = re.compile(r"\*(?=\S)([^*]*\S)\*")


def exercise(id: str) -> "ExerciseView":
    """The exercise with this id.  `LearnerError` if there is none."""
    if id not in _exercises:
        _exercises[id] = ExerciseView(find_exercise(id))
    return _exercises[id]


def predict(id: str) -> "PredictionView":
    """The prediction with this id.  `LearnerError` if there is none."""
    if id not in _predictions:
        _predictions[id] = PredictionView(find_prediction(id))
    return _predictions[id]


class Words:
    """Text for a cell, in Markdown and plain."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/markdown": self.markdown}

    def __repr__(self) -> str:
        return self.markdown.replace("**", "").replace("```python\n", "").replace("\n```", "")


class ExerciseView(Words):
    """One exercise in a notebook."""

    def __init__(self, definition: Exercise) -> None:
        self.definition = definition
        self._hints = 0
        super().__init__(
            f"**Exercise {definition.id}: {definition.title}**\n\n{definition.question}\n\n"
            f'Stuck? `exercise("{definition.id}").hint()`, up to three times; then '
            f'`exercise("{definition.id}").solution()`.'
        )

    def check(self, answer: Any) -> Outcome:
        """Judge an answer."""
        outcome = self.definition.check(answer)
        outcomes[self.definition.id] = outcome
        if not isinstance(outcome, NotAttempted):
            progress.note(self.definition.id, outcome.score)
        return outcome

    def hint(self) -> Words:
        """The next hint; after the third, the third again."""
        hints = self.definition.hints
        self._hints = min(self._hints + 1, len(hints))
        left = len(hints) - self._hints
        more = f" ({left} more)" if left else ""
        return Words(f"**Hint {self._hints}{more}:** {hints[self._hints - 1]}")

    def solution(self) -> Words:
        """One way to do it."""
        source = solution(self.definition.id)
        if source is None:
            return Words("This lab came without solutions: ask your teacher.")
        return Words(f"**One way:**\n\n```python\n{source.strip()}\n```")


class PredictionView(Words):
    """One prediction in a notebook."""

    def __init__(self, definition: Prediction) -> None:
        self.definition = definition
        self.chosen: str | None = None
        self._widget: Any = None
        listed = "\n".join(f"- **{one.key}** {one.words}" for one in definition.choices)
        super().__init__(
            f"**Predict first:** {definition.question}\n\n{listed}\n\n"
            f'(or type `predict("{definition.id}").answer("{definition.choices[0].key}")`)'
        )

    def answer(self, key: str) -> Words:
        """Choose, by Python.  ValueError for a choice that is none."""
        self.chosen = self.definition.choice(key).key
        if self._widget is not None:
            self._widget.value = self.chosen
        return Words(f"You predict **{key}**. Run on, and see.")

    def reveal(self, **figures: Any) -> Words:
        """What came true, by the figures of the run; and what was wrong with what was predicted."""
        definition = self.definition
        right = definition.choice(definition.judge(**figures))
        said = definition.evidence.format(**figures)
        came = f"**{right.key}** came true: {right.words} {said}".strip()
        if self.chosen is None:
            return Words(f"{came}\n\nYou had not predicted. It costs nothing, and it sticks.")
        progress.note(definition.id, float(self.chosen == right.key))
        if self.chosen == right.key:
            return Words(f"{came}\n\nAs you predicted.")
        chosen = definition.choice(self.chosen)
        idea = f" The idea behind it: *{chosen.misconception}*." if chosen.misconception else ""
        return Words(f"{came}\n\nYou predicted **{chosen.key}**. {chosen.because}{idea}")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Radio buttons where there is a kernel; the same as text elsewhere."""
        data: dict[str, Any] = dict(super()._repr_mimebundle_())
        bundle = self._buttons()._repr_mimebundle_()
        data |= dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["text/plain"] = repr(self)
        return data

    def _buttons(self) -> Any:
        import ipywidgets

        question = ipywidgets.HTML(f"<b>Predict first:</b> {_html(self.definition.question)}")
        options = [(_plain(one.words), one.key) for one in self.definition.choices]
        buttons = ipywidgets.RadioButtons(
            options=options,
            value=self.chosen,
            layout=ipywidgets.Layout(width="auto", max_width="100%"),
            style={"description_width": "0"},
        )
        buttons.observe(self._choose, "value")
        self._widget = buttons
        return ipywidgets.VBox([question, buttons])

    def _choose(self, change: Any) -> None:
        self.chosen = change["new"]


def _plain(text: str) -> str:
    """Without marks: a radio button's label shows no markup."""
    return _EMPHASIS.sub(r"\1", text.replace("`", ""))


def _html(text: str) -> str:
    """`code` and *emphasis* as HTML."""
    parts = escape(text, quote=False).split("`")
    return "".join(
        f"<code>{part}</code>" if n % 2 else _EMPHASIS.sub(r"<em>\1</em>", part)
        for n, part in enumerate(parts)
    )
