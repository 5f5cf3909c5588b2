"""Virtual times in words: whole milliseconds, never rounded."""


def seconds(time_ms: int) -> str:
    """`12.400`, or from an hour on `1:02:03.400`."""
    whole, rest = divmod(time_ms, 1000)
    if whole < 3600:
        return f"{whole}.{rest:03d}"
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{second:02d}.{rest:03d}"
