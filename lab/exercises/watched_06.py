"""What was seen of the groups of lesson 06: tables, and pictures of who had what, when.

    costs = Costs(slow=10)                 a table
    watched(costs.slow, "Dan joins")       … and the same runs as a picture

Read next: `stories_06`, which runs the groups; `lab.scenes.timetable`, the picture.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from kafkalab.frames.messages import envelope_of
from kafkalab.protocol.messages.classic_groups import JoinGroupResponse, SyncGroupRequest
from lab.checking.views import Words
from lab.exercises.stories_06 import (
    NAMES,
    PARTITIONS,
    PROTOCOLS,
    Shop,
    Stop,
    dies,
    joins,
    restarts,
)
from lab.scenes.timetable import Bar, Block, Mark, Row, Timetable
from lab.widgets.timetable import TimetableView


def watched(
    runs: Mapping[str, Stop], zero: str, *, notes: Sequence[str] = (), seconds: float = 0
) -> TimetableView:
    """Runs one below the other.  `zero`: what happened at 0 s; `seconds`: how long to show."""
    longest = max(one.shop.sim.now - one.since for one in runs.values())
    end = round(seconds * 1000) or longest
    blocks = tuple(
        _block(name, one, notes[number] if number < len(notes) else "", end)
        for number, (name, one) in enumerate(runs.items())
    )
    said = "; ".join(f"{name}: {one.total:.1f}" for name, one in runs.items())
    return TimetableView(Timetable(f"Partition-seconds stopped: {said}.", zero, blocks, end))


def _block(name: str, one: Stop, note: str, end: int) -> Block:
    rows = (*_away(one, end), *_partitions(one, end))
    total = f"{one.total:.1f} partition-seconds"
    return Block(name, note, total, rows, tuple(_marks(one, end)))


def _away(one: Stop, end: int) -> Iterator[Row]:
    """A row for each member that does not poll for a while."""
    for each in one.shop.away:
        since = max(each.since - one.since, 0)
        until = end if each.until is None else min(each.until - one.since, end)
        words = "no process" if each.is_gone else "one slow order"
        kind = "gone" if each.is_gone else "busy"
        yield Row(each.member, (Bar(since, until, kind, words),))  # type: ignore[arg-type]


def _partitions(one: Stop, end: int) -> Iterator[Row]:
    looks = [(max(at - one.since, 0), owned) for at, owned in one.shop.owners]
    for place in range(PARTITIONS):
        bars: list[Bar] = []
        for (since, owned), (until, _) in pairwise([*looks, (end, {})]):
            who, until = owned.get(place), min(until, end)
            if bars and (bars[-1].words == who or (who is None and bars[-1].kind == "nobody")):
                since = bars.pop().since
            if until > since:
                bars.append(_bar(since, until, who))
        stopped = sum(bar.until - bar.since for bar in bars if bar.kind == "nobody")
        yield Row(f"P{place}", tuple(bars), f"{stopped / 1000:.1f} s" if stopped else "0 s")


def _bar(since: int, until: int, who: str | None) -> Bar:
    if who is None:
        return Bar(since, until, "nobody", f"{(until - since) / 1000:.1f} s")
    return Bar(since, until, "owned", who)


def _marks(one: Stop, end: int) -> Iterator[Mark]:
    """What the coordinator heard of members and did about them, in few words."""
    news = one.shop.sim.trace.of("MemberJoined", "MemberLeft")
    name_of = {e.fields["member"]: e.fields["client_id"] for e in news if "client_id" in e.fields}
    for entry in news:
        at, name = entry.at - one.since, name_of[entry.fields["member"]]
        is_replaced = any(e is not entry and e.at == entry.at for e in news)
        if at < 0 or (is_replaced and entry.kind == "MemberLeft"):
            continue
        if entry.kind == "MemberJoined":
            yield Mark(at, f"{name} is back in his place" if is_replaced else f"{name} joins")
        else:
            yield Mark(at, f"{name} {_GOES[entry.fields['reason']]}")
    for name, when, error in one.shop.refused:
        if when > one.since and error.startswith("Fatal"):
            yield Mark(when - one.since, f"{name} is refused")


_GOES: Final = {"its session has timed out": "is given up", "it has left": "leaves"}


class WhoDecides(Words):
    """Three members share four partitions: what was said, read from the messages themselves."""

    def __init__(self) -> None:
        self.shop = shop = Shop(PROTOCOLS["eager"]).join(*NAMES[:3]).run(8)
        said = list(_said(shop))
        told = {name: len(b.members) for name, b in said if isinstance(b, JoinGroupResponse)}
        #: For how many members each has sent the shares, at last.
        self.shares = {
            name: len(b.assignments) for name, b in said if isinstance(b, SyncGroupRequest)
        }
        self.senders = [name for name, count in self.shares.items() if count]
        newest = Shop(PROTOCOLS["KIP-848"]).join(*NAMES[:3]).run(8)
        #: Shares that members of the newest protocol have sent.
        self.shares_of_newest = len(list(_said(newest)))
        names = list(NAMES[:3])
        has = {name: ", ".join(f"P{one}" for one in shop.assignment[name]) for name in names}
        rows = {
            "`JoinGroup`, answer: members it is told of": told,
            "`SyncGroup`, request: members whose shares it sends": self.shares,
            "`SyncGroup`, answer: what it gets": has,
        }
        lines = [f"| | {' | '.join(names)} |", "| --- | --- | --- | --- |"]
        for words, row in rows.items():
            cells = (f"**{row[name]}**" if row[name] == len(names) else row[name] for name in names)
            lines.append(f"| {words} | {' | '.join(str(cell or 0) for cell in cells)} |")
        super().__init__("\n".join(lines))


def named(explanation: object) -> str:
    """A `why` with the members' names only, without the rest of their ids."""
    return _ID.sub("", str(explanation))


