"""Fewer rounds of Python's cycle collector while a world runs.

A run makes some hundred thousand small tuples a second, most of which stay (the trace), and none
in cycles.  With Python's usual threshold the collector looks through them again and again: a sixth
of all time.  What is in no cycle is freed at once anyway.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Objects made, net of those freed, before the collector looks at the young ones.
_YOUNG_MAX: Final = 50_000


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Raise the collector's first threshold for a while, unless it is higher already."""
    young, middle, old = gc.get_threshold()
    if young == 0 or young >= _YOUNG_MAX:  # off, or raised by whoever is running too
        yield
        return
    gc.set_threshold(_YOUNG_MAX, middle, old)
    try:
        yield
    finally:
        gc.set_threshold(young, middle, old)
