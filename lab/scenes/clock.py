"""Times and clocks in words: whole milliseconds, never rounded."""

from kafkalab.frames.shape import ClockFrame


def seconds(time_ms: int) -> str:
    """`12.400`, or from an hour on `1:02:03.400`."""
    whole, rest = divmod(time_ms, 1000)
    if whole < 3600:
        return f"{whole}.{rest:03d}"
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{second:02d}.{rest:03d}"


def clock_words(clock: ClockFrame) -> str:
    """`clock +2.0 s`, `clock -0.35 s, gains 20 ms a second`: how wrong it is."""
    ahead, gains = clock["ahead_ms"], clock["gains_ms"]
    whole, rest = divmod(abs(ahead), 1000)
    decimals = f"{rest:03d}".rstrip("0") or "0"
    words = f"clock {'-' if ahead < 0 else '+'}{whole}.{decimals} s"
    return (
        f"{words}, {'gains' if gains > 0 else 'loses'} {abs(gains)} ms a second" if gains else words
    )
