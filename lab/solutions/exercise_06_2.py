"""A partition is not divided: the busiest member decides, and it has ceil(partitions / members)."""

from math import ceil


def members_needed(rate, work_ms, partitions):
    for members in range(1, partitions + 1):
        if ceil(partitions / members) * rate * work_ms <= 1000 * partitions:
            return members
    return None