_ID: Final = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _said(shop: Shop) -> Iterator[tuple[str, Any]]:
    """Messages of joining that were delivered: whose they are, and the message."""
    names = {app.clients[-1]: name for name, app in shop.members.items()}
    for entry in shop.sim.trace.recent(0):
        if entry.kind == "Delivered" and entry.fields["api"] in ("JOIN_GROUP", "SYNC_GROUP"):
            envelope = envelope_of(shop.sim, entry.id)
            if envelope is not None:
                yield names[entry.fields["client"]], envelope.message


class OneToFive(Words):
    """One to five members on four partitions: who reads what, and how fast it goes."""

    def __init__(self, counts: Sequence[int] = range(1, 6)) -> None:
        self.speed: dict[int, float] = {}
        self.shops: dict[int, Shop] = {}
        lines = ["| members | who reads what | orders a second |", "| --- | --- | --- |"]
        for count in counts:
            shop = self.shops[count] = Shop().join(*NAMES[:count]).run(8)
            self.speed[count] = shop.speed(4)
            who = "; ".join(
                f"{name}: {', '.join(map(str, places)) or '**nothing**'}"
                for name, places in shop.assignment.items()
            )
            lines.append(f"| {count} | {who} | {self.speed[count]:.0f} |")
        super().__init__("\n".join(lines))


class Costs(Words):
    """What it costs that a fourth member joins, by protocol, with and without a slow order."""

    def __init__(self, slow: float = 10) -> None:
        self.quick = {name: joins(conf) for name, conf in PROTOCOLS.items()}
        self.slow = {name: joins(conf, slow) for name, conf in PROTOCOLS.items()}
        lines = [
            "| | partition-seconds stopped: all quick "
            f"| the same, Ann busy for {slow:g} s | partitions stopped at once | rebalances |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name in PROTOCOLS:
            quick, slowed = self.quick[name], self.slow[name]
            lines.append(
                f"| {name} | {quick.total:.1f} | {slowed.total:.1f} | {slowed.at_once} "
                f"| {slowed.rebalances} |"
            )
        super().__init__("\n".join(lines))


class Restarts(Words):
    """What a restart of five seconds costs: killed, and killed or closed with a static name."""

    def __init__(self) -> None:
        lines = [
            f"| | {' | '.join(WAYS)} |",
            "| --- | --- | --- | --- |",
        ]
        self.cells: dict[tuple[str, str], Stop] = {}
        for name, conf in PROTOCOLS.items():
            cells = []
            for how in WAYS:
                is_static, is_polite = how.endswith("static"), how.startswith("closed")
                one = restarts(conf, is_static=is_static, is_polite=is_polite)
                self.cells[name, how] = one
                cells.append(f"{one.total:.1f}")
            lines.append(f"| {name} | {' | '.join(cells)} |")
        super().__init__("\n".join(lines))

    def watched(self, *cells: tuple[str, str]) -> TimetableView:
        """Some of the runs as a picture."""
        runs = {", ".join(cell): self.cells[cell] for cell in cells}
        return watched(runs, "Ben's process ends")


WAYS: Final = ("killed", "killed, static", "closed, static")


def sessions(*seconds: int) -> dict[str, Stop]:
    """One of four is killed, under sessions of so many seconds; at last one closes its consumer."""
    runs = {f"session.timeout.ms {s} s": dies({"session.timeout.ms": s * 1000}) for s in seconds}
    return {**runs, "the same, but Ben calls close()": dies({}, is_polite=True)}


def watched_slow(shop: Shop) -> TimetableView:
    """A slow order of Ann's: who had the partitions meanwhile, and who did that order."""
    held = shop.away[0]
    order = shop.repeated[0] if shop.repeated else ""
    done = [(name, at - held.since) for name, each, at in shop.done if each == order]
    end = max([at for _, at in done], default=shop.sim.now - held.since) + 6_000
    block = _block("", Stop(0, 0, 0, shop, held.since), "", end)
    left = next((mark.at for mark in block.marks if mark.words == "Ann leaves"), end)
    rows = tuple(Row(row.name, tuple(_without_ann(row, left))) for row in block.rows)
    marks = [Mark(left, "Ann's client leaves")] if left < end else []
    marks += [Mark(at, f"{name} has done {order}") for name, at in done]
    say = "No order was done twice."
    if done:
        say = (
            f"{order[0].upper()}{order[1:]} was done by {' and by '.join(who for who, _ in done)}."
        )
    block = replace(block, total="", rows=rows, marks=tuple(marks))
    return TimetableView(Timetable(say, "Ann begins the order", (block,), end))


def _without_ann(row: Row, left: int) -> Iterator[Bar]:
    """Her consumer says that it has them until its next poll; the group has given them up."""
    for bar in row.bars:
        if bar.words == "Ann" and bar.since < left < bar.until:
            yield _bar(bar.since, left, "Ann")
            yield _bar(left, bar.until, None)
        else:
            yield bar
