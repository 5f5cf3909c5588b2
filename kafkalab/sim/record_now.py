"""What is so now with a record: which logs have which of its places, and what lost it.

    life (from events) ──▶ copied ──▶ + is it in the logs? who leads? ──▶ state, words

Events say how it came about; the brokers' logs say what is so now (a copy that no log has any more
is gone, whatever the trace says).

Invariants: a life is only read; what is said of now is written into a copy of it.
Read next: `fate_words`, `removals`; `ledger_kept`, which asks only for lives that may have changed.
"""

from functools import cached_property

from kafkalab.ids import NO_NODE, NodeName, TopicPartition, server_name
from kafkalab.sim import cluster, fate_words
from kafkalab.sim.fate import Copy, Fate, Moment, Place, State
from kafkalab.sim.faults_in_force import InForce
from kafkalab.sim.record_lives import RecordLives
from kafkalab.sim.record_past import LivesUntil
from kafkalab.sim.removals import Cleanings, is_by_request
from kafkalab.world import Entry, World


class Now:
    """Of one world at one instant."""

    def __init__(self, world: World, lives: RecordLives | LivesUntil) -> None:
        self._world = world
        self._lives = lives
        self._image = cluster.metadata(world)
        self._logs = {node.name: node.disk.logs for node in cluster.brokers(world)}
        self._cleanings = Cleanings(world, lives)

    @cached_property
    def _faults(self) -> InForce:
        """Asked for only of what was lost."""
        return InForce(self._world)

    def told(self, life: Fate) -> Fate:
        """A copy with its state, words, and what lost it."""
        return self.tell(life.copied())

    def tell(self, fate: Fate) -> Fate:
        """Write them into a life that is nobody else's."""
        for place in fate.places:
            self._look(place, fate)
        fate.state = _state(fate)
        if fate.state is State.EXPIRED and is_by_request(self._world.trace, fate.places[-1]):
            fate.state = State.DELETED
        if fate.state in (State.LOST, State.GONE):
            fate.lost_by = self._lost_by(fate)
        fate.say = fate_words.sentence(fate, self._world)
        return fate

    def is_fleeting(self, told: Fate) -> bool:
        """Whether it may be told otherwise later though no event is about it.

        Its transaction has not ended; a log is without it, nobody knows since when; compaction
        took it, which is told with the next record of its key.
        """
        return any(
            place.is_open
            or (place.removed is not None and place.removed.id in self._cleanings.ids)
            or any(copy.gone is not None and not copy.gone.id for copy in place.copies)
            for place in told.places
        )

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
        for entry in self._lives.markers.get(partition, ()):
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
        if not fate.places:
            return ()  # acks=0, and nobody wrote it
        place = fate.places[-1]
        events = [place.written.id]
        if fate.acknowledged:
            events.append(fate.acknowledged.id)
        election = self._first_without(place)
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

    def _first_without(self, place: Place) -> Entry | None:
        """The first election after it was written of a broker that did not have it then."""
        for entry in self._lives.elected.get((place.topic, place.partition), ()):
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

    def _apart(self, node: NodeName, election: Entry) -> Entry | None:
        leader = server_name(election.fields["leader"])
        return self._faults.between(node, leader, election.at, election.id)


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
