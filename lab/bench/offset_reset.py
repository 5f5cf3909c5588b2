"""Where a group is to read on: `kafka-consumer-groups --reset-offsets`, for a simulation.

    reset_offsets(sim, "billing", ["orders"], to="earliest")   "latest", "current", or an offset
    reset_offsets(sim, "billing", ["orders:0,1"], shift_by=-10)
    reset_offsets(sim, "billing", to_ms=5_000)     to the first record dated then or later

    kafka-consumer-groups --group billing --topic orders --reset-offsets --to-earliest --execute
    reset offsets billing orders earliest                        the same in short

A group with members is refused: they would commit over it.  An offset outside the log becomes the
nearest there is.  Kafka's tool only says what it would do unless told `--execute`; so here.

In Kafka: `ConsumerGroupCommand.resetOffsets`, `OffsetsUtils`.
Left out: plans in files (`--from-file`, `--export`), `--by-duration`, `--all-groups`.
Read next: `kafkalab.handles.admin`, by which it is done.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from kafkalab import Consumer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.handles import (
    AdminClient,
    ConsumerGroupTopicPartitions,
    KafkaException,
    TopicPartition,
)
from lab.bench.listings import table

_FLAGS: Final = (
    "--to-earliest, --to-latest, --to-current, --to-offset N, --shift-by N or --to-datetime "
    "1970-01-01T00:00:05.000 (a simulation begins at 1970-01-01T00:00)"
)
_FORM: Final = (
    "kafka-consumer-groups --group GROUP --reset-offsets --topic TOPIC[:0,1] (or --all-topics) "
    f"{_FLAGS}, and --execute; in short: reset offsets GROUP [TOPIC] earliest"
)
_WITHOUT_MEMBERS: Final = ("Empty", "Dead")
_UNKNOWN_GROUP: Final = "GROUP_ID_NOT_FOUND"


class Reset(NamedTuple):
    """One partition's new offset.  `before` is None where nothing had been committed."""

    topic: str
    partition: int
    before: int | None
    after: int
    note: str = ""


class Target(NamedTuple):
    """Where to: exactly one of these."""

    to: str | int | None = None
    shift_by: int | None = None
    to_ms: int | None = None


def reset_offsets(
    sim: Simulation,
    group: str,
    topics: Iterable[str] | None = None,
    *,
    to: str | int | None = None,
    shift_by: int | None = None,
    to_ms: int | None = None,
    execute: bool = True,
) -> list[Reset]:
    """Set where a group reads on; what was set, by topic and partition.

    `topics` ("orders", or "orders:0,2"): by default all it has committed.  `to`: "earliest",
    "latest", "current" or an offset; `to_ms`: virtual ms.  Without `execute` nothing is changed.
    `LearnerError`: the group has members, a partition is unknown, or has nothing to shift.
    """
    target = Target(to, shift_by, to_ms)
    if sum(each is not None for each in target) != 1:
        raise LearnerError("where to?  Give one of to=, shift_by= and to_ms=")
    admin = AdminClient({"bootstrap.servers": sim.bootstrap_servers}, sim=sim)
    _check_without_members(admin, group)
    committed = _committed(admin, group)
    wanted = sorted(committed) if topics is None else _partitions(sim, topics)
    if not wanted:
        raise LearnerError(f"{group!r} has committed nothing: name the topics")
    reader = Consumer({"bootstrap.servers": sim.bootstrap_servers, "group.id": group}, sim=sim)
    try:
        plan = [_planned(reader, place, committed.get(place), target) for place in wanted]
    finally:
        reader.close()
    if execute:
        _commit(admin, group, plan)
    return plan


def command(sim: Simulation, words: Sequence[str]) -> str:
    """`kafka-consumer-groups … --reset-offsets …`, its words; a table like Kafka's own."""
    flags = _flags(words)
    group = "".join(flags.get("--group", []))
    topics = flags.get("--topic")
    if not group or (topics is None and "--all-topics" not in flags):
        raise LearnerError(f"reset which group, and which topics?  {_FORM}")
    is_done = "--execute" in flags and "--dry-run" not in flags
    plan = _reset(sim, group, topics, _target(flags), execute=is_done)
    end = "" if is_done else "\nnothing is changed: add --execute"
    return _shown(group, plan) + end


def in_short(sim: Simulation, words: Sequence[str]) -> str:
    """`reset offsets GROUP [TOPIC …] WHERE`; WHERE as earliest, 41, +10, -10 or a date."""
    if len(words) < 2:
        raise LearnerError(f"reset which group, and where to?  {_FORM}")
    group, *topics, where = words
    if where in ("earliest", "latest", "current"):
        target = Target(to=where)
    elif where[:1] in ("+", "-"):
        target = Target(shift_by=_number(where))
    elif "T" in where:
        target = Target(to_ms=_ms_of(where))
    else:
        target = Target(to=_number(where))
    return _shown(group, _reset(sim, group, topics or None, target, execute=True))


