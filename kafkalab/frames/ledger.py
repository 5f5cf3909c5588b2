"""The ledger as a frame: what became of each record, in the order in which they were produced.

Read next: `lab.scenes.ledger`, which draws it.
"""

from typing import Final, Literal, TypedDict

from kafkalab.frames.logs import text_of
from kafkalab.sim.fate import Fate, State
from kafkalab.sim.ledger import Ledger

ROWS_MAX: Final = 2_000  # the newest

Sort = Literal["kept", "under way", "failed", "lost", "repeated"]


class CopyFrame(TypedDict):
    """`state`: committed, written, gone (cut off) or none."""

    broker: int
    state: str


class RowFrame(TypedDict):
    key: str
    words: str  # the value, else the key
    place: str  # orders-0@41, or ""
    produced: int
    written: int | None
    committed: int | None
    acknowledged: int | None
    copies: list[CopyFrame]
    reads: dict[str, int]
    state: str  # the state's words
    sort: Sort
    is_repeated: bool
    say: str


class LedgerFrame(TypedDict):
    title: str
    now: int
    say: str
    brokers: list[int]
    counts: dict[str, int]  # by sort
    rows: list[RowFrame]


def ledger_frame(ledger: Ledger) -> LedgerFrame:
    """Of a ledger, its newest rows."""
    return LedgerFrames().frame(ledger)


class LedgerFrames:
    """One frame after another: a fate that is told as before has its row from then."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Fate, set[int], RowFrame]] = {}  # by `id`: fate, its brokers
        self._brokers: list[int] = []

    def frame(self, ledger: Ledger) -> LedgerFrame:
        """As `ledger_frame`."""
        fates = list(ledger)[-ROWS_MAX:]
        known = self._made
        having = [made[1] if (made := known.get(id(each))) else _brokers(each) for each in fates]
        brokers = sorted(set().union(*having))
        if brokers != self._brokers:  # each row has a cell for every one
            self._brokers, known = brokers, {}
        self._made = {
            id(each): known.get(id(each)) or (each, has, _row(each, brokers))
            for each, has in zip(fates, having, strict=True)
        }
        return _frame(ledger, brokers, [row for _, _, row in self._made.values()])


def _frame(ledger: Ledger, brokers: list[int], rows: list[RowFrame]) -> LedgerFrame:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["sort"]] = counts.get(row["sort"], 0) + 1
        if row["is_repeated"]:
            counts["repeated"] = counts.get("repeated", 0) + 1
    return {
        "title": ledger.title,
        "now": ledger.now,
        "say": ledger.say,
        "brokers": brokers,
        "counts": counts,
        "rows": rows,
    }


_SORTS: Final[dict[State, Sort]] = {
    State.WAITING: "under way",
    State.SENT: "under way",
    State.WRITTEN: "under way",
    State.COMMITTED: "under way",
    State.UNREACHABLE: "under way",
    State.KEPT: "kept",
    State.EXPIRED: "kept",
    State.DELETED: "kept",
    State.ABORTED: "failed",
    State.FAILED: "failed",
    State.KEPT_UNKNOWN: "failed",
    State.LOST: "lost",
    State.GONE: "lost",
}


def _row(fate: Fate, brokers: list[int]) -> RowFrame:
    place = fate.place
    states: dict[int, str] = {}
    if place is not None:
        for copy in place.copies:
            there = "committed" if place.committed else "written"
            states[_number(copy.node)] = "gone" if copy.gone else there
    data = fate.value if fate.value is not None else fate.key
    return {
        "key": f"{fate.producer}/{fate.id}",
        "words": text_of(data) or "",
        "place": place.name if place else "",
        "produced": fate.produced.at,
        "written": place.written.at if place else None,
        "committed": place.committed.at if place and place.committed else None,
        "acknowledged": fate.acknowledged.at if fate.acknowledged else None,
        "copies": [{"broker": b, "state": states.get(b, "none")} for b in brokers],
        "reads": fate.applied,
        "state": fate.state.value,
        "sort": _SORTS[fate.state],
        "is_repeated": fate.is_repeated,
        "say": fate.say,
    }


def _brokers(fate: Fate) -> set[int]:
    return {_number(copy.node) for place in fate.places for copy in place.copies}


def _number(node: str) -> int:
    return int(node.rpartition("-")[2])
