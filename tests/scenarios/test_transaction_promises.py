"""Bugs planted in the engine's transactions are found by the promises; without them nothing is."""

from collections.abc import Callable
from typing import Any

import pytest
from exactly_once import calm, faulty, worker

from kafkalab.client.message import OFFSET_BEGINNING, TopicPartition
from kafkalab.sim import Simulation
from kafkalab.sim.invariants import Broken, Monitor


def last_stable_offset_ignored(patch: pytest.MonkeyPatch) -> None:
    """Readers of committed records get everything below the high watermark."""
    from kafkalab.log import PartitionLog

    patch.setattr(PartitionLog, "last_stable_offset", property(lambda self: self.high_watermark))


def aborted_records_shown(patch: pytest.MonkeyPatch) -> None:
    """The index of aborted transactions has nothing."""
    from kafkalab.log import PartitionLog

    patch.setattr(PartitionLog, "aborted_transactions", lambda *_: ())


def dedup_forgotten_at_failover(patch: pytest.MonkeyPatch) -> None:
    """A new leader knows nothing of producers."""
    from kafkalab.log.producer_state import ProducerStates
    from kafkalab.replica.partition import Partition

    original = Partition.become_leader

    def become_leader(self: Any, *arguments: Any) -> bool:
        is_new = original(self, *arguments)
        if is_new:
            self.log.producers = ProducerStates()
        return is_new

    patch.setattr(Partition, "become_leader", become_leader)


def markers_before_the_decision(patch: pytest.MonkeyPatch) -> None:
    """Markers are written as soon as the decision is, not when it is committed."""
    from kafkalab.transactions.shard import TransactionShard

    original = TransactionShard.replay

    def replay(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        known = self.views.written.get(arguments[0].key.transactional_id)
        if known is not None and known.state.is_decided and self._is_loaded:
            self._decided.append(known)

    patch.setattr(TransactionShard, "replay", replay)


def old_epochs_accepted(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at a producer's epoch: neither logs nor the coordinator."""
    from kafkalab.errors import ErrorCode, KafkaError
    from kafkalab.log import producer_state
    from kafkalab.replica import verifying
    from kafkalab.transactions import deciding

    original = producer_state._check_data

    def check_data(entry: Any, batch: Any) -> None:
        if batch.producer_epoch >= entry.producer_epoch:
            original(entry, batch)

    def check_producer(known: Any, producer: Any) -> Any:
        if known is None or known.producer_id != producer.producer_id:
            raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        return known

    begin = verifying.begin

    def begin_anyhow(local: Any, verified: Any, key: Any, *rest: Any) -> None:
        begin(local, verified, key, *rest)
        error = verified.errors.pop(key, None)
        if error is not None and error.code is not ErrorCode.INVALID_PRODUCER_EPOCH:
            verified.errors[key] = error
        elif error is not None:
            log = local.hosted(key).log
            verified.guards[key] = log.verifications.begin(
                verified.producer_id, verified.producer_epoch, *rest
            )
            verified.asked[key] = None

    patch.setattr(producer_state, "_check_data", check_data)
    patch.setattr(deciding, "check_producer", check_producer)
    patch.setattr(verifying, "begin", begin_anyhow)


def pending_offsets_told(patch: pytest.MonkeyPatch) -> None:
    """Offsets in a transaction count at once."""
    from kafkalab.groups.offset_table import OffsetTable

    def replay_pending(self: Any, producer_id: int, key: Any, value: Any, offset: int) -> None:
        self.replay(key, value, offset)

    patch.setattr(OffsetTable, "replay_pending", replay_pending)


def zombies(seed: int, version: int) -> Simulation:
    """Two more workers that believe they are the first two."""
    sim = faulty(seed, version)
    for number in (1, 2):
        sim.app(worker(number, version), f"zombie-{number}")
    return sim


PLANTED: tuple[tuple[Callable[[pytest.MonkeyPatch], None], Callable[..., Simulation], str], ...] = (
    (last_stable_offset_ignored, calm, "T7 T8"),
    (aborted_records_shown, calm, "T8"),
    (dedup_forgotten_at_failover, faulty, "T1 T3 T5 T7"),
    (markers_before_the_decision, calm, "T6"),
    (old_epochs_accepted, zombies, "T4 T5 T6"),
    (pending_offsets_told, calm, "T9"),
)


@pytest.mark.parametrize(("plant", "start", "promises"), PLANTED)
def test_a_planted_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None],
    start: Callable[..., Simulation],
    promises: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    for seed in range(8):
        try:
            watched(start(seed, 1 + seed % 2))
        except Broken as broken:
            assert broken.promise in promises, broken
            return
    raise AssertionError(f"{plant.__name__} was not found in 8 seeds")


def test_workers_with_the_same_id_fence_each_other_and_break_nothing() -> None:
    sim = zombies(1, 2)
    watched(sim)
    assert any(entry.event[0] == "ProducerFenced" for entry in sim.world.trace)


def watched(sim: Simulation) -> None:
    """With a reader of committed records beside the workers."""

    async def read(app: Any) -> None:
        consumer = app.consumer({"bootstrap.servers": "kafka:9092", "group.id": "reader"})
        consumer.assign([TopicPartition("target", each, OFFSET_BEGINNING) for each in (0, 1)])
        while True:
            await consumer.poll(1.0)

    sim.app(read)
    monitor = Monitor(sim.world, acks_all=True)
    end = sim.now + 25_000
    while sim.world.step(end):
        monitor.after_step()
    monitor.everything()
