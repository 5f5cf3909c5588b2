"""Who has least, who has most: two ranges of members that grow towards each other.

              ^ least       most
              | loaded              #      The left range takes partitions, one for each member in
    partition | range      [##<-   ]##     turn; once all in it have one more, it takes in the
    count     | [...->  ]##[#######]##     neighbours that stand as high.  The right range gives,
              | [#######]##[#######]##     likewise.  Those at the far right have none to give.
              +----------------------> members

Sizes are read as they are when a range grows.  Finding the next member costs a constant amortised.

In Kafka: `UniformHeterogeneousAssignmentBuilder.MemberAssignmentBalancer`.
"""

from typing import Final

NOBODY: Final = -1


class Balancer:
    """Members are numbers; `sizes[member]` is how many partitions each has, kept by the caller."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes
        self._members: list[int] = []
        self._least_end = self._least_size = self._next_least = 0
        self._most_start = self._most_end = self._most_size = self._next_most = 0

    def begin(self, members: list[int]) -> int:
        """For these members; how far apart the largest and the smallest are."""
        sizes = self._sizes
        ranked = self._members = sorted(members, key=lambda member: (sizes[member], member))
        self._least_end, self._next_least = 0, 0
        self._least_size = sizes[ranked[0]] - 1
        self._most_start = self._most_end = len(ranked)
        self._most_size = sizes[ranked[-1]] + 1
        self._next_most = len(ranked) - 1
        return sizes[ranked[-1]] - sizes[ranked[0]]

    def next_least(self) -> int:
        """Who should get the next partition."""
        members, sizes = self._members, self._sizes
        if self._next_least >= self._least_end:
            self._least_size += 1
            while (
                self._least_end < len(members)
                and sizes[members[self._least_end]] == self._least_size
            ):
                self._least_end += 1
            self._next_least = 0
        self._next_least += 1
        return members[self._next_least - 1]

    def next_most(self) -> int:
        """Who should give one up, or NOBODY."""
        members, sizes = self._members, self._sizes
        if self._next_most < self._most_start:
            if self._most_end <= self._most_start and self._most_start > 0:
                self._most_size = sizes[members[self._most_start - 1]]  # all in it were excluded
            else:
                self._most_size -= 1
            while self._most_start > 0 and sizes[members[self._most_start - 1]] == self._most_size:
                self._most_start -= 1
            self._next_most = self._most_end - 1
        if self._next_most < 0:
            return NOBODY
        self._next_most -= 1
        return members[self._next_most + 1]

    def exclude_most(self) -> None:
        """The last one `next_most` named has none to give."""
        members, here, last = self._members, self._next_most + 1, self._most_end - 1
        members[here], members[last] = members[last], members[here]
        self._most_end -= 1

    @property
    def is_balanced(self) -> bool:
        return self._most_size - self._least_size <= 1
