"""Clients of a hunt: nodes that are asked by moves, and what they were told, as data that forks.

A swarm's applications cannot be forked cheaply, so here the moves act upon the nodes themselves,
and `attend` takes what they have to say: reports, messages, rebalances, how calls ended.  All of
it goes into a `ClientHistory`, which the checker judges as it does that of a swarm.

Read next: `hunt`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kafkalab.client import ConsumerNode, ProducerNode
from kafkalab.client.errors import KafkaException
from kafkalab.client.message import Delivery
from kafkalab.client.transaction_requests import GroupMember, Offset
from kafkalab.sim.client_history import ClientHistory, Sender
from kafkalab.world import World, actions

CONF = {"bootstrap.servers": "kafka:9092"}


@dataclass(slots=True)
class Clients:
    """Who there is, what they wait for, and all they were told."""

    history: ClientHistory
    kinds: dict[str, str] = field(default_factory=dict)  # by name: producer, consumer
    values: int = 0
    ids: dict[tuple[str, int], tuple[bytes, str]] = field(default_factory=dict)  # of reports
    calls: dict[str, str] = field(default_factory=dict)  # what a transactional producer waits for
    numbers: dict[str, int] = field(default_factory=dict)  # of transactions
    commits: dict[str, dict[int, tuple[tuple[str, int, int], ...]]] = field(default_factory=dict)
    over: dict[str, None] = field(default_factory=dict)  # fenced, or closed

    def fork(self, world: World) -> "Clients":
        """The same in another world."""
        old = self.history
        history = ClientHistory(lambda: world.now, old.ops.copy(), old.senders.copy())
        history.members = old.members.copy()
        history.unreliable = old.unreliable.copy()
        history.compacted = old.compacted.copy()
        history.uncommitted = old.uncommitted.copy()
        history.careful_groups = old.careful_groups.copy()
        return Clients(
            history,
            self.kinds.copy(),
            self.values,
            self.ids.copy(),
            self.calls.copy(),
            self.numbers.copy(),
            {name: asked.copy() for name, asked in self.commits.items()},
            self.over.copy(),
        )

    def key(self) -> tuple[Any, ...]:
        """What tells two states apart beside their worlds."""
        return (tuple(self.calls.items()), tuple(self.over), self.values)


def add_producer(world: World, clients: Clients, **conf: Any) -> str:
    """A producer; with a transactional id it begins by asking for its epoch."""
    given = {key.replace("_", "."): value for key, value in conf.items()}
    name = actions.add_client(world, "producer", {**CONF, "linger.ms": 0, **given})
    clients.kinds[name] = "producer"
    is_transactional = "transactional.id" in given
    clients.history.senders[name] = Sender(
        int(given.get("acks", -1)),
        is_transactional or bool(given.get("enable.idempotence")),
        is_transactional,
    )
    if is_transactional:
        clients.calls[name] = "init_transactions"
        world.act(name, "begin_call", "init_transactions")
    return name


def add_consumer(world: World, clients: Clients, group: str, *topics: str, **conf: Any) -> str:
    """A member of a group that commits what it has read."""
    given = {key.replace("_", "."): value for key, value in conf.items()}
    own = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    name = actions.add_client(world, "consumer", {**CONF, **own, **given})
    clients.kinds[name] = "consumer"
    clients.history.members[name] = group
    clients.history.careful_groups[group] = None
    if given.get("isolation.level") == "read_uncommitted":
        clients.history.uncommitted[name] = None
    world.act(name, "subscribe", topics, True)
    return name


# --- what moves ask for: each says whether it can be asked now


def produce(world: World, clients: Clients, name: str, topic: str, *more: str) -> bool:
    """Send one value; `more`: the partition, the key."""
    node = world.nodes[name]
    assert isinstance(node, ProducerNode)
    if name in clients.over or (node.transactional_id and node.transaction != "in a transaction"):
        return False
    clients.values += 1
    value = f"{name}/{clients.values}".encode()
    partition = int(more[0]) if more else 0
    key = more[1].encode() if len(more) > 1 else None
    transaction = f"{name}#{clients.numbers[name]}" if node.transactional_id else ""
    note = clients.history.note
    sent_key = more[1] if len(more) > 1 else None
    note(name, "sent", topic, value=value, key=sent_key, transaction=transaction)
    try:
        id = world.act(name, "produce", topic, value, key, partition, (), 0)
    except KafkaException as error:
        note(name, "failed", topic, value=value, error=error.args[0].name())
        return True
    clients.ids[name, id] = value, transaction
    return True


def begin(world: World, clients: Clients, name: str) -> bool:
    """Begin a transaction."""
    if name in clients.calls or name in clients.over:
        return False
    try:
        world.act(name, "begin_transaction")
    except KafkaException:
        return False
    clients.numbers[name] = clients.numbers.get(name, 0) + 1
    clients.history.note(name, "txn_begun", transaction=f"{name}#{clients.numbers[name]}")
    return True


def end(world: World, clients: Clients, name: str, call: str) -> bool:
    """commit_transaction or abort_transaction."""
    node = world.nodes[name]
    assert isinstance(node, ProducerNode)
    if name in clients.calls or name in clients.over or node.transaction != "in a transaction":
        return False
    return _call(world, clients, name, call)


def _call(world: World, clients: Clients, name: str, call: str) -> bool:
    if call == "commit_transaction":
        clients.history.note(
            name, "txn_commit_asked", transaction=f"{name}#{clients.numbers[name]}"
        )
    clients.calls[name] = call
    try:
        world.act(name, "begin_call", call)
    except KafkaException as error:
        del clients.calls[name]
        if error.args[0].fatal():
            clients.over[name] = None
        elif error.args[0].txn_requires_abort() and call != "abort_transaction":
            return _call(world, clients, name, "abort_transaction")
        return False
    return True


def offsets(world: World, clients: Clients, name: str, group: str, offset: str) -> bool:
    """Offsets of a group as part of the transaction."""
    node = world.nodes[name]
    assert isinstance(node, ProducerNode)
    if name in clients.calls or name in clients.over or node.transaction != "in a transaction":
        return False
    try:
        places = (Offset("orders", 0, int(offset), None),)
        world.act(name, "send_offsets", places, GroupMember(group))
    except KafkaException:
        return False
    clients.calls[name] = "send_offsets"
    return True


def leave(world: World, clients: Clients, name: str) -> bool:
    """A consumer closes."""
    if name in clients.over:
        return False
    clients.over[name] = None
    world.act(name, "close")
    return True


def join(world: World, clients: Clients, group: str, topic: str, *conf: str) -> bool:
    """One more member."""
    given = dict(pair.split("=") for pair in conf)
    add_consumer(world, clients, group, topic, **given)
    return True


def take_over(world: World, clients: Clients, id: str) -> bool:
    """Another producer under the same transactional id."""
    add_producer(world, clients, transactional_id=id, transaction_timeout_ms=10_000)
    return True


ASKED: dict[str, Callable[..., bool]] = {
    "produce": produce,
    "begin": begin,
    "end": end,
    "offsets": offsets,
    "leave": leave,
    "join": join,
    "take-over": take_over,
}


# --- what clients have to say


def attend(world: World, clients: Clients) -> None:
    """Take all that clients have to say by now."""
    for name, kind in tuple(clients.kinds.items()):
        if kind == "producer":
            _attend_producer(world, clients, name)
        else:
            _attend_consumer(world, clients, name)


def _attend_producer(world: World, clients: Clients, name: str) -> None:
    node = world.nodes[name]
    assert isinstance(node, ProducerNode)
    if node.has_reports():
        for one in world.act(name, "take_reports"):
            _reported(clients, name, one)
    if name in clients.calls and node.has_outcome():
        outcome = world.act(name, "take_outcome")
        call = clients.calls.pop(name)
        if outcome.is_fatal:
            clients.over[name] = None
        elif outcome.must_abort and call != "abort_transaction":
            _call(world, clients, name, "abort_transaction")
        elif outcome.is_retriable:
            clients.calls[name] = call
            world.act(name, "begin_call", call)
        elif not outcome.error and call in ("commit_transaction", "abort_transaction"):
            what = "txn_committed" if call == "commit_transaction" else "txn_aborted"
            transaction = f"{name}#{clients.numbers[name]}"
            clients.history.note(name, what, transaction=transaction)


def _reported(clients: Clients, name: str, one: Delivery) -> None:
    value, transaction = clients.ids.pop((name, one.id))
    what, place = "failed" if one.error else "acked", (one.topic, one.partition, one.record.offset)
    clients.history.note(name, what, *place, value=value, transaction=transaction)


def _attend_consumer(world: World, clients: Clients, name: str) -> None:
    node = world.nodes[name]
    assert isinstance(node, ConsumerNode)
    note = clients.history.note
    pending = clients.commits.setdefault(name, {})
    for id in [each for each in pending if node.has_result(each)]:
        result, asked = world.act(name, "take_result", id), pending.pop(id)
        what = "not_committed" if result.error or any(o[3] for o in result.offsets) else "committed"
        for topic, partition, offset in asked:
            note(name, what, topic, partition, offset)
    if node.is_closed():
        return
    if name not in clients.over:
        world.act(name, "begin_poll")
    while (rebalance := world.act(name, "take_rebalance")) is not None:
        kind, partitions = rebalance
        what = {"assign": "assigned", "revoke": "revoked", "lost": "lost"}[kind]
        for one in partitions:
            note(name, what, one.topic, one.partition)
        world.act(name, "confirm_rebalance")
    read: dict[tuple[str, int], int] = {}
    while name not in clients.over and (taken := world.act(name, "take_message")) is not None:
        if not taken.error:
            record = taken.record
            note(name, "polled", taken.topic, taken.partition, record.offset, value=record.value)
            read[taken.topic, taken.partition] = record.offset + 1
    if read:
        places = tuple((*where, offset) for where, offset in read.items())
        for topic, partition, offset in places:
            note(name, "committing", topic, partition, offset)
        pending[world.act(name, "commit", places)] = places
