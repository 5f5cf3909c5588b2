"""Who a member is to its coordinator: an id, a generation, a strategy."""

from dataclasses import dataclass, replace
from typing import Final

from kafkalab.errors import ErrorCode

NO_GENERATION: Final = -1


@dataclass(frozen=True, slots=True)
class Member:
    """Empty outside a group: so an offset is committed without membership."""

    id: str = ""
    generation: int = NO_GENERATION
    strategy: str | None = None  # the one all members know

    def after(self, error: int) -> "Member":
        """What is left once the coordinator has refused it."""
        if error == ErrorCode.UNKNOWN_MEMBER_ID:
            return NOBODY
        if error == ErrorCode.ILLEGAL_GENERATION:
            return self.without_generation()
        return self

    def without_generation(self) -> "Member":
        return replace(self, generation=NO_GENERATION)


NOBODY: Final = Member()
