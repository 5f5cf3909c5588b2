"""A group's last rebalance, told by the trace: who had what, who let go when, who got it when.

    orders-5   consumer-3 reads ──┤ lets go      stopped      handed out ├── consumer-4 reads
    state      Stable ┤ PreparingRebalance ├ CompletingRebalance ┤ Stable

A partition *stands still* from the instant its owner lets go (or dies) to the instant the
coordinator hands it to somebody that runs.  An *episode* is all that happens until the group is
calm again for a second: a cooperative rebalance of two generations is one, and so is a group that
empties and fills again, for nobody reads in between.

Where a member's process is not in this world (a real client of a live cluster), what its
coordinator knows stands in: an eager member stops when it joins again, another when it is asked.

Invariants: each stop is of one partition, and stops of one partition do not overlap.
Read next: `group_history`, the detail made of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kafkalab.ids import NodeName, TopicPartition
from kafkalab.world.trace import Entry

#: Of groups, and of the processes of their members.
KINDS: Final = frozenset(
    {
        "GroupStateChanged", "MemberJoined", "MemberRejoined", "MemberLeft", "PartitionsAssigned",
        "RevocationAsked", "PartitionsRevoked", "PartitionsLost",
        "Crashed", "Paused", "Resumed", "Stopped",
    }
)  # fmt: skip
_CALM_MS: Final = 1000
_REPLACED: Final = "replaced by "

Owned = dict[str, tuple[TopicPartition, ...]]  # by member id


@dataclass(slots=True)
class Stop:
    """A partition stands still; `until` None: still does.  `why`, and who let go of it."""

    partition: TopicPartition
    since: int
    why: str  # "given up", "left", "crashed", "paused", "new"
    member: str
    until: int | None = None


@dataclass(slots=True)
class Episode:
    """One rebalance, of one or more generations.  `ended` None: the group is not calm."""

    began: int
    state_before: str
    generation_before: int
    before: Owned
    ended: int | None = None
    stops: list[Stop] = field(default_factory=list)
    states: list[tuple[int, str, int]] = field(default_factory=list)  # since, state, generation
    assigned: dict[int, Owned] = field(default_factory=dict)  # by generation, as handed out
    joined: dict[str, int] = field(default_factory=dict)  # member: when it joined, or again
    #: (at, kind, member, partitions): "joins", "leaves", "crashes", "gives up"
    marks: list[tuple[int, str, str, int]] = field(default_factory=list)
    #: What each member had when it first joined again: what eager would have stopped.
    could: list[tuple[int, str, tuple[TopicPartition, ...]]] = field(default_factory=list)


class Replay:
    """Follows one group through its events.  Times as in the trace.

    `process`: the node that is a member's process, by its id and client id; None: none of ours.
    """

    def __init__(
        self,
        group_id: str,
        clients: Mapping[str, str],
        process: Callable[[str, str], NodeName | None],
        *,
        is_eager: bool,
    ) -> None:
        self.group_id = group_id
        self.clients = dict(clients)  # member id: client id
        self.owned: Owned = {}
        self.state, self.generation = "Empty", 0
        self.episode: Episode | None = None
        self._process = process
        self._is_eager = is_eager
        self.reading: dict[TopicPartition, str] = {}
        self._open: dict[TopicPartition, Stop] = {}
        self.known: set[TopicPartition] = set()
        self.dead: set[str] = set()  # member ids, still counted, whose process does not run
        self._gone: set[str] = set()  # member ids that have left
        self._unheard: Owned = {}  # handed out to a member that is paused
        self._leaving: set[TopicPartition] = set()  # read by one that is not to have it any more

    def run(self, entries: Iterable[Entry]) -> "Replay":
        """Follow all of these, oldest first."""
        for entry in entries:
            fields = entry.fields
            if fields.get("group", self.group_id) == self.group_id:
                _HANDLERS[entry.kind](self, entry.at, entry.node, fields)
                self._look_whether_calm(entry.at)
        return self

    def name_of(self, member: str) -> str:
        return self.clients.get(member) or member

    # what the coordinator says

    def on_state(self, at: int, node: str, fields: dict[str, Any]) -> None:
        after, generation = fields["after"], fields["generation"]
        if after != "Stable":
            self._begin(at)
        self.state, self.generation = after, generation
        if self.episode is not None:
            self.episode.states.append((at, after, generation))

    def on_joined(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member = fields["member"]
        self.clients.pop(member, None)  # the last that joined stands last
        self.clients[member] = fields["client_id"]
        episode = self._begin(at)
        episode.joined[member] = at
        episode.marks.append((at, "joins", member, 0))

    def on_rejoined(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member = fields["member"]
        episode = self._begin(at)
        if member not in episode.joined:
            has = [one for one in self.owned.get(member, ()) if one in self.reading]
            episode.could.append((at, member, self.owned.get(member, ())))
            if self._is_eager and not self._is_here(member):
                self._stop(has, at, "given up", member)
        episode.joined[member] = at

    def on_left(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member, reason = fields["member"], fields["reason"]
        owned = self.owned.pop(member, ())
        self.dead.discard(member)
        self._gone.add(member)
        if reason.startswith(_REPLACED):  # a static member goes on under another id
            new = reason.removeprefix(_REPLACED)
            self.owned[new] = owned
            for partition in owned:
                self._read(partition, new, at)
            return
        episode = self._begin(at)
        episode.marks.append((at, "leaves", member, len(owned)))
        self._stop([one for one in owned if self.reading.get(one) == member], at, "left", member)

    def on_assigned(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member, partitions = fields["member"], fields["partitions"]
        before = self.owned.get(member, ())
        self.owned[member] = partitions
        gone = [one for one in before if one not in partitions]
        self._leaving |= {one for one in gone if self.reading.get(one) == member}
        if member in self.dead:
            self._keep(partitions, member, at)
        else:
            for partition in partitions:
                self._read(partition, member, at)
        if not self._is_here(member):
            self._let_go(gone, at, member)
        if self.episode is not None:
            self.episode.assigned.setdefault(self.generation, {})[member] = partitions

    def on_asked(self, at: int, node: str, fields: dict[str, Any]) -> None:
        self._begin(at)

    # what becomes of its members' processes

    def on_given_up(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member = self._member_of(node)
        if member is not None:
            self._let_go(fields["partitions"], at, member)

    def on_crashed(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member = self._member_of(node)
        if member is not None:
            self.dead.add(member)
            self._begin(at).marks.append((at, "crashes", member, 0))
            self._stop(self._read_by(member), at, "crashed", member)

    def on_paused(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member = self._member_of(node)
        if member is not None:
            self.dead.add(member)
            self._begin(at).marks.append((at, "is paused", member, 0))
            self._stop(self._read_by(member), at, "paused", member)

    def on_resumed(self, at: int, node: str, fields: dict[str, Any]) -> None:
        member = self._member_of(node)
        if member is None:
            return
        self.dead.discard(member)
        unheard = self._unheard.pop(member, ())
        for partition, stop in list(self._open.items()):
            if partition in unheard or (stop.why == "paused" and stop.member == member):
                self._read(partition, member, at)

    # inside

    def _member_of(self, node: str) -> str | None:
        """The last that joined from there, also if nothing was handed out to it yet."""
        alive = (id for id in reversed(self.clients) if id not in self._gone)
        return next((id for id in alive if self._process(id, self.name_of(id)) == node), None)

    def _is_here(self, member: str) -> bool:
        return self._process(member, self.name_of(member)) is not None

    def _keep(self, partitions: Iterable[TopicPartition], member: str, at: int) -> None:
        """They are a dead member's: they stand still, also those that nobody had before."""
        for partition in partitions:
            if partition not in self.known:
                self.known.add(partition)
                self._stop([partition], self._begin(at).began, "new", member)
        self._unheard[member] = tuple(partitions)

    def _read_by(self, member: str) -> list[TopicPartition]:
        return [one for one, reader in self.reading.items() if reader == member]

    def _let_go(self, partitions: Iterable[TopicPartition], at: int, member: str) -> None:
        gone = [one for one in partitions if self.reading.get(one) == member]
        if gone:
            self._begin(at).marks.append((at, "gives up", member, len(gone)))
            self._stop(gone, at, "given up", member)

    def _stop(self, partitions: Iterable[TopicPartition], at: int, why: str, member: str) -> None:
        for partition in partitions:
            self.reading.pop(partition, None)
            self._leaving.discard(partition)
            if partition not in self._open:
                self._open[partition] = stop = Stop(partition, at, why, member)
                self._begin(at).stops.append(stop)

    def _read(self, partition: TopicPartition, member: str, at: int) -> None:
        stop = self._open.pop(partition, None)
        if stop is not None:
            stop.until = at
        elif partition not in self.known and self.episode is not None:
            began = self.episode.began
            if began < at:
                self.episode.stops.append(Stop(partition, began, "new", member, at))
        self.known.add(partition)
        self._leaving.discard(partition)
        self.reading[partition] = member

    def _begin(self, at: int) -> Episode:
        """The episode that is on, or a new one."""
        last = self.episode
        if last is not None and (last.ended is None or at - last.ended < _CALM_MS):
            last.ended = None
            return last
        self.episode = Episode(at, self.state, self.generation, dict(self.owned))
        return self.episode

    def _look_whether_calm(self, at: int) -> None:
        episode = self.episode
        if episode is None:
            return
        is_calm = self.state in ("Stable", "Empty") and not self._open and not self._leaving
        if is_calm and episode.ended is None:
            episode.ended = at
        elif not is_calm:
            episode.ended = None


_Handler = Callable[[Replay, int, str, dict[str, Any]], None]
_HANDLERS: Final[Mapping[str, _Handler]] = {
    "GroupStateChanged": Replay.on_state,
    "MemberJoined": Replay.on_joined,
    "MemberRejoined": Replay.on_rejoined,
    "MemberLeft": Replay.on_left,
    "PartitionsAssigned": Replay.on_assigned,
    "RevocationAsked": Replay.on_asked,
    "PartitionsRevoked": Replay.on_given_up,
    "PartitionsLost": Replay.on_given_up,
    "Crashed": Replay.on_crashed,
    "Stopped": Replay.on_crashed,
    "Paused": Replay.on_paused,
    "Resumed": Replay.on_resumed,
}
