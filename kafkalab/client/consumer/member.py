"""Who a member is to its coordinator, and how far it has come with it."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from kafkalab.errors import ErrorCode

NO_GENERATION: Final = -1


class State(Enum):
    """The values are what a member is doing."""

    UNJOINED = "looks for its group"
    JOINING = "joins its group"
    SYNCING = "waits for its partitions"
    ASSIGNING = "gets its partitions"
    STABLE = "reads"
    REVOKING = "gives partitions back"
    LEAVING = "leaves its group"


@dataclass(frozen=True, slots=True)
class Member:
    """Empty outside a group: so an offset is committed without membership.

    `generation` is that of a classic group, or the member epoch (KIP-848).
    """

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
