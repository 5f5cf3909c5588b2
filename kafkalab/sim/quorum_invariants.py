"""What must hold of the controller quorum (Q1 … Q9), whatever crashes, stalls or is cut off.

    Q1  at most one leader in an epoch              Q5  no high watermark before an own entry
    Q2  one vote in an epoch, remembered            Q6  epochs never fall, nor high watermarks
    Q3  later leaders have all that is committed    Q7  a snapshot is the replay of the log
    Q4  committed prefixes agree                    Q8  so is what any server knows

`QuorumMemory` remembers what has been seen of every member: who led and whom it voted for, and each
entry that anyone has ever taken for committed.  Crashed members are judged by their disks.
Each entry is looked at once per member, so asking after every step costs next to nothing.

Read next: `invariants`, which asks; `tests/raft`, which asks it of a quorum without a cluster.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kafkalab.ids import NO_NODE, NodeId, NodeName
from kafkalab.log import Disk
from kafkalab.metadata import MetadataImage
from kafkalab.metadata.serde import decode_batch
from kafkalab.raft import METADATA_PARTITION, CommittedBatch, RaftClient, replay
from kafkalab.raft.snapshot import Snapshot
from kafkalab.raft.snapshots import Snapshots
from kafkalab.record import Entry
from kafkalab.world import World, servers

Complaint = tuple[str, str]  # (promise, in which way it is broken)
Complaints = Iterator[Complaint]


class Member(NamedTuple):
    """A voter or observer as it is now; `process` tells one process from the next."""

    name: NodeName
    process: int
    is_up: bool
    raft: RaftClient
    disk: Disk


@dataclass(slots=True)
class Seen:
    """What a member was like when last looked at."""

    process: int = -1
    epoch: int = 0
    high_watermark: int = 0
    role: str = ""
    voted: NodeId = NO_NODE
    checked: int = 0  # all below is as committed, on this member's disk
    snapshots: int = 0  # how many, and the newest of them, have been looked at


@dataclass(slots=True)
class QuorumMemory:
    """The history of one quorum."""

    leaders: dict[int, NodeName] = field(default_factory=dict)  # of each epoch
    votes: dict[tuple[NodeName, int], NodeId] = field(default_factory=dict)
    committed: list[Entry] = field(default_factory=list)
    committed_start: int = 0  # above 0 if the log began with a snapshot when first looked at
    committed_end: int = 0
    images: dict[int, MetadataImage] = field(default_factory=dict)  # by end offset, for Q7
    seen: dict[NodeName, Seen] = field(default_factory=dict)
    image: MetadataImage = MetadataImage.EMPTY

    def look(self, members: Iterable[Member]) -> Complaints:
        """All that is broken, first of all what can be seen of one member alone."""
        for member in members:
            raft = member.raft
            seen = self.seen.setdefault(member.name, Seen())
            if member.is_up:
                now = (member.process, raft.epoch, raft.high_watermark, raft.role, raft.voted_id)
                if now == (seen.process, seen.epoch, seen.high_watermark, seen.role, seen.voted):
                    continue
                yield from q2_one_vote(self, member)
                yield from q1_one_leader(self, member)
                yield from q6_never_back(seen, member)
                yield from self._follow(seen, member)
                seen.process, seen.epoch, seen.high_watermark, seen.role, seen.voted = now

    def _follow(self, seen: Seen, member: Member) -> Complaints:
        log = member.disk.logs[METADATA_PARTITION]
        if not self.committed_end and log.log_start_offset:
            self._begin_with(Snapshots(member.disk).all[0])
        if seen.process != member.process:
            seen.checked = 0  # it may have lost what it had not flushed
        yield from q4_prefixes_agree(self, seen, member)
        if member.raft.is_leader and (seen.role != "Leader" or seen.epoch != member.raft.epoch):
            yield from q3_leader_has_what_is_committed(self, member)
        if member.raft.is_leader and log.high_watermark > seen.high_watermark:
            yield from q5_own_entry_first(member)
        snapshots = Snapshots(member.disk).all
        if snapshots and snapshots[-1].id.end_offset != seen.snapshots:
            seen.snapshots = snapshots[-1].id.end_offset
            yield from q7_snapshot_is_replay(self, member, snapshots[-1])

    def _begin_with(self, snapshot: Snapshot) -> None:
        end, epoch = snapshot.id
        batch = CommittedBatch(0, end - 1, epoch, snapshot.records(), 0, True)
        self.image = self.images[end] = replay(self.image, batch)
        self.committed_start = self.committed_end = end

    def note_committed(self, entry: Entry) -> None:
        """Somebody takes this for committed, the first to do so."""
        self.committed.append(entry)
        self.committed_end = entry.next_offset
        batch = CommittedBatch(
            entry.base_offset,
            entry.last_offset,
            entry.leader_epoch,
            decode_batch(entry.batch),
        )
        self.image = replay(self.image, batch)
        self.images[entry.next_offset] = self.image

    def committed_from(self, offset: int) -> list[Entry]:
        """The committed entries that begin at or after `offset`."""
        low, high = 0, len(self.committed)
        while low < high:
            middle = (low + high) // 2
            if self.committed[middle].base_offset < offset:
                low = middle + 1
            else:
                high = middle
        return self.committed[low:]


def q1_one_leader(memory: QuorumMemory, member: Member) -> Complaints:
    """At most one leader in an epoch."""
    raft = member.raft
    if raft.is_leader and memory.leaders.setdefault(raft.epoch, member.name) != member.name:
        yield "Q1", f"{memory.leaders[raft.epoch]} and {member.name} lead epoch {raft.epoch}"


def q2_one_vote(memory: QuorumMemory, member: Member) -> Complaints:
    """A voter votes once in an epoch, whatever it may have forgotten meanwhile."""
    raft = member.raft
    voted = raft.voted_id
    if voted == NO_NODE:
        return
    first = memory.votes.setdefault((member.name, raft.epoch), voted)
    if first != voted:
        yield "Q2", f"{member.name} voted for {first} and for {voted} in epoch {raft.epoch}"


def q3_leader_has_what_is_committed(memory: QuorumMemory, member: Member) -> Complaints:
    """A new leader's log begins with all that has been committed."""
    log = member.disk.logs[METADATA_PARTITION]
    if log.log_end_offset < memory.committed_end:
        yield (
            "Q3",
            f"{member.name} leads epoch {member.raft.epoch} with {log.log_end_offset} entries; "
            f"{memory.committed_end} are committed",
        )
        return
    start = max(log.log_start_offset, memory.committed_start)
    mine = [each for each in log.entries_from(start) if each.next_offset <= memory.committed_end]
    if mine != memory.committed_from(start):
        yield "Q3", f"{member.name} leads epoch {member.raft.epoch} with other entries"


