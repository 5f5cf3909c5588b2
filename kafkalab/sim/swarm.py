"""A swarm: many small runs, each with its own sizes, options and faults, all drawn from its seed.

    plan ──▶ cluster, topics, clients ──▶ faults ──────▶ heal ──────▶ audit ──▶ checker
                                          safety holds   all is live  everything is read once more
                                          at every step  within a bound

A run that breaks a promise raises `SwarmFailure`, which says all that is needed to see it again.

    for seed in range(1000):
        run(Plan.of(seed, seconds=5))

In TigerBeetle: the VOPR.  Read next: `plan`, `workload`, `invariants`, `checker`; `fleet`, which
runs many at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kafkalab.client.consumer.node import ConsumerNode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.schema import Message
from kafkalab.server import Broker, Controller
from kafkalab.sim import checker, hanging
from kafkalab.sim.client_history import ClientHistory
from kafkalab.sim.invariants import Broken, Monitor, unsettled
from kafkalab.sim.operations import admin_request, elect_uncleanly_request
from kafkalab.sim.plan import Plan, TopicPlan
from kafkalab.sim.quorum_invariants import q9_settled
from kafkalab.sim.simulation import Simulation
from kafkalab.sim.transaction_workload import transacting, working
from kafkalab.sim.workload import auditing, consuming, producing
from kafkalab.sim.written_as import written_as
from kafkalab.world import NodeFailure, World, servers
from kafkalab.world.apps import State
from kafkalab.world.operator import OPERATOR, Operator

#: How long after the faults everything must work again (virtual ms).
LIVE_WITHIN_MS: Final = 180_000
#: By then coordinators have ended all that they know of; what is open now hangs.
_HANGS_AFTER_MS: Final = 60_000
_LOOK_EVERY_MS: Final = 500
_LAST_EVENTS: Final = 25


class SwarmFailure(AssertionError):
    """A run broke a promise; the text has the plan, the last events, and how to see it again."""

    def __init__(self, plan: Plan, promise: str, words: str, world: World | None) -> None:
        self.plan, self.promise, self.words = plan, promise, words
        lines = [f"{promise}: {words}", str(plan)]
        if world is not None:
            last = [
                entry for entry, _ in zip(reversed(world.trace), range(_LAST_EVENTS), strict=False)
            ]
            lines.append(f"  at {world.now} ms, step {world.steps}; the last events:")
            lines += [f"    {entry}" for entry in reversed(last)]
        lines.append(
            f"  To see it happen: kafkalab sim --seed {plan.seed} --seconds {plan.seconds:g}"
        )
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Report:
    """A run that kept its promises."""

    seed: int
    steps: int
    virtual_ms: int
    sent: int
    acked: int
    polled: int


def run(plan: Plan, *, watched: bool = True) -> Report:
    """Carry a plan out.  `SwarmFailure` if a promise does not hold.

    Not `watched`: without the invariants, only as its clients see it.
    """
    swarm = _Run(plan, watched)
    try:
        return swarm.whole()
    except Broken as broken:
        raise SwarmFailure(plan, broken.promise, str(broken), swarm.world) from broken
    except NodeFailure as failure:
        raise SwarmFailure(plan, "no node fails", str(failure), swarm.world) from failure


class _Run:
    """One run, from its plan to its report."""

    def __init__(self, plan: Plan, watched: bool) -> None:
        self.plan = plan
        self.sim = sim = Simulation(
            plan.brokers,
            plan.seed,
            plan.controllers,
            combined=plan.combined,
            wire=plan.wire,
            config=plan.config,
        )
        sim.close()
        self.world = sim.world
        self.history = ClientHistory(lambda: self.world.now)
        self.monitor: Monitor | None = None
        self.watched = watched

    def whole(self) -> Report:
        """Start, break, heal, wait, judge."""
        plan, world, history = self.plan, self.world, self.history
        for topic in plan.topics:
            self._create(topic)
        if self.watched:
            self.monitor = Monitor(world, acks_all=self._is_acks_all())
        start = world.now
        self._start_clients()
        for at, words in plan.faults:
            world.schedule(start + at, words)
        for admin in plan.admin:
            self._run_to(start + admin.at_ms)
            self._ask(admin_request(admin))
        self._run_to(start + round(plan.seconds * 1000))
        self._heal()
        self._until_live()
        self._audit()
        if self.monitor is not None:
            self.monitor.everything()
        self._until_live()
        self._exempt_what_was_lost()
        for anomaly in checker.check(history):
            raise SwarmFailure(plan, anomaly.rule, anomaly.words, world)
        ops = [op.what for op in history.ops]
        counts = (ops.count("sent"), ops.count("acked"), ops.count("polled"))
        return Report(plan.seed, world.steps, world.now, *counts)

    # --- beginning

    def _create(self, topic: TopicPlan) -> None:
        self.sim.create_topic(topic.name, topic.partitions, topic.replication_factor, topic.config)
        if not topic.keeps_promises:
            self.history.unreliable[topic.name] = None
        if topic.is_compacted:
            self.history.compacted[topic.name] = None

    def _is_acks_all(self) -> bool:
        return all(int(each.conf.get("acks", -1)) == -1 for each in self.plan.producers)

    def _start_clients(self) -> None:
        plan, sim = self.plan, self.sim
        for number, producer in enumerate(plan.producers):
            sim.app(producing(producer, self.history), f"app-p{number + 1}")
        for number, member in enumerate(plan.members):
            sim.app(consuming(member, self.history), f"app-c{number + 1}")
        until = self.world.now + round(plan.seconds * 1000)
        for number, each in enumerate(plan.transactions):
            make = working if each.source else transacting
            sim.app(make(each, until, self.history), f"app-t{number + 1}")
        for group in {member.group: None for member in plan.members}:
            if all(each.commits_each for each in plan.members if each.group == group):
                self.history.careful_groups[group] = None

    # --- time

    def _run_to(self, until: int) -> None:
        world, monitor = self.world, self.monitor
        if monitor is None:
            while world.step(until):
                pass
        else:
            after_step = monitor.after_step
            while world.step(until):
                after_step()
        world.pass_time(until)

    # --- administration

    def _ask(self, request: Message) -> None:
        """Ask, and do not wait: the answer may never come."""
        operator = self.world.nodes[OPERATOR]
        assert isinstance(operator, Operator)
        up = [node for node in servers.brokers(self.world) if self.world.is_up(node.name)]
        if up:
            server = up[self.world.steps % len(up)].name
            self.world.act(OPERATOR, "ask", server, request)

    # --- the end

    def _heal(self) -> None:
        """End every fault: nothing is down, cut off or slow any more."""
        world = self.world
        world.command("heal")
        for node in servers.all_servers(world):
            world.command(f"mend-disk {node.name}")
        for _, words in self.plan.faults:
            if words.startswith("delay"):
                _, one, other, _ = words.split()
                world.command(f"delay {one} {other} 1")
        for name in list(world.stopping):
            world.command(f"crash {name}")  # it may wait for one that is to come back just now
        for name in list(world.crashed):
            if isinstance(world.nodes[name], Broker | Controller):
                world.command(f"restart {name}")

    def _until_live(self) -> None:
        world, began = self.world, self.world.now
        limit = began + LIVE_WITHIN_MS
        while (missing := next(self._not_live(), None)) is not None:
            if world.now >= limit:
                words = f"{LIVE_WITHIN_MS} ms after the last fault: {missing}"
                raise SwarmFailure(self.plan, "it becomes live again", words, world)
            self._elect_uncleanly()
            if world.now >= began + _HANGS_AFTER_MS and self._lossy_topics():
                for server, request in hanging.aborts(world):
                    world.act(OPERATOR, "ask", server, request)
            self._run_to(world.now + _LOOK_EVERY_MS)

    def _elect_uncleanly(self) -> None:
        """What Kafka leaves to its operator: a partition for which no replica is trusted any more.

        A change of min.insync.replicas makes the controller forget the ELR and the last leader
        (ClearElrRecord); a partition that was without a leader then never gets one by itself.  So
        it is when the power of all who were trusted was lost.
        """
        for topic in servers.metadata(self.world).topics.values():
            lost = [
                number
                for number, partition in topic.partitions.items()
                if not (partition.isr or partition.elr or partition.last_known_elr)
            ]
            if lost:
                self.history.unreliable[topic.name] = None
                if self.monitor is not None:
                    for number in lost:
                        name = TopicPartition(topic.name, number)
                        self.monitor.observed.partitions[name].may_lose = True
                self._ask(elect_uncleanly_request(topic.name, lost))

    def _exempt_what_was_lost(self) -> None:
        """Of a topic whose trusted replicas lost power, or were given up, nothing is promised.

        Who watched knows whether an unclean election that was allowed took place.
        """
        if self.monitor is not None:
            self.history.unreliable.clear()
        self.history.unreliable |= dict.fromkeys(self._lossy_topics())
        self.history.written_as = written_as(self.world)

    def _lossy_topics(self) -> list[str]:
        """Nobody watched: of each that lost anything, to be on the safe side."""
        if self.monitor is not None:
            seen = self.monitor.observed.partitions
            return [name.topic for name, one in seen.items() if one.is_tainted]
        return [entry.event[1] for entry in self.world.trace.of("UnflushedLost")]

    def _not_live(self) -> Iterator[str]:
        """What does not work yet."""
        world = self.world
        if world.paused:
            yield f"{', '.join(world.paused)} paused"
        for process in world.apps.processes.values():
            if process.state is State.CRASHED:
                words = f"{process.name} ended with {process.error}"
                raise SwarmFailure(self.plan, "no application fails", words, world)
            if process.state is State.RUNNING and process.name.startswith(("app-p", "app-t")):
                yield f"{process.name} has not done all it was to do"
        if not servers.is_ready(world):
            yield "not every broker is in service"
        yield from q9_settled(world)
        yield from unsettled(world)
        if self.monitor is not None:
            yield from (words for _, words in self.monitor.transactions.at_rest())
        if self._lossy_topics():
            for server, _ in hanging.aborts(world):
                yield f"a transaction hangs at {server}, and nobody will end it"
        yield from self._groups_not_live()

    def _groups_not_live(self) -> Iterator[str]:
        """G5: in each group all partitions are assigned, once, and read to the end."""
        world = self.world
        groups: dict[str, list[ConsumerNode]] = {}
        for client, group in self.history.members.items():
            process = world.apps.processes[client]
            if process.state is not State.RUNNING:
                continue
            for name in process.nodes:
                node = world.nodes[name]
                assert isinstance(node, ConsumerNode)
                groups.setdefault(group, []).append(node)
        for group, members in groups.items():
            if self._may_have_ended(group) or any(each.is_refused for each in members):
                continue  # (a join that was stuck on its way fences the static member that sent it)
            owners: dict[TopicPartition, str] = {}
            for node in members:
                for partition in node.assignment():
                    if owners.setdefault(partition, node.name) != node.name:
                        yield f"{group}: {partition} belongs to two"
                    yield from self._not_read(group, node, partition)
            wanted = {topic for node in members for topic in node.subscription()}
            for partition in self._partitions():
                if partition.topic in wanted and partition not in owners:
                    yield f"{group}: {partition} belongs to nobody"

    def _may_have_ended(self, group: str) -> bool:
        """Members of a KIP-848 group whose records were lost end with GROUP_ID_NOT_FOUND."""
        if "__consumer_offsets" not in self._lossy_topics():
            return False
        protocols = [each.conf for each in self.plan.members if each.group == group]
        return any(conf.get("group.protocol") == "consumer" for conf in protocols)

    def _not_read(self, group: str, node: ConsumerNode, name: TopicPartition) -> Iterator[str]:
        position = node.positions.get(name)
        if position is None:
            (position,) = node.position(((name.topic, name.partition),))
        unread = self._unread(name, position or 0)
        if unread >= 0:
            yield f"{group}: {node.name} is at {position} of {name}, which has offset {unread}"

    def _partitions(self) -> list[TopicPartition]:
        topics = servers.metadata(self.world).topics
        return [
            TopicPartition(name, number)
            for name, topic in topics.items()
            if not name.startswith("__")
            for number in topic.partitions
        ]

    def _unread(self, name: TopicPartition, position: int) -> int:
        """The offset of a committed batch with records, at or after a position; -1 if none."""
        leader = servers.metadata(self.world).topics[name.topic].partitions[name.partition].leader
        if leader < 0:
            return -1
        log = servers.broker(self.world, leader).disk.logs.get(name)
        if log is None:
            return -1
        aborted = log.aborted_transactions(position, log.high_watermark)
        for entry in log.entries_from(max(position, log.log_start_offset)):
            batch = entry.batch
            if batch.is_control or not batch.record_count or entry.last_offset < position:
                continue
            if entry.next_offset > log.high_watermark:
                break
            if not batch.is_transactional or not any(
                row.producer_id == batch.producer_id
                and row.first_offset <= entry.base_offset < row.last_offset
                for row in aborted
            ):
                return entry.last_offset
        return -1

    def _audit(self) -> None:
        """One more reader, from the beginning to the end of everything."""
        world = self.world
        self.sim.app(auditing(self._partitions(), self.history), "app-audit")
        limit = world.now + LIVE_WITHIN_MS
        process = world.apps.processes["app-audit"]
        while process.state is State.RUNNING:
            if world.now >= limit:
                raise SwarmFailure(self.plan, "all can be read", "the audit does not end", world)
            self._run_to(world.now + _LOOK_EVERY_MS)
        if process.state is State.CRASHED:
            raise SwarmFailure(self.plan, "no application fails", process.error, world)
