"""Simulated members of a group, under each protocol: what they are told, and what they read."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from kafkalab import Consumer, KafkaError, KafkaException, Producer, Simulation
from kafkalab.client.conf import consumer_conf
from kafkalab.client.connections import Answer, Asked, Link
from kafkalab.client.consumer.group_requests import What
from kafkalab.client.consumer.member import Member
from kafkalab.client.consumer.node import ConsumerNode
from kafkalab.client.consumer.said import Said
from kafkalab.client.message import TopicPartition
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition as Pair
from kafkalab.protocol.messages.classic_groups import HeartbeatResponse
from kafkalab.world import actions

PROTOCOLS: dict[str, dict[str, Any]] = {
    "eager": {"partition.assignment.strategy": "range"},
    "sticky": {"partition.assignment.strategy": "sticky", "client.profile": "java"},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky"},
    "consumer": {"group.protocol": "consumer"},
}


@pytest.fixture
def sim() -> Iterator[Simulation]:
    with Simulation(brokers=3, seed=11) as sim:
        sim.create_topic("orders", partitions=6, replication_factor=3)
        yield sim


class Reader:
    """A consumer that writes down what it is told and what it gets."""

    def __init__(self, sim: Simulation, protocol: str, **conf: Any) -> None:
        given = {name.replace("_", "."): value for name, value in conf.items()}
        self.consumer = Consumer(
            {
                "bootstrap.servers": "kafka:9092",
                "group.id": "billing",
                "auto.offset.reset": "earliest",
                **PROTOCOLS[protocol],
                **given,
            },
            sim=sim,
        )
        self.told: list[tuple[str, list[int]]] = []
        self.read: list[tuple[int, int]] = []
        self.consumer.subscribe(
            ["orders"],
            on_assign=lambda _, partitions: self._tell("assign", partitions),
            on_revoke=lambda _, partitions: self._tell("revoke", partitions),
            on_lost=lambda _, partitions: self._tell("lost", partitions),
        )

    def _tell(self, what: str, partitions: list[TopicPartition]) -> None:
        self.told.append((what, sorted(each.partition for each in partitions)))

    @property
    def owned(self) -> set[int]:
        return {each.partition for each in self.consumer.assignment()}

    def poll(self) -> None:
        message = self.consumer.poll(0.05)
        if message is not None and message.error() is None:
            self.read.append((message.partition(), message.offset()))


def poll_for(sim: Simulation, seconds: float, *readers: Reader) -> None:
    end = sim.now + seconds * 1000
    while sim.now < end:
        for reader in readers:
            reader.poll()


def produce(count: int, first: int = 0) -> None:
    producer = Producer({"bootstrap.servers": "kafka:9092"})
    for number in range(first, first + count):
        producer.produce("orders", value=str(number).encode(), partition=number % 6)
    producer.flush()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_partitions_are_shared_and_handed_over(sim: Simulation, protocol: str) -> None:
    """Every record once, through a member that comes and one that goes."""
    one = Reader(sim, protocol)
    poll_for(sim, 6, one)
    assert one.owned == set(range(6))
    produce(60)
    poll_for(sim, 2, one)
    two = Reader(sim, protocol)
    poll_for(sim, 20, one, two)
    assert (len(one.owned), len(two.owned)) == (3, 3)
    assert not one.owned & two.owned
    produce(60, first=60)
    poll_for(sim, 3, one, two)
    one.consumer.close()
    poll_for(sim, 20, two)
    assert two.owned == set(range(6))
    produce(60, first=120)
    poll_for(sim, 3, two)
    assert sorted(one.read + two.read) == [(p, offset) for p in range(6) for offset in range(30)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_members_that_get_nothing_at_first_wait_as_members(sim: Simulation, protocol: str) -> None:
    """Four come to two at once: what they are to get is still somebody else's, and nobody hangs.

    Their applications wait in one long poll, so that nothing but the group itself moves them.
    """

    def come(count: int) -> None:
        for _ in range(count):
            conf = {"group.id": "billing", **PROTOCOLS[protocol]}
            name = actions.add_client(sim.world, "consumer", conf)
            sim.world.act(name, "subscribe", ("orders",), False)
            sim.world.act(name, "begin_poll")
            names.append(name)

    names: list[str] = []
    come(2)
    sim.run(20)
    come(4)
    sim.run(20)
    nodes: list[Any] = [sim.world.nodes[name] for name in names]
    assert [len(node.assignment()) for node in nodes] == [1] * 6


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_callbacks_are_told(sim: Simulation, protocol: str) -> None:
    """An eager member hears of all its partitions, the others of those that change hands."""
    one = Reader(sim, protocol)
    poll_for(sim, 6, one)
    two = Reader(sim, protocol)
    poll_for(sim, 20, one, two)
    everything = list(range(6))
    assert one.told[0] == ("assign", everything)
    if protocol in ("eager", "sticky"):
        assert one.told[1] == ("revoke", everything)
        assert len(one.told[2][1]) == 3
    else:
        what, partitions = one.told[1]
        assert (what, len(partitions)) == ("revoke", 3)
        assert all(not partitions for what, partitions in one.told[2:] if what == "assign")
        assert sorted(two.told[-1][1]) == partitions
    assert not [what for what, _ in one.told + two.told if what == "lost"]


@pytest.mark.parametrize("protocol", ["cooperative", "consumer"])
def test_reading_goes_on_in_what_stays(sim: Simulation, protocol: str) -> None:
    """While another joins, no partition that stays is revoked, even for a moment."""
    one = Reader(sim, protocol)
    poll_for(sim, 6, one)
    owned: list[set[int]] = []
    two = Reader(sim, protocol)
    end = sim.now + 20_000
    while sim.now < end:
        for reader in (one, two):
            reader.poll()
        owned.append(one.owned)
    stays = owned[-1]
    assert len(stays) == 3
    assert all(stays <= each for each in owned)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_member_that_falls_silent_loses_its_partitions(sim: Simulation, protocol: str) -> None:
    one, two = Reader(sim, protocol), Reader(sim, protocol)
    poll_for(sim, 20, one, two)
    sim.world.crash(two.consumer.name)
    poll_for(sim, 65, one)
    assert one.owned == set(range(6))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_does_not_poll_is_out_until_it_does(sim: Simulation, protocol: str) -> None:
    more = {} if protocol == "consumer" else {"session_timeout_ms": 10_000}
    slow = Reader(sim, protocol, max_poll_interval_ms=12_000, **more)
    poll_for(sim, 6, slow)
    sim.run(20)
    poll_for(sim, 1, slow)
    assert ("lost", list(range(6))) in slow.told
    poll_for(sim, 12, slow)
    assert slow.owned == set(range(6))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_coordinator_that_crashes_is_followed(sim: Simulation, protocol: str) -> None:
    one, two = Reader(sim, protocol), Reader(sim, protocol)
    poll_for(sim, 20, one, two)
    produce(60)
    coordinator = next(
        broker.broker_id
        for broker in (sim.world.nodes[f"broker-{number}"] for number in (1, 2, 3))
        if "billing" in broker.groups.groups
    )
    sim.broker(coordinator).crash()
    poll_for(sim, 40, one, two)
    produce(60, first=60)
    poll_for(sim, 5, one, two)
    assert one.owned | two.owned == set(range(6))
    assert not one.owned & two.owned
    assert set(one.read + two.read) == {(p, offset) for p in range(6) for offset in range(20)}


def test_a_static_member_comes_back_to_what_it_had(sim: Simulation) -> None:
    one = Reader(sim, "consumer", group_instance_id="one")
    two = Reader(sim, "consumer", group_instance_id="two")
    poll_for(sim, 20, one, two)
    had = two.owned
    two.consumer.close()
    again = Reader(sim, "consumer", group_instance_id="two")
    poll_for(sim, 10, one, again)
    assert again.owned == had
    assert [what for what, partitions in one.told[1:] if partitions] in ([], ["revoke"])


@pytest.mark.parametrize("is_late", [True, False])
def test_what_a_heartbeat_under_an_earlier_id_is_told_does_not_count(
    sim: Simulation, is_late: bool
) -> None:
    """A static member that joins again keeps its generation and gets another id."""
    one = Reader(sim, "eager", group_instance_id="one")
    poll_for(sim, 10, one)
    node = next(each for each in sim.world.nodes.values() if isinstance(each, ConsumerNode))
    asked_by = replace(node._membership.member, **({"id": "earlier"} if is_late else {}))
    fenced = HeartbeatResponse(error_code=ErrorCode.FENCED_INSTANCE_ID)
    node._membership.on_answer(Answer(Asked("", (What.HEARTBEAT, asked_by), 4), fenced), sim.now)
    assert node.is_refused is not is_late


@pytest.mark.parametrize(
    ("protocol", "words"),
    [("eager", "Fenced instance id"), ("consumer", "Unreleased instance id")],
)
def test_a_member_refused_for_good_hears_so_and_can_do_nothing_more(
    sim: Simulation, protocol: str, words: str
) -> None:
    """As librdkafka's (`tests/clients`): code _FATAL, though `fatal()` is False.

    Of two with one group.instance.id the classic protocol fences the older, KIP-848 the newer.
    """
    older = Reader(sim, protocol, group_instance_id="one")
    poll_for(sim, 8, older)
    newer = Reader(sim, protocol, group_instance_id="one")
    errors: list[tuple[Reader, KafkaError]] = []
    end = sim.now + 12_000
    while sim.now < end:
        for reader in (older, newer):
            message = reader.consumer.poll(0.05)
            if message is not None and (error := message.error()) is not None:
                errors.append((reader, error))
    [(refused, error)] = errors
    assert refused is (older if protocol == "eager" else newer)
    assert (error.code(), error.fatal(), error.name()) == (KafkaError._FATAL, False, "_FATAL")
    assert error.str().startswith("Fatal error: Broker: ")
    assert words in error.str()
    assert not refused.owned
    assert "refused by its group for good" in repr(refused.consumer)
    place = TopicPartition("orders", 0, 0)
    with pytest.raises(KafkaException) as commit:
        refused.consumer.commit(offsets=[place], asynchronous=False)
    with pytest.raises(KafkaException) as subscribe:
        refused.consumer.subscribe(["orders"])
    assert [each.value.args[0].code() for each in (commit, subscribe)] == [KafkaError._FATAL] * 2
    refused.consumer.close()
    assert (older if refused is newer else newer).owned == set(range(6))


def test_after_a_lost_answer_all_is_said_until_all_has_been_heard() -> None:
    """Only a full heartbeat is answered with the assignment (`isFullRequest` in Kafka).

    One that is sent while partitions change hands does not say what the member has: found by the
    swarm, seed 7053, as a member that never learnt what it was to give up.
    """
    sent: list[Any] = []
    context: Any = SimpleNamespace(
        conf=consumer_conf({"group.id": "g", "group.protocol": "consumer"}, "c"),
        group_id="g",
        instance_id=None,
        request_timeout_ms=1,
        metadata=SimpleNamespace(topic_id=lambda _: bytes(16)),
        connections=SimpleNamespace(
            version=lambda *_: 1, send=lambda _, request, *__: sent.append(request)
        ),
    )
    subscription: Any = SimpleNamespace(wanted=("orders",))
    said, member = Said(context), Member("a", 2)
    held = (Pair("orders", 0),)
    for partitions in (None, held, held):
        said.beat(Link("broker-1"), 0, member, subscription, partitions, 0)
        said.was_heard()
    full = [
        one.rebalance_timeout_ms != -1
        and one.subscribed_topic_names is not None
        and one.topic_partitions is not None
        for one in sent
    ]
    assert full == [False, True, False]


def test_a_pattern_is_matched_by_the_coordinator(sim: Simulation) -> None:
    consumer = Consumer(
        {"bootstrap.servers": "kafka:9092", "group.id": "audit", "group.protocol": "consumer"},
        sim=sim,
    )
    consumer.subscribe(["^ord.*"])
    end = sim.now + 15_000
    while sim.now < end:
        consumer.poll(0.1)
    assert len(consumer.assignment()) == 6


def test_a_fork_goes_its_own_way(sim: Simulation) -> None:
    one = Reader(sim, "consumer")
    poll_for(sim, 6, one)
    digest = sim.trace.digest()
    fork = sim.fork()
    sim.run(10)
    fork.run(10)
    assert fork.trace.digest() == sim.trace.digest() != digest
