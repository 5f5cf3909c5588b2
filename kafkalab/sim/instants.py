"""Interesting instants: where the ISR, a watermark, a leader, a generation or a broker changed.

    sim.instants("leader", "isr")       all there have been, oldest first
    sim.run_to_next("isr")              let time pass up to the next, and say what it was

Read next: `simulation`; `frames.log_time`, which puts them on one line.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName, TopicPartition
from kafkalab.sim.telling import seconds
from kafkalab.world import Driver, Entry, Trace, World
from kafkalab.world.history import History

#: What a learner calls them, and the kinds of events they are.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "isr": ("IsrChanged",),
    "watermark": ("HighWatermarkAdvanced",),
    "leader": ("LeaderElected",),
    "quorum": ("QuorumLeaderElected",),
    "generation": ("GroupStateChanged",),
    "fence": ("BrokerFenced", "BrokerUnfenced"),
    "commit": ("OffsetCommitted",),
    "truncation": ("Truncated",),
    "refusal": ("AppendRefused", "RecordFailed"),
    "acknowledgement": ("RecordAcknowledged",),
    "fault": (
        "Crashed",
        "PowerLost",
        "DiskChanged",
        "ShutdownBegun",
        "Restarted",
        "Paused",
        "Resumed",
        "Partitioned",
        "Healed",
        "Delayed",
        "ClockSet",
        "ConnectionCut",
        "MessageHeld",
        "MessageReleased",
        "RequestIntercepted",
        "AppCrashed",
    ),
}
#: Those that mean a change of state, rather than work that goes on.
_USUAL: Final = ("isr", "leader", "quorum", "generation", "fence", "truncation", "fault")


class Instant(NamedTuple):
    """Something happened.  `at` in virtual ms; `what` is a key of `KINDS`; `id` is the event's."""

    at: int
    what: str
    id: int
    entry: Entry
    began: int = 0  # what it is told from

    def __repr__(self) -> str:
        return f"{seconds(self.at, self.began)}  {self.what}: {self.entry.node} {self.entry.text}"


def instants(
    trace: Trace, what: Collection[str] = (), topic: str | None = None, began: int = 0
) -> list[Instant]:
    """Those there have been, oldest first; Kafka's own topics only if asked for."""
    wanted = _wanted(what)
    entries = trace.of(*wanted, "LeaderStarted", "FollowerStarted")
    return [
        Instant(entry.at, wanted[entry.kind], entry.id, entry, began)
        for entry in leaders_only(entries)
        if entry.kind in wanted and _is_about(entry, topic)
    ]


def run_to_next(driver: Driver, what: Collection[str], topic: str | None, limit_ms: int) -> Instant:
    """Run to the end of the step in which it happens.  `StillWaiting` after `limit_ms`."""
    wanted = _wanted(what)
    began = driver.world.now
    while True:
        left = began + limit_ms - driver.world.now
        before = driver.world.trace.next_id
        if left < 0 or not driver.step(tuple(wanted), left):
            words = " or ".join(what or _USUAL)
            raise driver.still_waiting(limit_ms, f"the next {words}")
        for entry in driver.world.trace.recent(before):
            is_wanted = entry.kind in wanted and _is_about(entry, topic)
            if is_wanted and _is_of_leader(driver, entry):
                world = driver.world
                return Instant(entry.at, wanted[entry.kind], entry.id, entry, world.began)


def leaders_only(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Without the high watermarks of followers, which only repeat a leader's."""
    leading: set[tuple[NodeName, str, int]] = set()
    for entry in entries:
        kind = entry.event[0]
        if kind in ("LeaderStarted", "FollowerStarted", "HighWatermarkAdvanced"):
            place = (entry.node, entry.event[1], entry.event[2])
            if kind == "LeaderStarted":
                leading.add(place)
            elif kind == "FollowerStarted":
                leading.discard(place)
            elif place not in leading:
                continue
        yield entry


def _is_of_leader(driver: Driver, entry: Entry) -> bool:
    if entry.kind != "HighWatermarkAdvanced":
        return True
    fields = entry.fields
    node = driver.world.nodes[entry.node]
    partition = TopicPartition(fields["topic"], fields["partition"])
    hosted = getattr(node, "replicas", None)
    found = hosted.partition(partition) if hosted is not None else None
    return found is not None and found.is_leader


def _is_about(entry: Entry, topic: str | None) -> bool:
    fields = entry.fields
    named = fields.get("topic")
    if named is None or topic is not None:
        return topic is None or named == topic
    return not str(named).startswith("__")


def _wanted(what: Collection[str]) -> dict[str, str]:
    unknown = [each for each in what if each not in KINDS]
    if unknown:
        raise LearnerError(f"there is no instant {unknown[0]!r}; there are {', '.join(KINDS)}")
    return {kind: name for name in (what or _USUAL) for kind in KINDS[name]}


def instant_ms(seconds: float, began: int) -> int:
    """The instant that a learner names, in the clock's ms.

    One rule everywhere (`at`, `run_to`, twins, the bench): a time counts from when the world began,
    as in every picture.  A live cluster began in Unix time; frozen, its own clock (`sim.now`,
    `entry.at`) shows that, and a time as the clock shows it names the same instant: nothing runs
    so long that the two could be confused.
    """
    return clock_ms(ms_of(seconds), began)


def clock_ms(ms: float, began: int) -> int:
    """The same, of one in ms.  `LearnerError` for what is no number, or below 0."""
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms < _MS_MAX:
        raise LearnerError(f"an instant in ms, such as 12_500 (that is 12.5 s), not {ms!r}")
    whole = round(ms)
    return whole + began if whole < began else whole


def to_run_to(ms: float, world: World, started_at: int) -> int:
    """As `clock_ms`.  `LearnerError` for an instant at which there was no cluster to run yet."""
    at = clock_ms(ms, world.began)
    if at < started_at:
        asked, first = seconds(at, world.began), seconds(started_at, world.began)
        raise LearnerError(
            f"run_to({ms}) is {asked}, and what can be run here begins at {first}; it takes ms "
            f"(run_to({ms * 1000:g}) is {ms:g} s).  So many seconds on: run({ms:g})"
        )
    return at


def seen_at(history: History, world: World, when: float) -> tuple[World, int]:
    """The world as it was then, and that instant in the clock's ms.  `LearnerError`: see `at`."""
    ms = instant_ms(when, world.began)
    if ms > world.now and history.begins_at <= clock_ms(round(when), world.began) <= world.now:
        there_are = f"{seconds(history.begins_at, world.began)} … {seconds(world.now, world.began)}"
        raise LearnerError(
            f"only {there_are} can be seen here: at takes seconds, at({when / 1000:g}), "
            f"and {when:g} are ms"
        )
    return history.at(world, ms), ms


def ms_of(seconds: float) -> int:
    """Whole virtual ms.  `LearnerError` for what is no number, or below 0."""
    if not isinstance(seconds, int | float) or not abs(seconds) < _MS_MAX / 1000:
        in_ms = isinstance(seconds, int | float) and abs(seconds) < _MS_MAX
        hint = f" (is that ms?  then {seconds / 1000:.3f})" if in_ms else ""
        raise LearnerError(f"how many seconds?  a number such as 2.5, not {seconds!r}{hint}")
    if seconds < 0:
        raise LearnerError(f"time does not go back: {seconds} seconds")
    return round(seconds * 1000)


_MS_MAX: Final = 10**14  # thousands of years; what is more is no time
