"""The ledger: every record the application believes it sent, and what became of it.

    sim.ledger("orders")
    record        sent       written            copies  committed  acknowledged  read        state
    "order 0"     0.020 s    orders-2@0 0.026 s  3      0.028 s    0.029 s       shipping 1  kept

Events say how it came about; the brokers' logs say what is so now (a copy that no log has any more
is gone, whatever the trace says).

Read next: `record_lives`, `fate`, `fate_words`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from kafkalab.errors import LearnerError
from kafkalab.ids import NO_NODE, NodeName, TopicPartition, server_name
from kafkalab.sim import cluster, fate_words
from kafkalab.sim.fate import SURPRISES, Copy, Fate, Moment, Place, State
from kafkalab.sim.faults_in_force import InForce
from kafkalab.sim.record_lives import RecordLives
from kafkalab.sim.removals import Cleanings, is_by_request
from kafkalab.world import Entry, Trace, World

_SHOWN: Final = 40


class Ledger(Sequence[Fate]):
    """Fates in the order in which records were produced.  Prints as a table."""

    def __init__(self, fates: list[Fate], now: int, title: str) -> None:
        self._fates = fates
        self.now = now
        self.title = title

    def __len__(self) -> int:
        return len(self._fates)

    def __getitem__(self, place: Any) -> Any:
        return self._fates[place]

    def __iter__(self) -> Iterator[Fate]:
        return iter(self._fates)

    def of(self, *states: State) -> list[Fate]:
        """Those in these states."""
        return [fate for fate in self._fates if fate.state in states]

    @property
    def lost(self) -> list[Fate]:
        """Acknowledged, and gone."""
        return self.of(State.LOST)

    @property
    def acknowledged(self) -> list[Fate]:
        return [fate for fate in self._fates if fate.acknowledged]

    @property
    def repeated(self) -> list[Fate]:
        """Read twice by one group, or twice in the log."""
        return [fate for fate in self._fates if fate.is_repeated]

    @property
    def say(self) -> str:
        """One sentence."""
        return fate_words.summary(self._fates)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        counts = Counter(fate.state.name.lower() for fate in self._fates)
        return {
            "title": self.title,
            "now": self.now,
            "say": self.say,
            "states": dict(sorted(counts.items())),
            "records": [fate.to_json() for fate in self._fates],
        }

    def __repr__(self) -> str:
        rows = fate_words.rows(self._shown())
        more = len(self._fates) - len(self._shown())
        tail = [f"… and {more} more records"] if more else []
        return "\n".join([self.title, self.say, "", *rows, *tail])

    def _shown(self) -> list[Fate]:
        """All of a short ledger; of a long one first what is remarkable, then the newest."""
        if len(self) <= _SHOWN:
            return self._fates
        odd = [each for each in self._fates if each.state in SURPRISES or each.is_repeated]
        shown = {id(each) for each in odd[:_SHOWN]}
        for each in reversed(self._fates):
            if len(shown) == _SHOWN:
                break
            shown.add(id(each))
        return [each for each in self._fates if id(each) in shown]


def ledger(world: World, topic: str | None = None) -> Ledger:
    """Of one topic, or of all.  `LearnerError` if nothing was ever produced to it."""
    fates = [fate for fate in _lives(world) if topic in (None, fate.topic)]
    now = _Now(world, fates)
    for fate in fates:
        now.settle(fate)
    return Ledger(fates, world.now - world.began, f"Ledger of {topic}" if topic else "Ledger")


def _lives(world: World) -> list[Fate]:
    lives = RecordLives(_groups(world), world.began)
    lives.read(iter(world.trace))
    return lives.fates


def find(world: World, about: Any) -> Fate:
    """One record: a message, `"orders-0@41"`, or its value or key.  `LearnerError` otherwise."""
    fates = _lives(world)
    fate = _chosen(fates, about)
    _Now(world, fates).settle(fate)
    return fate


def _chosen(fates: list[Fate], about: Any) -> Fate:
    name = _name_of(about)
    if name is not None:
        found = [fate for fate in fates for place in fate.places if place.name == name]
        if found:
            return found[-1]
        raise LearnerError(f"no record of an application here was ever written to {name}")
    data = about.encode() if isinstance(about, str) else about
    found = [fate for fate in fates if fate.value == data]
    found = found or [fate for fate in fates if data is not None and fate.key == data]
    if len(found) == 1:
        return found[0]
    if not found:
        raise LearnerError(f"no record with value or key {about!r} was produced; try sim.ledger()")
    places = ", ".join(fate.place.name if fate.place else f"id {fate.id}" for fate in found[:4])
    raise LearnerError(
        f"{len(found)} records are like that ({places} …): name one by its place, "
        f'sim.fate("orders-0@41"), or take it from sim.ledger()'
    )


def _name_of(about: Any) -> str | None:
    """`orders-0@41` of a text, a message, or (topic, partition, offset)."""
    if isinstance(about, str):
        partition, _, offset = about.rpartition("@")
        return about if offset.isdigit() and partition[-1:].isdigit() else None
    if isinstance(about, tuple) and len(about) == 3:
        return f"{about[0]}-{about[1]}@{about[2]}"
    if hasattr(about, "topic") and callable(about.topic) and about.offset() is not None:
        return f"{about.topic()}-{about.partition()}@{about.offset()}"
    return None


def _groups(world: World) -> dict[NodeName, str]:
    return {
        name: str(getattr(node, "group_id", "") or name)
        for name, node in world.nodes.items()
        if getattr(node, "kind", "") == "consumer"
    }


class _Now:
    """What is so now: which logs have which places."""

    def __init__(self, world: World, fates: Iterable[Fate]) -> None:
        self._world = world
        self._image = cluster.metadata(world)
        self._faults = InForce(world.trace)
        self._logs = {node.name: node.disk.logs for node in cluster.brokers(world)}
        self._trace = _Elections(world.trace)
        self._markers: dict[TopicPartition, list[Entry]] = {}
        for entry in world.trace.of("MarkerWritten"):
            of = TopicPartition(entry.event[1], entry.event[2])
            self._markers.setdefault(of, []).append(entry)
        self._cleanings = Cleanings(world, fates)

    def settle(self, fate: Fate) -> None:
        """Set state, words, and what lost it."""
        for place in fate.places:
            self._look(place, fate)
        fate.state = _state(fate)
        if fate.state is State.EXPIRED and is_by_request(self._world.trace, fate.places[-1]):
            fate.state = State.DELETED
        if fate.state in (State.LOST, State.GONE):
            fate.lost_by = self._lost_by(fate)
        fate.say = fate_words.sentence(fate, self._world)

    def _look(self, place: Place, fate: Fate) -> None:
        partition = TopicPartition(place.topic, place.partition)
        decided = self._image.partition(partition)
        for copy in place.copies:
            if copy.gone is None and not self._has(copy, partition, place):
                by = self._cleanings.of(fate, place, copy)
                if by is not None:
                    place.removed = place.removed or by
                copy.gone = place.removed or self._ended(copy)
        if decided is None:
            return
        self._look_for_marker(place, partition)
        if decided.leader == NO_NODE:
            place.is_unreachable = any(copy.gone is None for copy in place.copies)
        else:
            place.is_kept = place.copy_on(server_name(decided.leader)) is not None

    def _has(self, copy: Copy, partition: TopicPartition, place: Place) -> bool:
        log = self._logs[copy.node].get(partition)
        if log is None or not log.log_start_offset <= place.offset < log.log_end_offset:
            return False
        entry = next(iter(log.entries_from(place.offset)), None)
        return (
            entry is not None
            and entry.base_offset <= place.offset
            and entry.leader_epoch == place.leader_epoch
            and self._cleanings.has(copy.node, partition, entry, place.offset)
        )

    def _look_for_marker(self, place: Place, partition: TopicPartition) -> None:
        """The end of the transaction in which it was written: its producer's next marker."""
        holder = next((each.node for each in place.copies if each.gone is None), None)
        log = self._logs[holder].get(partition) if holder is not None else None
        batch = next((e.batch for e in log.entries_from(place.offset)), None) if log else None
        if batch is None or not batch.is_transactional:
            return
        for entry in self._markers.get(partition, ()):
            producer_id, _, result, offset = entry.event[3:]
            if producer_id == batch.producer_id and offset > place.offset:
                place.marker = Moment(entry.at - self._world.began, entry.id)
                place.is_aborted = result == "abort"
                return
        place.is_open = True

    def _ended(self, copy: Copy) -> Moment:
        """A copy that vanished without a truncation: in a restart."""
        restarts = self._world.trace.of("Restarted", node=copy.node)
        later = [each for each in restarts if each.id > copy.written.id]
        began = self._world.began
        if later:
            return Moment(later[-1].at - began, later[-1].id)
        return Moment(self._world.now - began, 0)

    def _lost_by(self, fate: Fate) -> tuple[int, ...]:
        """Written, acknowledged, the old leader silenced, a leader without it, cut off."""
        place = fate.places[-1]
        events = [place.written.id]
        if fate.acknowledged:
            events.append(fate.acknowledged.id)
        election = self._trace.first_without(place)
        if election is not None:
            for copy in place.copies:
                fault = self._faults.of(copy.node, election.at, election.id)
                fault = fault or self._apart(copy.node, election)
                if fault is not None and fault.id not in events:
                    events.append(fault.id)
            events.append(election.id)
        for copy in place.copies:
            if copy.gone and copy.gone.id:
                events.append(copy.gone.id)
                gone = self._world.trace.entry(copy.gone.id)
                if gone is not None and gone.kind == "UnflushedLost":
                    events.append(gone.cause)  # the power
        return tuple(sorted(set(events)))

    def _apart(self, node: NodeName, election: Any) -> Any:
        leader = server_name(election.fields["leader"])
        return self._faults.between(node, leader, election.at, election.id)


