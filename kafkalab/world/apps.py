"""Applications inside the world: coroutines without asyncio, which can crash and be forked.

    async def pay(app):                                      until ──▶ waits, with a limit
        producer = app.producer({…})     act ──▶ a node      sleep ──▶ waits
        producer.produce("orders", …)            │
        await producer.flush()  ◀────── results ─┘ each noted in the app's log

A suspended app waits for a condition on one node, looked at again whenever that node has been
touched, or for its limit.  All an app learns from the world is in its log.

Coroutines cannot be copied, so a fork gets the log alone.  When the fork must resume the app, the
function is run again from the start and fed with the log; a call that is not the recorded one
raises `NotRepeatable`.  What the function does to things outside (a list it appends to) is then
done again.

Invariants: one app runs at a time; a wait that is over is never resumed again (waits are numbered).
Read next: `runner`, what an app's function and its clients call.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName
from kafkalab.node import Node
from kafkalab.world.chunks import Chunks
from kafkalab.world.echo import Echo
from kafkalab.world.runner import App, NotRepeatable, Result, Runner, Wait, line_of
from kafkalab.world.scheduler import What

if TYPE_CHECKING:
    from kafkalab.world.world import World

#: An app that goes on so often in one instant, with nothing to show for it, will never let time
#: pass.
_IDLE_TURNS_MAX: Final = 10_000
#: What gets an app on: a record given, or taken, or its delivery report.
_PROGRESS: Final = frozenset({"produce", "take_message", "take_reports"})

Function = Callable[[App], Coroutine[Any, Any, Any]]


class Clients(Protocol):
    """Makes an app's clients; the same object serves all forks, so it keeps no state."""

    def node(self, kind: str, conf: dict[str, Any], name: NodeName, seed: int) -> Node:
        """A client node; `kind` is producer, consumer or admin."""

    def handle(self, kind: str, runner: Runner, name: NodeName) -> Any:
        """What the app's function gets to call."""

    def overridden(self, key: str, value: Any, kind: str | None) -> "Clients":
        """The same, but with this setting, whatever a client asks for."""


class State(Enum):
    """Of an app."""

    RUNNING = auto()
    FINISHED = auto()
    CRASHED = auto()


@dataclass(slots=True)
class Process:
    """One app: its function, what it has learned, what it waits for."""

    name: str
    function: Function
    state: State = State.RUNNING
    error: str = ""
    cause: int = 0  # the id of what was being handled when it began to wait
    log: Chunks[Result] = field(default_factory=Chunks)
    nodes: list[NodeName] = field(default_factory=list)
    wait: Wait | None = None
    waits: int = 0  # the number of `wait`
    limit: int | None = None
    began: int = 0  # the id of its AppStarted
    idle_turns: int = 0  # since time passed, or it got on
    idle_at: int = -1
    runner: Runner | Echo | None = None  # none yet in a fork: see `Apps._revive`

    def fork(self) -> "Process":
        return Process(
            self.name,
            self.function,
            self.state,
            self.error,
            self.cause,
            self.log.fork(),
            self.nodes.copy(),
            self.wait,
            self.waits,
            self.limit,
            self.began,
            self.idle_turns,
            self.idle_at,
        )


