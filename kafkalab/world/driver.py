"""The one who moves a world: one lock, so that a cell and a player can take turns.

    cell: act, wait, run_to ──┐
                              ├──▶ lock ──▶ world.step, step, step …      observers are told after
    player: run_for, command ─┘                                           each step that shows

Whoever waits for the lock gets it between two steps of a run, so a click acts while a cell's wait
goes on.  An interrupt (Ctrl-C, the notebook's stop button) also acts between two steps: the
world stays whole.

Invariants: the world is touched only under the lock; a thread that is inside (in a node, an app, an
observer) cannot drive; an observer is called between steps.
In this module alone: `threading`.  Read next: `world`.
"""

import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName
from kafkalab.node import Node
from kafkalab.world.failures import NodeFailure, StillWaiting, still_waiting
from kafkalab.world.garbage import rarely_collected
from kafkalab.world.history import History
from kafkalab.world.world import World

#: How long a wait without a limit goes on.
ENDLESS_MS: Final = 60 * 60 * 1000

#: Told (now, kinds of the events of a step), or () at the end of a run.
Observer = Callable[[int, tuple[str, ...]], None]


class Rules(Protocol):
    """Other rules than the engine's, for one world and its forks (`lab.experiments.rules`)."""

    def begin(self) -> None:
        """The world is about to be touched.  Calls may be nested."""

    def end(self) -> None:
        """It has been."""


