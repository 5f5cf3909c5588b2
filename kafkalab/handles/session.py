"""What all handles share: reaching their node, and waiting until something is so.

What a handle does is written once, as *steps*: a generator that yields what it waits for.

    Producer.flush ──▶ Session.run(steps)            drives the world from outside
    AppProducer.flush ──▶ await AppSession.run(steps)   waits inside the world, as part of an app

Both give the same three things: `act` (call an action of the node, no time passes), `read` (call
a method that only looks), and `now`.  An app's are noted in its log, for forks.

Seconds as confluent_kafka takes them, -1 for no limit, become virtual milliseconds here.
Read next: `producing`, the shortest steps.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from kafkalab.config import ConfigError
from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName
from kafkalab.sim import current
from kafkalab.world.runner import Runner

if TYPE_CHECKING:
    from kafkalab.sim import Simulation

Done = TypeVar("Done")


class Pause(NamedTuple):
    """Wait until `node.method(*arguments)` is true, or for the limit (virtual ms; None: none)."""

    method: str
    what: str
    limit_ms: int | None = None
    arguments: tuple[Any, ...] = ()


#: Each pause is answered by whether it came true; an awaitable (of an app) is awaited.
Steps = Generator[Pause | Awaitable[Any], bool, Done]


class Reach(Protocol):
    """A node as steps see it."""

    name: NodeName

    @property
    def now(self) -> int:
        """Virtual ms."""

    def act(self, method: str, *arguments: Any) -> Any:
        """Call an action of the node; no time passes."""

    def read(self, name: str, *arguments: Any) -> Any:
        """An attribute of the node, or what a method that changes nothing returns."""


def settings(kind: str, conf: Mapping[str, Any]) -> dict[str, Any]:
    """A client's settings, to be taken apart.  `ConfigError` for what is no dict."""
    if not isinstance(conf, Mapping):
        raise ConfigError(
            f"{conf!r} is no configuration of a {kind}: give a dict, such as "
            '{"bootstrap.servers": "kafka:9092"}'
        )
    return dict(conf)


class Session:
    """A node seen from outside its world."""

    def __init__(self, kind: str, conf: Mapping[str, Any], sim: "Simulation | None") -> None:
        self._sim = sim if sim is not None else current()
        self._check_open()
        self.name = self._sim.add_client(kind, conf)

    @property
    def now(self) -> int:
        return self._sim.now

    def act(self, method: str, *arguments: Any) -> Any:
        self._check_open()
        return self._sim.driver.act(self.name, method, *arguments)

    def read(self, name: str, *arguments: Any) -> Any:
        value = getattr(self._sim.driver.node(self.name), name)
        return value(*arguments) if callable(value) else value

    def run(self, steps: Steps[Done]) -> Done:
        """Run the world from pause to pause.  `StillWaiting` after an hour without a limit."""
        try:
            pause = next(steps)
            while True:
                pause = steps.send(self._wait(pause))
        except StopIteration as end:
            done: Done = end.value
            return done

    def _wait(self, pause: Pause | Awaitable[Any]) -> bool:
        if not isinstance(pause, Pause):
            raise LearnerError("a callback here is a plain function, not an async one")
        self._check_open()
        is_so = self._condition(pause)
        return self._sim.driver.wait(is_so, pause.limit_ms, f"{self.name}: {pause.what}")

    def _condition(self, pause: Pause) -> Callable[[], object]:
        method = getattr(self._sim.driver.node(self.name), pause.method)
        return lambda: method(*pause.arguments)

    def _check_open(self) -> None:
        if self._sim.is_closed:
            raise LearnerError(
                f"{self._sim.name} is closed: make a new one, sim = Simulation(brokers=3), "
                "and new clients for it"
            )


class AppSession:
    """A node seen from an app inside its world."""

    def __init__(self, runner: Runner, name: NodeName) -> None:
        self._runner = runner
        self.name = name

    @property
    def now(self) -> int:
        return self._runner.now

    def act(self, method: str, *arguments: Any) -> Any:
        return self._runner.act(self.name, method, *arguments)

    def read(self, name: str, *arguments: Any) -> Any:
        return self._runner.read(self.name, name, *arguments)

    async def run(self, steps: Steps[Done]) -> Done:
        """Wait inside the world from pause to pause."""
        try:
            pause = next(steps)
            while True:
                pause = steps.send(await self._wait(pause))
        except StopIteration as end:
            done: Done = end.value
            return done

    async def _wait(self, pause: Pause | Awaitable[Any]) -> bool:
        if not isinstance(pause, Pause):
            await pause
            return True
        return await self._runner.until(self.name, pause.method, pause.arguments, pause.limit_ms)


def limit_ms(timeout: float | None) -> int | None:
    """Seconds as milliseconds; None and negative ones mean without limit."""
    return None if timeout is None or timeout < 0 else round(timeout * 1000)


class Deadline:
    """How much of a limit is left, over several pauses."""

    __slots__ = ("_reach", "_until")

    def __init__(self, reach: Reach, timeout: float | None) -> None:
        limit = limit_ms(timeout)
        self._reach = reach
        self._until = reach.now + limit if limit else limit

    @property
    def left_ms(self) -> int | None:
        """None without a limit."""
        if not self._until:
            return self._until
        return max(0, self._until - self._reach.now)
