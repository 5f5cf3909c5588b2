"""Subscriptions by pattern, resolved by the coordinator (KIP-848, heartbeat version 1).

    a new pattern ──heartbeat──▶ checked, stored with the member, REGEX alarm
    REGEX alarm ──▶ all its patterns matched against all topics ──▶ records, a new group epoch

Matching is work that Kafka gives to another thread; here it is an alarm that is due at once, so it
takes effect between two heartbeats, as there.  All patterns of a group are resolved together, at
most every ten seconds, unless there is a new one; so a new topic costs one rebalance, not many.

Patterns are those of Google's RE2, matched by Python's `re`, whole names only.  What RE2 does not
have (look-around, back references, possessive and atomic groups) is refused; of what it has and
Python has not, `\\pN`, `\\Q…\\E`, `\\C` and `(?U)` are refused too.

In Kafka: `maybeUpdateRegularExpressions`, `TopicRegexResolver`.
"""

import re
from typing import Final

from kafkalab.coordination import NOTHING, CoordinatorRecord, Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.consumer.group import ConsumerGroup, ResolvedRegex, tally
from kafkalab.groups.consumer.member import ConsumerMember
from kafkalab.groups.consumer.stored import epoch_record, regex_record
from kafkalab.groups.consumer.table import ConsumerGroupTable
from kafkalab.groups.consumer.topics import metadata_hash
from kafkalab.groups.group_table import Alarm, AlarmKind

REFRESH_INTERVAL_MIN_MS: Final = 10_000
_PATTERN_MAX: Final = 1_000
_NOT_IN_RE2: Final = re.compile(r"\(\?(?:=|!|<=|<!|>|P=|\(|U)|\\[1-9pPQEC]|[*+?}]\+")


def check(regex: str) -> None:
    """INVALID_REGULAR_EXPRESSION for what cannot be matched."""
    reason = ""
    if len(regex) > _PATTERN_MAX:
        reason = f"longer than {_PATTERN_MAX} characters"
    elif _NOT_IN_RE2.search(regex.replace("\\\\", "")):
        reason = "look-around, back references and possessive quantifiers are not in RE2"
    else:
        try:
            re.compile(_python(regex))
        except (re.error, OverflowError, RecursionError) as error:
            reason = str(error)
    if reason:
        raise KafkaError(
            ErrorCode.INVALID_REGULAR_EXPRESSION,
            f"SubscribedTopicRegex `{regex}` is not a valid regular expression: {reason}.",
        )


def update(
    table: ConsumerGroupTable,
    group: ConsumerGroup,
    before: ConsumerMember,
    member: ConsumerMember,
    records: list[CoordinatorRecord],
    now: int,
) -> tuple[bool, bool]:
    """Whether the member's pattern has changed, and whether what it matches is known already.

    Sees to it that patterns are resolved when they have to be.  Raises `KafkaError`.
    """
    old, new = before.regex, member.regex
    has_changed, is_resolved, is_new = old != new, False, False
    if has_changed:
        if old and group.readers_of(old) == 1:
            records.append(regex_record(group.group_id, old, None))
        if new and not group.readers_of(new):
            check(new)
            is_new = True
        elif new:
            is_resolved = new in group.regexes
        elif old:
            is_resolved = True  # it matches nothing now, and that is known
    patterns = _patterns(group, member)
    if patterns and _must_resolve(table, group, len(patterns), is_new, now):
        table.alarms.set(Alarm(AlarmKind.REGEX, group.group_id, ""), now)
    return has_changed, is_resolved


def _patterns(group: ConsumerGroup, member: ConsumerMember) -> list[str]:
    members = {**group.members, member.member_id: member}
    return list(tally(each.regex for each in members.values()))


def _must_resolve(
    table: ConsumerGroupTable, group: ConsumerGroup, patterns: int, is_new: bool, now: int
) -> bool:
    if Alarm(AlarmKind.REGEX, group.group_id, "") in table.alarms:
        return False
    last = next(iter(group.regexes.values()), None)
    if last is None:
        return True
    if now <= last.timestamp + REFRESH_INTERVAL_MIN_MS:
        return False
    interval_ms = table.config.int("group.consumer.regex.refresh.interval.ms")
    return (
        is_new
        or patterns != len(group.regexes)
        or last.version < table.new_topics_version
        or now > last.timestamp + interval_ms
    )


def resolve(table: ConsumerGroupTable, group_id: str, now: int) -> Result:
    """Match all patterns of a group; if anything has changed, the target is out of date."""
    group = table.get(group_id)
    if group is None:
        return NOTHING
    records: list[CoordinatorRecord] = []
    resolved = group.regexes.copy()
    for regex in tally(member.regex for member in group.members.values()):
        matches = re.compile(_python(regex)).fullmatch
        topics = frozenset(name for name in table.image.topics if matches(name))
        resolved[regex] = ResolvedRegex(topics, table.image.offset, now)
        records.append(regex_record(group_id, regex, resolved[regex]))
    changed = any(
        one.topics != (group.regexes[regex].topics if regex in group.regexes else frozenset())
        for regex, one in resolved.items()
    )
    subscribed = {name for member in group.members.values() for name in member.topics}
    subscribed.update(name for one in resolved.values() for name in one.topics)
    hashed = metadata_hash(table, subscribed)
    if changed or hashed != group.metadata_hash:
        records.append(epoch_record(group_id, group.epoch + 1, hashed))
        group.refresh_at(now + REFRESH_NEVER_MS, group.epoch + 1)
    return Result(tuple(records))


#: Topics tell by themselves when they change; this long a group trusts them to.
REFRESH_NEVER_MS: Final = (1 << 31) - 1


def _python(regex: str) -> str:
    """RE2's end of text is Python's `\\Z`."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", regex)
