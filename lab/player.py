"""The thread that plays a world: frames in, playback out.

    cell ──runs──▶ world ──observe──▶ tape ──▶ playback ──≤ 30 Hz──▶ views
                     ▲                            ▲
                     └──── commands ◀── queue ◀───┴── clicks, keys, widths

A cell runs the engine at once and never waits for a widget; this thread shows, at a pace people
can follow, what the run left on the tape.  Clicks may arrive on any thread, also while a cell
blocks, so a handler only puts a message into the queue.  A call from Python (`act`) moves the
reader or the world itself, on its own thread, and this one draws what has become of it.  On
WebAssembly there are no threads: an asyncio task does the same.

Invariants: one player a source, whatever the number of views; the reader's lock is held for the
tape and the playback (and a frame being made, by whoever drives the world), never while a command
runs or a view is called; what a click may not do becomes a notice in the picture and ends nothing,
what a call may not do it raises; a view gets at most one picture every 34 ms and, when nothing
moves, a whole one (`rest`).
In this module and `reader`: `threading`; here alone: `asyncio`, `time`.
Read next: `reader` (where one is), `playback` (the rules), `source` (what is asked of a world).
"""

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from kafkalab.errors import LearnerError
from kafkalab.frames.shape import Frame
from lab.playback.playback import FRAME_MS, SLICE_MS, Mode
from lab.playback.source import Happening, Source
from lab.playback.tape import LOOKED_AT, is_minor
from lab.reader import Reader
from lab.scenes.controls import Controls

GLIDE_MS: Final = 300  # how long the style sheet lets things move
LIVE_MS: Final = 100  # between two pictures of a live cluster at work
KEY_FRAME_MS: Final = 1000  # how often a moving view gets a whole picture
REST_MS: Final = 150  # how long after the last patch it does at rest


class PlayerView(Protocol):
    """A picture of the world on screen."""

    def wants(self, frame: Frame) -> tuple[str, ...]:
        """Keys of details that this view needs (`kafkalab.frames.details`)."""

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        """Send what changed; whether anything did."""

    def renew(self) -> None:
        """Send the whole picture, for views that missed something."""

    def handle(self, message: dict[str, object]) -> bool:
        """A width, or an action that only concerns this view; False: it is for the player."""