def _reset(
    sim: Simulation, group: str, topics: list[str] | None, target: Target, *, execute: bool
) -> list[Reset]:
    return reset_offsets(
        sim,
        group,
        topics,
        to=target.to,
        shift_by=target.shift_by,
        to_ms=target.to_ms,
        execute=execute,
    )


def _check_without_members(admin: AdminClient, group: str) -> None:
    try:
        state = admin.describe_consumer_groups([group])[group].result().state
    except KafkaException as error:
        if error.args[0].name() == _UNKNOWN_GROUP:
            return  # it begins with these offsets
        raise
    if state not in _WITHOUT_MEMBERS:
        raise LearnerError(
            f"Assignments can only be reset if the group {group!r} is inactive, but the current "
            f"state is {state}.  Close its consumers, or wait until their sessions are over"
        )


def _committed(admin: AdminClient, group: str) -> dict[tuple[str, int], int]:
    asked = [ConsumerGroupTopicPartitions(group)]
    found = admin.list_consumer_group_offsets(asked)[group].result().topic_partitions or []
    return {(one.topic, one.partition): one.offset for one in found if one.offset >= 0}


def _partitions(sim: Simulation, topics: Iterable[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for topic in topics:
        name, has_numbers, numbers = topic.partition(":")
        known = sim.metadata.topics.get(name)
        if known is None:
            raise LearnerError(f"there is no topic {name!r}; there are {', '.join(sim.topics)}")
        wanted = [_number(each) for each in numbers.split(",")] if has_numbers else []
        strange = [each for each in wanted if each not in known.partitions]
        if strange:
            raise LearnerError(f"{name} has the partitions {sorted(known.partitions)}: {topic}")
        for number in wanted or sorted(known.partitions):
            if not known.partitions[number].has_leader:
                raise LearnerError(f"{name}-{number} has no leader: sim.why('{name}-{number}')")
            found.append((name, number))
    return sorted(set(found))


def _planned(reader: Consumer, place: tuple[str, int], before: int | None, target: Target) -> Reset:
    start, end = reader.get_watermark_offsets(TopicPartition(*place))
    if target.to_ms is not None:
        (found,) = reader.offsets_for_times([TopicPartition(*place, target.to_ms)])
        if found.offset < 0:
            return Reset(*place, before, end, "nothing is dated then or later: the end")
        return Reset(*place, before, found.offset)
    if target.shift_by is not None:
        if before is None:
            raise LearnerError(
                f"{place[0]}-{place[1]} cannot be shifted: nothing has been committed for it"
            )
        return _within(place, before, before + target.shift_by, start, end)
    if isinstance(target.to, int):
        return _within(place, before, target.to, start, end)
    if target.to == "current":
        return Reset(*place, before, end if before is None else before)
    if target.to not in ("earliest", "latest"):
        raise LearnerError(f"to={target.to!r}: earliest, latest, current, or an offset")
    return Reset(*place, before, start if target.to == "earliest" else end)


def _within(place: tuple[str, int], before: int | None, wanted: int, start: int, end: int) -> Reset:
    after = min(max(wanted, start), end)
    note = "" if after == wanted else f"{wanted} is outside the log: {start} to {end}"
    return Reset(*place, before, after, note)


def _commit(admin: AdminClient, group: str, plan: list[Reset]) -> None:
    places = [TopicPartition(each.topic, each.partition, each.after) for each in plan]
    asked = [ConsumerGroupTopicPartitions(group, places)]
    for one in admin.alter_consumer_group_offsets(asked)[group].result().topic_partitions or []:
        if one.error is not None:
            raise KafkaException(one.error)


def _shown(group: str, plan: list[Reset]) -> str:
    rows = []
    for topic, partition, before, after, note in plan:
        rows.append((group, topic, partition, "-" if before is None else before, after, note))
    return table(("group", "topic", "partition", "before", "new offset", ""), rows)


def _flags(words: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    last = None
    for word in words:
        if word.startswith("--"):
            last, is_given, value = word.partition("=")
            found.setdefault(last, []).extend([value] if is_given else [])
        elif last is not None:
            found[last].append(word)
    return found


def _target(flags: dict[str, list[str]]) -> Target:
    found = [
        Target(to=word) for word in ("earliest", "latest", "current") if f"--to-{word}" in flags
    ]
    if "--to-offset" in flags:
        found.append(Target(to=_number("".join(flags["--to-offset"]))))
    if "--shift-by" in flags:
        found.append(Target(shift_by=_number("".join(flags["--shift-by"]))))
    if "--to-datetime" in flags:
        found.append(Target(to_ms=_ms_of("".join(flags["--to-datetime"]))))
    if len(found) != 1:
        raise LearnerError(f"where to?  Give one of {_FLAGS}")
    return found[0]


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise LearnerError(f"{text!r} is not a whole number") from None


def _ms_of(text: str) -> int:
    """As Kafka reads it: without a zone it is UTC."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise LearnerError(f"{text!r} is no date like 1970-01-01T00:00:05.000") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return round(when.timestamp() * 1000)
