"""Whose a request is, and requests for several groups, whose answers are gathered.

DeleteGroups(a, b, c) ──▶ three operations, in up to three shards ──▶ one answer
"""

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from kafkalab.groups.fetching import fetched
from kafkalab.node import Ticket
from kafkalab.protocol.messages.group_admin import DeleteGroupsResponse
from kafkalab.protocol.messages.group_offsets import OffsetFetchRequest

ALONE: Final = -1


class Asked(NamedTuple):
    """An operation, whose it is, and, if it is part of a bigger request, of which and where."""

    ticket: Ticket
    operation: Any
    gathering: int = ALONE
    part: int = 0


@dataclass(frozen=True, slots=True)
class Gathering:
    """A request for several groups, and the answers there are so far."""

    ticket: Ticket
    request: Any
    parts: tuple[Any, ...]

    def with_part(self, number: int, response: Any) -> "Gathering":
        return replace(self, parts=(*self.parts[:number], response, *self.parts[number + 1 :]))

    @property
    def is_complete(self) -> bool:
        return None not in self.parts

    def response(self) -> Any:
        if isinstance(self.request, OffsetFetchRequest):
            return fetched(self.parts, self.ticket.api_version)
        return DeleteGroupsResponse(results=self.parts)
