"""Who leads a partition after a change, and what becomes of its ISR and ELR.

One rule for every cause (a broker fenced or back, an ISR asked for, an operator's wish): given the
ISR it is to have and who is acceptable, the leader is

    1. the present one, if in the ISR and acceptable   (preferred election: the first replica)
    2. the first replica in the ISR that is acceptable; if the ISR is empty, one in the ELR
    3. the last known leader, if it alone can be trusted to have most   (ISR and ELR empty)
    4. with unclean election: any acceptable replica; it becomes the whole ISR, and data may be lost
    5. nobody

ELR (KIP-966): members that leave the ISR while it is below `min.insync.replicas` still hold all
that is committed, because the high watermark does not move then.  They stay eligible, unless their
disk may have lost something (an unclean shutdown).

In Kafka: `PartitionChangeBuilder`, `ReplicationControlManager.generateLeaderAndIsrUpdates`.
Left out: reassignments; a leader epoch that rises when the ISR shrinks (ended with 3.6).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from kafkalab.controller.written_state import UNCLEAN, WrittenState
from kafkalab.ids import NO_NODE, NodeId
from kafkalab.metadata import MetadataImage, PartitionImage, TopicImage
from kafkalab.metadata.delta import NO_LEADER_CHANGE
from kafkalab.metadata.records import PartitionChangeRecord

RECOVERED: Final = 0
RECOVERING: Final = 1
NO_RECOVERY_CHANGE: Final = -1

Nodes = tuple[NodeId, ...]


class Election(Enum):
    """How far to go to have a leader."""

    PREFERRED = auto()
    ONLINE = auto()
    UNCLEAN = auto()


class Elected(NamedTuple):
    """A leader, or NO_NODE; `unclean` if it may lack committed records."""

    leader: NodeId
    unclean: bool = False


class Place(NamedTuple):
    """One partition of one topic in an image."""

    topic: TopicImage
    number: int
    partition: PartitionImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a partition is to become."""

    isr: Nodes
    is_acceptable: Callable[[NodeId], bool]
    min_isr: int
    elr_enabled: bool
    election: Election = Election.ONLINE
    uncleanly_shut_down: NodeId = NO_NODE
    recovery_state: int | None = None


def change_partition(place: Place, wish: Wish) -> PartitionChangeRecord | None:
    """The record that makes a partition as wished, with a leader if there can be one.

    None if nothing changes.
    """
    old = place.partition
    isr, elr = wish.isr, _eligible(old, wish)
    elected = elect(old, wish, elr)
    leader = NO_LEADER_CHANGE
    recovery = NO_RECOVERY_CHANGE
    if elected.leader != old.leader:
        leader = elected.leader
        if leader in elr:
            isr, elr = (leader,), _without(elr, leader)
        if elected.unclean:
            isr, elr = (leader,), ()
            if old.leader_recovery_state != RECOVERING:
                recovery = RECOVERING
    if wish.recovery_state is not None and wish.recovery_state != old.leader_recovery_state:
        recovery = wish.recovery_state
    if not isr and not wish.elr_enabled:
        isr = old.isr  # without ELR the last one stays, to be found again
    record = PartitionChangeRecord(
        topic_id=place.topic.topic_id,
        partition_id=place.number,
        leader=leader,
        isr=isr if isr != old.isr else None,
        eligible_leader_replicas=elr if elr != old.elr else None,
        last_known_elr=_last_known(old, leader, wish),
        leader_recovery_state=recovery,
    )
    return None if _is_empty(record) else record


def elect(old: PartitionImage, wish: Wish, elr: Nodes) -> Elected:
    """Apply the rule in the module's docstring."""
    replicas = old.replicas
    first, second = old.leader, replicas
    if wish.election is Election.PREFERRED:
        first, second = replicas[0], (old.leader, *replicas[1:])
    for candidate in (first, *second):
        if _may_lead(candidate, wish, elr):
            return Elected(candidate)
    if _may_last_known_lead(old, wish, elr):
        return Elected(old.last_known_elr[0], unclean=True)
    if wish.election is Election.UNCLEAN:
        for candidate in replicas:
            if wish.is_acceptable(candidate):
                return Elected(candidate, unclean=True)
    return Elected(NO_NODE)


