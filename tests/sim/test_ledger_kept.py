"""A ledger kept from one asking to the next against one made from nothing."""

import gc
import weakref
from typing import Any

import pytest
from faulty_run import END_MS, faulty_run
from lost_record import lose

from kafkalab import Producer, Simulation
from kafkalab.chance import Stream
from kafkalab.frames.ledger import LedgerFrames, ledger_frame
from kafkalab.sim import ledger_kept, swarm
from kafkalab.sim.fate import Fate, State
from kafkalab.sim.ledger_kept import KeptLedger
from kafkalab.sim.plan import Plan
from kafkalab.world import World
from lab import LedgerView

SERVERS = {"bootstrap.servers": "kafka:9092"}


def from_nothing(world: World) -> list[Fate]:
    kept = KeptLedger(world.began)
    kept.read(world)
    return kept.all(world)


def agrees(world: World) -> list[Fate]:
    told = ledger_kept.of(world).all(world)
    fresh = from_nothing(world)
    for mine, other in zip(told, fresh, strict=True):
        assert mine == other, f"at {world.now} ms, step {world.steps}"
    return told


class Asked(swarm._Run):
    """A run of the swarm that is asked for its ledger at instants drawn from its seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(Plan.of(seed, 4), False)
        self.draw, self.next = Stream(seed, "ledger"), 0
        self.asked = 0

    def _run_to(self, until: int) -> None:
        while self.world.step(until):
            if self.world.steps >= self.next:
                self.next = self.world.steps + self.draw.between(1, 2_000)
                self.asked += 1
                agrees(self.world)
        self.world.pass_time(until)
        agrees(self.world)


@pytest.mark.parametrize("seed", [0, 1, 26])
def test_in_runs_of_the_swarm_it_tells_what_one_from_nothing_would(seed: int) -> None:
    run = Asked(seed)
    run.whole()
    agrees(run.world.fork())
    assert run.asked


def test_through_faults_looking_back_and_losses_it_tells_the_same() -> None:
    sim = faulty_run(3)
    while sim.now < sim.started_at + END_MS:
        sim.run_to(sim.now + 731)
        agrees(sim.world)
    agrees(sim.at(7).world)
    lost, _ = lose(1)
    agrees(lost.world)
    lost.delete_topic("orders")
    agrees(lost.world)


def test_a_transaction_open_then_ended_and_policies_are_told_in_time() -> None:
    settings = {"cleanup.policy": "compact,delete", "segment.ms": 500, "retention.ms": 40_000,
                "min.cleanable.dirty.ratio": 0.01}  # fmt: skip
    sim = Simulation(seed=1)
    sim.create_topic("orders", replication_factor=3, config=settings)
    producer = Producer(SERVERS | {"transactional.id": "t"}, sim=sim)
    producer.init_transactions()
    seen: set[State] = set()
    for number in range(6):
        producer.begin_transaction()
        producer.produce("orders", f"{number}", key=f"{number % 2}")
        producer.flush()
        seen |= {fate.state for fate in agrees(sim.world)}
        if number % 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
        for _ in range(6):
            sim.run(5)
            seen |= {fate.state for fate in agrees(sim.world)}
    assert seen >= {State.KEPT, State.ABORTED, State.EXPIRED}


class AskedFor(Asked):
    """Asked at each step of some milliseconds, then given up."""

    def __init__(self, seed: int, since: int, until: int) -> None:
        super().__init__(seed)
        self.stretch = since, until

    def _run_to(self, until: int) -> None:
        since, end = self.stretch
        while self.world.step(min(until, end)):
            if self.world.now >= since:
                self.asked += 1
                agrees(self.world)
        assert until < end, "enough"
        self.world.pass_time(until)


def test_leaders_that_are_known_again_without_an_event_are_told_again() -> None:
    run = AskedFor(10, 2_394, 2_399)  # at 2,397 a controller hears what all had forgotten
    with pytest.raises(AssertionError, match="enough"):
        run.whole()
    assert run.asked


def copies(sim: Simulation) -> list[Any]:
    return [(place, place.copies) for fate in sim.ledger() for place in fate.places]


def test_what_was_told_stays_and_forks_share_nothing() -> None:
    sim = faulty_run(1)
    sim.run_to(sim.started_at + 6_000)
    told, text = sim.ledger(), str(sim.ledger().to_json())
    fork = sim.fork()
    assert str(fork.ledger().to_json()) == text
    mine = {id(each) for pair in copies(sim) for each in pair}
    assert not mine & {id(each) for pair in copies(fork) for each in pair}
    fork.broker(1).crash()
    fork.run(5)
    assert len(agrees(fork.world)) > len(told)
    assert str(sim.ledger().to_json()) == text
    sim.run(5)
    assert len(agrees(sim.world)) > len(told) and str(told.to_json()) == text


def test_only_the_new_is_told_anew() -> None:
    sim = Simulation(seed=2)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer(SERVERS, sim=sim)
    for number in range(50):
        producer.produce("orders", f"{number}")
    producer.flush()
    sim.run(1)
    before = sim.ledger()
    producer.produce("orders", "one more")
    producer.flush()
    after = sim.ledger()
    frames = LedgerFrames()
    frames.frame(before)
    assert frames.frame(after) == ledger_frame(after)
    assert len(after) == 51 and all(one is two for one, two in zip(before, after, strict=False))
    sim.broker(1).crash()
    sim.run(12)
    agrees(sim.world)


def test_one_copy_is_committed_as_soon_as_it_is_written() -> None:
    sim = Simulation(seed=2)
    sim.create_topic("orders")
    producer = Producer(SERVERS, sim=sim)
    for number in range(2):
        producer.produce("orders", f"{number}")
        producer.flush()
    for fate in sim.ledger():
        assert fate.place and fate.place.committed and fate.acknowledged
        assert fate.place.written.at <= fate.place.committed.at <= fate.acknowledged.at


def test_events_let_go_of_before_they_were_read_begin_it_anew() -> None:
    sim = Simulation(seed=2)
    sim.create_topic("orders")
    kept = ledger_kept.of(sim.world)
    assert ledger_kept.of(sim.world) is kept
    producer = Producer(SERVERS, sim=sim)
    for number in range(700):  # more than a chunk of the trace
        producer.produce("orders", f"{number}")
    assert kept.follows(sim.trace)
    sim.trace.let_go_of_kept(0)
    assert not kept.follows(sim.trace)


def test_nothing_here_holds_on_to_a_world() -> None:
    sim = Simulation(seed=2)
    sim.create_topic("orders")
    fork = sim.fork().world
    ledger_kept.of(fork).all(fork)
    gone = weakref.ref(fork)
    del fork
    gc.collect()
    assert gone() is None


def test_its_picture_alone_makes_only_the_new_rows() -> None:
    sim = Simulation(seed=2)
    sim.create_topic("orders")
    producer = Producer(SERVERS, sim=sim)
    producer.produce("orders", "one")
    producer.flush()
    sim.run(1)
    view = LedgerView(sim)
    (row,) = view.frame["rows"]
    producer.produce("orders", "two")
    producer.flush()
    assert len(view.frame["rows"]) == 2 and view.frame["rows"][0] is row
    view.close()
