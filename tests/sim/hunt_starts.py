"""How the scopes of a hunt begin: clusters, their clients, what is asked.  See `hunt_scopes`."""

from collections.abc import Callable
from typing import Any

from hunt import State, do, named, run_to, spoken
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
        own = {key.replace("_", "."): value for key, value in config.items()}
        sim = Simulation(3, 1, controllers, config=CONFIG | own, is_current=False)
        sim.create_topic("orders", partitions, 3, {"min.insync.replicas": 2} | (topic or {}))
        world = sim.world
        history = ClientHistory(lambda: world.now)
        if topic and topic.get("cleanup.policy") == "compact":
            history.compacted["orders"] = None
        monitor = Monitor(world, acks_all=acks_all)
        state = State(sim, world, monitor, Clients(history), (), asks(sim))
        clients(state)
        run_to(world, monitor, state.clients, world.now + 3_000)
        names = named(state)
        for words in before:
            assert do(state, spoken(words, names)), words
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


def crashes(*nodes: int | str) -> dict[str, int]:
    """Each of them may crash once, and be back."""
    return {f"{what} {node}": 1 for node in nodes for what in ("crash", "restart")}


CLASSIC = {"session_timeout_ms": 1_500, "heartbeat_interval_ms": 300}
STICKY = CLASSIC | {"partition_assignment_strategy": "cooperative-sticky"}
KIP848 = {"group_protocol": "consumer"}
BEGUN = ("do begin producer-1", "do produce producer-1 orders", "wait 30")
WAITS = {SOON: 3, LONG: 3}
ENDS = {f"do end producer-1 {call}_transaction": 2 for call in ("commit", "abort")}
EXTRA = TopicPlan("extra", 2, 3, {})
