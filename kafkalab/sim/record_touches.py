"""Which lives each entry of the trace was about: what changed between two instants, either way.

Read next: `record_lives`, which writes it; `ledger_kept`, `ledger_past`, which ask.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable


class Touches:
    """(entry's id, a life's number), in the order of entries.  Never shortened."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._numbers = array("q")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, id: int, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._ids.append(id)
            self._numbers.append(number)

    def since(self, place: int) -> set[int]:
        """Numbers from the so-manieth touch on."""
        return set(self._numbers[place:])

    def between(self, after: int, until: int) -> set[int]:
        """Numbers that entries with `after` < id ≤ `until` were about."""
        first, last = bisect_right(self._ids, after), bisect_right(self._ids, until)
        return set(self._numbers[first:last])
