"""Somebody outside the loop's thread who waits until the world is so.

Read next: `cluster.LiveCluster.wait`.
"""

import threading
from collections.abc import Callable


class Waiting:
    """Waits for a condition.  What that raises ends the waiting, and must not stop the world."""

    def __init__(self, condition: Callable[[], object]) -> None:
        self.condition, self.over = condition, threading.Event()
        self.failed: Exception | None = None

    def is_over(self) -> bool:
        """Ask, on the loop's thread; whoever waits is released when it is so."""
        try:
            is_over = bool(self.condition())
        except Exception as error:
            self.failed, is_over = error, True
        if is_over:
            self.over.set()
        return is_over
