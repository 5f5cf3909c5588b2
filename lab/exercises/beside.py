"""Worlds side by side: what happened when, in which of them, and how each ended.

    beside({"old rule": old, "today": new}, "Crashed", "Truncated", read=values)
        |         | what happened          | old rule  | today    |
        | 0.024 s | broker 2 crashes       | ●         | ●        |
        | 9.010 s | broker 1 cuts …        | ●         |          |
        |         | can be read in the end | nothing   | ['paid'] |

Read next: `told`, whose lines these are.
"""

from collections.abc import Callable, Mapping
from typing import Any

from kafkalab import Simulation
from lab.checking.views import Words
from lab.exercises.told import told


def beside(
    worlds: Mapping[str, Simulation],
    *kinds: str,
    topic: str = "orders",
    read: Callable[[Simulation], Any],
) -> Words:
    """A table: the events of these kinds in the order of time, and a mark where they happened.

    What did not happen in every world is bold.  The last line is `read` of each.
    """
    lines = {name: told(sim, *kinds, topic=topic).splitlines() for name, sim in worlds.items()}
    every = dict.fromkeys(line for told_in in lines.values() for line in told_in)
    table = [f"| | what happened | {' | '.join(worlds)} |", "| --- " * (2 + len(worlds)) + "|"]
    for line in sorted(every, key=_instant):
        at, _, what = line.strip().partition("  ")
        there = [line in told_in for told_in in lines.values()]
        said = what if all(there) else f"**{what}**"
        table.append(f"| `{at}` | {said} | {' | '.join('●' if one else '' for one in there)} |")
    ends = " | ".join(f"`{read(sim) or 'nothing'}`" for sim in worlds.values())
    return Words("\n".join([*table, f"| | can be read in the end | {ends} |"]))


def _instant(line: str) -> float:
    """Seconds."""
    return float(line.partition(" s  ")[0])
