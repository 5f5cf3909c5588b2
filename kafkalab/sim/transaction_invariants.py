"""What must hold of transactions (T2, T4 … T10), by replaying what is committed a second time.

    __transaction_state   ──▶ Ids: each transactional id, its moves, its decisions
    any other partition   ──▶ Ends: which stretches of which producer are open, committed, aborted
    __consumer_offsets    ──▶ the offsets that transactions have committed

Nothing of the engine decides here but the codec.  An operator who ends a transaction by hand
(WriteTxnMarkers) breaks T6 on purpose: runs that do so are not asked.

Left out: T8 for consumers outside of the world.
Read next: `observed`, which says what is committed; `invariants`, which asks.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from kafkalab.client.consumer.node import ConsumerNode
from kafkalab.coordination import decode_record
from kafkalab.groups.stored import RECORD_TYPES as GROUP_RECORDS
from kafkalab.groups.stored import OffsetKey
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.record import Entry, end_marker
from kafkalab.sim.observed import Observed
from kafkalab.transactions import TRANSACTIONS_TOPIC, TRANSITIONS, Transaction, TransactionState
from kafkalab.transactions.stored import RECORD_TYPES, restored
from kafkalab.world import Entry as TraceEntry

#: The name of the promise, and how it is broken.
Complaints = Iterator[tuple[str, str]]

OFFSETS_TOPIC: Final = "__consumer_offsets"
_OFFSET_COMMIT: Final = 1  # the type of its record
_GRACE_MS: Final = (
    15_000  # how long after its timeout a transaction may be open: Kafka looks seldom
)
S = TransactionState


class Decision(NamedTuple):
    """What a transaction's coordinator has decided for good."""

    producer_id: int
    producer_epoch: int
    is_commit: bool


class Stretch(NamedTuple):
    """A transaction in one partition, from its first record to its marker."""

    first: int
    last: int
    is_committed: bool


@dataclass(slots=True)
class Ends:
    """The transactions of one partition, as far as they are committed."""

    done: int = 0  # committed entries that have been looked at
    open: dict[int, int] = field(default_factory=dict)  # producer id -> first offset
    over: dict[int, list[Stretch]] = field(default_factory=dict)
    epochs: dict[int, int] = field(default_factory=dict)  # the highest of each producer
    starts: list[int] = field(default_factory=list)  # of transactional batches
    batches: list[Entry] = field(default_factory=list)

    def take(self, entry: Entry) -> str:
        """What is wrong with it: its epoch is an old one (T4)."""
        batch = entry.batch
        producer_id, epoch = batch.producer_id, batch.producer_epoch
        highest = self.epochs.get(producer_id, -1)
        self.epochs[producer_id] = max(epoch, highest)
        marker = end_marker(batch) if batch.is_control else None
        if marker is not None:
            first = self.open.pop(producer_id, None)
            if first is not None:
                stretch = Stretch(first, entry.base_offset, marker.committed)
                self.over.setdefault(producer_id, []).append(stretch)
        elif batch.is_transactional:
            self.open.setdefault(producer_id, entry.base_offset)
            self.starts.append(entry.base_offset)
            self.batches.append(entry)
        return "" if epoch >= highest else f"{entry} of epoch {epoch}, after one of {highest}"

    def trouble(self, offset: int) -> str:
        """Why a reader of what is committed must not have the record at `offset`; "" if it may."""
        place = bisect_right(self.starts, offset) - 1
        if place < 0 or self.batches[place].next_offset <= offset:
            return ""
        producer_id = self.batches[place].batch.producer_id
        for first, last, is_committed in self.over.get(producer_id, ()):
            if first <= offset < last:
                return "" if is_committed else "its transaction was aborted"
        return "its transaction is not decided"


