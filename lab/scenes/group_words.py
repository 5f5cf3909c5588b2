"""What the picture of a group says: its sentence, what is waited for, the cost, and its text twin.

Read next: `pictures.groups`, which draws the same numbers.
"""

from collections.abc import Sequence
from typing import Final, cast

from kafkalab.frames.group_history import GroupHistoryFrame, StopFrame
from kafkalab.frames.shape import Frame, GroupFrame
from lab.scenes.clock import seconds
from lab.scenes.group_members import name_of, nothing_words, partitions_of, status_of
from lab.scenes.group_table import before_of, lag_of, moved, owners_of, rows_of
from lab.scenes.group_time import duration
from lab.scenes.picture import Sight
from lab.scenes.view import View

_NAMES_MAX: Final = 3
#: What a member did, the weightiest first.
_VERBS: Final = {
    "is paused": "was paused",
    "crashes": "crashed",
    "is paused, back": "was paused and joined again",
    "crashes, back": "crashed and joined again",
    "leaves": "left",
    "leaves, back": "left and joined again",
    "joins": "joined",
}
_BACK: Final = {what: f"{what}, back" for what in ("is paused", "crashes", "leaves")}


def chosen_group(frame: Frame, view: View) -> GroupFrame | None:
    """The group of that name, None if there is none then; without a name the first with members,
    else the first.
    """
    groups = frame["groups"]
    if view.group:
        return next((each for each in groups if each["id"] == view.group), None)
    alive = next((each for each in groups if each["members"]), None)
    return alive or (groups[0] if groups else None)


def absent_of(sight: Sight) -> str:
    """A sentence, if the group looked at is not there at this instant; else ""."""
    name, names = sight.view.group, [each["id"] for each in sight.frame["groups"]]
    if not name or name in names:
        return ""
    there = f"there {'is' if len(names) == 1 else 'are'} {', '.join(names[:6])}"
    return f"There is no group {name} at this instant; {there if names else 'there is none'}."


def key_of(frame: Frame, view: View) -> str:
    each = chosen_group(frame, view)
    return f"group {each['id']}" if each is not None else ""


def known_of(sight: Sight) -> tuple[GroupFrame, GroupHistoryFrame] | None:
    each = chosen_group(sight.frame, sight.view)
    history = cast("GroupHistoryFrame | None", sight.detail)
    return (each, history) if each is not None and history is not None else None


def say(sight: Sight) -> str:
    known = known_of(sight)
    if known is None:
        return absent_of(sight)
    each, history = known
    if history["began"] is None or (not history["stops"] and not history["marks"]):
        return _calm(each, history)
    return f"{_cause(history)} {_effect(each, history, sight.frame['now'])}"


def _calm(each: GroupFrame, history: GroupHistoryFrame) -> str:
    rows = rows_of(each, history)
    lag = sum(lag_of(row) for row in rows)
    if not each["members"]:
        return (
            f"Group {each['id']} has no members: nobody reads, and its lag of {lag} can only grow."
        )
    read = sum(row.owner is not None for row in rows)
    return (
        f"Group {each['id']} is {each['state']}: {_count(len(each['members']), 'member')} read "
        f"{_count(read, 'partition')}, {lag} records behind what they have committed."
    )


