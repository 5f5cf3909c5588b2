"""The offsets that groups have committed, in two views, and which offsets each group has.

Invariants: `_keys` has, by group, exactly the keys that stand in either view.

In Kafka: `OffsetMetadataManager.Offsets`.
Read next: `committing`, `fetching`, `forgetting`.
"""

from collections.abc import Iterator
from typing import Self

from kafkalab.coordination import Change, TwoViews
from kafkalab.groups.stored import OffsetKey, StoredOffset


class OffsetTable:
    """See the module's docstring.  Decide by `views.written`, tell others `views.committed`."""

    __slots__ = ("_keys", "views")

    def __init__(self) -> None:
        self.views: TwoViews[OffsetKey, StoredOffset] = TwoViews()
        self._keys: dict[str, dict[OffsetKey, None]] = {}

    def replay(self, key: OffsetKey, value: StoredOffset | None, offset: int) -> None:
        """The record at `offset` commits an offset, or (None) removes it."""
        self.views.put(key, value, offset)
        self._keys.setdefault(key.group_id, {})[key] = None

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
        return other

    def _forget(self, key: OffsetKey) -> None:
        keys = self._keys.get(key.group_id)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self._keys[key.group_id]