class _Elections:
    """Who was elected when."""

    def __init__(self, trace: Trace) -> None:
        self._of: dict[tuple[str, int], list[Any]] = {}
        for entry in trace.of("LeaderElected"):
            self._of.setdefault((entry.event[1], entry.event[2]), []).append(entry)

    def first_without(self, place: Place) -> Any:
        """The first election after it was written of a broker that did not have it then."""
        for entry in self._of.get((place.topic, place.partition), ()):
            leader = entry.fields["leader"]
            if entry.id > place.written.id and leader != NO_NODE:
                name = server_name(leader)
                has_it = any(
                    copy.node == name
                    and copy.written.id < entry.id
                    and (copy.gone is None or copy.gone.id > entry.id)
                    for copy in place.copies
                )
                if not has_it:
                    return entry
        return None


def _state(fate: Fate) -> State:
    places = fate.places
    is_kept = any(place.is_kept for place in places)
    if any(place.is_kept and place.is_aborted for place in places):
        return State.ABORTED
    if is_kept and fate.acknowledged:
        return State.KEPT
    if is_kept and fate.failed:
        return State.KEPT_UNKNOWN
    if is_kept:
        is_committed = any(place.committed for place in places if place.is_kept)
        return State.COMMITTED if is_committed else State.WRITTEN
    if any(place.is_unreachable for place in places):
        return State.UNREACHABLE
    if places and places[-1].removed:
        return State.EXPIRED
    if fate.acknowledged and places:
        return State.LOST
    if fate.failed:
        return State.FAILED
    if places:
        return State.GONE
    if fate.acknowledged:  # acks=0: nobody knows whether it arrived
        return State.LOST
    return State.SENT if fate.sends else State.WAITING


__all__ = ["SURPRISES", "Ledger", "find", "ledger"]