def _may_lead(candidate: NodeId, wish: Wish, elr: Nodes) -> bool:
    is_member = candidate in wish.isr or (not wish.isr and candidate in elr)
    return is_member and wish.is_acceptable(candidate)


def _may_last_known_lead(old: PartitionImage, wish: Wish, elr: Nodes) -> bool:
    return (
        wish.elr_enabled
        and not elr
        and not wish.isr
        and len(old.last_known_elr) == 1
        and wish.is_acceptable(old.last_known_elr[0])
    )


def _eligible(old: PartitionImage, wish: Wish) -> Nodes:
    """The ELR that goes with the wished ISR, in the order of ids."""
    if not wish.elr_enabled or len(wish.isr) >= wish.min_isr:
        return ()
    return tuple(
        node
        for node in sorted({*old.elr, *old.isr})
        if node not in wish.isr and node != wish.uncleanly_shut_down
    )


def _last_known(old: PartitionImage, leader: NodeId, wish: Wish) -> Nodes | None:
    """Kafka keeps the last known leader in the field for the last known ELR; None: as it was."""
    if not wish.elr_enabled:
        return None
    if leader == NO_NODE and not old.last_known_elr:
        return (old.leader,)
    if leader >= 0 and old.last_known_elr:
        return ()
    return None


def _without(nodes: Nodes, gone: NodeId) -> Nodes:
    return tuple(node for node in nodes if node != gone)


def _is_empty(record: PartitionChangeRecord) -> bool:
    return (
        record.isr is None
        and record.leader == NO_LEADER_CHANGE
        and record.eligible_leader_replicas is None
        and record.last_known_elr is None
        and record.leader_recovery_state == NO_RECOVERY_CHANGE
    )


# --- many partitions at once: the cause is a broker ---------------------------------------------


def broker_changes(
    state: WrittenState,
    places: Iterable[Place],
    *,
    leaving: NodeId = NO_NODE,
    returning: NodeId = NO_NODE,
    uncleanly_shut_down: NodeId = NO_NODE,
) -> list[PartitionChangeRecord]:
    """What must change in these partitions when a broker leaves, is back, or was cut off.

    The image still shows the broker as it was, so it is said here.
    """

    def is_acceptable(node: NodeId) -> bool:
        if node in (leaving, uncleanly_shut_down):
            return False
        return node == returning or state.is_active(node)

    records = []
    for place in places:
        name = place.topic.name
        isr = tuple(n for n in place.partition.isr if n not in (leaving, uncleanly_shut_down))
        wish = Wish(
            isr=isr,
            is_acceptable=is_acceptable,
            min_isr=state.min_insync_replicas(name),
            elr_enabled=state.is_elr_enabled,
            election=online_election(state, name),
            uncleanly_shut_down=uncleanly_shut_down,
        )
        record = change_partition(place, wish)
        if record is not None:
            records.append(record)
    return records


def online_election(state: WrittenState, topic: str) -> Election:
    """How far a topic may go to stay online."""
    return Election.UNCLEAN if state.topic_setting(topic, UNCLEAN) else Election.ONLINE


def all_partitions(image: MetadataImage) -> Iterator[Place]:
    """Every partition, topics in the order of their creation."""
    for topic in image.topics.values():
        for number, partition in topic.partitions.items():
            yield Place(topic, number, partition)


def with_in_isr(image: MetadataImage, broker_id: NodeId) -> list[Place]:
    return [place for place in all_partitions(image) if broker_id in place.partition.isr]


def with_in_elr(image: MetadataImage, broker_id: NodeId) -> list[Place]:
    return [place for place in all_partitions(image) if broker_id in place.partition.elr]


def without_leader(image: MetadataImage) -> list[Place]:
    return [place for place in all_partitions(image) if not place.partition.has_leader]


def leads_any(image: MetadataImage, broker_id: NodeId) -> bool:
    return any(place.partition.leader == broker_id for place in all_partitions(image))
