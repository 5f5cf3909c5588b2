"""Anything a caller may pass, as plain data that two runs write down alike.

Arguments of actions go into the trace, and so into the digest.  An enum becomes its value, a
function its name, another object the name of its class: never an address.
"""

from enum import Enum
from typing import Any, Final

_PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes})


def all_plain(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each of them as plain data."""
    for value in values:
        if type(value) not in _PLAIN and value != ():
            return tuple([plain(each) for each in values])
    return values


def plain(value: Any) -> Any:
    """Plain data of the same meaning."""
    if type(value) in _PLAIN:
        return value
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, tuple | list):
        return tuple(plain(each) for each in value)
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return tuple(sorted(map(plain, value)))
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return f"<{getattr(value, '__qualname__', None) or type(value).__name__}>"
