"""A group's last rebalance, and what its moves can be: the detail `group ID`.

    owners   before  gen 8   now       who had, has, is to have each partition
    stops    orders-5 from 3.0 s, still                     why, and who let go
    states   Stable ─ PreparingRebalance ─ …                since when

What there is now (members, committed, position, end) is in the frame; this is how it came to be.

Invariants: owners are named by their labels, which differ within a group.
Read next: `group_replay`, which follows the trace; `lab.scenes.pictures.groups`, which draws it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypedDict

from kafkalab.frames.group_replay import KINDS, Episode, Owned, Replay
from kafkalab.frames.groups import consumers_of, find_groups
from kafkalab.groups.classic import TRANSITIONS, GroupState
from kafkalab.groups.consumer import ConsumerGroupState
from kafkalab.ids import NodeName, TopicPartition
from kafkalab.world import World, servers

#: How far back in the trace a rebalance is looked for: a frame must not get slower with a run.
ENTRIES_MAX: Final = 40_000

Waiting = Literal["", "first", "join", "sync", "give_up", "release", "silent"]


class ColumnFrame(TypedDict):
    """Who has what at one time: labels by `topic-partition`; who is missing has nobody."""

    what: Literal["before", "generation", "now", "target"]
    generation: int
    owners: dict[str, str]


class StopFrame(TypedDict):
    """A partition stands still.  `why`: given up, left, crashed, paused, new, eager (could have
    been).  `until` None: it still does."""

    partition: str
    since: int
    until: int | None
    why: str
    member: str


class StateSpanFrame(TypedDict):
    """A state of the group, until the next begins."""

    state: str
    generation: int
    since: int


class MarkFrame(TypedDict):
    """What a member did: joins, leaves, crashes, is paused, gives up; `count` partitions."""

    at: int
    what: str
    member: str
    count: int


class MachineFrame(TypedDict):
    """The states in the order of their usual way, and the moves that are legal."""

    states: list[str]
    moves: list[list[str]]


class GroupHistoryFrame(TypedDict):
    """`began` None: no rebalance in the trace as far back as was looked."""

    group: str
    labels: dict[str, str]  # by member id
    is_eager: bool
    began: int | None
    ended: int | None  # None: it goes on, or there was none
    states: list[StateSpanFrame]  # the first: as it was before
    columns: list[ColumnFrame]
    stops: list[StopFrame]
    could: list[StopFrame]  # what eager would have stopped
    marks: list[MarkFrame]
    joined: dict[str, int]  # by label: in the rebalance, at
    waiting: Waiting
    waiting_for: list[str]
    machine: MachineFrame


def group_detail(world: World, words: tuple[str, ...]) -> GroupHistoryFrame | None:
    """`words`: the group's id.  None if no broker that runs knows it."""
    found = find_groups(world, servers.brokers(world)).get(" ".join(words))
    if found is None:
        return None
    view = found[1]
    is_eager = view.type == "classic" and view.protocol != "cooperative-sticky"
    clients = {member.member_id: member.client_id for member in view.members}
    replay = Replay(view.group_id, clients, _processes(world, view), is_eager=is_eager)
    replay.run(world.trace.latest(KINDS, ENTRIES_MAX))
    labels = _labels(view, replay)
    episode = replay.episode
    waiting, waited = _waiting(view, replay)
    return {
        "group": view.group_id,
        "labels": labels,
        "is_eager": is_eager,
        "began": episode.began - world.began if episode else None,
        "ended": episode.ended - world.began if episode and episode.ended is not None else None,
        "states": _states(view, episode, world.began),
        "columns": _columns(view, replay, labels),
        "stops": _stops(episode, labels, world.began),
        "could": _could(episode, labels, world.began) if not is_eager else [],
        "marks": _marks(episode, labels, world.began),
        "joined": {labels[id]: at - world.began for id, at in episode.joined.items()}
        if episode
        else {},
        "waiting": waiting,
        "waiting_for": [labels[member] for member in waited],
        "machine": CLASSIC if view.type == "classic" else CONSUMER,
    }


def _processes(world: World, view: Any) -> Callable[[str, str], NodeName | None]:
    """Which node is a member's process, by its id, else by its `client.id`; None if none here."""
    here = [node for node in consumers_of(world) if node.group_id == view.group_id]
    nodes = {node.member_id: node.name for node in here}
    named = {node.client_id: node.name for node in here}

    def find(member: str, client: str) -> NodeName | None:
        found = nodes.get(member) or named.get(client)
        return found or (client if client in world.nodes else None)

    return find


def _labels(view: Any, replay: Replay) -> dict[str, str]:
    """Client ids; where two members share one, numbered in the order of their ids."""
    ids = [member.member_id for member in view.members]
    ids += [member for member in replay.clients if member not in ids]
    current = {member.member_id for member in view.members}
    count: dict[str, int] = {}
    labels = {}
    for id in sorted(ids, key=lambda each: (each not in current, each)):
        name = replay.name_of(id)
        count[name] = count.get(name, 0) + 1
        is_other = count[name] > 1 and id in current
        labels[id] = f"{name} ({count[name]})" if is_other else name
    return labels


