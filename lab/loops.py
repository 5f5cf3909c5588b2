"""A learner's endless loop in a thread of its own, which can be told to stop.

    def read():                               loop = Loop(read)
        while True:                           loop.stop()
            message = consumer.poll(1.0)      ──▶ Stopped is raised in `read`, as soon as the call
            …                                     it is in returns; its `finally` runs

The function needs to know nothing of it.  `Stopped` is no `Exception`, so `except Exception` does
not swallow it.  It is raised between two lines of the learner's own code, or of a library's, or at
the engine's door (`Driver`, before the world is touched); never inside the engine, where half a
step would be left.

Invariants: `Stopped` is raised once a loop; `on_change` is called on the loop's own thread or on
the caller's of `stop`, and is quick.
In this module: `threading`, `ctypes`.  Read next: `lab.widgets.background`, which shows one.
"""

import ctypes
import linecache
import sys
import threading
import traceback
from collections.abc import Callable
from enum import Enum
from types import FrameType, TracebackType
from typing import Any, Final

from kafkalab.errors import LearnerError

_TRY_EVERY_S: Final = 0.02
_ENGINE: Final = ("kafkalab.", "lab.")


class Stopped(BaseException):
    """The loop was told to stop."""

    def __init__(self) -> None:
        super().__init__("stopped")
        thread = threading.current_thread()
        if isinstance(thread, _Thread):
            thread.is_stop_due = False


class State(Enum):
    """Of a loop."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ENDED = "ended"
    FAILED = "failed"


class Loop:
    """Runs a function; see the module's docstring.  Begins at once."""

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        on_change: Callable[[], None],
    ) -> None:
        if not callable(function):
            raise LearnerError(
                f"lab.background takes a function, not {function!r}: "
                "write lab.background(read), without calling it"
            )
        if sys.platform == "emscripten":
            raise LearnerError(
                "there are no threads in a browser: write an async function and await its calls"
            )
        self.name = getattr(function, "__name__", type(function).__name__)
        self.state = State.RUNNING
        self.error: BaseException | None = None
        self.result: Any = None
        self._function, self._arguments, self._on_change = function, arguments, on_change
        self._thread = _Thread(self._run, f"background-{self.name}")
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end.  Returns at once; nothing if it is over or has been asked."""
        if self.state is not State.RUNNING:
            return
        self.state = State.STOPPING
        self._thread.is_stop_due = True
        threading.Thread(target=self._thread.insist, name="background-stop", daemon=True).start()
        self._on_change()

    def wait(self, seconds: float | None = None) -> bool:
        """Until it is over; False if it is not after so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def is_over(self) -> bool:
        return self.state in (State.STOPPED, State.ENDED, State.FAILED)

    @property
    def words(self) -> str:
        """How it stands, for people."""
        match self.state:
            case State.RUNNING:
                return "running"
            case State.STOPPING:
                return "stopping, as soon as the call it is in returns"
            case State.STOPPED:
                return "stopped"
            case State.ENDED:
                return "ended by itself"
            case State.FAILED:
                return f"ended by an error: {described(self.error)}"

    def _run(self) -> None:
        try:
            self.result = self._function(*self._arguments)
            state = State.ENDED
        except Stopped:
            state = State.STOPPED
        except BaseException as error:
            self.error, state = error, State.FAILED
            tail = error.__traceback__.tb_next if error.__traceback__ else None
            traceback.print_exception(type(error), error, tail)
        self.state = state
        self._on_change()


class _Thread(threading.Thread):
    """A thread in which `Stopped` can be raised."""

    def __init__(self, target: Callable[[], None], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)
        self.is_stop_due = False  # until `Stopped` is made
        self._raising = threading.Lock()

    def raise_if_stopped(self) -> None:
        """Called on this thread at the engine's door."""
        if self.is_stop_due:
            with self._raising:
                self._set(None)  # the one that may be on its way
                self.is_stop_due = False
            raise Stopped

    def insist(self) -> None:
        """Called on another: raise it here once this thread is not inside the engine."""
        while self.is_stop_due and self.is_alive():
            with self._raising:
                if self.is_stop_due and not self._is_in_the_engine():
                    self._set(Stopped)
                    return
            self.join(_TRY_EVERY_S)

    def _is_in_the_engine(self) -> bool:
        frame: FrameType | None = sys._current_frames().get(self.ident or 0)
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            if module.startswith(_ENGINE) and module != __name__:
                return True
            frame = frame.f_back
        return False

    def _set(self, error: type[BaseException] | None) -> None:
        raised = ctypes.py_object(error) if error is not None else None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident or 0), raised)


def described(error: BaseException | None) -> str:
    """`ValueError: no such order, in line 7 of read: process(message)`."""
    if error is None:
        return ""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place = _last_of_the_learner(error.__traceback__)
    if place is None:
        return said
    frame, number = place
    line = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f"{said}, in line {number} of {frame.f_code.co_name}" + (f": {line}" if line else "")


def _last_of_the_learner(trace: TracebackType | None) -> tuple[FrameType, int] | None:
    found = None
    while trace is not None:
        frame = trace.tb_frame
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(_ENGINE) and "site-packages" not in frame.f_code.co_filename:
            found = (frame, trace.tb_lineno)
        trace = trace.tb_next
    return found
