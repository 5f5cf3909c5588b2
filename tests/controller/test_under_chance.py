"""Whatever happens to brokers and topics, the metadata keeps its invariants (R3, R5, R13, Q8)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkalab.chance import Stream
from kafkalab.controller.placement import UsableBroker, place_replicas
from kafkalab.errors import KafkaError
from kafkalab.ids import NO_NODE
from kafkalab.metadata import MetadataImage


def check(before: MetadataImage, after: MetadataImage) -> None:
    for name, topic in after.topics.items():
        for number, partition in topic.partitions.items():
            assert partition.leader == NO_NODE or partition.leader in partition.isr
            assert set(partition.isr) <= set(partition.replicas)
            assert not set(partition.elr) & set(partition.isr)
            for node in partition.isr:
                assert not after.brokers[node].fenced
            old = before.topics[name].partitions.get(number) if name in before.topics else None
            if old is None or old == partition:
                continue
            assert partition.partition_epoch > old.partition_epoch
            assert partition.leader_epoch >= old.leader_epoch
            assert (partition.leader == old.leader) or partition.leader_epoch > old.leader_epoch


def step(bench: Any, chance: Stream, incarnations: dict[int, int]) -> None:
    broker_id = chance.between(1, 4)
    broker = bench.image.brokers[broker_id]
    match chance.below(6):
        case 0:
            bench.lose(broker_id)
        case 1 if broker.fenced:
            incarnations[broker_id] += 1
            previous = broker.epoch if chance.chance(500) else -1
            bench.run_until(bench.now + 9_001)
            bench.register(broker_id, incarnations[broker_id], previous=previous)
        case 2:
            bench.beat(broker_id)
        case 3:
            bench.beat(broker_id, shut_down=True)
        case 4:
            name = ("orders", "safe")[chance.below(2)]
            partition = bench.partition(name)
            if partition.leader != NO_NODE:
                others = [r for r in partition.replicas if r != partition.leader]
                isr = (partition.leader, *[r for r in others if chance.chance(600)])
                bench.alter_isr(name, partition.leader, isr, leader_recovery_state=0)
        case 5:
            bench.restart()


@pytest.mark.parametrize("seed", range(20))
def test_invariants_hold_after_every_step(bench_with: Any, seed: int) -> None:
    bench = bench_with(seed).join(1, 2, 3, 4)
    bench.make("orders", (1, 2, 3), (2, 3, 4), unclean_leader_election_enable="true")
    bench.make("safe", (3, 4, 1), min_insync_replicas="2")
    bench.make("solo", (4,))
    chance = Stream(seed, "steps")
    incarnations = dict.fromkeys((1, 2, 3, 4), 1)
    for _ in range(40):
        before = bench.image
        step(bench, chance, incarnations)
        check(before, bench.image)
    before = bench.image
    bench.restart()
    assert replace(bench.image, offset=0, epoch=0) == replace(before, offset=0, epoch=0)


@settings(max_examples=100, deadline=None)
@given(
    fenced=st.lists(st.booleans(), min_size=1, max_size=8),
    racks=st.integers(1, 4),
    partitions=st.integers(1, 20),
    factor=st.integers(0, 9),
    seed=st.integers(0, 99),
)
def test_placements_are_whole_and_even(
    fenced: list[bool], racks: int, partitions: int, factor: int, seed: int
) -> None:
    brokers = [UsableBroker(i, f"r{i % racks}", f) for i, f in enumerate(fenced)]
    unfenced = {broker.id for broker in brokers if not broker.fenced}
    if not 0 < factor <= len(brokers) or not unfenced:
        with pytest.raises(KafkaError):
            place_replicas(brokers, partitions, factor, Stream(seed, "x"))
        return
    for replicas in place_replicas(brokers, partitions, factor, Stream(seed, "x")):
        assert len(set(replicas)) == factor
        assert replicas[0] in unfenced
        in_racks = {replica % racks for replica in replicas}
        assert len(in_racks) == min(factor, len({broker.rack for broker in brokers}))
