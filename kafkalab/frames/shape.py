"""The shape of a frame: what there is in a world at one instant, as plain JSON.

    world ──frame()──▶ Frame ──draw()──▶ scene (lab/scenes) ──▶ SVG, or a patch for the widget

A frame says *what there is*; where it stands and how it looks is the scene's business.  It holds
numbers, strings, lists and dictionaries with string keys alone, so `json.loads(json.dumps(frame))
== frame`: `kafkalab serve --control` prints it, a test stores it, a widget draws it.  Times are
whole milliseconds of the world's clock.

Invariants: brokers, topics, partitions, groups and members stand in the order of their ids, in
every frame of a world (places in the picture do not jump); cells rise by offset; events fall by
id.  A frame is never changed once made: frames share their unchanged parts.
Left out: records outside the window of the last 24 of each replica.
Read next: `lab.scenes.cluster_view`, which draws it.
"""

from typing import Any, Final, Literal, NotRequired, TypedDict

#: "stopped": it was shut down in order; "crashed": it was not.
BrokerState = Literal["online", "crashed", "stopped", "paused", "fenced", "starting"]
#: Nobody reads their disks.
DOWN: Final = ("crashed", "stopped")
ClientKind = Literal["producer", "consumer", "admin", "external"]
PartitionState = Literal["owned", "revoking", "assigning"]
Tone = Literal["out", "sync", "lead", "comm", "group", "ink"]

#: Cells a replica carries at most: the last of its log.
CELLS_MAX = 24
#: Events a frame carries at most: the newest.
EVENTS_MAX = 40


class CellFrame(TypedDict):
    """One record.  Key and value are text for people, cut to 40 characters by the frame; of a
    control record the value is what it says: "commit", "abort" or "control"."""

    offset: int
    key: str | None
    value: str
    epoch: int  # the leader epoch it was written in: differs between replicas that diverged
    kind: Literal["data", "control"]


class ReplicaFrame(TypedDict):
    """One replica's log, as its own broker knows it.  `high_watermark` is the replica's own."""

    log_start: int
    end: int  # log end offset: the next to be written
    high_watermark: int
    last_stable: NotRequired[int]  # where an open transaction keeps it below the high watermark
    cells: list[CellFrame]


class PartitionFrame(TypedDict):
    """A partition as the controller's metadata has it, and the logs of its replicas.

    `leader` may name a broker that has crashed, until the controller has fenced it.
    """

    id: int
    leader: int | None
    leader_epoch: int
    isr: list[int]
    elr: NotRequired[list[int]]  # out of the ISR with all that is committed (KIP-966), if any
    high_watermark: int  # the leader's, or the last known
    last_stable_offset: NotRequired[int]  # of the same log
    open_transactions: NotRequired[list["OpenTransactionFrame"]]  # earliest first
    replicas: dict[str, ReplicaFrame]  # by broker id, as text: JSON has no other keys


class TopicFrame(TypedDict):
    name: str
    replication_factor: int
    min_insync_replicas: int
    partitions: list[PartitionFrame]


class ClockFrame(TypedDict):
    """A clock that is wrong: so far ahead now (negative: behind), gaining so much each second."""

    ahead_ms: int
    gains_ms: int


class BrokerFrame(TypedDict):
    """`since`: when this state began.  `until`: when a pause ends.  `clock`: if it is wrong.

    `session_ends`: when the controller fences it, of one that sends no heartbeats now.
    """

    id: int
    state: BrokerState
    since: int | None
    until: int | None
    rack: str | None
    session_ends: NotRequired[int]
    clock: NotRequired[ClockFrame]


class ControllerNodeFrame(TypedDict):
    """A voter.  `role`: Leader, Follower, Candidate, Prospective, Unattached or Resigned; `voted`:
    for whom in this epoch.  Offsets are of the metadata log, of a crashed one as on its disk."""

    id: int
    state: BrokerState
    role: str
    epoch: int
    leader: int | None
    voted: int | None
    high_watermark: int
    log_start: int
    log_end: int


class ControllerFrame(TypedDict):
    """The quorum: `leader` is the active controller, `epoch` the quorum epoch."""

    leader: int | None
    epoch: int
    nodes: list[ControllerNodeFrame]


class MemberPartitionFrame(TypedDict):
    """A partition at a member, and how far that member is.

    `state` says whether the member owns it (the default), is to give it up ("revoking": it still
    may hold it, or has just let go), or will get it ("assigning").
    """

    topic: str
    partition: int
    committed: int | None
    position: int | None
    end: int
    high_watermark: int
    state: NotRequired[PartitionState]


class MemberFrame(TypedDict):
    """`epoch` is the member's own (KIP-848) or its generation, `state` how far it has come."""

    id: str
    client: str
    instance: NotRequired[str | None]  # group.instance.id
    epoch: NotRequired[int]
    state: NotRequired[str]  # STABLE, UNREVOKED_PARTITIONS, UNRELEASED_PARTITIONS; "" in classic
    partitions: list[MemberPartitionFrame]


class GroupOffsetFrame(TypedDict):
    """A partition the group has an offset for, or is subscribed to, owned by a member or not."""

    topic: str
    partition: int
    committed: int | None
    end: int


class GroupFrame(TypedDict):
    """`state` by Kafka's own names: Stable, PreparingRebalance, Reconciling, Empty, …"""

    id: str
    type: NotRequired[Literal["classic", "consumer"]]
    state: str
    generation: int  # or the group epoch (KIP-848)
    assignment_epoch: NotRequired[int]  # KIP-848: what targets are for; -1 in classic groups
    coordinator: int | None
    protocol: str
    members: list[MemberFrame]
    offsets: list[GroupOffsetFrame]


class TransactionFrame(TypedDict):
    """A transactional id.  `state` by Kafka's names: Empty, Ongoing, PrepareCommit, …

    `unmarked`: partitions that have no marker yet, as far as is known.  `is_committed` is False
    while its last move is not on enough disks, or its markers are being written.
    """

    id: str
    state: str
    coordinator: int
    coordinator_partition: int
    producer_id: int
    producer_epoch: int
    partitions: list[str]
    unmarked: list[str]
    since: int | None
    timeout_ms: int
    is_committed: bool


class OpenTransactionFrame(TypedDict):
    """A transaction that is open in one partition."""

    producer_id: int
    producer_epoch: int
    first_offset: int


class ClientFrame(TypedDict):
    """Records this client sent, had acknowledged, and lost to errors; `doing` in short words."""

    name: str
    kind: ClientKind
    state: Literal["online", "crashed"]
    sent: int
    acknowledged: int
    failed: int
    doing: str
    clock: NotRequired[ClockFrame]


class EventFrame(TypedDict):
    """One line of the feed.  `kind` is a key of `kafkalab.events.FIELDS`."""

    id: int
    at: int
    node: str
    kind: str
    tone: Tone
    glyph: str  # a name in lab.scenes.glyphs
    text: str


class Frame(TypedDict):
    title: str
    now: int
    seed: int | None  # None: what a live cluster does, no seed decides
    controller: ControllerFrame
    brokers: list[BrokerFrame]
    topics: list[TopicFrame]
    groups: list[GroupFrame]
    transactions: NotRequired[list[TransactionFrame]]
    clients: list[ClientFrame]
    events: list[EventFrame]  # newest first
    say: str  # one sentence: the finding
    details: NotRequired[dict[str, Any]]  # what pictures asked for besides, by key (`details`)
