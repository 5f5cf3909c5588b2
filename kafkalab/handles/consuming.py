"""What a consumer handle does, whoever drives it: as steps (see `session`).

    poll: wait for an event ▶ a rebalance? callbacks, confirm, go on ▶ finished commits? on_commit
          ▶ a message or an error: return it ▶ the time is up: None

Callbacks live here, not in the node: it waits with the group until a rebalance is confirmed, which
is after the callback has returned.

In confluent_kafka: `Consumer`.  Read next: `consumer` and `async_handles`, which run it.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from kafkalab.client.errors import (
    INVALID_ARG,
    TIMED_OUT,
    KafkaError,
    KafkaException,
    failure,
)
from kafkalab.client.message import OFFSET_INVALID, Consumed, Message, TopicPartition
from kafkalab.client.transaction_requests import GroupMember
from kafkalab.handles.session import Deadline, Pause, Reach, Steps, limit_ms

OnAssign = Callable[[Any, list[TopicPartition]], object]
OnCommit = Callable[[KafkaError | None, list[TopicPartition]], object]

_CLOSING = "the consumer leaves its group"


class Consuming:
    """One consumer's callbacks, and its calls.  `owner` is what callbacks are given."""

    def __init__(self, reach: Reach, owner: Any, on_commit: OnCommit | None) -> None:
        self._reach = reach
        self._owner = owner
        self._on_commit = on_commit
        self._callbacks: dict[str, OnAssign | None] = {}
        self._is_closed = False

    # --- subscribing

    def subscribe(
        self,
        topics: Iterable[str],
        on_assign: OnAssign | None,
        on_revoke: OnAssign | None,
        on_lost: OnAssign | None,
    ) -> None:
        if isinstance(topics, str):
            raise TypeError(f"subscribe takes a list of topics: subscribe([{topics!r}])")
        self._callbacks = {
            "assign": on_assign,
            "revoke": on_revoke,
            "lost": on_lost or on_revoke,
        }
        has_callbacks = any(callback is not None for callback in self._callbacks.values())
        self.act("subscribe", tuple(topics), has_callbacks)

    def act(self, method: str, *arguments: Any) -> Any:
        """Call an action of the node.  RuntimeError after close()."""
        self._check_open()
        return self._reach.act(method, *arguments)

    def places(self, method: str) -> list[TopicPartition]:
        """`assignment` and the like."""
        self._check_open()
        return [TopicPartition(*place) for place in self._reach.read(method)]

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        given = tuple((one.topic, one.partition, one.offset) for one in partitions)
        self.act("assign", given)

    def incremental_assign(self, partitions: Iterable[TopicPartition]) -> None:
        given = tuple((one.topic, one.partition, one.offset) for one in partitions)
        self.act("incremental_assign", given)

    def incremental_unassign(self, partitions: Iterable[TopicPartition]) -> None:
        self.act("incremental_unassign", _pairs(partitions))

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        self.act("pause", _pairs(partitions))

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        self.act("resume", _pairs(partitions))

    def seek(self, place: TopicPartition) -> None:
        self.act("seek", place.topic, place.partition, place.offset)

    # --- messages

    def poll(self, timeout: float | None) -> Steps[Message | None]:
        """A message or an error; None when the time is up."""
        self._check_open()
        deadline = Deadline(self._reach, timeout)
        while True:
            if not self._reach.read("has_event"):
                self.act("begin_poll")
            is_so = yield Pause("has_event", "a message", deadline.left_ms)
            yield from self._serve()
            consumed: Consumed | None = self.act("take_message")
            if consumed is not None:
                return Message(consumed)
            if not is_so:
                return None

    def consume(self, most: int, timeout: float | None) -> Steps[list[Message]]:
        """Up to `most` messages, until the time is up."""
        if not 0 <= most <= 1_000_000:
            raise ValueError("num_messages must be between 0 and 1000000 (1M)")
        deadline = Deadline(self._reach, timeout)
        messages: list[Message] = []
        while len(messages) < most:
            message = yield from self._poll_until(deadline)
            if message is None:
                break
            messages.append(message)
        return messages

    def _poll_until(self, deadline: Deadline) -> Steps[Message | None]:
        left = deadline.left_ms
        return (yield from self.poll(None if left is None else left / 1000))

    def _serve(self) -> Steps[None]:
        """Rebalances and finished commits, to those who want to know."""
        if self._on_commit is not None:
            for result in self.act("take_commits"):
                error = KafkaError(result.error) if result.error else None
                yield from _finished(self._on_commit(error, _places(result.offsets)))
        if not any(callback is not None for callback in self._callbacks.values()):
            return
        while (rebalance := self.act("take_rebalance")) is not None:
            kind, partitions = rebalance
            try:
                callback = self._callbacks.get(kind)
                if callback is not None:
                    told = [TopicPartition(*partition) for partition in partitions]
                    yield from _finished(callback(self._owner, told))
            finally:
                if not self._is_closed:
                    self._reach.act("confirm_rebalance")

    # --- offsets

    def commit(
        self, message: Message | None, offsets: Iterable[TopicPartition] | None, is_async: bool
    ) -> Steps[list[TopicPartition] | None]:
        """What was committed; None if nobody waits for it.  KafkaException if it failed."""
        id = self.act("commit", self._offsets(message, offsets))
        if is_async:
            return None
        yield Pause("has_result", "the commit", None, (id,))
        result = self.act("take_result", id)
        places = _places(result.offsets)
        if result.error:
            raise failure(result.error)
        return places

    def store_offsets(
        self, message: Message | None, offsets: Iterable[TopicPartition] | None
    ) -> None:
        """For a later commit(); KafkaException _STATE if a partition is not assigned."""
        given = self._offsets(message, offsets)
        if given is None:
            raise ValueError("store_offsets needs a message or offsets")
        self.act("store_offsets", given)

    def _offsets(
        self, message: Message | None, offsets: Iterable[TopicPartition] | None
    ) -> tuple[tuple[str, int, int], ...] | None:
        if message is not None and offsets is not None:
            raise ValueError("give either a message or offsets, not both")
        if message is not None:
            if message.error() is not None:
                raise failure(INVALID_ARG, "a message that is an error has no offset")
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if topic is None or partition is None or offset is None:
                raise failure(INVALID_ARG, "this message was not consumed: it has no offset")
            return ((topic, partition, offset + 1),)
        if offsets is None:
            return None
        return tuple((one.topic, one.partition, one.offset) for one in offsets)

    def ask(
        self, method: str, arguments: tuple[Any, ...], what: str, timeout: float | None
    ) -> Steps[Any]:
        """Ask the node something that takes time.  KafkaException _TIMED_OUT or what else."""
        id = self.act(method, *arguments)
        is_answered = yield Pause("has_result", what, limit_ms(timeout), (id,))
        if not is_answered:
            raise failure(TIMED_OUT, f"no answer within {timeout} virtual seconds: {what}")
        result = self.act("take_result", id)
        if result.error:
            raise failure(result.error)
        return result.offsets

    def committed(
        self, partitions: Sequence[TopicPartition], timeout: float | None
    ) -> Steps[list[TopicPartition]]:
        asked = _pairs(partitions)
        what = "the committed offsets"
        return _places((yield from self.ask("query_committed", (asked,), what, timeout)))

    def watermarks(self, place: TopicPartition, timeout: float | None) -> Steps[tuple[int, int]]:
        """(low, high): the log start and the high watermark."""
        asked = (place.topic, place.partition)
        what = f"the watermarks of {place.topic}-{place.partition}"
        low, high = yield from self.ask("query_watermarks", asked, what, timeout)
        return low, high

    def offsets_for_times(
        self, partitions: Sequence[TopicPartition], timeout: float | None
    ) -> Steps[list[TopicPartition]]:
        """The `offset` of each given partition is a timestamp in ms."""
        asked = tuple((one.topic, one.partition, one.offset) for one in partitions)
        what = "offsets for times"
        return _places((yield from self.ask("query_offsets_for_times", (asked,), what, timeout)))

    def group_metadata(self) -> GroupMember:
        """Who this consumer is in its group now."""
        self._check_open()
        read = self._reach.read
        return GroupMember(
            read("group_id"), read("generation"), read("member_id"), read("group_instance_id")
        )

    def position(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        """The next offset of each; OFFSET_INVALID before anything was read."""
        self._check_open()
        asked = _pairs(partitions)
        offsets = self._reach.read("position", asked)
        return [
            TopicPartition(one.topic, one.partition, OFFSET_INVALID if offset is None else offset)
            for one, offset in zip(partitions, offsets, strict=True)
        ]

    # --- the end

    def close(self) -> Steps[None]:
        """Leave the group; revoke callbacks are called."""
        if self._is_closed:
            return
        self.act("close")
        while not self._reach.read("is_closed"):
            yield from self._serve()
            yield Pause("is_closed_or_must_call_back", _CLOSING)
        self._is_closed = True

    def _check_open(self) -> None:
        if self._is_closed:
            raise RuntimeError("Consumer closed")


def _pairs(partitions: Iterable[TopicPartition]) -> tuple[tuple[str, int], ...]:
    return tuple((one.topic, one.partition) for one in partitions)


def _places(offsets: Iterable[tuple[str, int, int, int]]) -> list[TopicPartition]:
    places = []
    for topic, partition, offset, error in offsets:
        place = TopicPartition(topic, partition, offset)
        place.error = KafkaError(error) if error else None
        places.append(place)
    return places


def _finished(result: object) -> Steps[None]:
    """Wait for what an async callback returned."""
    if isinstance(result, Awaitable):
        yield result


__all__ = ["Consuming", "KafkaException", "OnAssign", "OnCommit"]
