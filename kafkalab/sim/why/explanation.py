"""An answer: one plain sentence, the events behind it, and the one to take away.

Read next: `asking`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from kafkalab.sim.telling import seconds, tell
from kafkalab.world import Entry

_FIRST: Final = ("BrokerFenced", "BrokerUnfenced", "MemberLeft", "MemberJoined")


@dataclass(frozen=True)
class Explanation:
    """`cause` is the event from outside without which it would not be so; None: nothing is wrong.

    `without(explanation.cause)` makes the twin in which it did not happen.
    """

    question: str
    say: str
    chain: tuple[Entry, ...] = ()  # oldest first
    cause: Entry | None = None
    also: tuple[Entry, ...] = ()  # what would have done it alone, besides
    began: int = 0  # what times are counted from

    @property
    def causes(self) -> tuple[Entry, ...]:
        """All that must be taken away together: `without(*explanation.causes)`."""
        return () if self.cause is None else (self.cause, *self.also)

    @property
    def events(self) -> tuple[int, ...]:
        """Ids of the chain, for pictures to highlight."""
        return tuple(entry.id for entry in self.chain)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "question": self.question,
            "say": self.say,
            "events": list(self.events),
            "cause": self.cause.id if self.cause else None,
            "chain": [
                {"id": each.id, "at": each.at - self.began, "node": each.node, "text": tell(each)}
                for each in self.chain
            ],
        }

    def __repr__(self) -> str:
        steps = [f"  {seconds(each.at, self.began):>10}  {tell(each)}" for each in self.chain]
        return "\n".join([self.question, self.say, *steps])

    def _repr_markdown_(self) -> str:
        steps = [f"1. `{seconds(each.at, self.began)}` {escape(tell(each))}" for each in self.chain]
        return "\n".join([f"*{escape(self.question)}*", "", f"**{escape(self.say)}**", "", *steps])


def ordered(*entries: Entry | None, more: Iterable[Entry] = ()) -> tuple[Entry, ...]:
    """Each once, oldest first; of what was decided together, why it was comes first."""
    found = {entry.id: entry for entry in (*entries, *more) if entry is not None}
    return tuple(sorted(found.values(), key=lambda e: (e.at, e.kind not in _FIRST, e.id)))