class TransactionPromises:
    """See the module's docstring."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.ids: dict[str, Transaction] = {}
        self.owners: dict[int, str] = {}  # producer id -> transactional id
        self.decisions: dict[Decision, None] = {}
        self.ends: dict[TopicPartition, Ends] = {}
        self.stable: dict[tuple[str, TopicPartition], tuple[int, int, int]] = {}
        self.pending: dict[int, dict[OffsetKey, tuple[int, int]]] = {}
        self.offsets: dict[OffsetKey, tuple[int, int]] = {}  # key -> record's offset, value
        self.transactional: dict[OffsetKey, None] = {}  # that some transaction has committed

    # --- what is committed --------------------------------------------------------------------
    def touched(self, name: TopicPartition) -> Complaints:
        """Take in what has been committed since: T4, T5, T6, T7."""
        seen = self.observed.partitions[name]
        ends = self.ends.setdefault(name, Ends())
        if seen.is_tainted:
            return
        for entry in seen.committed[ends.done :]:
            ends.done += 1
            if entry.batch.producer_id >= 0:
                trouble = ends.take(entry)
                if trouble:
                    yield "T4", f"{name} has {trouble}"
            if name.topic == TRANSACTIONS_TOPIC:
                yield from self._moved(entry)
            elif name.topic == OFFSETS_TOPIC:
                self._committed_offsets(entry)
        yield from self._stable_offset(name)
        if name.topic != TRANSACTIONS_TOPIC:
            yield from self._none_hangs(name)

    def _moved(self, entry: Entry) -> Complaints:
        for stored in entry.batch.records(entry.base_offset):
            record = decode_record(RECORD_TYPES, stored)
            assert record is not None, stored
            key: Any = record.key
            value: Any = record.value
            id = key.transactional_id
            before = self.ids.pop(id, None)
            if value is None:
                continue
            now = self.ids[id] = restored(id, value)
            self.owners[now.producer_id] = id
            if now.state.is_decided:
                is_commit = now.state is S.PREPARE_COMMIT
                decision = Decision(now.producer_id, now.producer_epoch, is_commit)
                self.decisions[decision] = None
            if before is not None:
                yield from _t4_moves(before, now)
                if before.state.is_decided:
                    yield from self._all_told(before)

    def _all_told(self, ended: Transaction) -> Complaints:
        """T6: when a transaction is complete, its marker is committed in every partition of it."""
        for name in ended.partitions:
            seen = self.observed.partitions.get(name)
            if seen is None or seen.is_tainted:
                continue
            self._catch_up(name)
            if self.ends[name].open.get(ended.producer_id) is not None:
                yield "T6", f"{ended} is complete, and {name} has no marker of it"

    def _catch_up(self, name: TopicPartition) -> None:
        seen, ends = self.observed.partitions[name], self.ends.setdefault(name, Ends())
        if name.topic in (TRANSACTIONS_TOPIC, OFFSETS_TOPIC):
            return
        for entry in seen.committed[ends.done :]:
            ends.done += 1
            if entry.batch.producer_id >= 0:
                ends.take(entry)

    # --- logs of leaders ----------------------------------------------------------------------
    def _leaders(self, name: TopicPartition) -> Iterable[tuple[str, int, PartitionLog]]:
        decided = self.observed.image.partition(name)
        for broker, replica in self.observed.leaders(name):
            if decided is not None and replica.leader_epoch == decided.leader_epoch:
                yield broker.name, replica.leader_epoch, replica.log

    def _stable_offset(self, name: TopicPartition) -> Complaints:
        """T7: it never falls while a leader epoch lasts."""
        for node, epoch, log in self._leaders(name):
            stable = log.last_stable_offset
            started, before, last = self.stable.get((node, name), (-1, -1, -1))
            now = self.observed.world.started[node]
            if (started, before) == (now, epoch) and stable < last:
                yield "T7", f"{node}: the last stable offset of {name} fell from {last} to {stable}"
            self.stable[node, name] = now, epoch, stable

    def _knows_all(self) -> bool:
        """Whether no record of any coordinator can have been lost."""
        return not self.observed.is_tainted(TRANSACTIONS_TOPIC)

    def _none_hangs(self, name: TopicPartition) -> Complaints:
        """T5: what is open at a leader is open at its coordinator."""
        if not self._knows_all():
            return
        for node, _, log in self._leaders(name):
            for first, producer_id in log.producers.open_transactions.items():
                known = self.ids.get(self.owners.get(producer_id, ""))
                if known is None or not (known.state is S.ONGOING or known.state.is_decided):
                    words = f"{node}: producer {producer_id} has a transaction open in {name} from"
                    yield "T5", f"{words} {first} on, and its coordinator has none: {known}"
                elif name not in known.partitions:
                    yield "T5", f"{node}: {name} has records of a transaction that is {known}"

    # --- what happens -------------------------------------------------------------------------
    def happened(self, entries: Iterable[TraceEntry]) -> Complaints:
        """T2, T6, T8, of the events of one step."""
        for entry in entries:
            event = entry.event
            if event[0] == "MarkerWritten":
                yield from self._t6_decided_before(entry.node, event)
            elif event[0] == "DuplicateDropped":
                yield from self._t2_known_again(entry.node, event)
            elif event[0] == "RecordsPolled":
                yield from self._t8_committed_alone(entry.node, event)

    def _t6_decided_before(self, node: str, event: tuple[Any, ...]) -> Complaints:
        _, topic, partition, producer_id, epoch, result, offset = event
        seen = self.observed.partitions.get(TopicPartition(topic, partition))
        if seen is not None and seen.is_tainted:
            return  # its marker may be lost, and this one an operator's
        if (
            self._knows_all()
            and Decision(producer_id, epoch, result == "commit") not in self.decisions
        ):
            yield (
                "T6",
                f"{node} wrote {result} for producer {producer_id} epoch {epoch} at offset "
                f"{offset} of {topic}-{partition}; no committed decision says so",
            )

    def _t2_known_again(self, node: str, event: tuple[Any, ...]) -> Complaints:
        _, topic, number, producer_id, sequence, offset = event
        broker: Any = self.observed.world.nodes[node]
        replica = broker.replicas.partition(TopicPartition(topic, number))
        if replica is None or replica.log.log_start_offset > offset:
            return
        entry = next(iter(replica.log.entries_from(offset)), None)
        if entry is not None and offset < entry.base_offset <= replica.log.clean_offset:
            return  # the cleaner took it; who wrote it is still known
        batch = entry.batch if entry is not None else None
        if batch is None or (batch.producer_id, batch.base_sequence) != (producer_id, sequence):
            yield "T2", f"{node} answered {event} for a batch that is {entry}"

    def _t8_committed_alone(self, node: str, event: tuple[Any, ...]) -> Complaints:
        _, topic, number, first, last, *_ = event
        name = TopicPartition(topic, number)
        seen, ends = self.observed.partitions.get(name), self.ends.get(name)
        reader = self.observed.world.nodes.get(node)
        if seen is None or ends is None or seen.is_tainted or not isinstance(reader, ConsumerNode):
            return
        if not reader.reads_committed:
            return
        for offset in (first, last):
            trouble = ends.trouble(offset)
            if trouble:
                yield "T8", f"{node} got offset {offset} of {name}, but {trouble}"

    # --- now and then -------------------------------------------------------------------------
    def everything(self) -> Complaints:
        """T7 and T9, computed anew."""
        for name in self.observed.partitions:
            for node, _, log in self._leaders(name):
                expected = last_stable_offset(log)
                if log.last_stable_offset != expected:
                    words = f"{node}: {log.last_stable_offset}, by the log of {name} {expected}"
                    yield "T7", words
        yield from self._t9_offsets()

    def _t9_offsets(self) -> Complaints:
        """Offsets of transactions are visible when they have committed, and only then."""
        for broker in self.observed.brokers():
            if broker.name in self.observed.world.crashed:
                continue
            for group in broker.groups.groups.values():
                partition = broker.groups.partition_of(group.group_id)
                seen, replica = (
                    self.observed.partitions.get(partition),
                    broker.replicas.partition(partition),
                )
                if seen is None or seen.is_tainted or replica is None or not replica.is_leader:
                    continue
                if replica.high_watermark != seen.committed_end:
                    continue
                for where, offset in group.offsets.items():
                    key = OffsetKey(group.group_id, *where)
                    known = self.offsets.get(key)
                    if key in self.transactional and (known is None or known[1] != offset):
                        yield "T9", f"{key} is told as {offset}, by the log it is {known}"

    def _committed_offsets(self, entry: Entry) -> None:
        batch = entry.batch
        if batch.is_control:
            marker = end_marker(batch)
            ended = self.pending.pop(batch.producer_id, {})
            if marker is not None and marker.committed:
                for key, (at, value) in ended.items():
                    self.transactional[key] = None
                    if at > self.offsets.get(key, (-1, 0))[0]:
                        self.offsets[key] = at, value
            return
        for stored in batch.records(entry.base_offset):
            record = decode_record(GROUP_RECORDS, stored)
            if record is None or record.key.API_KEY != _OFFSET_COMMIT:
                continue
            key_: Any = record.key
            key = OffsetKey(key_.group, key_.topic, key_.partition)
            value_: Any = record.value
            if value_ is None:
                self.offsets.pop(key, None)
                for offsets in self.pending.values():
                    offsets.pop(key, None)
            elif batch.is_transactional:
                place = stored.offset, value_.offset
                self.pending.setdefault(batch.producer_id, {})[key] = place
            else:
                self.offsets[key] = stored.offset, value_.offset

    def at_rest(self) -> Complaints:
        """T10: every transaction is over, or younger than it may become."""
        now = self.observed.world.now
        if not self._knows_all():
            return
        for known in self.ids.values():
            limit_ms = known.timeout_ms + _GRACE_MS
            is_late = known.state is S.ONGOING and now - known.start_timestamp > limit_ms
            if is_late or known.state.is_decided:
                yield "T10", f"it is {now} ms, and {known}"


def _t4_moves(before: Transaction, now: Transaction) -> Complaints:
    """T4, T6: along the table; the epoch never falls while the producer id stays."""
    if now.state not in TRANSITIONS[before.state]:
        yield "T6", f"{before} became {now}"
    if now.producer_id == before.producer_id and now.producer_epoch < before.producer_epoch:
        yield "T4", f"{before} became {now}"
    if before.state.is_decided and now.state is not _COMPLETED[before.state]:
        yield "T6", f"{before} became {now}"


def last_stable_offset(log: PartitionLog) -> int:
    """By its definition, from the entries alone."""
    unstable: dict[int, int] = {}
    limits = [log.high_watermark]
    for entry in log.entries_from(log.log_start_offset):
        batch = entry.batch
        if batch.producer_id < 0:
            continue
        if batch.is_control:
            first = unstable.pop(batch.producer_id, None)
            if first is not None and entry.base_offset >= log.high_watermark:
                limits.append(first)
        elif batch.is_transactional:
            unstable.setdefault(batch.producer_id, entry.base_offset)
    return max(min([*limits, *unstable.values()]), log.log_start_offset)


_COMPLETED: Final = {
    S.PREPARE_COMMIT: S.COMPLETE_COMMIT,
    S.PREPARE_ABORT: S.COMPLETE_ABORT,
}
