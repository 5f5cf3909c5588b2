"""Where a hunt looks: some clusters with clients, and what may happen to each.  See `hunt`."""

from collections.abc import Callable
from typing import Any

from hunt import TICK, Scope, State, do, run_to
from hunt_clients import Clients, add_consumer, add_producer, attend

from kafkalab.protocol.schema import Message
from kafkalab.sim.client_history import ClientHistory
from kafkalab.sim.invariants import Monitor
from kafkalab.sim.operations import admin_request
from kafkalab.sim.plan import AdminPlan, TopicPlan
from kafkalab.sim.simulation import Simulation
from kafkalab.world import servers

#: Short times, so that a wait is worth a crash.
CONFIG = {
    "replica.lag.time.max.ms": 1_000,
    "broker.session.timeout.ms": 1_000,
    "broker.heartbeat.interval.ms": 200,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 500,
    "group.consumer.session.timeout.ms": 1_500,
    "group.consumer.heartbeat.interval.ms": 300,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.num.partitions": 1,
    "log.cleaner.backoff.ms": 300,
}
SOON, LONG = "wait 30", "wait 2500"


def began(
    clients: Callable[[State], Any],
    *,
    partitions: int = 1,
    controllers: int = 1,
    acks_all: bool = True,
    topic: dict[str, Any] | None = None,
    before: tuple[str, ...] = (),
    asks: Callable[[Simulation], dict[str, tuple[str, Message]]] = lambda sim: {},
    **config: Any,
) -> Callable[[], State]:
    """How a scope begins: a cluster with the topic `orders`, clients, and `before`."""

    def start() -> State:
        named = {key.replace("_", "."): value for key, value in config.items()}
        sim = Simulation(3, 1, controllers, config=CONFIG | named, is_current=False)
        sim.create_topic("orders", partitions, 3, {"min.insync.replicas": 2} | (topic or {}))
        world = sim.world
        history = ClientHistory(lambda: world.now)
        if topic and topic.get("cleanup.policy") == "compact":
            history.compacted["orders"] = None
        monitor = Monitor(world, acks_all=acks_all)
        state = State(sim, world, monitor, Clients(history), (), asks(sim))
        clients(state)
        run_to(world, monitor, state.clients, world.now + 3_000)
        for words in before:
            assert do(state, words), words
        attend(world, state.clients)
        sim.driver.history = None
        return state

    return start


def asking(*plans: AdminPlan) -> Callable[[Simulation], dict[str, tuple[str, Message]]]:
    """Administrators' requests, each by words of its own."""

    def made(sim: Simulation) -> dict[str, tuple[str, Message]]:
        server = servers.brokers(sim.world)[0].name
        return {f"ask {plan.what} {plan.topic}": (server, admin_request(plan)) for plan in plans}

    return made


P, Q = "do produce producer-1 orders", "do produce producer-2 orders"


def one_producer(state: State) -> None:
    """An idempotent one."""
    add_producer(state.world, state.clients, enable_idempotence=True, request_timeout_ms=1_000)


def two_producers(state: State) -> None:
    """One that is idempotent, one that is not."""
    add_producer(state.world, state.clients, enable_idempotence=True, request_timeout_ms=1_000)
    add_producer(state.world, state.clients, acks=-1, request_timeout_ms=1_000)


def group(*members: dict[str, Any]) -> Callable[[State], None]:
    """A producer, and members of a group."""

    def made(state: State) -> None:
        add_producer(state.world, state.clients, enable_idempotence=True)
        for conf in members:
            add_consumer(state.world, state.clients, "g", "orders", **conf)

    return made


def transactions(state: State) -> None:
    """A transactional producer, a plain one, a reader of what is committed."""
    given = {"transactional_id": "t", "transaction_timeout_ms": 10_000}
    add_producer(state.world, state.clients, **given)
    add_producer(state.world, state.clients, enable_idempotence=True)
    add_consumer(state.world, state.clients, "g", "orders", **CLASSIC)


def crashes(*nodes: int) -> dict[str, int]:
    """Each of them may crash once, and be back."""
    return {f"{what} {node}": 1 for node in nodes for what in ("crash", "restart")}


