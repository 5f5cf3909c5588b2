"""How a tape is played: how long each picture stays, and what the buttons do.

    virtual ms   0        4          9000            9001       18000
    moments      ●────────●───────────◆───────────────◆───────────○      ◆ significant
    wall ms      0       33          433             783        1183     at most 400 a gap,
                                                                         at least 350 after a ◆

Dull time is skipped (no gap lasts longer than `GAP_MS_MAX`) and a long tape is squeezed until its
gaps fit into `PLAY_MS`, but a significant event always stays long enough to be seen.  So do the
small ones (appended, replicated, …) where they are few: one record is seen on its way from the
leader to each follower, a thousand fly by.

    FOLLOW  plays what is recorded, then waits for more          (how a view begins)
    PAUSED  stays where it is                                    (only with more to play)
    RUN     plays, and at the end of the tape runs the world on  (▸ pressed at rest)

Invariants: pure but for its own state: time is an argument, in milliseconds of some steady clock;
the cursor moves forward by one, except for a step back or a seek; PAUSED implies that something
waits, so a run in a cell is seen at once unless the learner has stopped amid another.
Read next: `lab.reader`, which moves it; `lab.player`, which has the thread and the views.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Final

from lab.playback.tape import Moment, Tape, Weight
from lab.scenes.controls import Controls
from lab.scenes.rail import lay_out

FRAME_MS: Final = 34  # no more than 30 pictures a second
HOLD_MS: Final = 350  # how long a significant event is seen
HOLD_MS_MIN: Final = 150  # … at the highest speed, or when there are very many
HOLDS_MS: Final = 20_000  # all holds of a tape together, before each gets shorter
STEPS_MS: Final = 2_000  # what small events share among them, each at most HOLD_MS
GAP_MS_MAX: Final = 400
PLAY_MS: Final = 4000  # all gaps of a tape together
SPEEDS: Final = (0.5, 1.0, 2.0, 4.0)

SLICE_MS: Final = 100  # of wall time, when running the world on
DULL_MS: Final = 700  # of wall time without news, after which time runs faster …
SLICE_MS_MAX: Final = 2000  # … up to so many virtual ms a slice
IDLE_MS_MAX: Final = 60_000  # virtual, without news: then the run stops by itself


class Mode(Enum):
    FOLLOW = "follow"
    PAUSED = "paused"
    RUN = "run"


def gaps(moments: Sequence[Moment], speed: float, steps_ms: float = 0) -> list[float]:
    """How long each moment but the last is shown, in wall ms; small ones share `steps_ms`."""
    natural = [min(b.at - a.at, GAP_MS_MAX) for a, b in pairwise(moments)]
    total = sum(natural)
    squeeze = min(1.0, PLAY_MS / total) if total else 1.0
    significant = sum(moment.weight is Weight.SIGNIFICANT for moment in moments) or 1
    hold = max(min(HOLD_MS, HOLDS_MS / significant) / speed, HOLD_MS_MIN)
    minor = sum(moment.weight is Weight.MINOR for moment in moments) or 1
    step = max(min(HOLD_MS, steps_ms / minor) / speed, FRAME_MS)
    least = {Weight.SIGNIFICANT: hold, Weight.MINOR: step, Weight.DULL: FRAME_MS}
    return [
        max(gap * squeeze / speed, least[moment.weight])
        for gap, moment in zip(natural, moments, strict=False)
    ]


@dataclass(slots=True)
class Playback:
    """The tape's player: mode, speed, and when the next picture is due."""

    tape: Tape
    mode: Mode = Mode.FOLLOW
    speed: float = 1.0
    is_cut: bool = False  # the last move was a jump: nothing is to glide
    is_live: bool = False  # the world goes on meanwhile: no time to dwell on small events
    _shown_since: float = 0.0
    _stays: list[float] = field(default_factory=list)
    _planned_end: Moment | None = None
    _planned_by: tuple[float, int, float] = (0.0, 0, 0.0)  # speed, length of the tape, steps
    _idle_since: float = 0.0
    _idle_at: int = 0

    @property
    def is_moving(self) -> bool:
        """Whether pictures change by themselves: what the play button shows."""
        return self.mode is Mode.RUN or (self.mode is Mode.FOLLOW and self.tape.waiting > 0)

    def due(self) -> float | None:
        """When the next picture is to be shown, or None when nothing waits or all is paused."""
        if self.mode is Mode.PAUSED or not self.tape.waiting:
            return None
        return self._shown_since + self._stay()

    def advance(self, now: float) -> bool:
        """Show the next picture if it is due; whether it was."""
        due = self.due()
        if due is None or now < due:
            return False
        self._move_to(self.tape.cursor + 1, now)
        if self.tape.shown.weight is not Weight.DULL:
            self._idle_since, self._idle_at = now, self.tape.shown.at
        return True

    def arrived(self, now: float) -> None:
        """Something was recorded while all had been played: it may be shown at once.

        Unless the picture before it still has its time to be seen.
        """
        if self.tape.waiting == 1 and now - self._shown_since > HOLD_MS:
            self._shown_since = now - HOLD_MS

    def toggle(self, now: float) -> None:
        """▸ or ⏸."""
        if self.mode is Mode.PAUSED:
            self.mode = Mode.FOLLOW
        elif self.is_moving:
            self.mode = Mode.PAUSED if self.tape.waiting else Mode.FOLLOW
        else:
            self.play(now)

    def play(self, now: float) -> None:
        """Play on from where the reader looks back; at the present, run the world on."""
        if self.mode is Mode.PAUSED:
            self.mode = Mode.FOLLOW
        elif self.mode is Mode.FOLLOW:
            self.mode = Mode.RUN
            self._idle_since, self._idle_at = now, self.tape.ends_at

    def step(self, now: float) -> bool:
        """Show the next picture and stay there.  False when there is none: step the world."""
        if not self.tape.waiting:
            self.mode = Mode.FOLLOW
            return False
        self._move_to(self.tape.cursor + 1, now)
        self.mode = Mode.PAUSED if self.tape.waiting else Mode.FOLLOW
        return True

    def back(self, now: float) -> None:
        if self.tape.cursor:
            self.go(self.tape.cursor - 1, now)

    def seek(self, at: int, now: float) -> None:
        """The last picture taken at or before that instant."""
        moments = self.tape.moments
        self.go(max((i for i, m in enumerate(moments) if m.at <= at), default=0), now)

    def skip(self, now: float) -> None:
        """The present: all that waits counts as seen."""
        self.go(len(self.tape.moments) - 1, now)

    def go(self, cursor: int, now: float) -> None:
        """Jump to that picture of the tape."""
        self._move_to(cursor, now)
        self.is_cut = True
        self.mode = Mode.PAUSED if self.tape.waiting else Mode.FOLLOW

    def next_speed(self) -> None:
        self.speed = SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)]

    def slice_ms(self, now: float) -> int:
        """Virtual time to run the world on by; 0 when it has been idle for too long.

        While nothing happens time runs faster and faster: nobody waits nine seconds for a session
        to expire.
        """
        if self.tape.ends_at - self._idle_at > IDLE_MS_MAX:
            self.mode = Mode.FOLLOW
            return 0
        dull = now - self._idle_since - DULL_MS
        slice_ms = SLICE_MS * self.speed
        if dull > 0:
            slice_ms *= 2 ** min(dull / 200, 10)
        return max(1, int(min(slice_ms, SLICE_MS_MAX)))

    def controls(self, notice: str = "", *, is_live: bool = False) -> Controls:
        tape = self.tape
        rail = lay_out(tape.marks, tape.started_at, tape.shown.at, tape.ends_at)
        can_step_back = tape.cursor > 0
        return Controls(
            self.is_moving, self.speed, can_step_back, tape.waiting, rail, notice, is_live,
            tape.shown.words,
        )  # fmt: skip

    def _move_to(self, cursor: int, now: float) -> None:
        self.tape.cursor = cursor
        self._shown_since = now
        self.is_cut = False

    def _stay(self) -> float:
        """How long the picture shown stays, by a plan over all that is still to be played.

        Planned anew when the tape, the speed or the direction changes; not at each picture, else
        a long tape would slow down as it gets shorter.
        """
        tape = self.tape
        steps_ms = 0 if self.is_live or self.mode is Mode.RUN else STEPS_MS
        end, by = tape.moments[-1], (self.speed, len(tape.moments), steps_ms)
        is_planned = end is self._planned_end and by == self._planned_by
        if not is_planned or len(self._stays) < tape.waiting:
            self._planned_end, self._planned_by = end, by
            self._stays = gaps(tape.moments[tape.cursor :], self.speed, steps_ms)
        return self._stays[len(self._stays) - tape.waiting]
