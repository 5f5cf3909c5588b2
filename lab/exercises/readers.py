"""A log of transactions and two readers of it, as a picture: who gets what, and who waits.

    offset              0         1            2
    the log          [order 1][a stranger's][COMMIT]
    transaction      [shop   ][            ][shop  ]
    read_uncommitted [   ✓   ][     ✓      ]
    read_committed   [   …   ][     …      ]

Read next: `lab.scenes.cells`, the table; `stories_11`, whose slots these are.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from kafkalab import Simulation
from lab.exercises.drawing import Drawing
from lab.exercises.stories_11 import Slot, last_stable, read, slots
from lab.scenes.cells import Cells, Kind, Row

_WIDE: Final = 118.0
_LEVELS: Final = ("read_uncommitted", "read_committed")
_KINDS: Final = {
    "free": Kind("a record outside of transactions", "card", "line", "ink"),
    "part": Kind("a record of a transaction", "group-s", "group", "group-t"),
    "marker": Kind("a marker: the transaction's end", "soft", "rule", "mute"),
    "gets": Kind("the reader gets it", "sync-s", "sync", "sync-t", "✓"),
    "skips": Kind("it leaves it out: aborted", "card", "rule", "mute", "–", "2 2"),
    "waits": Kind("it waits: a transaction is open", "out-s", "out", "out-t", "…"),
}


def readers(sim: Simulation, topic: str = "orders", since: int = 0) -> Drawing:
    """Partition 0 from offset `since` on, and what two new consumers get of it, read from its
    beginning with each `isolation.level`.
    """
    stable = last_stable(sim, topic)
    shown = slots(sim, topic)
    end = shown[-1].offset + 1 if shown else 0
    shown = [slot for slot in shown if slot.offset >= since]
    got = {level: read(sim, topic, level) for level in _LEVELS}
    rows = [
        Row("the log", [(_kind(slot), slot.what) for slot in shown]),
        Row("transaction", [(_kind(slot), slot.producer or "–") for slot in shown]),
        *(Row(level, _got(shown, got[level], stable)) for level in _LEVELS),
    ]
    used = {kind for row in rows for kind, _ in row.cells}
    kinds: Mapping[str, Kind] = {name: kind for name, kind in _KINDS.items() if name in used}
    heads = {column: str(slot.offset) for column, slot in enumerate(shown)}
    sub = "a column an offset · two new consumers, each reads from the beginning"
    title = f"{topic}-0, and two readers of it"
    return Drawing(Cells(title, _say(stable, end), sub, kinds, rows, heads, cell_max=_WIDE))


def _kind(slot: Slot) -> str:
    if slot.producer is None:
        return "free"
    return "marker" if _is_marker(slot) else "part"


def _is_marker(slot: Slot) -> bool:
    return slot.producer is not None and slot.what in ("COMMIT", "ABORT")


def _got(shown: Sequence[Slot], got: Sequence[str], stable: int) -> list[tuple[str, str]]:
    """A cell for each offset: what a reader makes of it that got these."""
    cells = []
    for slot in shown:
        missing = "waits" if slot.offset >= stable else "skips"
        kind = "gets" if slot.what in got else missing
        cells.append(("" if _is_marker(slot) else kind, ""))
    return cells


def _say(stable: int, end: int) -> str:
    if stable < end:
        return (
            f"A read_committed reader gets nothing from offset {stable} on, the last stable "
            "offset: a transaction that begins there has not ended."
        )
    return f"No transaction is open: the last stable offset is the end of the log, {end}."
