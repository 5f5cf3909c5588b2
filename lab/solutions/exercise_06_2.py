"""Seconds of work that come in each second; more members than partitions do not help."""

from math import ceil


def members_needed(rate, work_ms, partitions):
    needed = ceil(rate * work_ms / 1000)
    return needed if needed <= partitions else None
