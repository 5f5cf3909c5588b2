"""Longer than the slowest order, shorter than one is willing to wait for who hangs."""

settings = {"max.poll.interval.ms": 60_000, "session.timeout.ms": 45_000}