class Driver:
    """Drives one world.  Every method may be called from any thread."""

    def __init__(self, world: World, rules: Rules | None = None) -> None:
        self.world = world
        self._turn = threading.Lock()  # who is next; held only while waiting for `_lock`
        self._lock = threading.RLock()
        self._depth = 0  # how often the thread that has the lock has taken it
        self._wanting = 0  # 1 while the thread that is next waits for the lock
        self._inside = ""  # what the thread that has the lock is doing
        self._observers: list[tuple[Observer, frozenset[str] | None]] = []
        self._is_interrupted = False
        self.history: History | None = None  # kept from when it is set
        self.is_view = False  # of the past: not to be driven
        self.rules = rules  # in force while somebody has the lock

    # reading

    def node(self, name: NodeName) -> Node:
        """A node, to be read; `CommandError` if there is none of that name."""
        self.world.check_known(name)
        return self.world.nodes[name]

    @contextmanager
    def locked(self) -> Iterator[World]:
        """Hold the world still, to read it or copy it."""
        self._take_turn()
        try:
            yield self.world
        finally:
            self._end_turn()

    # acting

    def act(self, node: NodeName, method: str, *arguments: Any) -> Any:
        """Call a node's method, with `now` added; see `World.act`.  Runs no time."""
        with self._driving("an action"):
            result = self.world.act(node, method, *arguments)
            self._tell_all()
            return result

    def call(self, what: str, function: Callable[[World], Any]) -> Any:
        """Change the world from outside by a function (a fault, a new node); runs no time."""
        with self._driving(what):
            result = function(self.world)
            self._tell_all()
            return result

    def command(self, words: str) -> None:
        """Do a fault now: `faults.parse` has the words."""
        self.call(words, lambda world: world.command(words))

    # running

    def wait(self, condition: Callable[[], object], limit_ms: int | None, what: str) -> bool:
        """Run until the condition holds (looked at between steps): True; False at the limit.

        Without a limit: `StillWaiting` after one virtual hour, saying `what` was waited for.
        """
        with self._driving(f"waiting for {what}"):
            start = self.world.now
            limit = ENDLESS_MS if limit_ms is None else max(0, limit_ms)
            is_so = self._run(start + limit, condition)
            self._rest()
            if not is_so and limit_ms is None:
                raise self.still_waiting(limit, what)
            return is_so

    def run_to(self, at: int) -> None:
        """Run until the clock shows `at` ms, everything due then included."""
        with self._driving("a run"):
            self._run(at, None)
            self._rest()

    def run_for(self, duration_ms: int) -> None:
        """Run for so many virtual ms."""
        with self._driving("a run"):
            self._run(self.world.now + duration_ms, None)
            self._rest()

    def run_steps(self, steps: int) -> None:
        """Run so many steps, or until nothing is planned within an hour."""
        with self._driving("a run"):
            last = self.world.steps + steps
            self._run(self.world.now + ENDLESS_MS, lambda: self.world.steps >= last)
            self._rest()

    def step(self, kinds: Collection[str] = (), limit_ms: int = 60_000) -> tuple[str, ...]:
        """Run one step; with `kinds`, to the end of the first step with such an event.

        Returns the kinds of the events of the last step; () if the limit (virtual ms) came first.
        """
        with self._driving("a step"):
            last: list[str] = []
            wanted = frozenset(kinds)
            before = self.world.trace.next_id

            def has_happened() -> bool:
                nonlocal before
                last[:] = self._kinds_since(before)
                is_enough = self.world.trace.next_id > before and (
                    not wanted or not wanted.isdisjoint(last)
                )
                before = self.world.trace.next_id
                return is_enough

            is_done = self._run(self.world.now + limit_ms, has_happened)
            self._rest()
            return tuple(last) if is_done else ()

    def still_waiting(self, waited_ms: int, what: str) -> StillWaiting:
        """The error that says what was waited for, and how to see it again."""
        world = self.world
        return still_waiting(waited_ms, what, world.seed, world.steps, reversed(world.trace))

    # watching

    def observe(self, observer: Observer, kinds: Collection[str] | None = None) -> None:
        """Call `observer(now, kinds of the events)` after each step, and () at the end of a run.

        With `kinds`, only for steps with an event of them, and naming only those.
        """
        with self.locked():
            self._observers.append((observer, None if kinds is None else frozenset(kinds)))

    # inside

    def _run(self, until: int, condition: Callable[[], object] | None) -> bool:
        with rarely_collected():
            return self._run_steps(until, condition)

    def _run_steps(self, until: int, condition: Callable[[], object] | None) -> bool:
        world = self.world
        step = world.step
        while True:
            if condition is not None and condition():
                return True
            before = world.trace.next_id
            if not step(until):
                world.pass_time(until)
                return condition is None or bool(condition())
            if self._observers:
                self._tell(before)
            if self.history is not None and world.steps >= self.history.due:
                self.history.keep(world)
            if self._wanting:
                self._give_way()
            if self._is_interrupted:
                self._is_interrupted = False
                raise KeyboardInterrupt

    def _kinds_since(self, id: int) -> list[str]:
        kinds: dict[str, None] = {}
        for entry in self.world.trace.recent(id):
            kinds[entry.event[0]] = None
        return list(kinds)

    def _tell(self, since_id: int) -> None:
        happened = self._kinds_since(since_id)
        for observer, wanted in self._observers:
            kinds = tuple(kind for kind in happened if wanted is None or kind in wanted)
            if kinds:
                observer(self.world.now, kinds)

    def _tell_all(self) -> None:
        """What was done from outside, since the last step."""
        if self._observers:
            self._tell(self._told)

    def _rest(self) -> None:
        for observer, _ in self._observers:
            observer(self.world.now, ())

    @contextmanager
    def _driving(self, doing: str) -> Iterator[None]:
        """Have the lock, alone; refuse if this thread is inside already."""
        leave = getattr(threading.current_thread(), "raise_if_stopped", None)
        if leave is not None:
            leave()  # a learner's loop that was told to stop (`lab.loops`)
        self._take_turn()
        try:
            if self._inside or self.world.handling:
                raise LearnerError(
                    f"{doing}: not while the world is at work ({self._inside or 'an app'}); "
                    "an app uses what it is given (app.sleep, its own clients), an observer waits"
                )
            if self.is_view:
                raise LearnerError(f"{doing}: this is a view of the past; view.fork() can go on")
            self._inside = doing
            self._told = self.world.trace.next_id
            with self._interrupts_held():
                try:
                    yield
                finally:
                    self._inside = ""
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        """Take the lock; if another has it, ask whoever runs to give way."""
        if not self._lock.acquire(blocking=False):
            with self._turn:
                self._wanting += 1
                self._lock.acquire()
                self._wanting -= 1
        self._depth += 1
        if self.rules is not None:
            self.rules.begin()

    def _end_turn(self) -> None:
        if self.rules is not None:
            self.rules.end()
        self._depth -= 1
        self._lock.release()

    def _give_way(self) -> None:
        """Between two steps: let those who wait act, then go on."""
        if self._depth > 1:
            return  # a caller above holds the world still
        doing, self._inside = self._inside, ""
        self._end_turn()
        with self._turn:  # free once the one who waited has the lock
            self._lock.acquire()
        self._depth += 1
        if self.rules is not None:
            self.rules.begin()
        self._inside = doing

    @contextmanager
    def _interrupts_held(self) -> Iterator[None]:
        """In the main thread, an interrupt waits for the end of the step."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        usual = signal.getsignal(signal.SIGINT)
        if usual is not signal.default_int_handler:
            yield
            return
        signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, usual)
        if self._is_interrupted:
            self._is_interrupted = False
            raise KeyboardInterrupt

    def _interrupt(self, *_: object) -> None:
        self._is_interrupted = True


__all__ = ["ENDLESS_MS", "Driver", "NodeFailure", "Observer", "StillWaiting"]
