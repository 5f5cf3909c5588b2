"""How a bench names a branch in which something was done."""

from collections.abc import Collection


def branch_name(taken: Collection[str], words: str) -> str:
    """A name for a branch in which this was done."""
    verb, *rest = words.split()
    name = f"{verb} {rest[0]} {rest[-1]}" if verb == "hold" and len(rest) > 2 else words
    name = f"what if: {name}"
    number = 1
    while (numbered := name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    return numbered
