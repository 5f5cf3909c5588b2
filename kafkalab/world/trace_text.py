"""How a trace prints, one line an entry, and how it is compared with a golden file.

        12 ms  broker-2  Appended(topic=orders, partition=0, base_offset=0, last_offset=3, …)
    29 000 ms  broker-2  Truncated(topic=orders, partition=0, offset=4, removed=2)

Goldens hold events, never logs or ids, so that a reader can check them by eye.  With
`KAFKALAB_REWRITE=1` in the environment a comparison writes the file instead (`make goldens`).

Read next: `trace`.
"""

import os
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Protocol

from kafkalab import events
from kafkalab.events import Event
from kafkalab.ids import NodeName


class Line(Protocol):
    """What of an entry is printed."""

    @property
    def at(self) -> int: ...
    @property
    def node(self) -> NodeName: ...
    @property
    def event(self) -> Event: ...


def milliseconds(at: int) -> str:
    """`29 000 ms`."""
    return f"{at:,} ms".replace(",", " ")


def line(entry: Line) -> str:
    """One entry."""
    return f"{milliseconds(entry.at):>13}  {entry.node:<10}  {events.text(entry.event)}"


def lines(entries: Iterable[Line]) -> str:
    """Entries, each on its line."""
    return "".join(f"{line(entry)}\n" for entry in entries)


def compare(text: str, golden: Path) -> None:
    """Raise AssertionError with a diff if the file says otherwise, or is not there."""
    if os.environ.get("KAFKALAB_REWRITE") == "1":
        golden.write_text(text)
        return
    expected = golden.read_text() if golden.exists() else ""
    if text != expected:
        difference = "".join(
            unified_diff(
                expected.splitlines(keepends=True),
                text.splitlines(keepends=True),
                fromfile=str(golden),
                tofile="this run",
            )
        )
        raise AssertionError(
            f"the trace differs from {golden.name}; if it should, KAFKALAB_REWRITE=1 rewrites it\n"
            f"{difference}"
        )
