"""What an app's function calls, and how it is run again in a fork.

    App       what the function is given: producer(conf), consumer(conf), sleep(seconds)
    Runner    what clients are built on: act (at once), until and sleep (to be awaited)

While a function is run again, `act` answers from the log instead of touching a node, and checks
that it is the same call; the log's end is where the fork was made, and from there it is live.

Read next: `apps`, which resumes it.
"""

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName
from kafkalab.world.chunks import Chunks
from kafkalab.world.plain import all_plain, plain

if TYPE_CHECKING:
    from kafkalab.world.world import World


class NotRepeatable(LearnerError):
    """An app's function took another way when it was run again for a fork."""


class Wait(NamedTuple):
    """What an app waits for: a method of a node to say yes, or only the limit (node None)."""

    node: NodeName | None
    method: str = ""
    arguments: tuple[Any, ...] = ()
    limit_ms: int | None = None


class Result(NamedTuple):
    """One line of an app's log: what was called, and what came of it."""

    called: Any  # a Wait, or (node, method, plain arguments)
    value: Any
    is_raised: bool = False
    arguments: tuple[Any, ...] | None = None  # as given, if the call changes something


@dataclass(slots=True)
class _Suspension:
    """Awaited by an app; the world is told what is waited for, and sends what came of it."""

    runner: "Runner"
    wait: Wait

    def __await__(self) -> Generator[Wait, bool, bool]:
        self.runner.check_alive()
        try:
            return (yield self.wait)
        except GeneratorExit:
            self.runner.is_dead = True  # collected or killed: its `finally`s touch nothing
            raise


