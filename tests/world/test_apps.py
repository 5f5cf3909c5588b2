"""Coroutines inside the world: waiting, crashing, and being run again in a fork."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from kafkalab.errors import LearnerError
from kafkalab.world import World
from kafkalab.world.runner import NotRepeatable

_spec = importlib.util.spec_from_file_location("fakes", Path(__file__).with_name("conftest.py"))
assert _spec is not None and _spec.loader is not None
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)


class Client:
    """A handle on an Asker, as the handles of real clients are built."""

    def __init__(self, runner: Any, name: str) -> None:
        self._runner, self.name = runner, name
        self._asked = 0

    async def ask(self, message: str, limit_ms: int = 1000) -> bool:
        self._runner.act(self.name, "ask", message)
        self._asked += 1
        return await self._runner.until(self.name, "has", (self._asked,), limit_ms)

    def refuse(self) -> None:
        self._runner.act(self.name, "refuse")

    def answers(self) -> Any:
        return tuple(self._runner.read(self.name, "answers"))


class Clients:
    def node(self, kind: str, conf: dict[str, Any], name: str, seed: int) -> Any:
        return fakes.Asker(name, conf.get("server", "broker-1"))

    def handle(self, kind: str, runner: Any, name: str) -> Client:
        return Client(runner, name)


def run(world: World, until: int) -> None:
    while world.step(until):
        pass
    world.pass_time(until)


@pytest.fixture
def apps_world(world: World) -> World:
    world.apps.clients = Clients()
    return world


async def talk(app: Any) -> None:
    client = app.producer({})
    for number in range(20):
        assert await client.ask(f"{app.name} {number}")
        await app.sleep(0.02)


def start(world: World, function: Any, name: str = "app-1") -> None:
    world.apps.start(world, function, name)


def kinds(world: World) -> list[str]:
    return [entry.kind for entry in world.trace if entry.kind.startswith("App")][0:]


def test_an_app_asks_and_sleeps_in_virtual_time(apps_world: World) -> None:
    start(apps_world, talk)
    run(apps_world, 2000)
    echoed: Any = apps_world.nodes["producer-1"]
    assert [at for at, _ in echoed.answers] == [2 + 22 * number for number in range(20)]
    assert apps_world.trace.of("AppFinished")[0].at == 440
    assert not apps_world.is_up("producer-1"), "its client ends with it"


def test_a_wait_ends_at_its_limit(apps_world: World) -> None:
    seen = []

    async def impatient(app: Any) -> None:
        client = app.producer({})
        seen.append(await client.ask("a", limit_ms=1))
        seen.append(await client.ask("b", limit_ms=50))

    start(apps_world, impatient)
    run(apps_world, 100)
    assert seen == [False, True]


def test_two_apps_are_resumed_each_by_its_own_client(apps_world: World) -> None:
    start(apps_world, talk, "app-1")
    start(apps_world, talk, "app-2")
    run(apps_world, 2000)
    assert len(apps_world.trace.of("AppFinished")) == 2


def test_what_an_action_raises_is_raised_in_the_app(apps_world: World) -> None:
    caught = []

    async def stubborn(app: Any) -> None:
        client = app.producer({})
        try:
            client.refuse()
        except BufferError as error:
            caught.append(str(error))
        client.refuse()

    start(apps_world, stubborn)
    assert caught == ["queue is full"]
    (crashed,) = apps_world.trace.of("AppCrashed")
    assert crashed.fields == {"app": "app-1", "error": "BufferError: queue is full"}


def test_a_killed_app_runs_nothing_more_and_can_be_started_again(apps_world: World) -> None:
    async def careful(app: Any) -> None:
        client = app.producer({})
        try:
            await app.sleep(60)
        finally:
            await client.ask("goodbye")

    start(apps_world, careful)
    run(apps_world, 10)
    apps_world.apps.crash(apps_world, "app-1")
    run(apps_world, 100)
    assert apps_world.nodes["broker-1"].seen == []  # type: ignore[attr-defined]
    apps_world.apps.restart(apps_world, "app-1")
    run(apps_world, 61_000)
    assert apps_world.nodes["broker-1"].seen == ["goodbye"]  # type: ignore[attr-defined]
    with pytest.raises(LearnerError, match="not running"):
        apps_world.apps.crash(apps_world, "app-1")


def test_an_app_that_lets_no_time_pass_is_stopped(apps_world: World) -> None:
    async def busy(app: Any) -> None:
        client = app.producer({})
        await client.ask("a")
        while True:
            await client._runner.until(client.name, "has", (1,), None)

    start(apps_world, busy)
    run(apps_world, 10)
    assert "without letting time pass" in apps_world.trace.of("AppCrashed")[0].fields["error"]


def test_forks_at_every_step_go_the_same_way(apps_world: World) -> None:
    start(apps_world, talk, "app-1")
    start(apps_world, talk, "app-2")
    apps_world.schedule(200, "pause 1 90")
    forks = []
    while apps_world.step(600):
        forks.append(apps_world.fork())
    digest = apps_world.trace.digest()
    for fork in forks:
        run(fork, 600)
        assert fork.trace.digest() == digest


def test_a_fork_of_a_fork_goes_the_same_way(apps_world: World) -> None:
    start(apps_world, talk)
    run(apps_world, 100)
    fork = apps_world.fork()
    run(fork, 200)
    second = fork.fork().fork()
    for world in (apps_world, fork, second):
        run(world, 600)
    assert second.trace.digest() == fork.trace.digest() == apps_world.trace.digest()


def test_code_that_is_not_repeatable_is_named_with_its_line(apps_world: World) -> None:
    calls = []

    async def moody(app: Any) -> None:
        client = app.producer({})
        calls.append(1)
        await client.ask(f"call {len(calls)}")
        await app.sleep(1)

    start(apps_world, moody)
    run(apps_world, 100)
    fork = apps_world.fork()
    with pytest.raises(
        NotRepeatable, match=r"(?s)not repeatable here \(line \d+ of moody .*call 2"
    ):
        run(fork, 2000)
    run(apps_world, 2000)
    assert apps_world.trace.of("AppFinished")