CLASSIC = {"session_timeout_ms": 1_500, "heartbeat_interval_ms": 300}
STICKY = CLASSIC | {"partition_assignment_strategy": "cooperative-sticky"}
KIP848 = {"group_protocol": "consumer"}
BEGUN = ("do begin producer-1", "do produce producer-1 orders", "wait 30")
WAITS = {SOON: 3, LONG: 3}
ENDS = {f"do end producer-1 {call}_transaction": 2 for call in ("commit", "abort")}
EXTRA = TopicPlan("extra", 2, 3, {})

SCOPES = (
    Scope(
        "records",
        began(two_producers, before=(P, Q, SOON)),
        {P: 2, Q: 1, **crashes(1, 2, 3), **WAITS},
        5,
    ),
    Scope(
        "cut off",
        began(two_producers, before=(P, Q, SOON)),
        {
            P: 2,
            Q: 1,
            "partition 1 | 2,3,101": 1,
            "partition 2 | 1,3,101": 1,
            "partition 3 | 1,2": 1,
            "pause 1 3000": 1,
            "heal": 1,
            "crash 2": 1,
            "restart 2": 1,
            **WAITS,
        },
        5,
    ),
    Scope(
        "power",
        began(two_producers, before=(P, Q, SOON)),
        {
            P: 2,
            "power-off 1": 1,
            "power-off 2": 1,
            "power-off 3": 1,
            "restart 1": 1,
            "restart 2": 1,
            "restart 3": 1,
            "shutdown 1": 1,
            "shutdown 2": 1,
            **WAITS,
        },
        5,
    ),
    Scope(
        "each step",
        began(two_producers, before=(P, Q)),
        {
            "crash 1": 1,
            "crash 2": 1,
            "crash 3": 1,
            "cut producer-1 1": 1,
            "cut 1 2": 1,
            "pause 1 2500": 1,
            LONG: 1,
            P: 1,
        },
        3,
        faults_max=1,
        nexts_max=25,
    ),
    Scope(
        "quorum",
        began(
            one_producer,
            controllers=3,
            before=(P, SOON),
            asks=asking(
                AdminPlan(0, "create", "extra", EXTRA),
                AdminPlan(0, "config", "orders", ("min.insync.replicas", "1")),
            ),
        ),
        {
            P: 1,
            "ask create extra": 1,
            "ask config orders": 1,
            **crashes(101, 102, 103),
            "power-off 101": 1,
            "partition 101 | 102,103,1,2,3": 1,
            "heal": 1,
            **WAITS,
        },
        4,
    ),
    Scope(
        "administration",
        began(
            two_producers,
            before=(P, Q, SOON),
            asks=asking(
                AdminPlan(0, "create", "extra", EXTRA),
                AdminPlan(0, "delete", "extra"),
                AdminPlan(0, "partitions", "orders", 2),
                AdminPlan(0, "config", "orders", ("segment.bytes", "500")),
            ),
        ),
        {
            P: 1,
            "ask create extra": 2,
            "ask delete extra": 1,
            "ask partitions orders": 1,
            "ask config orders": 1,
            **crashes(1, 2),
            **WAITS,
        },
        4,
    ),
    Scope(
        "group",
        began(group(CLASSIC, CLASSIC), partitions=2, before=(P, SOON)),
        {
            P: 1,
            "do produce producer-1 orders 1": 1,
            "do leave consumer-1": 1,
            "do join g orders": 1,
            "pause consumer-2 3000": 1,
            **crashes(1, 2),
            **WAITS,
        },
        4,
    ),
    Scope(
        "group, sticky",
        began(group(STICKY, STICKY), partitions=3, before=(P, SOON)),
        {
            P: 1,
            "do produce producer-1 orders 1": 1,
            "do leave consumer-1": 1,
            "do join g orders partition_assignment_strategy=cooperative-sticky": 1,
            "pause consumer-2 3000": 1,
            **crashes(1, 2),
            **WAITS,
        },
        4,
    ),
    Scope(
        "group, KIP-848",
        began(group(KIP848, KIP848), partitions=2, before=(P, SOON)),
        {
            P: 1,
            "do produce producer-1 orders 1": 1,
            "do leave consumer-1": 1,
            "do join g orders group_protocol=consumer": 1,
            "pause consumer-2 3000": 1,
            **crashes(1, 2),
            **WAITS,
        },
        4,
    ),
    Scope(
        "transaction",
        began(transactions, partitions=2, before=BEGUN),
        {
            P: 1,
            "do produce producer-1 orders 1": 1,
            Q: 1,
            "do begin producer-1": 1,
            **ENDS,
            "do offsets producer-1 g2 5": 1,
            "do take-over t": 1,
            **crashes(1, 2, 3),
            **WAITS,
        },
        4,
    ),
    Scope(
        "transaction, each step",
        began(transactions, partitions=2, before=(*BEGUN, "do end producer-1 commit_transaction")),
        {
            "crash 1": 1,
            "crash 2": 1,
            "crash 3": 1,
            "pause 1 2500": 1,
            LONG: 1,
            Q: 1,
            "do begin producer-1": 1,
        },
        3,
        faults_max=1,
        nexts_max=25,
    ),
    Scope(
        "compaction",
        began(
            one_producer,
            topic={
                "cleanup.policy": "compact",
                "segment.bytes": 150,
                "min.cleanable.dirty.ratio": 0.01,
            },
            before=(P + " 0 a", SOON, P + " 0 b", SOON, P + " 0 a", SOON),
        ),
        {P + " 0 a": 2, P + " 0 b": 1, **crashes(1, 2, 3), **WAITS},
        4,
    ),
    Scope(
        "acks=1",
        began(lambda s: add_producer(s.world, s.clients, acks=1), acks_all=False, before=(P, SOON)),
        {P: 2, "partition 1 | 2,3,101": 1, "heal": 1, **crashes(1, 2, 3), **WAITS},
        5,
    ),
    # Narrow and deep: few moves, by role.
    Scope(
        "a leader nobody hears",
        began(two_producers, before=(P, Q, SOON), topic={"min.insync.replicas": 1}),
        {"partition $L | $F,$G,101": 1, P: 1, Q: 1, SOON: 2, LONG: 2, "heal": 1, "crash $F": 1},
        5,
        states_max=600,
    ),
    Scope(
        "a leader deposed",
        began(one_producer, before=(P, SOON)),
        {"partition $L | $F,$G,101": 1, P: 1, SOON: 2, LONG: 2, "heal": 1},
        6,
        states_max=600,
    ),
    Scope(
        "a voter behind",
        began(
            lambda state: None, controllers=3, asks=asking(AdminPlan(0, "create", "extra", EXTRA))
        ),
        {
            "partition $E | $C,$D,1,2,3": 1,
            "ask create extra": 1,
            SOON: 1,
            "crash $C": 1,
            "crash $D": 1,
            "restart $D": 1,
            "heal": 1,
            LONG: 1,
        },
        7,
        states_max=900,
    ),
    Scope(
        "three controllers, one broker less",
        began(one_producer, controllers=3, before=(P, SOON)),
        {P: 1, "crash $F": 1, "restart $F": 1, "crash $C": 1, SOON: 2, LONG: 2},
        5,
        states_max=600,
    ),
    Scope(
        "a transaction's leader is back at once",
        began(
            transactions,
            partitions=2,
            before=(*BEGUN[:2], "do produce producer-1 orders 1", "wait 30"),
        ),
        {
            "do end producer-1 commit_transaction": 1,
            **crashes(1, 2, 3),
            TICK: 7,
            LONG: 1,
        },
        11,
        faults_max=1,
        states_max=900,
    ),
    Scope(
        "a transaction ends, a leader crashes and is back",
        began(
            transactions,
            partitions=2,
            before=(
                *BEGUN[:2],
                "do produce producer-1 orders 1",
                SOON,
                "do end producer-1 commit_transaction",
            ),
        ),
        {**crashes(1, 2, 3), LONG: 1},
        3,
        faults_max=1,
        nexts_max=60,
        amid_nexts=tuple(f"crash {broker}" for broker in (1, 2, 3)),
        states_max=250,
    ),
)
