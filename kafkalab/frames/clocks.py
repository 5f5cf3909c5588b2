"""Clocks that are wrong, in a frame: of brokers and of clients.

Read next: `cluster`, `clients`; `kafkalab.world.clocks`, which sets them.
"""

from kafkalab.frames.shape import ClockFrame
from kafkalab.node import Node
from kafkalab.wall_clock import WallClock


def wrong_clock(node: Node, now: int) -> ClockFrame | None:
    """What is wrong with a node's clock at `now` (ms); None if nothing is, or it has none."""
    clock = getattr(node, "clock", None)
    if not isinstance(clock, WallClock) or clock.is_right:
        return None
    return {"ahead_ms": clock.error_ms(now), "gains_ms": clock.gains_ms}
