"""What a client node has to say: envelopes and trace events, shared by its parts.

Read next: `connections`, which fills the envelopes.
"""

from dataclasses import dataclass, field
from typing import Any, Self

from kafkalab.events import Event
from kafkalab.node import Envelope, Outbox


@dataclass(slots=True)
class Output:
    """Collected during one call of the node, handed over after it."""

    envelopes: list[Envelope] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def emit(self, kind: str, *fields: Any) -> None:
        """Add an event to the trace (`events.FIELDS` says which fields a kind has)."""
        self.events.append((kind, *fields))

    def take(self) -> Outbox:
        """Hand over, and forget."""
        envelopes, events = self.envelopes, self.events
        if envelopes:
            self.envelopes = []
        if events:
            self.events = []
        return Outbox(envelopes, events)

    def fork(self) -> Self:
        return type(self)(self.envelopes.copy(), self.events.copy())
