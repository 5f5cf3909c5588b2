"""What was committed to a partition, read as a reader of what is committed does, for R17.

    past = Past()
    past.take_up_to(seen.committed)      each entry is decoded once, however often R17 is asked

Read next: `compaction_invariants`, which judges by it.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from kafkalab.record import Entry, end_marker


class Stored(NamedTuple):
    """A record at an offset."""

    offset: int
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Past:
    """The committed records of one partition."""

    taken: int = 0  # entries
    records: dict[int, Stored] = field(default_factory=dict)  # by offset
    last: dict[bytes, Stored] = field(default_factory=dict)  # of each key, none that was aborted
    #: Offsets of the data, and of the marker that decides it.
    transactions: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    open: dict[int, list[Stored]] = field(default_factory=dict)  # by producer id

    def take_up_to(self, committed: list[Entry]) -> None:
        """Read the entries that have been added since."""
        for entry in committed[self.taken :]:
            self.taken += 1
            if entry.batch.is_control:
                self._end(entry)
                continue
            for record in entry.records():
                one = Stored(record.offset, record.key, record.value)
                self.records[record.offset] = one
                if entry.batch.is_transactional:
                    self.open.setdefault(entry.batch.producer_id, []).append(one)
                else:
                    self._is_certain(one)

    def _end(self, entry: Entry) -> None:
        marker = end_marker(entry.batch)
        ended = self.open.pop(entry.batch.producer_id, [])
        if marker is None:
            return
        if marker.committed:
            for one in ended:
                self._is_certain(one)
        if ended:
            self.transactions.append((tuple(one.offset for one in ended), entry.base_offset))

    def _is_certain(self, one: Stored) -> None:
        if one.key is None:
            return
        before = self.last.get(one.key)
        if before is None or before.offset < one.offset:
            self.last[one.key] = one
