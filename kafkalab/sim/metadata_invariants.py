"""What must hold of the metadata, and of who follows it (R3 …, Q8, T11).

Each function is one promise; it yields a sentence for each way in which it is broken.

Left out: the quorum itself (`quorum_invariants`); groups (`group_invariants`).
Read next: `observed`, their memory; `invariants`, which asks them.
"""

from collections.abc import Iterator
from typing import Any

from kafkalab.ids import NO_NODE, NodeId, TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.metadata.image import PartitionImage
from kafkalab.server import Broker, Controller
from kafkalab.sim.observed import Observed, PartitionSeen
from kafkalab.world import servers

Complaints = Iterator[str]


# --- a partition, as the controllers decided ----------------------------------------------------


def r3_leader_and_isr(
    name: TopicPartition, before: PartitionImage | None, now: PartitionImage
) -> Complaints:
    """The leader is in the ISR or there is none; the ISR and the ELR are replicas."""
    if now.leader != NO_NODE and now.leader not in now.isr:
        yield f"{name}: leader {now.leader} is not in the ISR {now.isr}"
    for what, nodes in (("ISR", now.isr), ("ELR", now.elr)):
        strangers = [node for node in nodes if node not in now.replicas]
        if strangers or len({*nodes}) < len(nodes):
            yield f"{name}: {what} {nodes}, but the replicas are {now.replicas}"


def r5_epochs_rise(
    name: TopicPartition, before: PartitionImage | None, now: PartitionImage
) -> Complaints:
    """Leader and partition epochs never fall, and another leader has another epoch."""
    if before is None:
        return
    if now.leader_epoch < before.leader_epoch or now.partition_epoch <= before.partition_epoch:
        yield f"{name}: epochs fell from {before} to {now}"
    if now.leader != before.leader and now.leader_epoch == before.leader_epoch:
        yield f"{name}: from leader {before.leader} to {now.leader} in epoch {now.leader_epoch}"


def r13_elr_and_isr(
    name: TopicPartition, before: PartitionImage | None, now: PartitionImage
) -> Complaints:
    """Nobody is in the ISR and the ELR."""
    both = [node for node in now.elr if node in now.isr]
    if both:
        yield f"{name}: {both} in the ISR {now.isr} and in the ELR {now.elr}"


def r13_unclean_shutdown_leaves_elr(
    observed: Observed, before: MetadataImage, now: MetadataImage
) -> Complaints:
    """A broker that did not end in order, and is back, is not trusted: in no ISR, in no ELR.

    Only the registration of its last process tells: one before it may have been delayed.  And if
    that which crashed came to nothing, on a failing disk, the end in order before it still counts.
    """
    for node, broker in now.brokers.items():
        old = before.brokers.get(node)
        if old is None or old.epoch == broker.epoch:
            continue
        if observed.ended.get(f"broker-{node}") != "Crashed":
            continue
        process: Any = observed.world.nodes.get(f"broker-{node}")
        if process is None or process.lifecycle.incarnation_id != broker.incarnation_id:
            continue
        if process.lifecycle.previous_epoch == old.epoch:
            continue
        for topic_name, topic in now.topics.items():
            for number, partition in topic.partitions.items():
                if node in (*partition.isr, *partition.elr) and not broker.is_active:
                    yield (
                        f"{topic_name}-{number}: {node} is back after an unclean shutdown, and in "
                        f"the ISR {partition.isr} or the ELR {partition.elr}"
                    )


ABOUT_IMAGES = {
    "R3": r3_leader_and_isr,
    "R5": r5_epochs_rise,
    "R13": r13_elr_and_isr,
}


def is_unclean(before: PartitionImage, now: PartitionImage) -> bool:
    """Whether the new leader is none of those who have all that is committed.

    The last known leader, which is elected when it alone is left and was shut down uncleanly, has
    it in a world whose disks keep what a process wrote.  Of a leader that has been deposed since,
    the recovery it was to begin with tells, and that it is still waited for.
    """
    trusted = (*before.isr, *before.elr, *before.last_known_elr[:1])
    if now.leader not in (NO_NODE, before.leader, *trusted):
        return True
    recovers = now.leader_recovery_state > before.leader_recovery_state
    return recovers and any(node not in trusted for node in (*now.isr, *now.elr))


