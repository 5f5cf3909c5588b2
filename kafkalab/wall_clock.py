"""What a machine's own clock shows, which may be wrong.

    now           true time: what timers, sessions and timeouts are measured in
    clock.at(now) what the machine believes: what it writes into records and compares them with

A clock is ahead or behind by so much, and may gain or lose some each second.  Kafka measures
sessions, delays and heartbeats in a time that no setting of the clock can disturb
(`Time.hiResClockMs`, `nanoseconds`); what it dates, and what it judges by such dates, goes by the
clock (`Time.milliseconds`): records, retention, compaction lags, expiry of offsets and of
producers, a transaction's start and timeout.  So here.

Invariant: a clock that is right costs nothing and changes nothing.
Left out: parts of Kafka that measure a span by two looks at the clock (ISR lag, the quorum's
timers, waits of Java clients) and so misjudge it once when the clock is set: here they go by true
time.  Read next: `world.clocks`, which sets it.
"""

from dataclasses import dataclass
from typing import Self


@dataclass(slots=True)
class WallClock:
    """See the module's docstring.  Times in ms; `gains_ms`: each second since `since`."""

    ahead_ms: int = 0
    gains_ms: int = 0
    since: int = 0
    is_right: bool = True

    def at(self, now: int) -> int:
        """What it shows when it is `now`; never less than 0, for there is no such timestamp."""
        if self.is_right:
            return now
        return max(now + self.error_ms(now), 0)

    def error_ms(self, now: int) -> int:
        """How far it is ahead; behind, if that is negative."""
        return self.ahead_ms + (now - self.since) * self.gains_ms // 1000

    def set(self, ahead_ms: int, gains_ms: int, now: int) -> None:
        """From now on it is so far ahead, and gains so much each second."""
        self.ahead_ms, self.gains_ms, self.since = ahead_ms, gains_ms, now
        self.is_right = not ahead_ms and not gains_ms

    def fork(self) -> Self:
        return type(self)(self.ahead_ms, self.gains_ms, self.since, self.is_right)
