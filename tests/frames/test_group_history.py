"""The detail of a group: what a rebalance took from whom, for how long, by what the trace says."""

import json

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames.details import details
from kafkalab.frames.group_history import CLASSIC, GroupHistoryFrame
from kafkalab.groups.classic import TRANSITIONS

KINDS = {
    "eager": {},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky"},
    "consumer": {"group.protocol": "consumer"},
}


class Members:
    """A simulation with a topic of six partitions, and consumers that come one by one."""

    def __init__(self, kind: str) -> None:
        self.sim = Simulation(brokers=3, seed=7)
        self.sim.create_topic("orders", partitions=6, replication_factor=3)
        self.producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=self.sim)
        self.conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing", **KINDS[kind]}
        self.consumers: list[Consumer] = []

    def add(self) -> None:
        self.consumers.append(Consumer(self.conf, sim=self.sim))
        self.consumers[-1].subscribe(["orders"])

    def poll(self, seconds: float) -> None:
        until = self.sim.world.now + seconds * 1000
        while self.sim.world.now < until:
            self.producer.produce("orders", "x")
            for consumer in self.consumers:
                consumer.poll(0)
            self.sim.run(min(seconds, 0.25))

    def detail(self) -> GroupHistoryFrame:
        found: GroupHistoryFrame = details(self.sim.world, ("group billing",))["group billing"]
        assert json.loads(json.dumps(found)) == found
        return found


def three_then_four(kind: str, seconds: float) -> Members:
    members = Members(kind)
    for _ in range(3):
        members.add()
        members.poll(1.3)
    members.poll(14)
    members.add()
    members.poll(seconds)
    return members


def owners(history: GroupHistoryFrame, column: int) -> dict[str, str]:
    return history["columns"][column]["owners"]


def test_eager_stops_all_and_gives_most_of_it_back() -> None:
    history = three_then_four("eager", 12).detail()
    assert history["is_eager"] and history["ended"] is not None
    assert {stop["partition"] for stop in history["stops"]} == {f"orders-{n}" for n in range(6)}
    assert all(stop["until"] == history["ended"] for stop in history["stops"])
    assert history["could"] == []
    assert history["marks"][0]["what"] == "joins"
    first, last = owners(history, 0), owners(history, -1)
    assert set(first) == set(last) and "consumer-4" in last.values()
    assert [column["what"] for column in history["columns"]] == ["before", "now"]


def test_cooperative_stops_only_what_moves() -> None:
    history = three_then_four("cooperative", 12).detail()
    first, last = owners(history, 0), owners(history, -1)
    changed = {key for key in first if first[key] != last[key]}
    assert {stop["partition"] for stop in history["stops"]} == changed
    assert 0 < len(changed) < 6
    assert [column["what"] for column in history["columns"]] == ["before", "generation", "now"]
    assert not changed & set(owners(history, 1))  # between the generations nobody has it
    # Under eager all six would have stopped from their owner's JoinGroup on.
    assert {stop["partition"] for stop in history["could"]} == set(first)
    stable = [span["since"] for span in history["states"] if span["state"] == "Stable"]
    assert all(stop["until"] == stable[1] for stop in history["could"])


def test_kip_848_moves_one_by_one_and_names_the_target() -> None:
    members = three_then_four("consumer", 0.5)
    history = members.detail()
    assert history["waiting"] == "release" and history["waiting_for"] == ["consumer-4"]
    assert [column["what"] for column in history["columns"]] == ["before", "now", "target"]
    assert "consumer-4" in owners(history, 2).values()
    assert history["stops"] == []
    members.poll(12)
    history = members.detail()
    assert history["ended"] is not None and history["waiting"] == ""
    assert {stop["partition"] for stop in history["stops"]} == {
        key for key, owner in owners(history, -1).items() if owner == "consumer-4"
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_crashed_member_had_stands_still_until_somebody_has_it(kind: str) -> None:
    members = three_then_four(kind, 12)
    lost = {key for key, who in owners(members.detail(), -1).items() if who == "consumer-4"}
    members.sim.run(2)
    crashed_at = members.sim.world.now
    members.consumers.pop()
    members.sim.world.crash("consumer-4")
    members.poll(3)
    history = members.detail()
    assert {s["partition"] for s in history["stops"] if s["until"] is None} == lost
    assert history["waiting"] == "silent" and history["waiting_for"] == ["consumer-4"]
    assert not lost & set(owners(history, -1)) or history["columns"][-1]["what"] == "target"
    members.poll(60)
    history = members.detail()
    stops = [stop for stop in history["stops"] if stop["why"] == "crashed"]
    assert {stop["partition"] for stop in stops} == lost
    for stop in stops:
        assert stop["since"] == crashed_at
        assert stop["until"] is not None and stop["until"] - crashed_at >= 40_000
    assert "leaves" in [mark["what"] for mark in history["marks"]]


def test_before_the_first_generation_nobody_reads() -> None:
    members = Members("eager")
    members.add()
    members.poll(1)
    history = members.detail()
    assert history["waiting"] == "first" and history["ended"] is None
    members.poll(9)
    history = members.detail()
    assert {stop["why"] for stop in history["stops"]} == {"new"}
    assert [column["what"] for column in history["columns"]] == ["now"]


def test_an_unknown_group_is_none() -> None:
    sim = Simulation(brokers=1, seed=1)
    assert details(sim.world, ("group nobody",)) == {"group nobody": None}


def test_the_machine_is_the_table_of_the_engine() -> None:
    moves = {(a.value, b.value) for a, after in TRANSITIONS.items() for b in after if a is not b}
    assert {(a, b) for a, b in CLASSIC["moves"]} == moves
