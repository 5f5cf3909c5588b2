"""The promises of RELIABILITY.md, asked of a world while it runs.

    monitor = Monitor(sim.world, acks_all=True)
    while world.step(until):
        monitor.after_step()             what the step touched; everything every 500 steps
    monitor.at_rest()                    what must hold once all faults are over

A broken promise raises `Broken` with its name (R1 … R17, Q6, T1, G1 …), the instant, and the step,
so that seed and step show it again.  Asking costs a small part of a step: most steps add nothing
to the trace that is kept, and then nothing is asked.

A check that condemns correct Kafka is as bad as one that passes a bug: where one fires, read
Kafka's source before changing the engine.
Read next: `replication_invariants`, `metadata_invariants`, `quorum_invariants`; it is run by
`tests/sim/test_invariants.py`.
"""

from collections.abc import Iterable
from typing import Any, Final

from kafkalab.ids import NodeId, NodeName, TopicPartition, Uuid
from kafkalab.metadata import MetadataImage
from kafkalab.replica.partition import Partition
from kafkalab.server import Broker
from kafkalab.sim import (
    compaction_invariants,
    fences,
    fetch_invariants,
    group_invariants,
    metadata_invariants,
    replication_invariants,
)
from kafkalab.sim.observed import Observed, PartitionSeen
from kafkalab.sim.quorum_invariants import (
    QuorumMemory,
    members_of,
    q8_images_are_prefixes,
    q9_settled,
)
from kafkalab.sim.transaction_invariants import TransactionPromises
from kafkalab.world import Entry, World, servers

EVERYTHING_EVERY: Final = 500  # steps
_UNCLEAN: Final = "unclean.leader.election.enable"
_ABOUT_A_PARTITION: Final = frozenset(
    {
        "Appended",
        "Replicated",
        "DuplicateDropped",
        "HighWatermarkAdvanced",
        "Truncated",
        "UnflushedLost",
        "LogStartAdvanced",
        "LogCleaned",
        "LeaderStarted",
        "FollowerStarted",
        "ProduceAnswered",
        "IsrChanged",
        "LeaderElected",
        "RecordsPolled",
    }
)
_FROM_BROKERS: Final = _ABOUT_A_PARTITION - {"IsrChanged", "LeaderElected"}


class Broken(AssertionError):
    """A promise does not hold."""

    def __init__(self, promise: str, complaint: str, world: World) -> None:
        super().__init__(f"{promise}, at {world.now} ms, step {world.steps}: {complaint}")
        self.promise = promise
        self.step = world.steps