def _cause(history: GroupHistoryFrame) -> str:
    """Who came, went or died, in one sentence; of each what weighs most, and whether it is back."""
    told: dict[str, str] = {}
    for mark in history["marks"]:
        what, before = mark["what"], told.get(mark["member"], "")
        if what == "joins":
            told[mark["member"]] = _BACK.get(before, before or what)
        elif what == "leaves":  # also one whose session ran out: it was dead before
            told[mark["member"]] = before if before in ("crashes", "is paused") else what
        elif what in _VERBS:
            told[mark["member"]] = what
    parts = []
    for what, verb in _VERBS.items():
        members = [member for member, did in told.items() if did == what]
        if members:
            parts.append(f"{_names(members)} {verb}")
    return f"{', '.join(parts)}." if parts else "The group rebalanced."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _names(names: Sequence[str]) -> str:
    if len(names) > _NAMES_MAX:
        return f"{len(names)} members"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _effect(each: GroupFrame, history: GroupHistoryFrame, now: int) -> str:
    stopped = {stop["partition"] for stop in history["stops"]}
    still = {stop["partition"] for stop in history["stops"] if stop["until"] is None}
    total = len({*rows_keys(each), *before_of(history), *owners_of(history), *stopped})
    cost = total_ms(history["stops"], now)
    others = total - len(stopped)
    if history["ended"] is None:
        waits = waiting_words(each, history)
        words = "Nothing stands still yet" if total else "Nobody has a partition yet"
        if stopped:
            words = f"{len(stopped)} of {_count(total, 'partition')} stood still, and go on"
        if len(still) == 1:
            words = f"{next(iter(still))} stands still, {others} never stopped"
        elif still:
            words = f"{len(still)} of {_count(total, 'partition')} stand still"
        return f"{words}; {waits}." if waits else f"{words}."
    if not stopped and not each["members"]:
        return "The group has no members: nobody reads."
    if not stopped and not before_of(history):
        return f"Nobody had a partition before; now {_shared(len(owners_of(history)))}."
    if not stopped:
        return f"In this rebalance no partition stopped: all {total} had an owner throughout."
    if all(stop["why"] == "new" for stop in history["stops"]):
        waited = max((s["until"] or now) - s["since"] for s in history["stops"])
        if others:
            return (
                f"{_count(len(stopped), 'new partition')} had no owner for up to "
                f"{duration(waited)}; the other {others} never stopped."
            )
        return f"Until all had an owner {duration(waited)} went by{_nobody_read(history)}."
    moves = _moves(history)
    if len(stopped) == 1:
        rest = f"the other {others} never stopped" if others else "the group has no other"
        return f"{moves} and stood still for {duration(cost)}; {rest}."
    rest = f"the other {others} never stopped" if others else f"all {total} stopped"
    stood = f"{len(stopped)} stood still" if others else "meanwhile nothing was read"
    return f"{moves}; {stood}, {partition_seconds(cost)} partition-seconds in all; {rest}."


def _shared(count: int) -> str:
    return f"all {count} have an owner" if count > 1 else "the only one has an owner"


def _nobody_read(history: GroupHistoryFrame) -> str:
    """Unless some had one earlier than others."""
    return ", and nobody read" if len({stop["until"] for stop in history["stops"]}) == 1 else ""


def _moves(history: GroupHistoryFrame) -> str:
    first, last = before_of(history), history["columns"][-1]["owners"]
    changed = sorted(moved(history) & set(first) & set(last))
    if len(changed) == 1:
        key = changed[0]
        return f"{key} moved from {first[key]} to {last[key]}"
    if changed:
        return f"{len(changed)} partitions have another owner"
    gone = sorted(moved(history) & set(last))
    if gone:
        return f"{len(gone)} partitions found an owner"
    return "Every partition came back to the member that had it"


def rows_keys(each: GroupFrame) -> list[str]:
    return [f"{one['topic']}-{one['partition']}" for one in each["offsets"]]


def total_ms(stops: Sequence[StopFrame], now: int) -> int:
    """How long partitions stood still, added up."""
    return sum((s["until"] if s["until"] is not None else now) - s["since"] for s in stops)


def partition_seconds(ms: int) -> str:
    return f"{ms / 1000:g}"


