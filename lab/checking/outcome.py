"""What comes of an answer: right, wrong with the idea that is wrong, or not attempted.

Judges return `Right` or raise `Wrong`; nothing else.  Each outcome has plain text and Markdown, and
prints the same every time.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


class Misconception(str):
    """An idea that is widely held and wrong; what names it to a learner denies it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The base: `score` from 0 to 1, and words for the learner."""

    words: str
    score: float = 0.0
    title: ClassVar[str] = ""

    @property
    def markdown(self) -> str:
        """The title in bold, then the words."""
        return f"**{self.heading}** {self.words}".strip()

    @property
    def heading(self) -> str:
        return self.title

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/markdown": self.markdown}

    def __repr__(self) -> str:
        return f"{self.heading} {self.words}".strip()


@dataclass(frozen=True, slots=True, repr=False)
class Right(Outcome):
    """The answer holds."""

    score: float = 1.0
    title: ClassVar[str] = "Right."


@dataclass(frozen=True, slots=True, repr=False)
class NotAttempted(Outcome):
    """The cell is as it was given."""

    words: str = "Replace what the cell says to replace, and run it again."
    title: ClassVar[str] = "Not attempted yet."


@dataclass(frozen=True, slots=True, repr=False)
class Missed(Outcome):
    """A wrong answer: `idea` says in a few words what was missed.

    That is a rule that holds, or a `Misconception`: the heading denies it.
    `replay`: a cell that shows what happened, or "".
    """

    idea: str = ""
    replay: str = ""
    title: ClassVar[str] = "Not yet"

    @property
    def heading(self) -> str:
        if not self.idea:
            return f"{self.title}."
        denied = "it is not so that " if isinstance(self.idea, Misconception) else ""
        return f"{self.title}: {denied}{self.idea}."

    @property
    def markdown(self) -> str:
        shown = f"**{self.heading}** {_sentence(self.words)}"
        if self.replay:
            shown += f"\n\nTo see it happen, run this:\n\n```python\n{self.replay}\n```"
        return shown

    def __repr__(self) -> str:
        shown = f"{self.heading} {_sentence(self.words)}"
        return f"{shown}\nTo see it happen, run this:\n{self.replay}" if self.replay else shown


def _sentence(words: str) -> str:
    """With a capital at its start, unless that is a value in quotes, such as b'key', or in `."""
    return words if words[1:2] in ("'", '"') else words[:1].upper() + words[1:]


class Wrong(Exception):
    """Raised by a judge.  `idea`: which idea is wrong; `words`: what shows it, what to look at."""

    def __init__(self, idea: str, words: str, *, score: float = 0.0, replay: str = "") -> None:
        super().__init__(words)
        self.idea, self.words, self.score, self.replay = idea, words, score, replay

    @property
    def outcome(self) -> Missed:
        return Missed(self.words, self.score, self.idea, self.replay)
