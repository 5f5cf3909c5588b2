"""The world: one step after another, in an order that the seed alone decides.

    scheduler ──▶ deliver · wake · command · resume · app
                     │
                     ▼
                  a node ── take_outbox ──▶ events ──▶ trace       each with the id of what is
                                        ──▶ envelopes ──▶ network  being handled as its cause
                     └── next_timer ──▶ scheduler

A step handles one thing.  Whatever comes from outside (an action on a client, a fault) goes
through `act` or `command` and is recorded: seed, options and actions make the run again.  A world
is data: `fork` copies it, and both go on from there in the same way.

Invariants: time never falls; a crashed node is touched by nothing but `restart`; a paused one by
nothing until its time has come; one wake-up is planned for each node that waits for one.
Read next: `network` and `connections`, `scheduler`, `faults`, `apps`; `driver`, who may call this.
"""

from typing import Any, Final, NamedTuple, Self

from kafkalab.ids import NodeName
from kafkalab.log import StorageFailure
from kafkalab.node import Kind, Node
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.world import clocks, disks, faults, shutdown
from kafkalab.world.apps import Apps
from kafkalab.world.chunks import Chunks
from kafkalab.world.failures import NodeFailure, halt
from kafkalab.world.faults import WORLD, Command, CommandError
from kafkalab.world.network import LATENCY_MS, Network
from kafkalab.world.plain import all_plain
from kafkalab.world.scheduler import Scheduler, Wake, What
from kafkalab.world.trace import Trace

#: A node that asks this often for the same instant will never let time pass.
_WAKES_AT_ONCE_MAX: Final = 10_000
_DELIVER: Final = int(What.DELIVER)
_WAKE: Final = int(What.WAKE)
_CLOSE: Final = Kind.CLOSE
_API_NAMES: Final = {int(key): key.name for key in ApiKey}
_KINDS: Final = ("request", "response", "close")


class Action(NamedTuple):
    """What came from outside: a method of a node, or of the world (`command`)."""

    at: int
    step: int
    node: NodeName
    method: str
    arguments: tuple[Any, ...]


class Pause(NamedTuple):
    """A node stands still."""

    since: int
    until: int