def waiting_words(each: GroupFrame, history: GroupHistoryFrame) -> str:
    """What the group waits for, "" if for nothing."""
    names = _names(history["waiting_for"]) if history["waiting_for"] else "members"
    last = max((span["since"] for span in history["states"]), default=0)
    match history["waiting"]:
        case "first":
            return f"a first rebalance waits for more members, since {seconds(last)} s"
        case "join":
            return (
                f"waiting for {names} to re-join" if history["waiting_for"] else "all have joined"
            )
        case "sync":
            return "waiting for the group's leader to assign"
        case "give_up":
            return f"waiting for {names} to let go"
        case "release":
            return _release_words(each, history)
        case "silent":
            if len(history["waiting_for"]) > 1:
                return f"{names} are silent, and their sessions have not run out"
            return f"{names} is silent, and its session has not run out"
    if not each["members"]:
        return "the group has no members" if history["ended"] is None else ""
    is_cooperative = each.get("type") != "consumer" and not history["is_eager"]
    if history["ended"] is None and each["state"] == "Stable" and is_cooperative:
        return "waiting for the members' next heartbeats"
    return ""


def _release_words(each: GroupFrame, history: GroupHistoryFrame) -> str:
    """Who is to have what somebody else still has, or has just let go of."""
    owners = owners_of(history)
    for member in each["members"]:
        name = name_of(member, history)
        for has in partitions_of(member, history) if name in history["waiting_for"] else ():
            if has.state == "assigning":
                owner = owners.get(has.partition)
                if owner is not None:
                    return f"{name} waits for {owner} to let go of {has.partition}"
                return f"{name} gets {has.partition} with its next heartbeat"
    return "waiting for the members' next heartbeats"


def cost_words(each: GroupFrame, history: GroupHistoryFrame, now: int) -> tuple[str, str]:
    """What this rebalance cost, and what the other protocol would have."""
    stopped = partition_seconds(total_ms(history["stops"], now))
    so_far = " so far" if history["ended"] is None else ""
    cost = f"{stopped} partition-seconds stopped{so_far}"
    if history["is_eager"]:
        first, last = before_of(history), history["columns"][-1]["owners"]
        same = sum(first[key] == last.get(key) for key in first)
        if history["ended"] is not None and first and same:
            return (
                cost,
                f"·  {same} of {len(first)} came back to their owner; cooperative keeps them",
            )
        return cost, ""
    if history["could"]:
        eager = partition_seconds(total_ms(history["could"], now))
        return cost, f"·  the eager protocol would have cost {eager}"
    total = len(before_of(history))
    if each.get("type") == "consumer" and total:
        return cost, f"·  no barrier: under eager all {total} wait for the last member to re-join"
    return cost, ""


def words_of(sight: Sight) -> str:
    known = known_of(sight)
    if known is None:
        said, frame = absent_of(sight), sight.frame
        return f"{frame['title']} · {seconds(frame['now'])} s\n{said}" if said else ""
    each, history = known
    now = sight.frame["now"]
    lines = [
        f"{sight.frame['title']} · group {each['id']} · {seconds(now)} s",
        say(sight),
        f"{each['state']}, {each.get('type', 'classic')}, {each['protocol']}, "
        f"generation {each['generation']}, coordinator broker {each['coordinator']}",
        "",
    ]
    for member in each["members"]:
        has = ", ".join(
            f"{p.partition} {p.state}" for p in partitions_of(member, history)
        ) or nothing_words(each)
        status = status_of(each, history, member)
        lines.append(f"  {name_of(member, history)}: {has} ({status.words})")
    lines += ["", f"  {'partition':<20} {'owner':<16} committed  position       end       lag"]
    for row in rows_of(each, history):
        position = "none" if row.position is None else str(row.position)
        committed = "none" if row.committed is None else str(row.committed)
        lines.append(
            f"  {row.key:<20} {row.owner or 'nobody':<16} {committed:>9} {position:>9} "
            f"{row.end:>9} {lag_of(row):>9}"
        )
    for stop in history["stops"]:
        until = f"{seconds(stop['until'])} s" if stop["until"] is not None else "now"
        lines.append(
            f"  {stop['partition']} stood still from {seconds(stop['since'])} s to {until}: "
            f"{stop['member']} {stop['why']}"
        )
    if history["began"] is not None:
        lines.append("  " + " ".join(cost_words(each, history, now)).replace("·  ", "· "))
    return "\n".join(lines)