class Player:
    """Plays one source to its views.  `tick` is all it does; `_Runner` calls it in time."""

    def __init__(self, source: Source, clock: Callable[[], float] | None = None) -> None:
        self._source = source
        self._clock = clock or _now
        self.reader = Reader(source, self._clock)
        self._lock, self._playback = self.reader.lock, self.reader.playback
        self._views: list[PlayerView] = []
        self._inbox: deque[tuple[PlayerView | None, dict[str, object]]] = deque()
        self._notice = ""
        self._is_dirty = True
        self._shown_at = self._renewed_at = 0.0
        self._is_renewed = True
        self._next_slice = 0.0
        self._has_missed = False  # a live source has moved since its last picture
        self._looked_at = 0.0
        self._runner: _Runner | None = None
        source.observe(self._observe)

    def add(self, view: PlayerView) -> None:
        """Begin to show the world to this view; the first view starts the thread."""
        with self._lock:
            self._views.append(view)
            self._is_dirty = True
        self.start()

    def remove(self, view: PlayerView) -> None:
        """The view is gone; with the last one the thread ends."""
        with self._lock:
            self._views = [each for each in self._views if each is not view]
            is_last = not self._views
        if is_last:
            self.stop()
            _PLAYERS.pop(id(self._source), None)

    def post(self, message: dict[str, object], view: PlayerView | None = None) -> None:
        """Put a message into the queue: `{"action": words}` or `{"width": px}`.  Never waits."""
        self._inbox.append((view, message))
        self._wake()

    def act(self, words: str) -> None:
        """Do now, on the caller's thread, what a call asks; raises what was wrong.

        It means the instant where the reader is: the present, or what is looked back at.
        """
        self._notice = ""
        try:
            if not self.reader.act(words):
                self._source.command(words)
                self._tell_when()
        finally:
            self.redraw()

    def redraw(self) -> None:
        """Something else is to be shown than was.  Never waits."""
        self.post({})

    def start(self) -> None:
        if self._runner is None:
            self._runner = _new_runner(self.tick, self._clock)

    def stop(self) -> None:
        if self._runner is not None:
            self._runner.stop()
            self._runner = None

    def tick(self, now: float) -> float | None:
        """Do what is due at `now` (ms); return when to come again, None for not before a wake."""
        while self._inbox:
            self._obey(*self._inbox.popleft())
        self._run_on(now)
        self._look(now)
        if now >= self._next_slot():
            with self._lock:
                # Only now, when it can go out at once: else the next might overtake it unseen.
                self._is_dirty |= not self.reader.is_film_still and self._playback.advance(now)
            if self._is_dirty:
                self._publish(now)
        if not self._is_renewed and now >= self._renewal():
            self._renew(now)
        return self._next_tick(now)

    def _observe(self, happening: Happening) -> None:
        """Called by whoever drives the world, between two events."""
        with self._lock:
            if not self._views:
                return
            if self._source.is_live and is_minor(happening.kinds):
                if self._has_missed:
                    return
                self._has_missed = True
            else:
                self._record(happening)
        self._wake()

    def _record(self, happening: Happening) -> None:
        """Put a picture on the tape.  With the lock held."""
        if self.reader.record(happening):
            self._is_dirty = True

    def _look(self, now: float) -> None:
        """Take the picture of a live source that its small news asks for, now and then.

        It goes on whether it is looked at or not; so what has been overtaken is not played.
        """
        if not self._has_missed or now < self._looked_at + LIVE_MS:
            return
        self._has_missed, self._looked_at = False, now
        frame = self._source.frame()
        with self._lock:
            tape = self._playback.tape
            if frame["now"] >= tape.ends_at:
                tape.skim()
                self._record(Happening(frame["now"], LOOKED_AT, lambda: frame))

    def _obey(self, view: PlayerView | None, message: dict[str, object]) -> None:
        try:
            is_done = view is not None and view.handle(message)
        except LearnerError as error:
            self._notice, is_done = str(error), True
        if is_done:
            self._is_dirty = True
            return
        self._is_dirty = True  # a view may look at something else, of which no action tells
        words = message.get("action")
        if not isinstance(words, str):
            return
        self._notice = ""
        self._command(lambda: self._click(words))

    def _click(self, words: str) -> None:
        if not self.reader.click(words):
            self._source.command(words)
            self._tell_when()

    def _tell_when(self) -> None:
        """Who acts while looking back acts at the present all the same."""
        with self._lock:
            is_behind, tape = self._playback.mode is Mode.PAUSED, self._playback.tape
            if is_behind and not self._notice:
                self._notice = (
                    f"Done at the present, {tape.ends_at / 1000:.3f} s, not at the instant shown: "
                    "to do it there, branch here first."
                )

    def _command(self, act: Callable[[], None]) -> None:
        """Act on the world, without the lock: it calls `_observe`.  Errors are for the learner."""
        try:
            act()
        except Exception as error:
            self._notice = str(error) or type(error).__name__
            self._is_dirty = True

    def _run_on(self, now: float) -> None:
        """In RUN, at the end of the tape: let the world go on for a slice."""
        playback = self._playback
        if playback.mode is not Mode.RUN or playback.tape.waiting or now < self._next_slice:
            return
        with self._lock:
            slice_ms = playback.slice_ms(now)
        self._is_dirty = True
        if slice_ms:
            self._next_slice = now + SLICE_MS
            self._command(lambda: self._source.run_for(slice_ms))
            if self._notice:
                playback.mode = Mode.FOLLOW

    def _publish(self, now: float) -> None:
        """Show the present picture to every view."""
        with self._lock:
            self._is_dirty = False
            frame = self._playback.tape.shown.frame
            controls = self._playback.controls(self._notice, is_live=self._source.is_live)
            due, views = self._playback.due(), tuple(self._views)
            is_cut = self._playback.is_cut
        # What has no time to glide jumps: half-way places say nothing.
        is_cut |= now - self._shown_at < GLIDE_MS or (due is not None and due - now < GLIDE_MS)
        self._shown_at = now
        frame = self._with_details(frame, views)
        for view in views:
            if view.show(frame, controls, is_cut=is_cut):
                self._is_renewed = False

    def _with_details(self, frame: Frame, views: tuple[PlayerView, ...]) -> Frame:
        """The frame with what views need; what was not taken then is looked up where it can be."""
        keys = tuple(dict.fromkeys(key for view in views for key in view.wants(frame)))
        self._source.wanted = keys
        known = frame.get("details", {})
        missing = tuple(key for key in keys if key not in known)
        if not missing:
            return frame
        found = self._source.details_at(frame["now"], missing)
        if found is None:
            self._has_missed |= self._source.is_live
            return frame
        completed: Frame = {**frame, "details": {**known, **found}}
        with self._lock:
            self._playback.tape.complete(frame, completed)
        return completed

    def _renew(self, now: float) -> None:
        for view in tuple(self._views):
            view.renew()
        self._renewed_at, self._is_renewed = now, True

    def _next_slot(self) -> float:
        """When the next picture may go out."""
        return self._shown_at + FRAME_MS

    def _renewal(self) -> float:
        """When the next whole picture is due: soon at rest, once a second while things move."""
        at_rest = self._shown_at + REST_MS
        return at_rest if self._playback.due() is None else self._renewed_at + KEY_FRAME_MS

    def _next_tick(self, now: float) -> float | None:
        times = []
        with self._lock:
            due = None if self.reader.is_film_still else self._playback.due()
            if due is not None:
                times.append(max(due, self._next_slot()))
            elif self._playback.mode is Mode.RUN:
                times.append(self._next_slice)
        if self._has_missed:
            times.append(self._looked_at + LIVE_MS)
        if self._is_dirty:
            times.append(self._next_slot())
        if not self._is_renewed:
            times.append(self._renewal())
        return max(min(times), now + 1) if times else None

    def _wake(self) -> None:
        runner = self._runner
        if runner is not None:
            runner.wake()


