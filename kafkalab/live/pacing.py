"""A world paced by the wall clock: its `now` is Unix time, in whole milliseconds.

    socket event ──▶ run: every step that is due ──▶ answers are written ──▶ one timer is armed
                       ▲                                                          │
                       └────────────── the next thing is due ◀────────────────────┘

All of it happens in one callback of the event loop, so an answer leaves in the turn in which its
request came.  The world is touched under the lock alone: others may hold it still to look.

Read next: `cluster`, which owns the loop and its thread.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Final

from kafkalab.world import World

#: Significant entries of the trace that a live cluster keeps.
TRACE_KEPT: Final = 200_000
_TIDY_MS: Final = 1_000


class Pacing:
    """Moves a world on.  Only from the loop's own thread, but for `lock`."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.lock = threading.RLock()
        self.after_run: list[Callable[[], None]] = []  # write answers, look at what has changed
        self.received = 0  # bytes from clients, until somebody sets it back
        self._loop = loop
        self._base = world.now
        self._began = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: int | None = None
        self._tidy_at = 0

    def clock(self) -> int:
        """What the world's `now` should be."""
        return self._base + int((self._loop.time() - self._began) * 1000)

    def run(self) -> None:
        """Catch up with the clock."""
        world = self.world
        with self.lock:
            now = self.clock()
            while world.step(now):
                pass
            world.pass_time(now)
            if now >= self._tidy_at:
                self._tidy_at = now + _TIDY_MS
                world.trace.let_go_of_kept(TRACE_KEPT)
            for call in self.after_run:
                call()
            self._arm(world.scheduler.next_due())

    def _arm(self, due: int | None) -> None:
        if due == self._timer_due:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_due = due
        if due is not None:
            self._timer = self._loop.call_at(self._began + (due - self._base) / 1000, self._due)

    def _due(self) -> None:
        self._timer = self._timer_due = None
        self.run()

    def stop(self) -> None:
        """Plan nothing any more."""
        self.after_run.clear()
        self._arm(None)