class Apps:
    """The apps of a world."""

    __slots__ = ("_is_running", "_lived", "_touched", "clients", "processes", "waiting")

    def __init__(self) -> None:
        self.clients: Clients | None = None
        self.processes: dict[str, Process] = {}
        self.waiting: dict[NodeName, dict[str, None]] = {}  # names of apps, by what they wait for
        self._is_running = False
        self._lived: Apps | None = None  # while it is replayed
        self._touched: list[NodeName] = []

    # life

    def start(self, world: "World", function: Function, name: str) -> None:
        """Begin to run a function, up to where it first waits."""
        assert name not in self.processes, name
        self.processes[name] = Process(name, function)
        self._begin(world, self.processes[name])

    def restart(self, world: "World", name: str) -> None:
        """Run it again from the start, with new clients."""
        process = self._known(name)
        if process.state is State.RUNNING:
            raise LearnerError(f"{name} is running: crash it first")
        fresh = self.processes[name] = Process(name, process.function, waits=process.waits)
        self._begin(world, fresh)

    def crash(self, world: "World", name: str, error: str = "killed") -> None:
        """End it where it stands, and its clients; nothing of its code runs any more."""
        process = self._known(name)
        if process.state is not State.RUNNING:
            raise LearnerError(f"{name} is not running")
        self._crash(world, process, error)

    def _begin(self, world: "World", process: Process) -> None:
        id = world.trace.add(world.now, world.handling, process.name, ("AppStarted", process.name))
        process.began = id
        process.runner = self._echo_of(world, process)
        if process.runner is None:
            process.runner = runner = Runner(world, process.name, process.log, process.nodes)
            runner.begin(process.function)
        outer, world.handling = world.handling, id
        try:
            self._go_on(world, process, None)
            self._drain(world)
        finally:
            world.handling = outer

    def _known(self, name: str) -> Process:
        if name not in self.processes:
            known = ", ".join(self.processes) or "none"
            raise LearnerError(f"there is no app {name}; there are {known}")
        return self.processes[name]

    # waiting and going on

    def touched(self, world: "World", node: NodeName) -> None:
        """A node of `waiting` has been called: who waits for something of it looks again."""
        self._touched.append(node)
        if not self._is_running:
            self._drain(world)

    def _drain(self, world: "World") -> None:
        while self._touched:
            node = self._touched.pop(0)
            for name in tuple(self.waiting.get(node, ())):
                process = self.processes[name]
                wait = process.wait
                if wait is not None and wait.node == node and holds(world, wait):
                    self._go_on(world, process, True)

    def wait_over(self, world: "World", name: str, number: int) -> bool:
        """The limit of a wait has come; False if it ended before."""
        process = self.processes[name]
        if process.wait is None or process.waits != number:
            return False
        world.handling = world.trace.note(world.now, process.cause, name, ("TimerFired",))
        self._go_on(world, process, False)
        self._drain(world)
        return True

    def _go_on(self, world: "World", process: Process, answer: bool | None) -> None:
        """Run the app until it waits again, or ends.  `answer` is what its wait came to."""
        if process.runner is None:
            self._revive(world, process)
        runner = process.runner
        assert runner is not None, process.name
        if process.wait is not None:
            process.log.append(Result(process.wait, answer))
            self._forget_wait(process)
        self._is_running = True
        try:
            wait = self._run(world, process, runner, answer)
        except StopIteration:
            self._finish(world, process)
            return
        except NotRepeatable:
            raise
        except Exception as error:
            self._crash(world, process, f"{type(error).__name__}: {error}")
            return
        finally:
            self._is_running = False
        self._suspend(world, process, wait)

    def _run(
        self, world: "World", process: Process, runner: Runner | Echo, answer: bool | None
    ) -> Wait:
        """Up to a wait that does not hold already."""
        while True:
            before = len(process.log)
            wait = runner.resume(answer)
            if process.idle_at != world.now or _has_got_on(process.log, before):
                process.idle_at, process.idle_turns = world.now, 0
            process.idle_turns += 1
            if process.idle_turns > _IDLE_TURNS_MAX:
                raise LearnerError(
                    f"{process.name} loops without letting time pass: await app.sleep(…)"
                )
            if wait.node is None or not holds(world, wait):
                return wait
            answer = True
            process.log.append(Result(wait, answer))

    def _suspend(self, world: "World", process: Process, wait: Wait) -> None:
        process.wait = wait
        process.waits += 1
        process.cause = world.handling
        if wait.node is not None:
            self.waiting.setdefault(wait.node, {})[process.name] = None
        if wait.limit_ms is not None:
            due = world.now + max(0, wait.limit_ms)
            world.scheduler.plan(due, What.APP, (process.name, process.waits))

    def _forget_wait(self, process: Process) -> None:
        wait, process.wait = process.wait, None
        if wait is not None and wait.node is not None:
            apps = self.waiting[wait.node]
            apps.pop(process.name, None)
            if not apps:
                del self.waiting[wait.node]

    def _finish(self, world: "World", process: Process) -> None:
        """The function has returned: its process ends, and its clients with it."""
        process.state = State.FINISHED
        self._end(world, process, ("AppFinished", process.name))

    def _crash(self, world: "World", process: Process, error: str) -> None:
        process.state, process.error = State.CRASHED, error
        self._forget_wait(process)
        if process.runner is not None:
            process.runner.kill()
        self._end(world, process, ("AppCrashed", process.name, error))

    def _end(self, world: "World", process: Process, event: tuple[str, ...]) -> None:
        id = world.trace.add(world.now, world.handling, process.name, event)
        for node in process.nodes:
            world.stop(node, id)

    def _revive(self, world: "World", process: Process) -> None:
        """In a fork: run the function again, against what it learned before the fork."""
        runner = process.runner = Runner(world, process.name, process.log, process.nodes)
        runner.begin(process.function)
        runner.replay(process.wait)

    def echo(self, world: "World", origin: "Apps") -> None:
        """While what `origin` has lived is replayed: do what its apps did, from their logs."""
        self._lived = origin
        for process in self.processes.values():
            if process.state is State.RUNNING and process.runner is None:
                process.runner = self._echo_of(world, process)

    def _echo_of(self, world: "World", process: Process) -> Echo | None:
        """None if nothing is replayed, or if how the app ended is not in its log."""
        lived = self._lived.processes.get(process.name) if self._lived is not None else None
        if lived is None or lived.began != process.began or lived.state is State.CRASHED:
            return None
        return Echo(world, process.log, process.nodes, lived.log, lived.wait)

    def end_echoes(self) -> None:
        """From now on an app that must go on runs its function."""
        self._lived = None
        for process in self.processes.values():
            if isinstance(process.runner, Echo):
                process.runner = None

    def fork(self) -> Self:
        other = type(self)()
        other.clients = self.clients
        other.processes = {name: process.fork() for name, process in self.processes.items()}
        other.waiting = {node: apps.copy() for node, apps in self.waiting.items()}
        return other


def _has_got_on(log: Chunks[Result], since: int) -> bool:
    """Whether one of the calls noted since then has moved a record."""
    for index in range(since, len(log)):
        called, value, is_raised, _ = log[index]
        if value and not is_raised and not isinstance(called, Wait) and called[1] in _PROGRESS:
            return True
    return False


def holds(world: "World", wait: Wait) -> bool:
    """Whether what is waited for is so now.  A node that has stopped never answers."""
    assert wait.node is not None
    if not world.is_up(wait.node):
        return False
    return bool(getattr(world.nodes[wait.node], wait.method)(*wait.arguments))


__all__ = ["App", "Apps", "Clients", "Function", "NotRepeatable", "Process", "State", "line_of"]
