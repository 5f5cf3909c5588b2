"""What must hold of groups, in the state of whoever coordinates them (G1, G2, G3, G6, G7).

Each function is one promise; it yields a sentence for each way in which it is broken.  G4 is seen
from outside (`checker`: skipped by the group, lost commit), G5 when all is quiet (`swarm`).

Left out: G8.
Read next: `observed`, their memory; `invariants`, which asks them.
"""

from collections.abc import Iterator
from typing import Any

from kafkalab.chance import Stream
from kafkalab.coordination import HostedPartition, Phase
from kafkalab.groups.committing import CommitPlan
from kafkalab.groups.shard import GroupShard
from kafkalab.ids import TopicPartition
from kafkalab.node import Effects
from kafkalab.server import Broker
from kafkalab.sim.observed import Observed

Complaints = Iterator[str]
OFFSETS_TOPIC = "__consumer_offsets"


def g1_one_owner(observed: Observed) -> Complaints:
    """In a coordinator's state no partition belongs to two members."""
    for broker in observed.brokers():
        if broker.name in observed.world.crashed:
            continue
        for group in broker.groups.groups.values():
            owners: dict[TopicPartition, str] = {}
            for member in group.members:
                for partition in member.partitions:
                    other = owners.setdefault(partition, member.member_id)
                    if other != member.member_id:
                        yield (
                            f"group {group.group_id}, generation {group.generation}: {partition} "
                            f"belongs to {other} and to {member.member_id}"
                        )


def g2_generation_rises(observed: Observed) -> Complaints:
    """A group's generation never falls while it has the same coordinator."""
    world = observed.world
    for broker in observed.brokers():
        if broker.name in world.crashed:
            continue
        started = world.started[broker.name]
        for group in broker.groups.groups.values():
            partition = broker.groups.partition_for(group.group_id, _offsets_partitions(observed))
            replica = broker.replicas.partition(TopicPartition("__consumer_offsets", partition))
            if replica is None:
                continue
            key = (broker.broker_id, started, replica.leader_epoch, group.group_id)
            before = observed.generations.get(key, -1)
            observed.generations[key] = max(before, group.generation)
            if group.generation < before and group.state != "Dead":
                yield (
                    f"group {group.group_id} on {broker.name}: generation fell from {before} "
                    f"to {group.generation}"
                )


def _offsets_partitions(observed: Observed) -> int:
    topic = observed.image.topics.get("__consumer_offsets")
    return len(topic.partitions) if topic is not None else 1


def g6_one_instance(observed: Observed) -> Complaints:
    """One live member for each `group.instance.id`."""
    for broker in observed.brokers():
        if broker.name in observed.world.crashed:
            continue
        for group in broker.groups.groups.values():
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
    shard = broker.groups._shards.get(partition)
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
    """A coordinator that reads the log anew comes to what the present one has."""
    for broker in observed.brokers():
        if broker.name in observed.world.crashed:
            continue
        for number, shard in broker.groups._shards.items():
            name = TopicPartition(OFFSETS_TOPIC, number)
            replica = broker.replicas.partition(name)
            if replica is None or shard.phase is not Phase.ACTIVE:
                continue
            again = _replayed(broker, name)
            for what, now, expected in (
                ("offsets", shard.machine.offsets, again.offsets),
                ("groups", shard.machine.table, again.table),
            ):
                mine, theirs = _written(now), _written(expected)
                if mine != theirs:
                    yield f"{broker.name}, {name}: {what} are {mine}, but the log says {theirs}"


def _replayed(broker: Broker, name: TopicPartition) -> GroupShard:
    replica = broker.replicas.partition(name)
    assert replica is not None, name
    machine = GroupShard(name, broker.config, Effects(), Stream(0, "replay"), broker.image)
    hosted: Any = HostedPartition(
        name,
        machine,
        replica.log,
        broker.replicas,
        commit_timeout_ms=1,
        batch_bytes_max=1,
        now=0,
    )
    while hosted.phase is Phase.LOADING:
        hosted.on_timer(0)
    return machine


def _written(table: Any) -> Any:
    views = table.views if hasattr(table, "views") else table.metadata
    return views.written


ABOUT_GROUPS = {
    "G1": g1_one_owner,
    "G2": g2_generation_rises,
    "G6": g6_one_instance,
    "G7": g7_state_is_the_log,
}
