"""What a picture says, and waiting for it: the player draws on a thread of its own."""

import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], object]) -> None:
    """Wait for it; ten seconds are too long."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def words_of(view: Any) -> str:
    """All words on the page of a bench or a view, as last shown."""
    return " ".join(one.words or "" for one in view.widget._flat.values())


def click(view: Any, action: str) -> None:
    """What the browser sends when something with this action is pressed."""
    view.widget._handle_custom_msg({"action": action}, [])
