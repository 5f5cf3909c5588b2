"""Errors of answers that the trace does not keep: those of other requests than produce.

What a response said is kept only of writes.  But who is refused so has become what he is by an
event that is kept: a member left, a producer was fenced, an offset was not there, a topic was.

    UNKNOWN_MEMBER_ID  ◀─ MemberLeft           INVALID_PRODUCER_EPOCH  ◀─ ProducerFenced
    OFFSET_OUT_OF_RANGE ◀─ a consumer's place   TOPIC_ALREADY_EXISTS    ◀─ TopicCreated

Read next: `refusals`, for the errors that are kept.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kafkalab.client.errors import KafkaError, KafkaException
from kafkalab.errors import ErrorCode, LearnerError
from kafkalab.errors import KafkaError as ServerError
from kafkalab.sim.telling import tell
from kafkalab.sim.why.consuming import idle
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.rebalances import gone, outside
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry
from kafkalab.world.causality import causes


def unkept(seen: Seen, name: str) -> Explanation:
    """What there is to say of an error by its Kafka name.  `LearnerError` if that is nothing."""
    tells = _TELLS.get(name)
    answer = tells(seen, name) if tells is not None else None
    if answer is not None:
        return answer
    raise LearnerError(
        f"no write has been answered with {name}, and of other requests the trace does not keep "
        f"with what they were answered; ask about who was refused: a consumer or a producer, a "
        f"group, or an event of sim.trace"
    )


def _no_member(seen: Seen, name: str) -> Explanation | None:
    left = seen.of("MemberLeft")
    if not left:
        return None
    last = left[-1]
    out = gone(seen, last)
    who = out.words or f"{last.fields['member']} left: {last.fields['reason']}"
    say = (
        f"{name} is the answer to one who is no member of the group any more. The last to leave "
        f"was {last.fields['member']}, of {last.fields['group']}, at {seen.clock(last.at)}: {who}."
    )
    return Explanation(_question(name), say, ordered(*out.chain, last), out.fault)


def _fenced(seen: Seen, name: str) -> Explanation | None:
    fences = seen.trace.of("ProducerFenced")
    if not fences:
        return None
    last = fences[-1]
    who, reason = last.fields["transactional_id"], last.fields["reason"]
    say = (
        f"{name} is the answer to a producer whose epoch is over. The last that was fenced wrote "
        f"for transactional id {who}, at {seen.clock(last.at)}: {reason}."
    )
    by = _asked(seen, last)
    return Explanation(_question(name), say, ordered(by, last), by)


def _out_of_range(seen: Seen, name: str) -> Explanation | None:
    for node in sorted(seen.world.nodes):
        if getattr(seen.world.nodes[node], "kind", "") == "consumer":
            answer = idle(seen, node)
            if "stands at offset" in answer.say or "no offset to begin" in answer.say:
                return answer
    resets = seen.trace.of("OffsetReset")
    if not resets:
        return None
    last = resets[-1]
    say = (
        f"{name} is the answer to one who asks for what a log does not have. The last consumer "
        f"that had no offset to read on from was {last.node}: {tell(last)}, at "
        f"{seen.clock(last.at)}."
    )
    return Explanation(_question(name), say, (last,))


def _exists(seen: Seen, name: str) -> Explanation | None:
    made = [
        each
        for each in seen.trace.of("TopicCreated")
        if each.event[1] in seen.image.topics and not each.event[1].startswith("__")
    ]
    if not made:
        return None
    there = [f"{e.fields['topic']} since {seen.clock(e.at)}" for e in made]
    say = f"{name} is the answer to one who makes a topic that is there: {', '.join(there)}."
    return Explanation(_question(name), say, ordered(*made[-3:]))


def _asked(seen: Seen, entry: Entry) -> Entry | None:
    """The call from outside that led to it."""
    found = causes(seen.trace, entry.id)
    root = found.chain[-1]
    return outside(seen, root) if found.complete and root.kind == "ActionTaken" else None


def _question(name: str) -> str:
    return f"Why is {name} answered?"


_Tell = Callable[[Seen, str], Explanation | None]
_TELLS: Final[Mapping[str, _Tell]] = {
    "UNKNOWN_MEMBER_ID": _no_member,
    "ILLEGAL_GENERATION": _no_member,
    "STALE_MEMBER_EPOCH": _no_member,
    "FENCED_MEMBER_EPOCH": _no_member,
    "FENCED_INSTANCE_ID": _no_member,
    "_MAX_POLL_EXCEEDED": _no_member,
    "_ASSIGNMENT_LOST": _no_member,
    "INVALID_PRODUCER_EPOCH": _fenced,
    "PRODUCER_FENCED": _fenced,
    "_FENCED": _fenced,
    "OFFSET_OUT_OF_RANGE": _out_of_range,
    "_AUTO_OFFSET_RESET": _out_of_range,
    "TOPIC_ALREADY_EXISTS": _exists,
}


def names_of(about: Any) -> tuple[str, ...]:
    """An error's names, Kafka's first and then librdkafka's; () for what is no error.

    `about`: a name, a code, a `KafkaError` or `KafkaException` of clients, one of brokers.
    """
    if isinstance(about, KafkaException):
        about = about.args[0] if about.args else None
    if isinstance(about, ServerError):
        about = about.code
    if isinstance(about, KafkaError):
        code = about.code()
        kafkas = ErrorCode(code).name if code in _CODES else about.name()
        return tuple(dict.fromkeys((kafkas, about.name())))
    if isinstance(about, ErrorCode):
        return names_of(KafkaError(about))
    if not isinstance(about, str):
        return ()
    if about in ErrorCode.__members__:
        return names_of(ErrorCode[about])
    local = getattr(KafkaError, about, None)
    return names_of(KafkaError(local)) if isinstance(local, int) else ()


_CODES: Final = frozenset(int(each) for each in ErrorCode)
