"""Times of a frame counted from when its world began: a live cluster began in Unix time.

Read next: `spacetime`, `twins`, whose frames pass through here.
"""

from typing import Any, Final

_TIMES: Final = frozenset(
    {"at", "since", "until", "now", "sent", "arrived", "change", "diverges", "produced", "written",
     "committed", "acknowledged"}
)  # fmt: skip


def shifted(value: Any, began: int) -> Any:
    """A frame with its times since the beginning; in most worlds that is 0, and nothing changes."""
    if not began:
        return value
    if isinstance(value, dict):
        return {
            key: item - began
            if key in _TIMES and isinstance(item, int)
            else [[at - began for at in each] for each in item]
            if key == "stalls"
            else shifted(item, began)
            for key, item in value.items()
        }
    return [shifted(item, began) for item in value] if isinstance(value, list) else value
