"""The tabs of the pictures: one at a time, or side by side.

    [Cluster] [Log] [Replication] …    [Side by side]  [Full window]

Pressing a tab turns to its picture.  Once there are several on the page, it puts one more beside
them, or takes it away.  *Side by side* puts the picture there that tells the other half of what is
shown (the log and its replicas), and pressed again leaves the first alone.

Invariants: every action is a `show NAMES` that can be typed and called too; at most `PARTS_MAX`
names, in the order in which they were put there.
Read next: `page`, which has them; `pictures.beside`, which draws several.
"""

from collections.abc import Sequence
from typing import Final

from lab.scenes.picture import Picture
from lab.scenes.pictures.beside import PARTS_MAX
from lab.scenes.rail_branches import Tab

_OTHER_HALF: Final = {
    "cluster": "log",
    "log": "replication",
    "replication": "log",
    "groups": "log",
    "transaction": "log",
    "quorum": "cluster",
    "network": "cluster",
    "spacetime": "replication",
    "twins": "spacetime",
    "ledger": "log",
}


def tabs_of(pictures: Sequence[Picture], shown: str) -> list[Tab]:
    """A tab a picture; `shown`: what is on the page, `log` or `log+replication`."""
    parts = shown.split("+")
    return [
        Tab(f"show {_then(parts, each.name)}", each.title, each.name in parts) for each in pictures
    ]


def side_by_side(pictures: Sequence[Picture], shown: str) -> Tab | None:
    """The button; None where there is nothing to put beside."""
    parts, names = shown.split("+"), [each.name for each in pictures]
    if len(parts) > 1:
        return Tab(f"show {parts[0]}", "Side by side", True)
    others = [name for name in names if name not in parts]
    if not others:
        return None
    half = _OTHER_HALF.get(shown, "")
    return Tab(f"show {shown}+{half if half in others else others[0]}", "Side by side", False)


def _then(parts: Sequence[str], name: str) -> str:
    """What is on the page once it was pressed; the last makes room if all places are taken."""
    if len(parts) < 2:
        return name
    if name in parts:
        return "+".join(part for part in parts if part != name)
    return "+".join([*parts[: PARTS_MAX - 1], name])
