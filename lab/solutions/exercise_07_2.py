"""What the slowest in-sync replica has, everyone in sync has."""


def high_watermark(ends, isr, leader):
    return min(ends[id] for id in isr)
