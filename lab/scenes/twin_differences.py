"""Of two large clusters side by side only what is not the same in both: a few brokers and rows.

Read next: `twins`, which shows them.
"""

from typing import Any, Final, NamedTuple

from kafkalab.frames.shape import Frame
from lab.scenes.view import topics_in_order

ROWS_MAX: Final = 4
BROKERS_MAX: Final = 6  # all of so many are shown


class Pick(NamedTuple):
    """The topic, its partitions and the brokers to show, and what is to be said of the others."""

    topic: str
    rows: frozenset[int]
    brokers: frozenset[int]
    note: str


def what_differs(clusters: tuple[Frame, Frame]) -> Pick:
    """Partitions that differ first; of many brokers those that differ or have such a partition."""
    a, b = clusters
    topic, rows = _rows(a, b)
    ids = [broker["id"] for broker in a["brokers"]]
    if len(ids) <= BROKERS_MAX:
        return Pick(topic, frozenset(each["id"] for each in rows[:ROWS_MAX]), frozenset(ids), "")
    others = {broker["id"]: broker for broker in b["brokers"]}
    differing = [
        broker["id"]
        for broker in a["brokers"]
        if broker["id"] not in others or broker["state"] != others[broker["id"]]["state"]
    ]
    holders = [int(id) for row in rows[:2] for id in row["replicas"]]
    shown = list(dict.fromkeys([*differing, *holders]))[:BROKERS_MAX]
    note = f"{len(ids) - len(shown)} more brokers are not shown."
    return Pick(topic, frozenset(each["id"] for each in rows[:2]), frozenset(shown), note)


def _rows(a: Frame, b: Frame) -> tuple[str, list[Any]]:
    """The topic with most differences, and its partitions, those that differ first."""
    best: tuple[int, str, list[Any]] = (-1, "", [])
    there = {topic["name"]: topic for topic in b["topics"]}
    for topic in topics_in_order(a):
        other = there.get(topic["name"])
        twins = {each["id"]: each for each in other["partitions"]} if other else {}
        differing = [each for each in topic["partitions"] if each != twins.get(each["id"])]
        ids = {each["id"] for each in differing}
        rows = [*differing, *(each for each in topic["partitions"] if each["id"] not in ids)]
        if len(differing) > best[0]:
            best = (len(differing), topic["name"], rows)
    return best[1], best[2]
