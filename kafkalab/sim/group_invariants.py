"""What must hold of groups (G1, G2, G3, G6, G7, G8), whichever protocol they speak.

Each function is one promise; it yields a sentence for each way in which it is broken.  G4 is seen
from outside (`checker`: skipped by the group, lost commit), G5 when all is quiet (`swarm`).

Read next: `observed`, their memory; `heartbeat_twice`; `invariants`, which asks them.
"""

from collections.abc import Iterator
from typing import Any, Final

from kafkalab.coordination import Phase
from kafkalab.groups import GroupView
from kafkalab.groups.committing import CommitPlan
from kafkalab.groups.replaying import shards_and_replays, tables_of
from kafkalab.ids import TopicPartition
from kafkalab.server import Broker
from kafkalab.sim import heartbeat_twice
from kafkalab.sim.observed import Observed

Complaints = Iterator[str]
OFFSETS_TOPIC: Final = "__consumer_offsets"

#: Longer logs are not replayed for G7: asking must stay cheap.
_REPLAYED_MAX: Final = 3_000


def _running(observed: Observed) -> Iterator[tuple[Broker, GroupView]]:
    for broker in observed.brokers():
        if broker.name not in observed.world.crashed:
            for group in broker.groups.groups.values():
                yield broker, group


def g1_one_owner(observed: Observed) -> Complaints:
    """No partition belongs to, or is still being given up by, two members of a group."""
    for _, group in _running(observed):
        owners: dict[TopicPartition, str] = {}
        for member in group.members:
            for partition in (*member.partitions, *member.revoking):
                other = owners.setdefault(partition, member.member_id)
                if other != member.member_id:
                    yield (
                        f"group {group.group_id}, generation {group.generation}: {partition} "
                        f"belongs to {other} and to {member.member_id}"
                    )


def g2_generation_rises(observed: Observed) -> Complaints:
    """A group's generation never falls while it has the same coordinator; no member is ahead."""
    world = observed.world
    for broker, group in _running(observed):
        for member in group.members:
            if member.epoch > group.generation:
                yield (
                    f"group {group.group_id}: {member.member_id} is in epoch {member.epoch}, the "
                    f"group in {group.generation}"
                )
        partition = broker.groups.partition_for(group.group_id, _offsets_partitions(observed))
        replica = broker.replicas.partition(TopicPartition(OFFSETS_TOPIC, partition))
        if replica is None:
            continue
        started = world.started[broker.name]
        name = f"{group.type}/{group.group_id}"
        key = (broker.broker_id, started, replica.leader_epoch, name)
        before = observed.generations.get(key, -1)
        observed.generations[key] = max(before, group.generation)
        # An empty group may be deleted, and one of its name begins anew.
        if group.generation < before and group.state not in ("Dead", "Empty"):
            yield (
                f"group {group.group_id} on {broker.name}: generation fell from {before} "
                f"to {group.generation}"
            )


def g6_one_instance(observed: Observed) -> Complaints:
    """One live member for each `group.instance.id`."""
    for _, group in _running(observed):
        known: dict[str, str] = {}
        for member in group.members:
            instance = member.group_instance_id
            if instance is not None and known.setdefault(instance, member.member_id) != (
                member.member_id
            ):
                yield f"group {group.group_id}: two members are {instance}"


def g3_commits_of_this_generation(broker: Broker, partition: int, offset: int) -> Complaints:
    """What was just written at `offset` was not asked for by a member of another generation.

    Asked while the answer is parked; one that is committed at once is not seen here.
    """
    shard = broker.groups.hosted.get(partition)
    if shard is None or shard.phase is not Phase.ACTIVE:
        return
    for parked in reversed(shard._parked):
        if parked.end_offset <= offset:
            return
        plan: Any = getattr(parked.asked, "operation", None)
        if not isinstance(plan, CommitPlan):
            continue
        group = shard.machine.table.get(plan.group_id)
        asked = plan.request.generation_id_or_member_epoch
        if group is not None and 0 <= asked != group.generation:
            yield (
                f"{broker.name} takes a commit of {plan.request.member_id} in generation {asked} "
                f"of {plan.group_id}, which is in generation {group.generation}"
            )


def g7_state_is_the_log(observed: Observed) -> Complaints:
    """What a coordinator has written and what it tells are the replay of its partition's log."""
    for broker in observed.brokers():
        if broker.name in observed.world.crashed:
            continue
        for shard, fresh in shards_and_replays(broker.groups, broker.disk.logs, _REPLAYED_MAX):
            replayed = tables_of(fresh)
            for what, mine in tables_of(shard).items():
                if mine != replayed[what]:
                    yield f"{broker.name}, {shard.topic_partition}: {what} is not what the log says"


def g8_same_heartbeat_twice(observed: Observed) -> Complaints:
    """The same heartbeat twice is the same as once, and no epoch moves before revocation is."""
    for broker in observed.brokers():
        if broker.name in observed.world.crashed or not _has_consumer_groups(broker):
            continue
        for _, fresh in shards_and_replays(broker.groups, broker.disk.logs, _REPLAYED_MAX):
            for words in heartbeat_twice.judged(fresh, observed.world.now):
                yield f"{broker.name}: {words}"


def _has_consumer_groups(broker: Broker) -> bool:
    return any(hosted.machine.consumers.written for hosted in broker.groups.hosted.values())


def _offsets_partitions(observed: Observed) -> int:
    topic = observed.image.topics.get(OFFSETS_TOPIC)
    return len(topic.partitions) if topic is not None else 1


ABOUT_GROUPS: Final = {
    "G1": g1_one_owner,
    "G2": g2_generation_rises,
    "G6": g6_one_instance,
    "G7": g7_state_is_the_log,
    "G8": g8_same_heartbeat_twice,
}