def player_of(source: Source) -> Player:
    """The one player of this source, made when first asked for."""
    player = _PLAYERS.get(id(source))
    if player is None:
        player = _PLAYERS[id(source)] = Player(source)
    return player


_PLAYERS: dict[int, Player] = {}  # by the source's id; a player keeps its source, so ids last

Tick = Callable[[float], float | None]


def _now() -> float:
    return time.monotonic() * 1000


class _Runner(Protocol):
    def wake(self) -> None: ...

    def stop(self) -> None: ...


class _ThreadRunner:
    """Calls `tick` when it is due or when woken, on a daemon thread."""

    def __init__(self, tick: Tick, clock: Callable[[], float]) -> None:
        self._tick, self._clock = tick, clock
        self._woken = threading.Event()
        self._is_stopped = False
        threading.Thread(target=self._run, name="kafkalab-player", daemon=True).start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._is_stopped = True
        self._woken.set()

    def _run(self) -> None:
        while not self._is_stopped:
            due = self._tick(self._clock())
            self._woken.wait(_seconds_until(due, self._clock()))
            self._woken.clear()


class _TaskRunner:
    """The same as a task on the running loop, where there are no threads."""

    def __init__(self, tick: Tick, clock: Callable[[], float]) -> None:
        self._tick, self._clock = tick, clock
        self._woken = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            timeout = _seconds_until(self._tick(self._clock()), self._clock())
            try:
                await asyncio.wait_for(self._woken.wait(), timeout)
            except TimeoutError:
                continue
            self._woken.clear()


def _seconds_until(due: float | None, now: float) -> float | None:
    return None if due is None else max(0.0, due - now) / 1000


def _new_runner(tick: Tick, clock: Callable[[], float]) -> _Runner:
    make = _TaskRunner if sys.platform == "emscripten" else _ThreadRunner
    return make(tick, clock)
