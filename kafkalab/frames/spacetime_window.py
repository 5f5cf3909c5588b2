"""Which stretch of a run a spacetime diagram opens on, and how its messages are counted in words.

    ──●●●●────────────────────────────┃ now          a cluster at rest still fetches and
      └──┘ the last in which something happened      heartbeats; nothing comes of it

Something happened where an event was said that is kept (a write, an election, a fault), not in
Kafka's own topics.

Read next: `spacetime`, which asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kafkalab.sim.telling import node_name, seconds
from kafkalab.world import Entry, World

AROUND_MS: Final = 6  # shown after the last event, and around a chain
#: A follower learns half a second later, with a fetch, how far records are committed.
_LATE: Final = "HighWatermarkAdvanced"
_NAMES: Final = {"produce": "produce", "fetch": "fetch", "meta": "controller", "group": "group"}


def is_loud(entry: Entry) -> bool:
    """Whether a learner would call it something that happened."""
    return not str(entry.fields.get("topic", "")).startswith("__")


def last_busy(world: World, at: int) -> int | None:
    """The last instant up to `at` (ms) at which something happened; None if nothing ever did."""
    then = (e for e in reversed(world.trace) if e.at <= at and e.kind != _LATE and is_loud(e))
    entry = next(then, None)
    return entry.at if entry is not None else None


def rested(busy: int | None, at: int, span: int) -> tuple[int, int] | None:
    """The stretch to open on instead of the last `span` ms, if nothing happened in those."""
    if busy is None or busy >= at - span:
        return None
    return busy + AROUND_MS - span, busy + AROUND_MS


def say_counts(messages: Sequence[Mapping[str, Any]], left_out: int, span_ms: int) -> str:
    """How many arrived, how many of them are shown and of what kind, what is under way.

    The sum of what is shown and `left_out` is what arrived.
    """
    arrived = [message for message in messages if message["state"] == "arrived"]
    total = len(arrived) + left_out
    said = f"In {span_ms} ms {_count(total, 'message')} arrived"
    kinds = _by_kind(arrived)
    if left_out and arrived:
        said += f"; {len(arrived)}, those that mattered most, are shown: {kinds}."
    elif left_out:
        said += ", all of them routine; none is shown."
    else:
        said += f": {kinds}." if arrived else "."
    way = len(messages) - len(arrived)
    if way:
        said += f" {_count(way, 'message')} {'is' if way == 1 else 'are'} under way."
    return said + _held(messages)


def say_rest(at: int, busy: int) -> str:
    """Why the picture does not open on the present."""
    quiet = seconds(at - busy)
    return f"Nothing but routine for {quiet}; this is the last stretch in which something happened."


def _by_kind(messages: Iterable[Mapping[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for message in messages:
        counts[message["kind"]] = counts.get(message["kind"], 0) + 1
    return ", ".join(f"{count} {_NAMES[kind]}" for kind, count in sorted(counts.items()))


def _held(messages: Iterable[Mapping[str, Any]]) -> str:
    held = [message for message in messages if message["state"] == "held"]
    if not held:
        return ""
    api = held[0]["api"].replace("_", " ").lower()
    what = "answer" if held[0]["what"] == "response" else held[0]["what"]
    way = f"{node_name(held[0]['source'])} to {node_name(held[0]['target'])}"
    more = f", and {len(held) - 1} more" if len(held) > 1 else ""
    return f" Held in flight: the {api} {what} of {way}{more}."


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
