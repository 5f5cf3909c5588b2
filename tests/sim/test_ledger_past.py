"""The ledger of an earlier instant, told from what is known now, against one made from nothing."""

import pytest
from lost_record import lose
from test_ledger_kept import from_nothing

from kafkalab import Producer, Simulation
from kafkalab.chance import Stream
from kafkalab.sim import swarm
from kafkalab.sim.fate import State
from kafkalab.sim.ledger_past import LedgerPast
from kafkalab.sim.plan import Plan
from kafkalab.world import World

SERVERS = {"bootstrap.servers": "kafka:9092"}


#: By seed: when leaders are known again without an event (`test_ledger_kept`).
SILENT = {10: range(2_394, 2_399)}


class Remembered(swarm._Run):
    """A run of the swarm of which forks are kept, now and then."""

    def __init__(self, seed: int) -> None:
        super().__init__(Plan.of(seed, 4), False)
        self.seed = seed
        self.draw, self.next = Stream(seed, "ledger"), 0
        self.then: list[World] = []

    def _run_to(self, until: int) -> None:
        while self.world.step(until):
            if self.world.steps >= self.next or self.world.now in SILENT.get(self.seed, ()):
                self.next = self.world.steps + self.draw.between(1, 900)
                self.then.append(self.world.fork())
        self.world.pass_time(until)


def agrees(past: LedgerPast, world: World, then: World) -> set[State]:
    told = list(past.at(world, then))
    fresh = from_nothing(then)
    assert len(told) == len(fresh)
    for mine, other in zip(told, fresh, strict=True):
        assert mine == other, f"at {then.now} ms, step {then.steps}"
    return {fate.state for fate in told}


def scrubbed(world: World, then: list[World], draw: Stream) -> set[State]:
    """Forward, back, and here and there."""
    past, seen = LedgerPast(), set[State]()
    there = [*then, *reversed(then), *(then[draw.below(len(then))] for _ in range(len(then)))]
    for each in there:
        seen |= agrees(past, world, each)
    return seen


@pytest.mark.parametrize("seed", [10])
def test_in_runs_of_the_swarm_it_tells_what_one_from_nothing_would(seed: int) -> None:
    run = Remembered(seed)
    run.whole()
    silent = [each for each in run.then if each.now in SILENT.get(seed, ())]
    scrubbed(run.world, [*silent, *run.then[-12:]], run.draw)


def test_through_transactions_policies_deletions_and_losses_it_tells_the_same() -> None:
    settings = {"cleanup.policy": "compact,delete", "segment.ms": 500, "retention.ms": 40_000,
                "min.cleanable.dirty.ratio": 0.01}  # fmt: skip
    sim = Simulation(seed=1)
    sim.create_topic("orders", replication_factor=3, config=settings)
    sim.create_topic("kept", replication_factor=1)
    producer = Producer(SERVERS | {"transactional.id": "t"}, sim=sim)
    producer.init_transactions()
    then = []
    for number in range(4):
        producer.begin_transaction()
        producer.produce("orders", f"{number}", key=f"{number % 2}")
        producer.produce("kept", f"{number}")
        producer.flush()
        then.append(sim.fork().world)
        if number % 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
        sim.run(0.1)
        then.append(sim.fork().world)
        sim.run(24)
        then.append(sim.fork().world)
    sim.delete_topic("kept")
    then.append(sim.fork().world)
    seen = scrubbed(sim.world, then, Stream(1, "there"))
    assert seen >= {State.KEPT, State.ABORTED, State.EXPIRED, State.DELETED}
    lost, _ = lose(1)
    views = [lost.at(ms / 1000).world for ms in range(lost.started_at, lost.now, 900)]
    assert State.LOST in scrubbed(lost.world, views, Stream(2, "there"))


def test_only_what_lies_between_is_told_anew() -> None:
    sim = Simulation(seed=2)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer(SERVERS, sim=sim)
    then = []
    for number in range(20):
        producer.produce("orders", f"{number}")
        producer.flush()
        then.append(sim.now)
    past, views = LedgerPast(), [sim.at(ms / 1000).world for ms in then[-3:]]
    late, before, early = (past.at(sim.world, each) for each in reversed(views))
    assert len(late) == len(early) + 1
    again = past.at(sim.world, views[-1])
    for one, two, three in list(zip(early, before, again, strict=False))[:-3]:
        assert one is two is three


def test_of_events_let_go_of_it_is_told_from_nothing() -> None:
    sim = Simulation(seed=2)
    sim.create_topic("orders")
    Producer(SERVERS, sim=sim).produce("orders", "one")
    other = Simulation(seed=3)
    assert len(LedgerPast().at(other.world, sim.world)) == 1, "no past of that world"
