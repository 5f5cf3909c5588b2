"""From the trace to the lives of records: one pass over its significant events.

    ActionTaken(produce) ▶ RecordProduced(id) ▶ RecordSent(ids, connection, correlation id)
        ▶ ProduceHandled(the same request) ▶ Appended ▶ Replicated … Truncated, RecordsPolled

A request is known by its connection and correlation id, never by who came before it in the trace:
it may have waited behind another.

A fate is known here by its number, its place in that order; `touches` are those that each entry
was about.

Invariants: every record produced by a client of this world has one `Fate`, in the order of
`produce`.  Read in pieces or at once, the same entries make the same lives.
Left out: records of external clients, whose side of the wire nobody sees; those handed over before
the first entry that there is (`is_partial`: a trace that has let go of its oldest, `let_go`).  All
that happens to a record comes after it, so what is known of one is all of it.
Read next: `fate`; `record_now`, which adds what is so now; `ledger_kept`, which reads in pieces.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from kafkalab.ids import NodeName
from kafkalab.sim.fate import Copy, Fate, Moment, Place, Read, Refusal
from kafkalab.sim.record_touches import Touches
from kafkalab.world import Entry

Partition = tuple[str, int]
_UNKNOWN: Final = -1


class RecordLives:
    """Reads entries in order; `fates` is what came of it.  Times count from `began`."""

    def __init__(
        self, groups: Mapping[NodeName, str], began: int = 0, *, is_partial: bool = False
    ) -> None:
        self.is_partial = is_partial
        self.fates: list[Fate] = []
        self.touches = Touches()
        self.produced_by: list[int] = []  # of each fate: the entry from which on it is known
        self.groups = groups
        self.places: dict[Partition, dict[int, list[Place]]] = {}
        self.offsets: dict[tuple[str, int, bytes | None], list[int]] = {}  # written with a key
        self.offsets_known: dict[tuple[str, int, bytes | None], list[int]] = {}  # by which entries
        self.elected: dict[Partition, list[Entry]] = {}
        self.markers: dict[Partition, list[Entry]] = {}
        self.cleaned: dict[tuple[NodeName, Partition], list[Entry]] = {}  # compactions of a log
        self._began = began
        self._reading = 0  # the entry
        self._restarts: dict[NodeName, int] = {}
        self._by_id: dict[tuple[NodeName, int, int], int] = {}  # numbers
        self._handed_over: Entry | None = None  # the newest `produce` action
        self._sent: dict[tuple[NodeName, int, int], list[int]] = {}  # numbers, by request
        self._appended: dict[tuple[NodeName, Partition], Entry] = {}  # the newest of each log
        self._refused: dict[NodeName, Entry] = {}
        self._watermarks: dict[tuple[NodeName, Partition], Entry] = {}  # the newest of each log
        self._uncommitted: dict[Partition, list[Place]] = {}
        self._leading: set[tuple[NodeName, Partition]] = set()
        self._leader: dict[Partition, NodeName] = {}  # who has begun to lead it last
        self._deleted: dict[str, Moment] = {}  # topics, and when last

    def read(self, entries: Iterable[Entry]) -> None:
        """Take in entries, oldest first."""
        for entry in entries:
            self._reading = entry.id
            handle = _HANDLERS.get(entry.event[0])
            if handle is not None:
                handle(self, entry, *entry.event[1:])

    def _moment(self, entry: Entry) -> Moment:
        return Moment(entry.at - self._began, entry.id)

    # clients

    def _restarted(self, entry: Entry) -> None:
        self._restarts[entry.node] = self._restarts.get(entry.node, 0) + 1

    def _action(self, entry: Entry, method: str, arguments: tuple[Any, ...]) -> None:
        if method == "produce":
            self._handed_over = entry

    def _produced(self, entry: Entry, topic: str, id: int) -> None:
        action = self._handed_over
        if action is None:
            assert self.is_partial, entry
            return
        _, value, key, *_ = action.event[2]
        fate = Fate(entry.node, id, topic, key, value, self._moment(action))
        number = self._by_id[self._name(entry, id)] = len(self.fates)
        self.fates.append(fate)
        self.produced_by.append(entry.id)
        self._touch(number)

    def _sent_off(
        self, entry: Entry, topic: str, partition: int, count: int, sequence: int,
        ids: tuple[int, ...], number: int, correlation_id: int,
    ) -> None:  # fmt: skip
        numbers = [self._number(entry, id) for id in ids]
        self._sent[entry.node, number, correlation_id] = numbers
        for fate in self._all(numbers):
            fate.partition = partition
            fate.sends.append(self._moment(entry))

    def _acknowledged(self, entry: Entry, topic: str, partition: int, offset: int, id: int) -> None:
        for fate in self._all([self._number(entry, id)]):
            fate.acknowledged = self._moment(entry)

    def _failed(self, entry: Entry, topic: str, partition: int, error: int, id: int) -> None:
        for fate in self._all([self._number(entry, id)]):
            fate.failed, fate.error = self._moment(entry), error

    def _polled(
        self, entry: Entry, topic: str, partition: int, base: int, last: int, epoch: int
    ) -> None:
        read = Read(self._moment(entry), entry.node, self.groups.get(entry.node, ""))
        for offset in range(base, last + 1):
            for place in self._at((topic, partition), offset):
                if place.leader_epoch == epoch:
                    place.reads.append(read)
                    self.touches.add(self._reading, place.numbers)

    def _name(self, entry: Entry, id: int) -> tuple[NodeName, int, int]:
        return entry.node, self._restarts.get(entry.node, 0), id

    def _number(self, entry: Entry, id: int) -> int:
        """Of a record by its delivery report; `_UNKNOWN` of one handed over before all this."""
        name = self._name(entry, id)
        return self._by_id.get(name, _UNKNOWN) if self.is_partial else self._by_id[name]

    def _all(self, numbers: Iterable[int]) -> Iterator[Fate]:
        """Those that are known."""
        for number in numbers:
            if number != _UNKNOWN:
                yield self._touch(number)

    def _touch(self, number: int) -> Fate:
        self.touches.add(self._reading, (number,))
        return self.fates[number]

    # brokers

    def _append(
        self, entry: Entry, topic: str, partition: int, base: int, last: int, epoch: int
    ) -> None:
        key = (topic, partition)
        self._appended[entry.node, key] = entry
        if self.is_partial and key not in self._leader and topic not in self._deleted:
            self._leading.add((entry.node, key))  # elected before all this
            self._leader[key] = entry.node

    def _duplicate(self, entry: Entry, topic: str, partition: int, *rest: int) -> None:
        self._appended.pop((entry.node, (topic, partition)), None)

    def _refuse(self, entry: Entry, topic: str, partition: int, error: str) -> None:
        self._refused[entry.node] = entry

    def _handled(
        self, entry: Entry, topic: str, partition: int, base: int, client: NodeName, number: int,
        correlation_id: int,
    ) -> None:  # fmt: skip
        numbers = self._sent.pop((client, number, correlation_id), ())
        if base < 0:
            known = list(self._all(numbers))
            if known:
                refused = self._refused[entry.node]
                refusal = Refusal(self._moment(refused), entry.node, refused.event[3])
            for fate in known:
                fate.refusals.append(refusal)
            return
        key = (topic, partition)
        appended = self._appended.get((entry.node, key))
        is_new = appended is not None and appended.event[3] == base
        for offset, each in enumerate(numbers, base):
            if each == _UNKNOWN:
                continue
            fate = self._touch(each)
            if is_new and appended is not None:
                place = self._new_place(key, offset, appended)
            else:
                there = self._at(key, offset)  # a duplicate of what was written before
                if not there or any(place is there[-1] for place in fate.places):
                    continue
                place = there[-1]
            fate.places.append(place)
            fate.written_by.append(entry.id)
            place.numbers.append(each)
            self.offsets.setdefault((*key, fate.key), []).append(offset)
            self.offsets_known.setdefault((*key, fate.key), []).append(entry.id)

    def _new_place(self, key: Partition, offset: int, appended: Entry) -> Place:
        moment = self._moment(appended)
        place = Place(*key, offset, appended.event[5], moment, [Copy(appended.node, moment)])
        if key[0] in self._deleted and (appended.node, key) not in self._leading:
            place.removed = place.copies[0].gone = self._deleted[key[0]]  # it has not heard yet
            return place
        self.places.setdefault(key, {}).setdefault(offset, []).append(place)
        mark = self._watermarks.get((appended.node, key))
        if mark is not None and mark.id > appended.id and mark.event[3] > offset:
            place.committed = self._moment(mark)  # it is the only one in sync: at once
            return place
        self._uncommitted.setdefault(key, []).append(place)
        return place

    def _at(self, key: Partition, offset: int) -> list[Place]:
        return self.places.get(key, {}).get(offset, [])

    def _replicated(
        self, entry: Entry, topic: str, partition: int, base: int, last: int, epoch: int
    ) -> None:
        for offset in range(base, last + 1):
            there = self._at((topic, partition), offset)
            known = [each for each in there if each.leader_epoch <= epoch]
            for each in there:
                self.touches.add(self._reading, each.numbers)
            if known and known[-1].copy_on(entry.node) is None:
                known[-1].copies.append(Copy(entry.node, self._moment(entry)))

    def _truncated(
        self, entry: Entry, topic: str, partition: int, offset: int, removed: int
    ) -> None:
        for there, places in self.places.get((topic, partition), {}).items():
            if there >= offset:
                for place in places:
                    copy = place.copy_on(entry.node)
                    if copy is not None:
                        copy.gone = self._moment(entry)
                        self.touches.add(self._reading, place.numbers)

    def _log_start(self, entry: Entry, topic: str, partition: int, start: int) -> None:
        if (entry.node, (topic, partition)) not in self._leading:
            return
        for offset, places in self.places.get((topic, partition), {}).items():
            if offset < start and places[-1].removed is None:
                places[-1].removed = self._moment(entry)
                self.touches.add(self._reading, places[-1].numbers)

    def _watermark(self, entry: Entry, topic: str, partition: int, watermark: int) -> None:
        key = (topic, partition)
        self._watermarks[entry.node, key] = entry
        waiting = self._uncommitted.get(key)
        if not waiting or (entry.node, key) not in self._leading:
            return
        left = []
        for place in waiting:
            if place.offset < watermark and place.copy_on(entry.node) is not None:
                place.committed = self._moment(entry)
                self.touches.add(self._reading, place.numbers)
            else:
                left.append(place)
        self._uncommitted[key] = left

    def _lead(self, entry: Entry, topic: str, partition: int, epoch: int, end: int) -> None:
        self._leading.add((entry.node, (topic, partition)))
        self._leader[topic, partition] = entry.node

    def _follow(self, entry: Entry, topic: str, partition: int, leader: int, epoch: int) -> None:
        self._leading.discard((entry.node, (topic, partition)))

    def _topic_deleted(self, entry: Entry, topic: str) -> None:
        """Its records end here; another topic of its name begins again at offset 0, epoch 0."""
        moment = self._deleted[topic] = self._moment(entry)
        self._leading = {each for each in self._leading if each[1][0] != topic}
        for key in [each for each in self.places if each[0] == topic]:
            leader = self._leader.pop(key, "")
            self._uncommitted.pop(key, None)
            for place in [each for at in self.places.pop(key).values() for each in at]:
                if place.removed is None and place.copy_on(leader) is not None:
                    place.removed = moment
                for copy in place.copies:
                    copy.gone = copy.gone or moment
                self.touches.add(self._reading, place.numbers)

    # kept aside, for whoever asks of a partition

    def _elected(self, entry: Entry, topic: str, partition: int, *rest: Any) -> None:
        self.elected.setdefault((topic, partition), []).append(entry)

    def _marked(self, entry: Entry, topic: str, partition: int, *rest: Any) -> None:
        self.markers.setdefault((topic, partition), []).append(entry)

    def _cleaned(self, entry: Entry, topic: str, partition: int, *rest: Any) -> None:
        self.cleaned.setdefault((entry.node, (topic, partition)), []).append(entry)


_HANDLERS: Final[Mapping[str, Callable[..., None]]] = {
    "Restarted": RecordLives._restarted,
    "ActionTaken": RecordLives._action,
    "RecordProduced": RecordLives._produced,
    "RecordSent": RecordLives._sent_off,
    "RecordAcknowledged": RecordLives._acknowledged,
    "RecordFailed": RecordLives._failed,
    "RecordsPolled": RecordLives._polled,
    "Appended": RecordLives._append,
    "DuplicateDropped": RecordLives._duplicate,
    "AppendRefused": RecordLives._refuse,
    "ProduceHandled": RecordLives._handled,
    "Replicated": RecordLives._replicated,
    "Truncated": RecordLives._truncated,
    "UnflushedLost": RecordLives._truncated,
    "LogStartAdvanced": RecordLives._log_start,
    "HighWatermarkAdvanced": RecordLives._watermark,
    "LeaderStarted": RecordLives._lead,
    "TopicDeleted": RecordLives._topic_deleted,
    "FollowerStarted": RecordLives._follow,
    "LeaderElected": RecordLives._elected,
    "MarkerWritten": RecordLives._marked,
    "LogCleaned": RecordLives._cleaned,
}