class Monitor:
    """Follows one world, from where it is now.

    `acks_all`: producers ask for acks=all, so an answer without error is a promise (R12).
    """

    def __init__(self, world: World, *, acks_all: bool) -> None:
        self.world = world
        self.acks_all = acks_all
        self.observed = Observed(world)
        self.quorum = QuorumMemory()
        self.transactions = TransactionPromises(self.observed)
        self._entries = len(world.trace)
        self._steps = world.steps
        self._note_image()
        self.everything()

    def after_step(self) -> None:
        """What the last step touched.  `Broken` if a promise does not hold."""
        world = self.world
        before, self._entries = self._entries, len(world.trace)
        if before != self._entries:
            self._look_at_quorum()
            self._judge(world.trace[before:])
        if world.steps - self._steps >= EVERYTHING_EVERY:
            self.everything()

    def _look_at_quorum(self) -> None:
        for promise, complaint in self.quorum.look(members_of(self.world)):
            raise Broken(promise, complaint, self.world)

    def _judge(self, entries: list[Entry]) -> None:
        """What these entries tell, in the order in which they happened."""
        touched: dict[TopicPartition, None] = {}
        for entry in entries:
            if entry.event[0] in ("Crashed", "Stopped"):
                self.observed.ended[entry.node] = entry.event[0]
        self._note_image()
        for entry in entries:
            event = entry.event
            if event[0] not in _ABOUT_A_PARTITION:
                continue
            name = TopicPartition(event[1], event[2])
            if name in self.observed.partitions:
                touched[name] = None
                if event[0] == "Truncated":
                    self._truncated(entry.node, name, event[3])
                elif event[0] == "UnflushedLost":
                    self._lost(entry.node, name, event[3])
        for name in touched:
            self._touched(name)
        self._ask_each(self.transactions.happened(entries))
        for entry in entries:
            if entry.event[0] in _FROM_BROKERS:
                self._happened(entry.node, entry.event)

    def _touched(self, name: TopicPartition) -> None:
        self._ask("R4 R5 R6 R15 T1", replication_invariants.learn(self.observed, name))
        self._ask_each(self.transactions.touched(name))
        self._ask("R1", replication_invariants.r1_committed_is_on_the_isr(self.observed, name))
        self._ask("R2", replication_invariants.r2_committed_is_on_its_own_isr(self.observed, name))
        self._ask("R13", replication_invariants.r13_elr_has_what_is_committed(self.observed, name))
        self._ask("R14", fetch_invariants.r14_followers_of_this_epoch(self.observed, name))

    # --- what happened to a replica

    def _replica(self, node: NodeName, name: TopicPartition) -> Partition | None:
        broker = self.world.nodes[node]
        return broker.replicas.partition(name) if isinstance(broker, Broker) else None

    def _truncated(self, node: NodeName, name: TopicPartition, offset: int) -> None:
        broker = self.world.nodes[node]
        assert isinstance(broker, Broker), node
        gone = self.observed.truncated(broker.broker_id, name, offset)
        seen, replica = self.observed.partitions[name], self._replica(node, name)
        promise = replication_invariants.r7_committed_is_not_truncated
        self._ask("R7", promise(seen, node, gone))
        if replica is not None:
            promised = replication_invariants.r7_truncation
            self._ask("R7", promised(self.observed, node, replica, gone))

    def _lost(self, node: NodeName, name: TopicPartition, offset: int) -> None:
        """Power was lost: until this replica joins the ISR again, it need not have anything."""
        broker, seen = self.world.nodes[node], self.observed.partitions[name]
        assert isinstance(broker, Broker), node
        self.observed.truncated(broker.broker_id, name, offset)
        seen.forgetful.add(broker.broker_id)

    def _happened(self, node: NodeName, event: tuple[Any, ...]) -> None:
        kind, name = event[0], TopicPartition(event[1], event[2])
        seen = self.observed.partitions.get(name)
        if kind == "RecordsPolled":
            if seen is not None:
                self._ask("R14", fetch_invariants.r14_polled(seen, node, event[4]))
            return
        replica = self._replica(node, name)
        if seen is None or replica is None or replica.log.topic_id != seen.topic_id:
            return
        rules, observed = replication_invariants, self.observed
        match kind:
            case "Appended":
                self._ask("R5", rules.r5_one_appends(seen, node, event[5]))
                if name.topic == group_invariants.OFFSETS_TOPIC:
                    self._group_record_written(node, name.partition, event[3])
            case "LogCleaned":
                self._ask("R17", compaction_invariants.r17_cleaned(observed, node, name))
            case "LeaderStarted":
                seen.epoch_start[event[3]] = event[4]
                promise = rules.r12_leader_has_what_is_committed
                self._ask("R12", promise(observed, node, replica, event[3]))
                key = (replica.local.id, name)
                if observed.roles.get(key) == (False, False):
                    observed.roles[key] = (True, False)  # it led, and was deposed, in one step
            case "HighWatermarkAdvanced":
                self._high_watermark_advanced(seen, node, replica, event[3])
            case "ProduceAnswered" if self.acks_all and event[4] == "NONE":
                self._ask("R12", rules.r12_acknowledged(observed, node, replica, event[3]))

    def _group_record_written(self, node: NodeName, partition: int, offset: int) -> None:
        broker = self.world.nodes[node]
        assert isinstance(broker, Broker), node
        promise = group_invariants.g3_commits_of_this_generation
        self._ask("G3", promise(broker, partition, offset))

    def _high_watermark_advanced(
        self, seen: PartitionSeen, node: NodeName, replica: Partition, offset: int
    ) -> None:
        """As leader or as follower; a step in which the role changed may have been either."""
        rules, observed = replication_invariants, self.observed
        match observed.roles.get((replica.local.id, replica.topic_partition)):
            case (True, True):
                self._ask("R11", rules.r11_high_watermark_moves(observed, node, replica, offset))
            case (False, False):
                self._ask("R6", rules.r6_follower_high_watermark(seen, node, offset))
            case (True, False):
                self._ask("T1", rules.committed_up_to(seen, replica, offset))

    # --- what the controllers decided

    def _note_image(self) -> None:
        image = servers.metadata(self.world)
        before = self.observed.image
        if image.offset <= before.offset:
            return  # nothing new, or a controller that has just been restarted reads its log
        self.observed.image = self.observed.images[image.offset] = image
        promise = metadata_invariants.r13_unclean_shutdown_leaves_elr
        self._ask("R13", promise(self.observed, before, image))
        if image.topics is before.topics:
            return
        for topic_name, topic in image.topics.items():
            old = before.topics.get(topic_name)
            if old is topic:
                continue
            for number, partition in topic.partitions.items():
                name = TopicPartition(topic_name, number)
                seen = self.observed.partitions.get(name)
                if seen is None or seen.topic_id != topic.topic_id:
                    seen = self.observed.partitions[name] = PartitionSeen(topic.topic_id)
                if seen.image is not partition and seen.image != partition:
                    self._decided(name, seen, image)
        for name in [each for each in self.observed.partitions if each.topic not in image.topics]:
            del self.observed.partitions[name]

    def _decided(self, name: TopicPartition, seen: PartitionSeen, image: MetadataImage) -> None:
        now = image.partition(name)
        assert now is not None, name
        before, seen.image = seen.image, now
        for promise, holds in metadata_invariants.ABOUT_IMAGES.items():
            self._ask(promise, holds(name, before, now))
        if before is None:
            return
        seen.is_tainted = seen.is_tainted or now.leader in seen.forgetful
        if seen.may_lose or self._may_lose(name, image):
            seen.is_tainted = seen.is_tainted or metadata_invariants.is_unclean(before, now)
        else:
            self._ask("R3", metadata_invariants.r3_clean_election(name, before, now))
        for node in metadata_invariants.joined(before, now):
            rules = metadata_invariants
            self._ask("R10", rules.r10_only_active_join(name, node, image))
            if node in seen.forgetful and rules.has_ended(self.observed, node, image):
                continue  # its power was lost while it was being taken in; R13 turns it out again
            seen.forgetful.discard(node)
            self._ask("R9", rules.r9_joins_with_everything(self.observed, name, node, now))

    def _may_lose(self, name: TopicPartition, image: MetadataImage) -> bool:
        config = servers.brokers(self.world)[0].config
        return image.topic_config(name.topic, config).bool(_UNCLEAN)

    # --- now and then, and at the end

    def everything(self) -> None:
        """All that can be asked at one instant."""
        observed = self.observed
        self._steps = self.world.steps
        self._look_at_quorum()
        self._note_image()
        for name in list(observed.partitions):
            self._touched(name)
            for broker, replica in observed.replicas(name):
                log = replica.log
                self._ask("R8", replication_invariants.r8_epoch_cache(broker.name, log))
                self._ask("T3", replication_invariants.t3_producer_state(broker.name, log))
                self._ask("R6", replication_invariants.offsets_in_order(broker.broker_id, log))
            self._ask("R17", compaction_invariants.r17_compaction_keeps(observed, name))
        whole = metadata_invariants.ABOUT_THE_CLUSTER | group_invariants.ABOUT_GROUPS
        for promise, holds in (*whole.items(), *fences.FENCES.items()):
            self._ask(promise, holds(observed))
        self._ask("Q8", q8_images_are_prefixes(self.quorum, self.world))
        self._ask_each(self.transactions.everything())

    def at_rest(self) -> None:
        """R16: with all faults healed and all quiet, replicas are equal and all in sync."""
        self.everything()
        self._ask_each(self.transactions.at_rest())
        self._ask("R16", unsettled(self.world))
        self._ask("Q9", q9_settled(self.world))

    def _ask_each(self, complaints: Iterable[tuple[str, str]]) -> None:
        for promise, complaint in complaints:
            raise Broken(promise, complaint, self.world)

    def _ask(self, promise: str, complaints: Iterable[str]) -> None:
        for complaint in complaints:
            raise Broken(promise, complaint, self.world)