def _states(view: Any, episode: Episode | None, began: int) -> list[StateSpanFrame]:
    if episode is None:
        return []
    spans: list[StateSpanFrame] = [
        {
            "state": episode.state_before,
            "generation": episode.generation_before,
            "since": episode.began - began,
        }
    ]
    for since, state, generation in episode.states:
        spans.append({"state": state, "generation": generation, "since": since - began})
    return spans


def _columns(view: Any, replay: Replay, labels: Mapping[str, str]) -> list[ColumnFrame]:
    """At most three, in the order of time: the first, what it came to, and one between."""
    now: dict[TopicPartition, str] = {
        partition: member.member_id
        for member in view.members
        for partition in member.partitions
        if partition not in replay.known
    }
    now |= replay.reading
    owners = {f"{p.topic}-{p.partition}": labels[m] for p, m in now.items() if m in labels}
    latest: ColumnFrame = {"what": "now", "generation": view.generation, "owners": owners}
    episode = replay.episode
    if episode is None:
        return [latest]
    before: ColumnFrame = {
        "what": "before",
        "generation": episode.generation_before,
        "owners": _named(episode.before, labels),
    }
    targets = {m.member_id: m.target for m in view.members if m.target is not None}
    target: ColumnFrame = {
        "what": "target",
        "generation": view.assignment_epoch,
        "owners": _named(targets, labels),
    }
    first = [before] if before["owners"] else []
    if view.type == "consumer":
        is_there = target["owners"] == owners
        return [*first, latest] if is_there else [*first, latest, target]
    between: list[ColumnFrame] = [
        {"what": "generation", "generation": generation, "owners": _named(owned, labels)}
        for generation, owned in episode.assigned.items()
        if episode.generation_before < generation < view.generation
    ]
    return [*first, *between[-1:], latest]


def _named(owned: Owned, labels: Mapping[str, str]) -> dict[str, str]:
    return {
        f"{partition.topic}-{partition.partition}": labels.get(member, member)
        for member, partitions in owned.items()
        for partition in partitions
    }


def _stops(episode: Episode | None, labels: Mapping[str, str], began: int) -> list[StopFrame]:
    return [
        {
            "partition": f"{stop.partition.topic}-{stop.partition.partition}",
            "since": stop.since - began,
            "until": stop.until - began if stop.until is not None else None,
            "why": stop.why,
            "member": labels.get(stop.member, stop.member),
        }
        for stop in (episode.stops if episode else ())
    ]


def _could(episode: Episode | None, labels: Mapping[str, str], began: int) -> list[StopFrame]:
    """An eager member lets go of all when it joins again, until the generation is stable."""
    found: list[StopFrame] = []
    for at, member, partitions in episode.could if episode else ():
        assert episode is not None
        ends = (since for since, state, _ in episode.states if state == "Stable" and since >= at)
        until = next(ends, None)
        for topic, number in partitions:
            found.append(
                {
                    "partition": f"{topic}-{number}",
                    "since": at - began,
                    "until": until - began if until is not None else None,
                    "why": "eager",
                    "member": labels.get(member, member),
                }
            )
    return found


def _marks(episode: Episode | None, labels: Mapping[str, str], began: int) -> list[MarkFrame]:
    return [
        {"at": at - began, "what": what, "member": labels.get(member, member), "count": count}
        for at, what, member, count in (episode.marks if episode else ())
    ]


def _waiting(view: Any, replay: Replay) -> tuple[Waiting, list[str]]:
    """What the group waits for, and for which members."""
    episode = replay.episode
    members = [member.member_id for member in view.members]
    if view.type == "consumer":
        alive = [member for member in view.members if member.member_id not in replay.dead]
        late = [m.member_id for m in alive if m.state == "UNREVOKED_PARTITIONS"]
        if late:
            return "give_up", late
        late = [m.member_id for m in alive if m.state == "UNRELEASED_PARTITIONS"]
        if late:
            return "release", late
    if view.state == "PreparingRebalance" and episode is not None:
        since = max((at for at, state, _ in episode.states if state == view.state), default=0)
        late = [id for id in members if episode.joined.get(id, -1) < since]
        before = [episode.state_before, *(state for _, state, _ in episode.states)]
        is_first = before[-2:-1] == ["Empty"]
        return ("first", []) if is_first and not late else ("join", late)
    if view.state == "CompletingRebalance":
        return "sync", []
    silent = [id for id in members if id in replay.dead]
    return ("silent", silent) if silent else ("", [])


def _classic() -> MachineFrame:
    order = list(GroupState)
    moves = [[a.value, b.value] for a in order for b in order if b in TRANSITIONS[a] and a is not b]
    return {"states": [state.value for state in order], "moves": moves}


def _consumer() -> MachineFrame:
    """It follows from epochs and has no table: a change raises the group epoch (Assigning), a
    target raises the assignment epoch (Reconciling), members come to it (Stable); a change that is
    answered at once skips what is between."""
    empty, assigning, reconciling, stable, dead = (state.value for state in ConsumerGroupState)
    moves = [[empty, assigning], [assigning, reconciling], [reconciling, stable]]
    moves += [[reconciling, assigning], [stable, assigning], [stable, reconciling]]
    moves += [[assigning, empty], [reconciling, empty], [stable, empty], [empty, dead]]
    return {"states": [empty, assigning, reconciling, stable, dead], "moves": moves}


CLASSIC: Final = _classic()
CONSUMER: Final = _consumer()