def r3_clean_election(
    name: TopicPartition, before: PartitionImage, now: PartitionImage
) -> Complaints:
    """Only a member of the ISR or the ELR is elected, unless the topic allows worse."""
    if is_unclean(before, now):
        yield f"{name}: {now.leader} elected; the ISR was {before.isr}, the ELR {before.elr}"


def joined(before: PartitionImage, now: PartitionImage) -> tuple[NodeId, ...]:
    """Whom the leader brought into the ISR."""
    if now.leader != before.leader:
        return ()
    return tuple(node for node in now.isr if node not in before.isr)


def r9_joins_with_everything(
    observed: Observed, name: TopicPartition, node: NodeId, now: PartitionImage
) -> Complaints:
    """Who enters the ISR has all up to the high watermark and to the start of the epoch."""
    seen = observed.partitions[name]
    log, leader = observed.disk_log(node, name), observed.disk_log(now.leader, name)
    if leader is None:
        return
    needed = max(leader.high_watermark, seen.epoch_start.get(now.leader_epoch, 0))
    if log is None or log.log_end_offset < needed:
        end = log.log_end_offset if log is not None else "nothing"
        yield f"{name}: {node} enters the ISR with {end}; it needs {needed}"


def has_ended(observed: Observed, node: NodeId, image: MetadataImage) -> bool:
    """Whether the process that a broker is registered as is no more, as nobody knows yet."""
    name = f"broker-{node}"
    broker, registered = observed.world.nodes[name], image.brokers.get(node)
    assert isinstance(broker, Broker), name
    epoch = registered.epoch if registered is not None else -1
    return name in observed.world.crashed or broker.lifecycle.broker_epoch != epoch


def r10_only_active_join(name: TopicPartition, node: NodeId, image: MetadataImage) -> Complaints:
    """A broker that is fenced, shutting down or unknown enters no ISR."""
    broker = image.brokers.get(node)
    if broker is None or not broker.is_active:
        yield f"{name}: {node} enters the ISR, but is {broker}"


# --- the quorum, and who follows it -------------------------------------------------------------


def q6_never_back(observed: Observed) -> Complaints:
    """Quorum epoch and high watermark never fall on a node, while its process lasts."""
    world = observed.world
    nodes: list[Controller | Broker] = [*servers.controllers(world), *servers.brokers(world)]
    for node in nodes:
        if node.name in world.crashed:
            continue  # its disk may have lost what it knew
        raft = node.raft
        now = (world.started[node.name], raft.epoch, raft.high_watermark)
        before = observed.quorum.get(node.name)
        observed.quorum[node.name] = now
        if (
            before is not None
            and before[0] == now[0]
            and (now[1] < before[1] or now[2] < before[2])
        ):
            yield f"{node.name}: quorum epoch and high watermark fell from {before} to {now}"


def q8_images_are_prefixes(observed: Observed) -> Complaints:
    """What a broker knows of the cluster is what the controllers had committed at that offset."""
    for broker in observed.brokers():
        decided = observed.images.get(broker.image.offset)
        if decided is None or broker.image is decided:
            continue
        mine = broker.image
        same = (
            mine.topics == decided.topics
            and mine.brokers == decided.brokers
            and mine.configs == decided.configs
        )
        if not same:
            yield f"{broker.name} sees another cluster at offset {mine.offset} than was decided"
        if mine.offset > observed.image.offset:
            yield f"{broker.name} knows offset {mine.offset}; committed is {observed.image.offset}"


def t11_producer_ids(observed: Observed) -> Complaints:
    """No producer id is given twice."""
    world = observed.world
    for node in world.nodes.values():
        producer_id = getattr(node, "producer_id", -1)
        if not isinstance(producer_id, int) or producer_id < 0:
            continue
        owner = (node.name, world.started[node.name])
        transactional_id = getattr(node, "transactional_id", None)
        if transactional_id:  # whoever takes it over goes on under the same producer id
            owner = (transactional_id, -1)
        first = observed.producers.setdefault(producer_id, owner)
        if first != owner:
            yield f"producer id {producer_id} was given to {first[0]} and to {node.name}"


ABOUT_THE_CLUSTER = {
    "Q6": q6_never_back,
    "Q8": q8_images_are_prefixes,
    "T11": t11_producer_ids,
}

__all__ = ["ABOUT_IMAGES", "ABOUT_THE_CLUSTER", "PartitionSeen", "is_unclean", "joined"]
