"""Where the reader is: one place, under one lock, moved at once by whoever asks.

    present ──────────── unless the reader looks back ───────────▶ what a call means: `at`, `frame`
    a call (Python)   moves the reader on its own thread, exactly: `act`
    a click           moves it as what is on screen suggests: `click`
    the player        draws behind it, whenever it gets round to that: `playback`, the film

A film of what a run did plays while a cell has long gone on, so how far it has got is chance.  No
call may depend on it: unless the reader has paused or gone back, a call means the present of the
world, and a step, a step back or a seek goes to an instant of the run itself (`Source.shown_near`),
not to a picture that happens to be on the tape.

Invariants: `lock` is a leaf: nobody who holds it asks for another lock or for the world; so whoever
calls, from a cell, a click or inside the world, waits for nobody's drawing.  What a call refuses it
raises.  While a call steps the world, the film stands.
Read next: `lab.playback.playback`, the film; `player`, which draws it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kafkalab.frames.shape import Frame
from lab.playback.playback import Mode, Playback
from lab.playback.source import Happening, Source
from lab.playback.tape import Tape

_NEVER = float("inf")


class Reader:
    """See the module's docstring.  Whoever reads or moves `playback` holds `lock`."""

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self._source, self._clock = source, clock
        self.lock = threading.Lock()
        self.playback = Playback(Tape.starting_with(source.frame()), is_live=source.is_live)
        self._stepping = 0  # calls that step the world just now

    # what a call means

    @property
    def at(self) -> int:
        """The instant, as `Frame["now"]`: the present, unless the reader looks back."""
        with self.lock:
            if self.playback.mode is Mode.PAUSED:
                return self.playback.tape.shown.at
        return self._source.now

    def frame(self) -> Frame:
        """The picture of that instant."""
        with self.lock:
            is_back, shown = self.playback.mode is Mode.PAUSED, self.playback.tape.shown
        if not is_back:
            return self._source.frame()
        return self._source.frame_at(shown.at) or shown.frame

    @property
    def is_film_still(self) -> bool:
        """Whether no picture may follow now: a call is about to put the reader elsewhere."""
        return self._stepping > 0

    def record(self, happening: Happening) -> bool:
        """Put a picture on the tape; with the lock held."""
        if not self.playback.tape.record(happening):
            return False
        self.playback.arrived(self._clock())
        return True

    def to_the_present(self) -> None:
        """Unless the reader looks back: what is still to be played counts as seen."""
        with self.lock:
            if self.playback.mode is Mode.FOLLOW:
                self.playback.skip(self._clock())

    # by a call

    def act(self, words: str) -> bool:
        """Do what a button does, from where `at` is; False when the words are for the world."""
        playback, now = self.playback, self._clock()
        match words.split():
            case ["play"]:
                with self.lock:
                    playback.play(now)
            case ["pause"]:
                self._stop()
            case ["end"]:
                with self.lock:
                    playback.skip(now)
            case ["back"]:
                self._back()
            case ["step"]:
                self._step()
            case ["step", "message"]:
                self._step_message()
            case ["seek", at] if at.isdigit():
                self._seek(int(at))
            case ["speed"]:
                with self.lock:
                    playback.next_speed()
            case _:
                return False
        return True

    def _stop(self) -> bool:
        """The world runs on no more and the film is over, unless the reader looks back: whether."""
        with self.lock:
            is_back = self.playback.mode is Mode.PAUSED
            if not is_back:
                self.playback.skip(self._clock())
            return is_back

    def _step(self) -> None:
        if not self._stop():
            self._step_world(self._source.step)
            return
        later = self._source.shown_near(self.at, is_later=True)
        if later is None:
            with self.lock:
                self.playback.step(self._clock())
        elif not self._to_told(later, is_later=True):
            self._seek(later)

    def _step_message(self) -> None:
        if not self._stop():
            self._step_world(self._source.step_message)
            return
        found = self._source.message_after(self.at)
        if self._to_told(_NEVER if found is None else found[0], is_later=True):
            return
        if found is not None:
            self._seek(*found)
            return
        with self.lock:
            self.playback.skip(self._clock())
        self._step_world(self._source.step_message)

    def _back(self) -> None:
        self._stop()
        earlier = self._source.shown_near(self.at, is_later=False)
        if earlier is None:
            with self.lock:
                self.playback.back(self._clock())
        elif not self._to_told(earlier, is_later=False):
            self._seek(earlier)

    def _to_told(self, at: float, *, is_later: bool) -> bool:
        """To the next picture that a step by message ended at, if none is nearer than `at`."""
        with self.lock:
            tape = self.playback.tape
            cursor = tape.cursor
            told = [i for i, moment in enumerate(tape.moments) if moment.words]
            if is_later:
                place = next((i for i in told if i > cursor), None)
            else:
                place = next((i for i in reversed(told) if i < cursor), None)
            if place is None:
                return False
            reached = tape.moments[place].at
            if reached > at if is_later else reached < at:
                return False
            self.playback.go(place, self._clock())
            return True

    def _step_world(self, further: Callable[[], None]) -> None:
        with self._film_stands():
            further()

    @contextmanager
    def _film_stands(self) -> Iterator[None]:
        with self.lock:
            self._stepping += 1
        try:
            yield
        finally:
            with self.lock:
                self._stepping -= 1

    def _seek(self, at: int, words: str = "") -> None:
        """To that very instant; beyond an end it is that end."""
        source = self._source
        if source.begins is not None:
            at = max(at, source.begins)
        present = source.now
        if at < present:
            self._tape_to(present)
        self.seek(at, words)

    def _tape_to(self, present: int) -> None:
        """The tape reaches the present, so that what is before it is behind the reader."""
        with self.lock:
            is_behind = self.playback.tape.ends_at < present
        if not is_behind:
            return
        frame = self._source.frame()
        with self.lock:
            if frame["now"] > self.playback.tape.ends_at:
                self.record(Happening(frame["now"], (), lambda: frame))

    # by a click: what is on screen is where one is

    def click(self, words: str) -> bool:
        """Move from the picture on screen; False when the words are for the world."""
        playback, now = self.playback, self._clock()
        match words.split():
            case ["play"]:
                with self.lock:
                    playback.toggle(now)
            case ["back"]:
                with self.lock:
                    playback.back(now)
            case ["step"]:
                self._click_step(self._source.step)
            case ["step", "message"]:
                self._click_step_message()
            case ["seek", at] if at.isdigit():
                self.seek(int(at))
            case _:
                return self.act(words)
        return True

    def _click_step(self, further: Callable[[], None]) -> None:
        with self.lock:
            has_stepped = self.playback.step(self._clock())
        if not has_stepped:
            further()

    def _click_step_message(self) -> None:
        """At the present one message further; looking back, to the next instant with one."""
        with self.lock:
            tape = self.playback.tape
            is_told = not tape.waiting or tape.moments[tape.cursor + 1].words
            at = tape.shown.at
        found = None if is_told else self._source.message_after(at)
        if found is None:
            self._click_step(self._source.step_message)
        else:
            self.seek(*found)

    def seek(self, at: int, words: str = "") -> None:
        """To that very instant if it can be made again, else to the picture before it."""
        tape = self.playback.tape
        with self.lock:
            is_known = tape.has(at) or at >= tape.ends_at
        frame = None if is_known else self._source.frame_at(at)
        with self.lock:
            if frame is not None:
                tape.insert(at, frame)
            tape.tell(at, words)
            self.playback.seek(at, self._clock())


__all__ = ["Reader"]