class Runner:
    """Runs one app's coroutine in one world."""

    __slots__ = (
        "_coroutine",
        "_function",
        "_is_replaying",
        "_log",
        "_nodes",
        "_place",
        "_world",
        "is_dead",
        "name",
    )

    def __init__(
        self, world: "World", name: str, log: Chunks[Result], nodes: list[NodeName]
    ) -> None:
        self._world = world
        self._log = log
        self._nodes = nodes
        self._place = 0  # how much of the log a replay has answered from
        self._coroutine: Coroutine[Any, Any, Any] | None = None
        self._function = name
        self._is_replaying = False
        self.name = name
        self.is_dead = False

    # for clients

    @property
    def now(self) -> int:
        """Virtual ms; as recorded, while run again."""
        now: int = self._once((self.name, "now", ()), lambda: self._world.now)
        return now

    def act(self, node: NodeName, method: str, *arguments: Any) -> Any:
        """Call a node's method, with `now` as its last argument; what it raises is passed on."""
        called = (node, method, all_plain(arguments))
        return self._once(called, lambda: self._world.act(node, method, *arguments), arguments)

    def read(self, node: NodeName, name: str, *arguments: Any) -> Any:
        """An attribute of a node, or what a method that changes nothing returns; plain data."""
        called = (node, name, all_plain(arguments))

        def look() -> Any:
            value = getattr(self._world.nodes[node], name)
            return value(*arguments) if callable(value) else value

        return self._once(called, look)

    def until(
        self,
        node: NodeName,
        method: str,
        arguments: tuple[Any, ...] = (),
        limit_ms: int | None = None,
    ) -> _Suspension:
        """To be awaited: True once `node.method(*arguments)` is, False if the limit comes first."""
        return _Suspension(self, Wait(node, method, arguments, limit_ms))

    def sleep(self, duration_ms: int) -> _Suspension:
        """To be awaited: virtual time passes."""
        return _Suspension(self, Wait(None, limit_ms=duration_ms))

    def add(self, kind: str, conf: dict[str, Any]) -> Any:
        """A client of the app: adds its node to the world, returns its handle."""
        clients = self._world.apps.clients
        assert clients is not None, "this world has no clients"
        name = self._once(
            ("add", kind, plain(conf)),
            lambda: new_node(self._world, self._nodes, kind, conf),
            (kind, conf),
        )
        return clients.handle(kind, self, name)

    def _once(
        self, called: Any, do: Callable[[], Any], arguments: tuple[Any, ...] | None = None
    ) -> Any:
        """The recorded result of this call, or, past the log's end, a new one, which is noted."""
        self.check_alive()
        if self._is_replaying:
            result = self._recorded(called)
        else:
            try:
                result = Result(called, do(), False, arguments)
            except Exception as error:
                result = Result(called, error, True, arguments)
            self._log.append(result)
        if result.is_raised:
            raise result.value
        return result.value

    def check_alive(self) -> None:
        """An app that has been killed does nothing more, in its `finally`s either."""
        if self.is_dead:
            raise GeneratorExit

    # for `apps`

    def begin(self, function: Callable[["App"], Coroutine[Any, Any, Any]]) -> None:
        """Make the coroutine; `resume` or `replay` runs it."""
        self._function = getattr(function, "__name__", self.name)
        self._coroutine = function(App(self))

    def resume(self, answer: bool | None) -> Wait:
        """Run to the next wait.  StopIteration when the function has returned."""
        assert self._coroutine is not None
        wait: Wait = self._coroutine.send(answer)
        return wait

    def replay(self, waiting_for: Wait | None) -> None:
        """Run again up to the end of the log, where the function must wait as it did then."""
        assert self._coroutine is not None
        self._place, self._is_replaying = 0, True
        try:
            wait: Wait = self._coroutine.send(None)
            while self._place < len(self._log):
                wait = self._coroutine.send(self._recorded(wait).value)
        except StopIteration:
            raise self._not_repeatable("it ends, where it went on before") from None
        except NotRepeatable:
            raise
        except Exception as error:
            raise self._not_repeatable(f"it raises {type(error).__name__}: {error}") from error
        self._is_replaying = False
        if wait != waiting_for:
            raise self._not_repeatable(f"it waits for {wait}, before for {waiting_for}")

    def kill(self) -> None:
        """Let nothing of the code run any more."""
        self.is_dead = True
        if self._coroutine is not None:
            self._coroutine.close()

    def _recorded(self, called: Any) -> Result:
        if self._place == len(self._log):
            raise self._not_repeatable(f"it calls {_words(called)}, before it waited")
        result = self._log[self._place]
        if result.called != called:
            raise self._not_repeatable(f"it calls {_words(called)}, before {_words(result.called)}")
        self._place += 1
        return result

    def _not_repeatable(self, difference: str) -> NotRepeatable:
        where = line_of(self._coroutine)
        return NotRepeatable(
            f"{self.name}: your code is not repeatable here{where}\n"
            f"  A fork runs {self._function} again against what it saw before; {difference}.\n"
            "  Let it depend on its messages and app.sleep only: no clock, no random"
        )


def new_node(world: "World", nodes: list[NodeName], kind: str, conf: dict[str, Any]) -> NodeName:
    """Add a client of an app to the world and to its `nodes`; its name."""
    assert world.apps.clients is not None
    name = world.new_name(kind)
    world.add(world.apps.clients.node(kind, conf, name, world.seed))
    nodes.append(name)
    return name


class App:
    """What an app's function is given."""

    __slots__ = ("_runner",)

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @property
    def name(self) -> str:
        return self._runner.name

    def producer(self, conf: dict[str, Any]) -> Any:
        """A producer of this app; `ConfigError` as for `Producer`."""
        return self._runner.add("producer", conf)

    def consumer(self, conf: dict[str, Any]) -> Any:
        """A consumer of this app; `ConfigError` as for `Consumer`."""
        return self._runner.add("consumer", conf)

    async def sleep(self, seconds: float) -> None:
        """Let virtual seconds pass."""
        await self._runner.sleep(round(seconds * 1000))


def line_of(coroutine: Any) -> str:
    """` (line 12 of pay)`: where a coroutine stands in the learner's own code."""
    frame: FrameType | None = getattr(coroutine, "cr_frame", None)
    if frame is None:
        return ""
    code: CodeType = frame.f_code
    return f" (line {frame.f_lineno} of {code.co_name} in {code.co_filename})"


def _words(called: Any) -> str:
    if isinstance(called, Wait):
        return "a wait"
    node, method, arguments = called
    return f"{node}.{method}{arguments}" if isinstance(arguments, tuple) else f"{node} {method}"
