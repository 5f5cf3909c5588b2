"""A life as it was up to an entry of the trace, cut out of the life as it is now.

All that is known of a record has the id of the event it is known by; so what was known earlier is
what has a smaller one.

Read next: `record_lives`, which makes lives; `ledger_past`, which looks back.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from kafkalab.sim.fate import Copy, Fate, Moment, Place
from kafkalab.sim.record_lives import Partition, RecordLives
from kafkalab.world import Entry


def fate_until(fate: Fate, id: int) -> Fate:
    """What events up to `id` say of it, in lists of its own."""
    sends = [each for each in fate.sends if each.id <= id]
    failed = _known(fate.failed, id)
    return Fate(
        fate.producer, fate.id, fate.topic, fate.key, fate.value, fate.produced,
        fate.partition if sends else -1,
        sends,
        [each for each in fate.refusals if each.moment.id <= id],
        [
            _place_until(place, id)
            for place, since in zip(fate.places, fate.written_by, strict=True)
            if since <= id
        ],
        _known(fate.acknowledged, id),
        failed,
        fate.error if failed else 0,
    )  # fmt: skip


def _place_until(place: Place, id: int) -> Place:
    return Place(
        place.topic, place.partition, place.offset, place.leader_epoch, place.written,
        [
            Copy(copy.node, copy.written, _known(copy.gone, id))
            for copy in place.copies
            if copy.written.id <= id
        ],
        _known(place.committed, id),
        [each for each in place.reads if each.moment.id <= id],
        _known(place.removed, id),
        place.numbers,
    )  # fmt: skip


def _known(moment: Moment | None, id: int) -> Moment | None:
    return moment if moment is not None and moment.id <= id else None


class LivesUntil:
    """What `record_now` asks of lives, as it was up to an entry."""

    def __init__(self, lives: RecordLives, id: int) -> None:
        self.elected = _Until(lives.elected, id)
        self.markers = _Until(lives.markers, id)
        self.cleaned = {
            key: some for key in lives.cleaned if (some := _first(lives.cleaned[key], id))
        }
        self.offsets = _OffsetsUntil(lives, id)


class _Until:
    """Lists of entries by partition, each as it was."""

    def __init__(self, entries: Mapping[Partition, Sequence[Entry]], id: int) -> None:
        self._entries, self._id = entries, id

    def get(self, key: Partition, default: Sequence[Entry] = ()) -> Sequence[Entry]:
        found = self._entries.get(key)
        return default if found is None else _first(found, self._id)


class _OffsetsUntil:
    def __init__(self, lives: RecordLives, id: int) -> None:
        self._lives, self._id = lives, id

    def __getitem__(self, key: Any) -> Sequence[int]:
        count = bisect_right(self._lives.offsets_known[key], self._id)
        return self._lives.offsets[key][:count]


def _first(entries: Sequence[Entry], id: int) -> Sequence[Entry]:
    return entries[: bisect_right(entries, id, key=lambda entry: entry.id)]
