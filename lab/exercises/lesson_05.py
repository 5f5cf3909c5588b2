"""Lesson 05, committing: when the offset moves, and what a crash then loses or repeats."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.checking.views import Words
from lab.exercises.misconceptions import AUTO_COMMIT, EXACTLY_ONCE_ANYWHERE
from lab.exercises.stories_05 import LOOPS, POINTS, Loop, crash_of, day

_COMMITTED_IS_PASSED: Final = "an order below the committed offset is never read again"
_DONE_IS_COMMITTED: Final = "work that is done and not committed is done again"
_OFFSET_OUTSIDE: Final = "the offset must be in the same transaction as the parcel"
_COVERS_ALL_BELOW: Final = "an offset says that everything before it is done"
_NEXT_TO_READ: Final = "the committed offset is the next to read, not the last done"


class Grid(Words):
    """Each loop killed at each point, once for each of six orders: what was lost or repeated."""

    def __init__(self, loops: Mapping[str, Loop] = LOOPS, orders: range = range(1, 7)) -> None:
        self.cells = {
            (point, name): _cell(loop, point, orders)
            for point in POINTS
            for name, loop in loops.items()
        }
        names = list(loops)
        lines = [f"| killed … | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
        for point in POINTS:
            cells = " | ".join(self.cells[point, name] for name in names)
            lines.append(f"| {point} | {cells} |")
        super().__init__("\n".join(lines))


@cache
def _outcome(loop: Loop, point: str, order: int) -> tuple[bool, bool]:
    """Whether that day lost an order, and whether it repeated one."""
    came = day(loop, point, order)
    return bool(came.lost), bool(came.repeated)


def _cell(loop: Loop, point: str, orders: range) -> str:
    days = [_outcome(loop, point, order) for order in orders]
    lost, repeated = (sum(each) for each in zip(*days, strict=True))
    said = [f"**lost** {lost} of {len(days)}"] if lost else []
    said += [f"*repeated* {repeated} of {len(days)}"] if repeated else []
    return ", ".join(said) or "✓"


def tally(loop: Loop) -> tuple[int, int]:
    """Of 36 days (six points, six orders): how many lost an order, how many repeated one."""
    days = [_outcome(loop, point, order) for point in POINTS for order in range(1, 7)]
    lost, repeated = (sum(each) for each in zip(*days, strict=True))
    return lost, repeated


def _replay(seed: int) -> str:
    """A cell that kills the loop again as that seed did."""
    point, order = crash_of(seed)
    return (
        "from lab.exercises.stories_05 import day\n"
        "from lab.exercises.watched_05 import watched\n"
        f"watched(day(loop, {point!r}, {order}))"
    )


def _survey(loop: Any, *, is_once: bool) -> Right:
    """Kill it in twenty ways.  Lost orders are always wrong; repeated ones if `is_once`."""
    if not callable(loop):
        raise Wrong("what a loop is", "give an async function: async def loop(shop): …")
    calm = day(loop)
    if calm.lost:
        words = f"nobody killed it, and {len(calm.lost)} orders have no parcel"
        raise Wrong("each order is to be shipped", words)
    idea = _COMMITTED_IS_PASSED
    if calm.plan.is_automatic:
        idea = AUTO_COMMIT
    elif is_once and calm.plan.is_transactional:
        idea = _OFFSET_OUTSIDE
    elif is_once:
        idea = _DONE_IS_COMMITTED
    lost: list[int] = []

    def story(seed: int) -> None:
        point, order = crash_of(seed)
        came = day(loop, point, order)
        at = f"killed {point} of order {order}"
        if came.lost:
            lost.append(seed)
            raise Broken(f"{at}, it never shipped {', '.join(came.lost)}.", came.sim.now)
        if is_once and came.repeated:
            raise Broken(f"{at}, it shipped {', '.join(came.repeated)} twice.", came.sim.now)

    survey = under_faults(story)
    if lost and idea == _DONE_IS_COMMITTED:
        idea = _COMMITTED_IS_PASSED
    worst = survey.shortest
    replay = _replay(worst.seed).replace("{", "{{").replace("}", "}}") if worst else ""
    return survey.verdict("Every order has a parcel.", idea, replay)


def _judge_safe(answer: Any) -> Right:
    cases = (
        (10, set(), 10),
        (10, {10, 11, 12}, 13),
        (10, {10, 12, 13}, 11),
        (10, {11, 12, 13}, 10),
        (0, {0, 1, 3, 4, 7}, 2),
    )
    for committed, done, right in cases:
        found = answer(committed, set(done))
        if found == right:
            continue
        told = f"committed {committed}, done {sorted(done)}: it said {found!r}"
        if isinstance(found, int) and found > right:
            words = f"{told}. If the process dies now, who reads {right}?"
            raise Wrong(_COVERS_ALL_BELOW, words)
        if found in (right - 1, max(done, default=committed)):
            raise Wrong(_NEXT_TO_READ, f"{told}. The next process would read {found!r} again.")
        raise Wrong("commit up to the first that is not done", f"{told}, and not {right}")
    return Right("Nothing unfinished is passed, and nothing is held back for long.")


COVERS: Final = {
    "offset: management": "5. The whole grid",
    "offset: auto": "2. The timer",
    "offset: after": "3. After, or before",
    "offset: before": "3. After, or before",
    "offset: transactional": "4. Both in one",
}

_OPEN: Final = 'await shop.open({"enable.auto.commit": False})'

EXERCISES: Final = (
    Exercise(
        id="05.1",
        title="Lose nothing",
        question=(
            "Write a loop that loses no order, wherever it is killed. It may repeat some. You have "
            "`shop.open`, `shop.poll`, `shop.ship`, `shop.commit` and `shop.store`, as above. It "
            "is killed in 20 ways."
        ),
        stub=(
            "async def loop(shop):\n"
            '    await shop.open({"enable.auto.commit": True})\n'
            "    while order := await shop.poll():\n"
            "        raise NotImplementedError   # your code here; the line above may change too"
        ),
        answer="loop",
        judge=lambda loop: _survey(loop, is_once=False),
        hints=(
            "When may the group forget an order? Who says so in your loop?",
            "Either switch the timer off and commit yourself, or let the timer commit only what you"
            " have stored (`enable.auto.offset.store`).",
            "Ship, and then commit.",
        ),
        tempting={
            "async def loop(shop):\n"
            '    await shop.open({"enable.auto.commit": True})\n'
            "    while order := await shop.poll():\n"
            "        await shop.ship(order)": AUTO_COMMIT,
            "async def loop(shop):\n"
            f"    {_OPEN}\n"
            "    while order := await shop.poll():\n"
            "        await shop.commit(order)\n"
            "        await shop.ship(order)": _COMMITTED_IS_PASSED,
        },
        concepts=("offset: auto", "offset: after", "offset: before"),
        is_behaviour=True,
    ),
    Exercise(
        id="05.2",
        title="Lose nothing, repeat nothing",
        question=(
            "Now no order may be lost and no parcel seen twice by a reader of committed records. "
            "Killed in the same 20 ways."
        ),
        stub=(
            "async def loop(shop):\n"
            f'    {_OPEN[:-1]}, transactional_id="shop")\n'
            "    while order := await shop.poll():\n"
            "        raise NotImplementedError   # your code here"
        ),
        answer="loop",
        judge=lambda loop: _survey(loop, is_once=True),
        hints=(
            "Two things must happen together. Which two?",
            "The offset can be sent into the transaction, instead of being committed by itself.",
            "A transaction has to be begun, and to be committed. What happens in between?",
        ),
        tempting={
            "async def loop(shop):\n"
            f"    {_OPEN}\n"
            "    while order := await shop.poll():\n"
            "        await shop.ship(order)\n"
            "        await shop.commit(order)": _DONE_IS_COMMITTED,
            "async def loop(shop):\n"
            f'    {_OPEN[:-1]}, transactional_id="shop")\n'
            "    while order := await shop.poll():\n"
            "        shop.begin_transaction()\n"
            "        await shop.ship(order)\n"
            "        await shop.commit_transaction()\n"
            "        await shop.commit(order)": _OFFSET_OUTSIDE,
            "async def loop(shop):\n"
            f"    {_OPEN}\n"
            "    while order := await shop.poll():\n"
            "        await shop.commit(order)\n"
            "        await shop.ship(order)": _COMMITTED_IS_PASSED,
        },
        concepts=("offset: transactional", "guarantee: exactly once"),
        is_behaviour=True,
    ),
    Exercise(
        id="05.3",
        title="Eight hands",
        question=(
            "Several threads work on the orders of one partition, and finish in any order. "
            "`committed` is the committed offset, `done` the set of offsets at or above it that are"
            " finished. Return the offset that may be committed now."
        ),
        stub=("def may_commit(committed, done):\n    raise NotImplementedError   # your code here"),
        answer="may_commit",
        judge=_judge_safe,
        hints=(
            "Offset 12 is done, 11 is not. Who would read 11 after a crash?",
            "Walk up from `committed` as long as there is no hole.",
            "Begin with `while committed in done:`, and ask again one offset further on.",
        ),
        tempting={
            "def may_commit(committed, done):\n"
            "    return max(done) + 1 if done else committed": _COVERS_ALL_BELOW,
            "def may_commit(committed, done):\n    return committed + len(done)": _COVERS_ALL_BELOW,
            "def may_commit(committed, done):\n"
            "    while committed + 1 in done: committed += 1\n"
            "    return committed": _NEXT_TO_READ,
        },
        concepts=("offset: after", "offset"),
    ),
)


def _came(lost: int, repeated: int) -> str:
    """One loss was shown before the question was asked."""
    if lost > 1:
        return "c" if repeated else "a"
    return "b" if repeated else "d"


PREDICTIONS: Final = (
    Prediction(
        id="05.auto",
        question=(
            "This loop, with auto-commit, is killed 36 times: at six points, in the rounds of six "
            "different orders. Monday's kill is one of the 36. What do the other 35 bring?"
        ),
        choices=(
            Choice(
                key="a",
                words="As on Monday: sometimes one is lost; none is shipped twice.",
                because=(
                    "It loses the order in hand if the timer has just fired. If it has not fired "
                    "for a while, what was shipped since then is shipped again."
                ),
                misconception=AUTO_COMMIT,
            ),
            Choice(
                key="b",
                words="Sometimes one is shipped twice; none is lost: Monday was an accident.",
                because=(
                    "That is so in a Java loop that finishes what it polled before it polls again. "
                    "Here the offset is stored when the order is handed over, so the timer may "
                    "commit an order that is not shipped yet."
                ),
                misconception=AUTO_COMMIT,
            ),
            Choice(key="c", words="Either: some are lost, some are shipped twice.", because=""),
            Choice(
                key="d",
                words="Neither lost nor twice: Monday was an accident.",
                because="It commits by the clock. The clock does not know what you have done.",
                misconception=AUTO_COMMIT,
            ),
        ),
        judge=_came,
        evidence="Of 36 days, {lost} lost an order and {repeated} shipped one twice.",
        concepts=("offset: auto",),
    ),
    Prediction(
        id="05.after",
        question=(
            "Ship, then commit. At which of the six points does a kill make the shop ship an order "
            "twice?"
        ),
        choices=(
            Choice(
                key="a",
                words="At none: it commits after each order.",
                because="Between the parcel and the commit there is a moment, and it is enough.",
            ),
            Choice(key="b", words="At one: after the work.", because=""),
            Choice(
                key="c",
                words="At two: after the work, and while it commits.",
                because=(
                    "The commit was on the broker's disk already; only the answer was missing. "
                    "(Killed before the request arrived, you would be right.)"
                ),
            ),
            Choice(
                key="d",
                words="At every point after the poll.",
                because=(
                    "Before the parcel is written nothing has happened that could be repeated: the "
                    "order is read again, and shipped for the first time."
                ),
            ),
        ),
        judge=lambda points: "abcd"[min(len(points.split(", ")) if points else 0, 3)],
        evidence="It was repeated when killed: {points}.",
        concepts=("offset: after",),
    ),
    Prediction(
        id="05.transaction",
        question=(
            "In a transaction, killed after the work: the parcel is written, the transaction is "
            "open. How many parcels of that order are in the log in the end, and how many does a "
            "reader of committed records see?"
        ),
        choices=(
            Choice(
                key="a",
                words="One in the log, one seen.",
                because=(
                    "A log is never rewritten. The first parcel stays, with a marker after it that "
                    "says its transaction was aborted."
                ),
            ),
            Choice(key="b", words="Two in the log, one seen.", because=""),
            Choice(
                key="c",
                words="Two in the log, two seen.",
                because="Readers of committed records skip what was aborted.",
                misconception=EXACTLY_ONCE_ANYWHERE,
            ),
        ),
        judge=lambda written, seen: {(1, 1): "a", (2, 1): "b"}.get((written, seen), "c"),
        evidence="In the log: {written}. Seen: {seen}.",
        concepts=("offset: transactional",),
    ),
)
