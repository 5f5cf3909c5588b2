"""The processor time of this process's children, such as a browser, from Linux's /proc.

On a machine shared with others a wall clock measures the others; this does not.
"""

import os
from pathlib import Path


def of_children() -> float:
    """Seconds that all living descendants of this process have used."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except OSError:  # it has ended meanwhile
            continue
        fields = text.rpartition(")")[2].split()
        parents[int(folder.name)] = int(fields[1])
        used[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    mine = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in mine} - mine
        if not more:
            return sum(used.get(pid, 0.0) for pid in mine - {os.getpid()})
        mine |= more