def unsettled(world: World) -> Iterable[str]:
    """What keeps the cluster from rest: ISR not full, high watermark behind, logs that differ."""
    image = servers.metadata(world)
    if any(node.image.offset > image.offset for node in servers.brokers(world)):
        yield "a controller that was restarted still reads its log"
    for topic_name, topic in image.topics.items():
        for number, partition in topic.partitions.items():
            name = TopicPartition(topic_name, number)
            live = tuple(id for id in partition.replicas if f"broker-{id}" not in world.crashed)
            if set(partition.isr) != set(live):
                yield f"{name} has ISR {partition.isr}, and {live} run"
            yield from _logs_differ(world, name, topic.topic_id, live)


def _logs_differ(
    world: World, name: TopicPartition, topic_id: Uuid, live: tuple[NodeId, ...]
) -> Iterable[str]:
    logs = [servers.broker(world, id).disk.logs.get(name) for id in live]
    there = [log for log in logs if log is not None and log.topic_id == topic_id]
    if len(there) < len(live):
        yield f"{name} is missing on a replica"
        return
    cleaned_to = max([log.clean_offset for log in there], default=0)  # below, each on its own
    first = [each for each in there[0].entries_from(cleaned_to) if each.base_offset >= cleaned_to]
    for log in there:
        mine = [each for each in log.entries_from(cleaned_to) if each.base_offset >= cleaned_to]
        if mine != first:
            yield f"{name}: {log} and {there[0]} differ"
        if log.high_watermark != log.log_end_offset:
            yield f"{name}: {log}"