def q4_prefixes_agree(memory: QuorumMemory, seen: Seen, member: Member) -> Complaints:
    """What any member takes for committed is the same on all."""
    log = member.disk.logs[METADATA_PARTITION]
    high_watermark = log.high_watermark
    start = max(seen.checked, log.log_start_offset, memory.committed_start)
    known = {entry.base_offset: entry for entry in memory.committed_from(start)}
    for entry in log.entries_from(start):
        if entry.next_offset > high_watermark:
            break
        if entry.base_offset == memory.committed_end:
            memory.note_committed(entry)
        elif known.get(entry.base_offset) != entry:
            yield (
                "Q4",
                f"{member.name} has {entry} committed, others {known.get(entry.base_offset)}",
            )
            return
    seen.checked = max(seen.checked, high_watermark)


def q5_own_entry_first(member: Member) -> Complaints:
    """A leader's high watermark moves only behind an entry of its own epoch."""
    log, epoch = member.disk.logs[METADATA_PARTITION], member.raft.epoch
    last = None
    for entry in log.entries_from(max(log.high_watermark - 1, log.log_start_offset)):
        last = entry
        break
    if last is not None and last.leader_epoch != epoch:
        yield (
            "Q5",
            f"{member.name} commits {log.high_watermark}, an entry of epoch {last.leader_epoch}, "
            f"as leader of epoch {epoch}",
        )


def q6_never_back(seen: Seen, member: Member) -> Complaints:
    """Epochs never fall, not over a restart either; high watermarks not while a process lasts."""
    raft = member.raft
    is_same = seen.process == member.process
    if raft.epoch < seen.epoch or (is_same and raft.high_watermark < seen.high_watermark):
        yield (
            "Q6",
            f"{member.name}: epoch and high watermark fell from {seen.epoch}, "
            f"{seen.high_watermark} to {raft.epoch}, {raft.high_watermark}",
        )


def q7_snapshot_is_replay(memory: QuorumMemory, member: Member, snapshot: Snapshot) -> Complaints:
    """A snapshot gives the cluster that the log below its end gives."""
    end, epoch = snapshot.id
    expected = memory.images.get(end)
    if expected is None:
        yield "Q7", f"{member.name} has a snapshot up to {end}, where nothing is committed"
        return
    batch = CommittedBatch(0, end - 1, epoch, snapshot.records(), 0, True)
    if replay(MetadataImage.EMPTY, batch) != expected:
        yield "Q7", f"{member.name}: the snapshot up to {end} is not what the log comes to"


def members_of(world: World) -> Iterator[Member]:
    """The voters and observers of a world."""
    for node in servers.all_servers(world):
        name = node.name
        yield Member(name, world.started[name], name not in world.crashed, node.raft, node.disk)


def q8_images_are_prefixes(memory: QuorumMemory, world: World) -> Iterator[str]:
    """What any server knows of the cluster is the replay of what was committed up to there."""
    for node in servers.all_servers(world):
        image = node.image
        expected = memory.images.get(image.offset + 1)
        if image.offset >= 0 and node.name not in world.crashed and image != expected:
            yield f"{node.name} sees another cluster at offset {image.offset} than was decided"


def q9_settled(world: World) -> Iterator[str]:
    """With all healed and quiet, one voter leads and everyone else follows it."""
    leaders = [m.name for m in members_of(world) if m.is_up and m.raft.is_leader]
    if len(leaders) != 1:
        yield f"{leaders or 'nobody'} leads the quorum"
    for member in members_of(world):
        if member.is_up and member.raft.role not in ("Leader", "Follower"):
            yield f"{member.name} is {member.raft.role}"
