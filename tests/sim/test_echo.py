"""Looking back at apps: what they did is done again, their functions are not run."""

from typing import Any

from kafkalab import Simulation

SERVERS = {"bootstrap.servers": "kafka:9092"}


def with_apps(began: list[str], seed: int = 3) -> Simulation:
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("orders", partitions=2, replication_factor=3)

    async def write(app: Any) -> None:
        began.append("write")
        producer = app.producer({**SERVERS, "acks": "all"})
        for number in range(300):
            producer.produce("orders", key=b"k%d" % number, value=b"v")
            await producer.poll(0)
            await app.sleep(0.02)
        await producer.flush()

    async def read(app: Any) -> None:
        began.append("read")
        consumer = app.consumer({**SERVERS, "group.id": "g", "auto.offset.reset": "earliest"})
        consumer.subscribe(["orders"])
        while True:
            await consumer.poll(1.0)

    sim.app(read)
    sim.app(write)
    return sim


def test_a_view_is_the_run_as_it_was_and_runs_no_function() -> None:
    began: list[str] = []
    sim = with_apps(began)
    seen = {}
    for _ in range(12):  # past the end of `write`
        sim.run(0.7)
        seen[sim.now] = (sim.world.steps, sim.trace.digest())
    runs = len(began)
    for at, was in seen.items():
        view = sim.at(at / 1000)
        assert (view.world.steps, view.trace.digest()) == was
    assert len(began) == runs, "a function was run again only to look"


def test_a_fork_of_a_view_runs_the_functions_and_goes_the_same_way() -> None:
    began: list[str] = []
    sim = with_apps(began)
    sim.run(5)
    runs = len(began)
    branch = sim.at(3.5).fork()
    branch.run_to(sim.now)
    assert branch.trace.digest() == sim.trace.digest()
    assert len(began) == runs + 2


def test_an_app_that_was_killed_since_can_be_looked_at_alive() -> None:
    sim = with_apps([])
    sim.run(3)
    was = sim.now, sim.trace.digest()
    sim.run(0.5)
    handle = sim.app(_idle, "idle")
    sim.run(1)
    handle.crash()
    view = sim.at(was[0] / 1000)
    assert view.trace.digest() == was[1]
    assert sim.at((sim.now - 500) / 1000).world.apps.processes["idle"].error == ""


async def _idle(app: Any) -> None:
    while True:
        await app.sleep(0.1)
