"""What a producer handle does, whoever drives it: as steps (see `session`).

Callbacks live here, not in the node: they are called while steps run, in the order of the
reports, and what one raises comes out once all reports have been served.

Read next: `producer` and `async_handles`, which run it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from kafkalab.client.errors import QUEUE_FULL, TIMED_OUT, KafkaError, KafkaException, failure
from kafkalab.client.message import Delivery, Message, TopicPartition
from kafkalab.client.transaction_requests import GroupMember, Offset
from kafkalab.handles.listing import ClusterMetadata, cluster_metadata
from kafkalab.handles.records import as_bytes, headers_of
from kafkalab.handles.session import Deadline, Pause, Reach, Steps, limit_ms

OnDelivery = Callable[[KafkaError | None, Message], object]

_METADATA_TIMEOUT_MS = 60_000


class Producing:
    """One producer's callbacks, and its calls."""

    def __init__(self, reach: Reach, on_delivery: OnDelivery | None) -> None:
        self._reach = reach
        self._on_delivery = on_delivery
        self._callbacks: dict[int, OnDelivery] = {}

    def produce(
        self,
        topic: str,
        value: Any,
        key: Any,
        partition: int,
        on_delivery: OnDelivery | None,
        timestamp: int,
        headers: Any,
    ) -> None:
        """BufferError when the queue is full, KafkaException when the record is too large."""
        if not isinstance(topic, str):
            raise TypeError(f"topic must be str, not {type(topic).__name__}")
        record = (as_bytes(value, "value"), as_bytes(key, "key"), partition, headers_of(headers))
        try:
            id = self._reach.act("produce", topic, *record, timestamp)
        except KafkaException as error:
            if error.args[0] == QUEUE_FULL:
                raise BufferError("Local: Queue full: call poll() and try again") from None
            raise
        wanted = on_delivery or self._on_delivery
        if wanted is not None:
            self._callbacks[id] = wanted

    def poll(self, timeout: float | None) -> Steps[int]:
        """Wait for a report; serve all there are; how many."""
        yield Pause("has_reports", "a delivery report", limit_ms(timeout))
        return self._serve()

    def flush(self, timeout: float | None) -> Steps[int]:
        """Wait until all is reported and served; how many records are not."""
        deadline = Deadline(self._reach, timeout)
        self._reach.act("begin_flush")
        try:
            while left := self._reach.read("outstanding"):
                what = f"flush ({left} records are not reported)"
                is_news = yield Pause("has_reports", what, deadline.left_ms)
                self._serve()
                if not is_news:
                    break
        finally:
            self._reach.act("end_flush")
        return int(self._reach.read("outstanding"))

    # --- transactions

    def begin_transaction(self) -> None:
        self._reach.act("begin_transaction")

    def transact(self, call: str, timeout: float | None) -> Steps[None]:
        """`init_transactions`, `commit_transaction` or `abort_transaction`, until it is over."""
        limit = limit_ms(timeout)
        if limit is None:
            limit = int(self._reach.read("transaction_timeout_ms"))
            limit *= 2 if call == "init_transactions" else 1
        self._reach.act("begin_call", call)
        return (yield from self._outcome(call, limit))

    def send_offsets(
        self, positions: Iterable[TopicPartition], group: GroupMember, timeout: float | None
    ) -> Steps[None]:
        """Commit offsets as part of the transaction."""
        limit = limit_ms(timeout)
        if limit is None:
            limit = int(self._reach.read("transaction_timeout_ms"))
        offsets = tuple(
            Offset(each.topic, each.partition, each.offset, each.metadata or "")
            for each in positions
            if each.offset >= 0
        )
        self._reach.act("send_offsets", offsets, group)
        return (yield from self._outcome("send_offsets_to_transaction", limit))

    def _outcome(self, call: str, limit: int) -> Steps[None]:
        deadline = Deadline(self._reach, limit / 1000)
        while not self._reach.read("has_outcome"):
            is_news = yield Pause("has_news", call, deadline.left_ms)
            self._serve()
            if not is_news:
                reason = f"{call} is not over yet: call it again"
                raise failure(TIMED_OUT, reason, retriable=True)
        self._serve()
        outcome = self._reach.act("take_outcome")
        if outcome.error:
            error, reason, is_retriable, must_abort, is_fatal = outcome
            raise failure(
                error,
                reason,
                fatal=is_fatal,
                retriable=is_retriable,
                txn_requires_abort=must_abort,
            )

    def _serve(self) -> int:
        if not self._reach.read("has_reports"):
            return 0
        reports: tuple[Delivery, ...] = self._reach.act("take_reports")
        raised: Exception | None = None
        for report in reports:
            callback = self._callbacks.pop(report.id, None)
            if callback is None:
                continue
            message = Message(report)
            try:
                callback(message.error(), message)
            except Exception as error:
                raised = raised or error
        if raised is not None:
            raise raised
        return len(reports)


def list_topics(reach: Reach, topic: str | None, timeout: float | None) -> Steps[ClusterMetadata]:
    """Ask some broker.  KafkaException _TIMED_OUT."""
    limit = limit_ms(timeout)
    id = reach.act("request_metadata", topic, _METADATA_TIMEOUT_MS if limit is None else limit)
    is_answered = yield Pause("has_result", "the list of topics", limit, (id,))
    reply = reach.act("take_result", id) if is_answered else None
    if reply is None or reply.error:
        raise failure(TIMED_OUT if reply is None else reply.error)
    return cluster_metadata(reply.response)
