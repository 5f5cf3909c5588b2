"""What one run of the swarm does, drawn from its seed: sizes, options, clients, faults, as data.

    Plan.of(seed, seconds) ──▶ cluster · topics · producers · members · admin · faults

Nothing here runs.  A run is its plan, so what a failing seed did can be read, and made smaller by
hand (`replace(plan, faults=plan.faults[:3])`).

Read next: `fault_plan`, which draws the faults; `swarm`, which carries a plan out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from kafkalab.chance import Stream
from kafkalab.ids import FIRST_CONTROLLER_ID
from kafkalab.sim import shapes
from kafkalab.sim.fault_plan import Fault, Place, drawn_faults
from kafkalab.sim.shapes import Shape
from kafkalab.sim.transaction_plan import (
    BOOTSTRAP,
    TARGET,
    TARGET_PARTITIONS,
    TransactionPlan,
    drawn_transactions,
)

_OFTEN, _HALF, _SELDOM = 800, 500, 150

#: What all producers of a run send at most: a long run is long in time, faults and rebalances.
VALUES_MAX: Final = 1_000
BURST: Final = 20


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic; `config` by Kafka's keys."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}: {self.partitions} × {self.replication_factor}, {_words(self.config)}"

    @property
    def is_compacted(self) -> bool:
        """Whether its records must have keys, and go when a later one has the same."""
        return self.config.get("cleanup.policy") == "compact"

    @property
    def keeps_promises(self) -> bool:
        """Whether an acks=all answer promises that nothing is lost."""
        return not self.config.get("unclean.leader.election.enable", False)


@dataclass(frozen=True, slots=True)
class ProducerPlan:
    """A producer that sends `count` values to its topics, one every `every_ms`.

    After each burst (`BURST` values) it rests, so that the values last as long as the run does.
    """

    conf: Mapping[str, Any]
    topics: tuple[str, ...]
    every_ms: int
    keys: int  # how many different keys it uses; 0: none
    count: int = 0
    rest_ms: int = 0

    def __str__(self) -> str:
        pace = f"{self.count} values, one every {self.every_ms} ms"
        rests = f", {self.rest_ms} ms of rest after {BURST}" if self.rest_ms else ""
        keys = f"{self.keys} keys, {_words(self.conf)}"
        return f"producer to {', '.join(self.topics)}, {pace}{rests}, {keys}"

    def within(self, until_ms: int, values_max: int) -> Self:
        """The same from 0 to `until_ms`, with at most `values_max` values."""
        count = min(until_ms // self.every_ms, values_max)
        idle_ms = until_ms - count * self.every_ms
        rest_ms = idle_ms // (count // BURST) if count == values_max >= BURST else 0
        return replace(self, count=count, rest_ms=rest_ms)


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """A consumer in a group; `starts_ms` after the beginning, gone after `lives_ms` (0: stays)."""

    group: str
    conf: Mapping[str, Any]
    topics: tuple[str, ...]
    commits_each: bool
    starts_ms: int
    lives_ms: int

    def __str__(self) -> str:
        what = f"member of {self.group} on {', '.join(self.topics)}"
        end = f", for {self.lives_ms} ms" if self.lives_ms else ""
        return f"{what}, from {self.starts_ms} ms{end}, {_words(self.conf)}"


@dataclass(frozen=True, slots=True)
class AdminPlan:
    """At `at_ms`: `what` is create, delete, partitions or config."""

    at_ms: int
    what: str
    topic: str
    argument: Any = None

    def __str__(self) -> str:
        return f"{self.what} {self.topic} {self.argument if self.argument is not None else ''}"


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module's docstring.  Times in virtual ms from when the cluster is ready."""

    seed: int
    seconds: float
    brokers: int
    controllers: int
    combined: bool  # the brokers are the controllers; `controllers` says nothing then
    wire: bool
    config: Mapping[str, Any]
    topics: tuple[TopicPlan, ...]
    producers: tuple[ProducerPlan, ...]
    members: tuple[MemberPlan, ...]
    transactions: tuple[TransactionPlan, ...]
    admin: tuple[AdminPlan, ...]
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, seed: int, seconds: float) -> Self:
        """The plan of a seed; the same for ever, as long as this module is."""
        chance = Stream(seed, "swarm")
        brokers = (3, 3, 3, 1, 2, 4, 5)[chance.below(7)]
        controllers = (1, 3, 3)[chance.below(3)]
        combined = controllers > 1 and Stream(seed, "swarm/combined").chance(_HALF)
        config: Mapping[str, Any] = _cluster_config(chance)
        shape = shapes.shape_of(seed)
        if shape is Shape.BALLOT:
            controllers, combined, config = 3, False, shapes.restless(config)
        topics = tuple(
            _topic(chance, f"t{number}", brokers) for number in range(chance.between(1, 3))
        )
        names = tuple(topic.name for topic in topics)
        until_ms = round(seconds * 1000)
        drawn = [_producer(chance, topics) for _ in range(chance.between(1, 3))]
        producers = tuple(each.within(until_ms, VALUES_MAX // len(drawn)) for each in drawn)
        members = _members(chance, seed, names, until_ms)
        transactions = drawn_transactions(seed, names, until_ms)
        if shape is Shape.LATE:
            producers = tuple(replace(p, conf={**p.conf, **shapes.IMPATIENT}) for p in producers)
            transactions = shapes.impatient(seed, names, until_ms)
        if any(plan.source for plan in transactions):
            topics += (_target(brokers),)
        clients = len(producers) + len(transactions)
        place = _place(brokers, 0 if combined else controllers, clients, members)
        faults = drawn_faults(seed, place, until_ms)
        if shape is not Shape.PLAIN:
            faults = shapes.laid_over(shape, seed, place, len(transactions), until_ms, faults)
        return cls(
            seed,
            seconds,
            brokers,
            controllers,
            combined,
            chance.chance(_HALF),
            config,
            topics,
            producers,
            members,
            transactions,
            _admin(chance, topics, brokers, until_ms),
            faults,
        )

    def __str__(self) -> str:
        """On several lines, to be read."""
        controllers = "the same" if self.combined else self.controllers
        parts = [
            f"seed {self.seed}, {self.seconds:g} s: {self.brokers} brokers, "
            f"{controllers} controllers, wire={self.wire}, {dict(self.config)}",
            *(f"  {topic}" for topic in self.topics),
            *(f"  {producer}" for producer in self.producers),
            *(f"  {member}" for member in self.members),
            *(f"  {each}" for each in self.transactions),
            *(f"  {each.at_ms} ms: {each}" for each in self.admin),
            *(f"  {at} ms: {words}" for at, words in self.faults),
        ]
        return "\n".join(parts)


def _words(conf: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in conf.items() if key not in BOOTSTRAP)


def _place(
    brokers: int,
    controllers: int,
    producers: int,
    members: tuple[MemberPlan, ...],
) -> Place:
    return Place(
        tuple(range(1, brokers + 1)),
        tuple(range(FIRST_CONTROLLER_ID, FIRST_CONTROLLER_ID + controllers)),
        tuple(f"producer-{number + 1}" for number in range(producers)),
        tuple(
            f"consumer-{number + 1}"
            for number, member in enumerate(members)
            if not member.starts_ms
        ),
    )


def _cluster_config(chance: Stream) -> dict[str, Any]:
    """Times shorter than Kafka's, often, so that much happens within a run."""
    config: dict[str, Any] = {}
    if chance.chance(_OFTEN):
        config["replica.lag.time.max.ms"] = (1_000, 2_000, 5_000, 10_000)[chance.below(4)]
    if chance.chance(_OFTEN):
        session_ms = (1_000, 3_000, 6_000)[chance.below(3)]
        config["broker.session.timeout.ms"] = session_ms
        config["broker.heartbeat.interval.ms"] = session_ms // 5
    if chance.chance(_HALF):
        config["group.initial.rebalance.delay.ms"] = chance.between(0, 1_000)
    if chance.chance(_SELDOM):
        config["replica.fetch.wait.max.ms"] = chance.between(50, 500)
    if chance.chance(_HALF):
        config["group.consumer.session.timeout.ms"] = (1_500, 10_000)[chance.below(2)]
        config["group.consumer.heartbeat.interval.ms"] = 500
    config["group.min.session.timeout.ms"] = 1_000  # else nobody is expelled in a short run
    config["offsets.topic.num.partitions"] = chance.between(1, 3)
    config["transaction.state.log.num.partitions"] = chance.between(1, 3)
    config["log.cleaner.backoff.ms"] = (500, 3_000)[chance.below(2)]
    if chance.chance(_SELDOM):
        config |= {"offsets.topic.segment.bytes": 1_000, "log.cleaner.min.cleanable.ratio": 0.01}
    return config


def _target(brokers: int) -> TopicPlan:
    """Where the workers write: a topic that keeps every promise."""
    copies = min(brokers, 3)
    config = {"min.insync.replicas": min(copies, 2)}
    return TopicPlan(TARGET, TARGET_PARTITIONS, copies, config)


def _topic(chance: Stream, name: str, brokers: int) -> TopicPlan:
    copies = chance.between(1, min(brokers, 3)) if chance.chance(300) else min(brokers, 3)
    config: dict[str, Any] = {"min.insync.replicas": chance.between(1, min(copies, 2))}
    if chance.chance(_SELDOM):
        config["unclean.leader.election.enable"] = True
    if chance.chance(_SELDOM):
        config["segment.bytes"] = 1_000
    if chance.chance(_SELDOM):
        config["message.timestamp.type"] = "LogAppendTime"
    if chance.chance(_SELDOM):
        config |= {
            "cleanup.policy": "compact",
            "segment.bytes": chance.between(200, 2_000),
            "min.cleanable.dirty.ratio": 0.01,
            "delete.retention.ms": (0, 2_000, 86_400_000)[chance.below(3)],
        }
    return TopicPlan(name, chance.between(1, 4), copies, config)


def _producer(chance: Stream, topics: tuple[TopicPlan, ...]) -> ProducerPlan:
    conf: dict[str, Any] = {**BOOTSTRAP, "linger.ms": (0, 5, 100)[chance.below(3)]}
    if chance.chance(_HALF):
        conf["enable.idempotence"] = True
    else:
        conf["acks"] = (-1, -1, 1, 0)[chance.below(4)]
    if chance.chance(_HALF):
        conf["request.timeout.ms"] = (1_000, 3_000)[chance.below(2)]
        conf["socket.timeout.ms"] = 5_000
    if chance.chance(_SELDOM):
        conf["message.timeout.ms"] = (2_000, 10_000)[chance.below(2)]
    if chance.chance(_SELDOM):
        conf["compression.type"] = ("gzip", "zstd", "lz4", "snappy")[chance.below(4)]
    if chance.chance(_SELDOM):
        conf["batch.num.messages"] = chance.between(1, 5)
    chosen = topics if chance.chance(_HALF) else topics[: chance.between(1, len(topics))]
    must_have_keys = any(topic.is_compacted for topic in chosen)
    keys = chance.between(1, 20) if must_have_keys or chance.chance(_HALF) else 0
    names = tuple(topic.name for topic in chosen)
    return ProducerPlan(conf, names, (5, 20, 50, 200)[chance.below(4)], keys)


def _members(
    chance: Stream, seed: int, topics: tuple[str, ...], until_ms: int
) -> tuple[MemberPlan, ...]:
    members: list[MemberPlan] = []
    for number in range(chance.between(1, 2)):
        protocol = _protocol(Stream(seed, f"swarm/protocol/{number}"))
        commits_each = chance.chance(_HALF)
        for place in range(chance.between(1, 3)):
            members.append(_member(chance, f"g{number}", place, protocol, commits_each, topics))
            if until_ms > 2_000 and chance.chance(_HALF):
                members[-1] = _short_lived(chance, members[-1], until_ms)
    return tuple(sorted(members, key=lambda member: member.starts_ms))


def _protocol(chance: Stream) -> dict[str, Any]:
    """How a group's members share: the classic protocol, eager or cooperative, or KIP-848's."""
    if chance.chance(300):
        assignor = (None, "uniform", "range")[chance.below(3)]
        given = {"group.remote.assignor": assignor} if assignor else {}
        return {"group.protocol": "consumer", **given}
    strategies = ("range", "roundrobin", "range,roundrobin", "cooperative-sticky")
    session_ms = (1_500, 1_500, 6_000, 45_000)[chance.below(4)]
    return {
        "partition.assignment.strategy": strategies[chance.below(4)],
        "session.timeout.ms": session_ms,
        "heartbeat.interval.ms": min(3_000, session_ms // 3),
    }


def _member(
    chance: Stream,
    group: str,
    place: int,
    protocol: Mapping[str, Any],
    commits_each: bool,
    topics: tuple[str, ...],
) -> MemberPlan:
    conf: dict[str, Any] = {
        **BOOTSTRAP,
        "group.id": group,
        "auto.offset.reset": "earliest",
        **protocol,
    }
    if commits_each:
        conf["enable.auto.commit"] = False
    else:
        conf["auto.commit.interval.ms"] = (500, 5_000)[chance.below(2)]
    if chance.chance(_SELDOM):
        conf["group.instance.id"] = f"{group}-{place}"
    if chance.chance(_SELDOM):
        conf["isolation.level"] = "read_uncommitted"
    chosen = topics if chance.chance(_OFTEN) else topics[:1]
    return MemberPlan(group, conf, chosen, commits_each, 0, 0)


def _short_lived(chance: Stream, member: MemberPlan, until_ms: int) -> MemberPlan:
    starts_ms = chance.between(0, until_ms - 1_000)
    lives_ms = chance.between(1_000, until_ms) if chance.chance(_HALF) else 0
    return MemberPlan(
        member.group, member.conf, member.topics, member.commits_each, starts_ms, lives_ms
    )


def _admin(
    chance: Stream, topics: tuple[TopicPlan, ...], brokers: int, until_ms: int
) -> tuple[AdminPlan, ...]:
    """Topics that come and go beside those used, more partitions, other settings."""
    plans: list[AdminPlan] = []
    for number in range(chance.below(5)):
        at_ms = chance.between(0, until_ms)
        topic = topics[chance.below(len(topics))]
        match chance.below(4):
            case 0:
                extra = _topic(chance, f"extra{number}", brokers)
                plans.append(AdminPlan(at_ms, "create", extra.name, extra))
                plans.append(AdminPlan(chance.between(at_ms, until_ms), "delete", extra.name, None))
            case 1:
                plans.append(AdminPlan(at_ms, "partitions", topic.name, topic.partitions + 1))
            case 2:
                value = str(chance.between(1, min(topic.replication_factor, 2)))
                plans.append(AdminPlan(at_ms, "config", topic.name, ("min.insync.replicas", value)))
            case _:
                value = str(chance.between(500, 5_000))
                plans.append(AdminPlan(at_ms, "config", topic.name, ("segment.bytes", value)))
    return tuple(sorted(plans, key=lambda plan: plan.at_ms))
