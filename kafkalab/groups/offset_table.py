"""The offsets that groups have committed, in two views, and which offsets each group has.

    in a transaction   pending, by producer ── commit marker ──▶ the views, at the marker's offset
                                            └─ abort marker ───▶ forgotten

A pending offset changes nothing until its transaction ends; who asks for a stable answer is told
to come back (KIP-447).

Invariants: `_keys` has, by group, exactly the keys that stand in either view; `_unstable` has, of
each pending offset, its producers; of two commits the later record wins, also when its transaction
ends first.

In Kafka: `OffsetMetadataManager.Offsets`.
Read next: `committing`, `fetching`, `forgetting`.
"""

from collections.abc import Iterator
from typing import Self

from kafkalab.coordination import Change, TwoViews
from kafkalab.groups.stored import OffsetKey, StoredOffset


class OffsetTable:
    """See the module's docstring.  Decide by `views.written`, tell others `views.committed`."""

    __slots__ = ("_keys", "_pending", "_record_offsets", "_unstable", "views")

    def __init__(self) -> None:
        self.views: TwoViews[OffsetKey, StoredOffset] = TwoViews()
        self._keys: dict[str, dict[OffsetKey, None]] = {}
        self._record_offsets: dict[OffsetKey, int] = {}  # of the commits that are written
        self._pending: dict[int, dict[OffsetKey, tuple[StoredOffset, int]]] = {}
        self._unstable: dict[OffsetKey, dict[int, None]] = {}

    def replay(self, key: OffsetKey, value: StoredOffset | None, offset: int) -> None:
        """The record at `offset` commits an offset, or (None) removes it."""
        if value is None:
            self._record_offsets.pop(key, None)
            for producer_id in self._unstable.pop(key, ()):
                self._pending[producer_id].pop(key, None)
        else:
            self._record_offsets[key] = offset
        self.views.put(key, value, offset)
        self._keys.setdefault(key.group_id, {})[key] = None

    def replay_pending(
        self, producer_id: int, key: OffsetKey, value: StoredOffset, offset: int
    ) -> None:
        """The record at `offset` commits an offset, if its producer's transaction commits."""
        self._pending.setdefault(producer_id, {})[key] = value, offset
        self._unstable.setdefault(key, {})[producer_id] = None

    def end_transaction(self, producer_id: int, is_committed: bool, offset: int) -> None:
        """The marker at `offset` decides on all that is pending of a producer."""
        for key, (value, record_offset) in self._pending.pop(producer_id, {}).items():
            producers = self._unstable[key]
            del producers[producer_id]
            if not producers:
                del self._unstable[key]
            if is_committed and record_offset > self._record_offsets.get(key, -1):
                self._record_offsets[key] = record_offset
                self.views.put(key, value, offset)
                self._keys.setdefault(key.group_id, {})[key] = None

    def is_unstable(self, key: OffsetKey) -> bool:
        """Whether a transaction is open that may commit this offset."""
        return key in self._unstable

    def unstable(self) -> Iterator[OffsetKey]:
        """The offsets of which that is so."""
        return iter(self._unstable)

    def unstable_of(self, group_id: str) -> list[OffsetKey]:
        """Those of one group."""
        return [key for key in self._unstable if key.group_id == group_id]

    def commit(self, high_watermark: int) -> Iterator[Change[OffsetKey, StoredOffset]]:
        """See `TwoViews.commit`; must be used up."""
        views = self.views
        for change in views.commit(high_watermark):
            key = change.key
            if key not in views.written and key not in views.committed:
                self._forget(key)
            yield change

    def written_of(self, group_id: str) -> list[tuple[OffsetKey, StoredOffset]]:
        """What the group has written, committed or not."""
        written = self.views.written
        return [(key, written[key]) for key in self._keys.get(group_id, ()) if key in written]

    def committed_of(self, group_id: str) -> list[tuple[OffsetKey, StoredOffset]]:
        """What of it can be told."""
        committed = self.views.committed
        return [(key, committed[key]) for key in self._keys.get(group_id, ()) if key in committed]

    def groups(self) -> Iterator[str]:
        """The groups that have an offset in either view."""
        return iter(self._keys)

    def fork(self) -> Self:
        other = type(self)()
        other.views = self.views.fork()
        other._keys = {group_id: keys.copy() for group_id, keys in self._keys.items()}
        other._record_offsets = self._record_offsets.copy()
        other._pending = {id: offsets.copy() for id, offsets in self._pending.items()}
        other._unstable = {key: producers.copy() for key, producers in self._unstable.items()}
        return other

    def _forget(self, key: OffsetKey) -> None:
        keys = self._keys.get(key.group_id)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self._keys[key.group_id]