class World:
    """Nodes, the network between them, time, and what happened.  Not for several threads."""

    def __init__(
        self, seed: int, *, is_wire: bool = False, latency_ms: int = LATENCY_MS, began: int = 0
    ) -> None:
        self.seed = seed
        self.now = self.began = began  # a live world begins in Unix time, so that records fit
        self.steps = 0
        self.nodes: dict[NodeName, Node] = {}
        self.crashed: dict[NodeName, int] = {}  # since when
        self.paused: dict[NodeName, Pause] = {}
        self.started: dict[NodeName, int] = {}  # when the present process began
        self.stopping: dict[NodeName, int] = {}  # since when they have been leaving in order
        self.scheduler = Scheduler()
        self.network = Network(self.scheduler, is_wire, latency_ms)
        self.trace = Trace()
        self.apps = Apps()
        self.actions: Chunks[Action] = Chunks()
        self.handling = 0  # the id of what is being handled; 0 between steps
        self._names: dict[str, int] = {}  # how many of a kind have been named
        self._wakes: dict[NodeName, Wake] = {}

    # nodes

    def add(self, node: Node) -> None:
        """Let a node take part from now on."""
        assert node.name not in self.nodes, node.name
        self.nodes[node.name] = node
        self.started[node.name] = self.now
        self._wakes[node.name] = Wake()
        self._touched(node.name, node, self.handling)

    def remove(self, name: NodeName) -> None:
        """Forget a node that has closed its connections, as an external client does."""
        self.check_known(name)
        del self.nodes[name], self.started[name], self._wakes[name]

    def new_name(self, kind: str) -> NodeName:
        """`producer-1`, `producer-2`, …: the next of its kind."""
        number = self._names[kind] = self._names.get(kind, 0) + 1
        return f"{kind}-{number}"

    def check_known(self, name: NodeName) -> None:
        """`CommandError`, with the names there are, if it is not one of them."""
        if name not in self.nodes:
            raise CommandError(f"there is no {name}; there are {', '.join(self.nodes)}")

    def is_up(self, name: NodeName) -> bool:
        """Whether the node's process runs (it may be paused)."""
        return name in self.nodes and name not in self.crashed

    # one step

    def step(self, until: int) -> bool:
        """Handle the next thing due at or before `until`; False if there is none."""
        pop, deliver, wake = self.scheduler.pop, self._deliver, self._wake
        try:
            while (planned := pop(until)) is not None:
                due, sequence, what, about = planned
                if due > self.now:
                    self.now = due
                if what == _DELIVER:
                    is_handled = deliver(about)
                elif what == _WAKE:
                    is_handled = wake(about, sequence)
                else:
                    is_handled = self._handle(what, about)
                if is_handled:
                    self.steps += 1
                    return True
        finally:
            self.handling = 0
        return False

    def _handle(self, what: int, about: Any) -> bool:
        """Do what is planned less often; False if it holds no more."""
        if what == What.COMMAND:
            return self._scheduled(about)
        if what == What.RESUME:
            return self._resume(about)
        return self.apps.wait_over(self, *about)

    def pass_time(self, until: int) -> None:
        """Move the clock to `until`; nothing may be due before."""
        assert (due := self.scheduler.next_due()) is None or due > until, (due, until)
        self.now = max(self.now, until)

    def _deliver(self, number: int) -> bool:
        network = self.network
        pipe = network.connections.by_number.get(number)
        if pipe is None or pipe.is_closed:
            return False
        target = pipe.target
        if target in self.paused or (network.sides and network.is_held(pipe)):
            pipe.owed += 1
            return False
        queue = pipe.queue
        if not queue:
            return False
        node = self.nodes.get(target)
        if node is None or target in self.crashed:
            network.refuse(pipe, queue[0][1], self.now)
            return False
        if network.intercepts and (taken := network.intercepts.take(self, pipe)) is not None:
            return taken
        envelope, cause = queue.popleft()
        if envelope.kind is _CLOSE:
            network.closed(pipe)
        client, server, n = pipe.connection
        id = self.trace.note(
            self.now,
            cause,
            target,
            (
                "Delivered",
                _KINDS[envelope.kind],
                _API_NAMES.get(envelope.api_key, ""),
                client,
                server,
                n,
                envelope.correlation_id,
            ),
        )
        self.handling = id
        try:
            node.receive(envelope, self.now)
        except Exception as error:
            entry = self.trace.entry(id)
            what = f"{entry.text if entry else 'a message'} at {self.now} ms"
            return self._failed(target, what, error)
        self._touched(target, node, id)
        return True

    def _wake(self, name: NodeName, sequence: int) -> bool:
        wake = self._wakes[name]
        if wake.sequence != sequence or wake.planned is None:
            return False
        wake.planned = None
        due = wake.due
        if due is None or name in self.crashed:
            return False
        pause = self.paused.get(name)
        now = self.now
        if due > now or pause is not None:
            self._plan_wake(name, wake, due if pause is None else max(due, pause.until))
            return False
        self._count_round(name, wake)
        id = self.handling = self.trace.note(now, wake.cause, name, ("TimerFired",))
        wake.due = None
        node = self.nodes[name]
        try:
            node.on_timer(now)
        except Exception as error:
            return self._failed(name, f"TimerFired at {self.now} ms", error)
        self._touched(name, node, id)
        return True

    def _count_round(self, name: NodeName, wake: Wake) -> None:
        """A node whose timer never moves on is a bug that would look like a hang."""
        if wake.woken_at != self.now:
            wake.woken_at, wake.rounds = self.now, 0
        wake.rounds += 1
        if wake.rounds > _WAKES_AT_ONCE_MAX:
            error = RuntimeError(f"next_timer() stays {wake.due}, and it is {self.now}")
            raise self._failure(name, f"TimerFired at {self.now} ms", error)

    def _plan_wake(self, name: NodeName, wake: Wake, due: int) -> None:
        wake.planned = due
        wake.sequence = self.scheduler.plan(due, What.WAKE, name)

    def _touched(self, name: NodeName, node: Node, id: int) -> None:
        """A node has been called: take what it says, and when it wants to be woken."""
        envelopes, events = node.take_outbox()
        now = self.now
        if events:
            self.trace.add_all(now, id, name, events)
        if envelopes:
            send = self.network.send
            try:
                at = disks.said_at(self, name) if self.network.slow_disks else now
                for envelope in envelopes:
                    send(name, envelope, id, at)
            except Exception as error:
                what = f"writing {type(envelope.message).__name__} in the format of Kafka"
                raise self._failure(name, what, error) from error
        due = node.next_timer()
        wake = self._wakes[name]
        if due != wake.due:
            wake.due, wake.cause = due, id
            if due is not None and (wake.planned is None or due < wake.planned):
                self._plan_wake(name, wake, max(due, now))
        if name in self.apps.waiting:
            self.apps.touched(self, name)
        if self.stopping and name in self.stopping:
            shutdown.end_if_due(self, name, id)

    def touched(self, name: NodeName, id: int) -> None:
        """A node has been called from outside, as what is noted under `id`."""
        self._touched(name, self.nodes[name], id)

    def _failed(self, name: NodeName, doing: str, error: Exception) -> bool:
        """A node has raised: a bug, unless its disk has failed, which ends its process."""
        if isinstance(error, StorageFailure):
            return halt(self, name, error)
        raise self._failure(name, doing, error) from error

    def _failure(self, name: NodeName, doing: str, error: Exception) -> NodeFailure:
        return NodeFailure(name, doing, error, self.seed, self.steps + 1)

    # from outside

    def act(self, name: NodeName, method: str, *arguments: Any) -> Any:
        """Call a node's method with `now` as its last argument; recorded; returns its result.

        What the method raises goes to the caller.
        """
        self.check_known(name)
        if name in self.crashed:
            raise CommandError(f"{name} has stopped")
        outer = self.handling
        if not outer:
            self.actions.append(Action(self.now, self.steps, name, method, arguments))
        event = ("ActionTaken", method, all_plain(arguments))
        id = self.handling = self.trace.add(self.now, outer, name, event)
        node = self.nodes[name]
        try:
            return getattr(node, method)(*arguments, self.now)
        finally:
            self._touched(name, node, id)
            self.handling = outer

    def command(self, words: str) -> None:
        """Do a fault now, by its words (`faults`).  `CommandError` if that cannot be."""
        command = faults.parse(words)
        faults.apply(self, command)
        self.record("command", words)

    def schedule(self, at: int, words: str) -> None:
        """Plan a fault for the instant `at` (ms); one that then does not apply is passed over."""
        command = faults.parse(words)
        faults.check_known(self, command)
        if at < self.now:
            raise CommandError(f"it is {self.now} ms already: {words!r} at {at} ms is too late")
        self.scheduler.plan(at, What.COMMAND, command)
        self.record("schedule", at, words)

    def record(self, method: str, *arguments: Any) -> None:
        """Note what was done from outside to the world itself, for who makes the run again."""
        self.actions.append(Action(self.now, self.steps, WORLD, method, arguments))

    def _scheduled(self, command: Command) -> bool:
        try:
            faults.apply(self, command)
        except CommandError:
            return False
        return True

    # faults

    def crash(self, name: NodeName, cause: int = 0) -> None:
        """End a process at once; what it had not written is gone."""
        self.check_up(name)
        self._stop(name, self.trace.add(self.now, cause, name, ("Crashed",)))

    def _stop(self, name: NodeName, id: int) -> None:
        self.crashed[name] = self.now
        self.paused.pop(name, None)
        self.stopping.pop(name, None)
        self._wakes[name].due = None
        self.network.end_all(name, id, self.now)

    def stop(self, name: NodeName, cause: int = 0) -> None:
        """The process ends without saying so to anyone, as a client's does at its exit."""
        if name not in self.crashed:
            self._stop(name, cause)

    def restart(self, name: NodeName, cause: int = 0) -> None:
        """Start a new process on the disk of a crashed one."""
        self.check_known(name)
        if name not in self.crashed:
            raise CommandError(f"{name} is running: crash it first")
        del self.crashed[name]
        id = self.trace.add(self.now, cause, name, ("Restarted",))
        self.started[name] = self.now
        try:
            node = self.nodes[name] = clocks.restarted(self.nodes[name], self.now)
        except StorageFailure as failure:
            halt(self, name, failure, id)
            return
        self._wakes[name] = Wake()
        self._touched(name, node, id)

    def pause(self, name: NodeName, duration_ms: int, cause: int = 0) -> None:
        """Let a process stand still (a long garbage collection): it handles nothing meanwhile."""
        self.check_up(name)
        pause = self.paused[name] = Pause(self.now, self.now + duration_ms)
        self.trace.add(self.now, cause, name, ("Paused", pause.until))
        self.scheduler.plan(pause.until, What.RESUME, name)

    def _resume(self, name: NodeName) -> bool:
        pause = self.paused.get(name)
        if pause is None or pause.until > self.now:
            return False
        del self.paused[name]
        self.trace.add(self.now, 0, name, ("Resumed",))
        pipes = [pipe for pipe in self.network.connections.pipes() if pipe.target == name]
        self.network.release(pipes, self.now)
        return True

    def check_up(self, name: NodeName) -> None:
        """`CommandError` if the process has ended, or there is none of that name."""
        self.check_known(name)
        if name in self.crashed:
            raise CommandError(f"{name} has crashed already: restart it first")

    # forks

    def fork(self, *, forget_recent: bool = False, only: NodeName = "") -> Self:
        """An equal world that shares nothing mutable with this one.  Only between steps.

        `forget_recent`: see `Trace.fork`.  `only`: all nodes but this one are shared (`turns`).
        """
        assert not self.handling, "a world cannot be forked from inside"
        other = type(self).__new__(type(self))
        other.seed, other.now, other.steps = self.seed, self.now, self.steps
        other.began = self.began
        copied = [only] if only else self.nodes
        other.nodes = self.nodes | {name: self.nodes[name].fork() for name in copied}
        other.crashed = self.crashed.copy()
        other.paused = self.paused.copy()
        other.started, other.stopping = self.started.copy(), self.stopping.copy()
        other.scheduler = self.scheduler.fork()
        other.network = self.network.fork(other.scheduler)
        other.trace = self.trace.fork(forget_recent=forget_recent)
        other.apps = self.apps.fork()
        other.actions = self.actions.fork()
        other.handling, other._names = 0, self._names.copy()
        other._wakes = {name: wake.fork() for name, wake in self._wakes.items()}
        return other
