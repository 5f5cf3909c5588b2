"""A producer as an application holds it, in confluent_kafka's shape.

    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"})
    producer.produce("orders", key="user-1", value="…", on_delivery=report)
    producer.flush()                    # runs virtual time until every record is reported

`produce` returns at once and no time passes; records leave when time runs, in `poll`, `flush` or
`sim.run`.  Callbacks are called inside `poll` and `flush` only, and what they raise comes out
there.

In confluent_kafka: `Producer`.  Left out: transactions, statistics, `error_cb`.
Read next: `client.producer`, the node that does the work.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kafkalab.client.errors import QUEUE_FULL, TIMED_OUT, KafkaError, KafkaException, failure
from kafkalab.client.message import Message
from kafkalab.handles.listing import ClusterMetadata, cluster_metadata
from kafkalab.handles.records import as_bytes, headers_of
from kafkalab.handles.session import Session, limit_ms

if TYPE_CHECKING:
    from kafkalab.sim import Simulation

OnDelivery = Callable[[KafkaError | None, Message], object]


class Producer:
    """See the module's docstring.

    `conf` as for confluent_kafka (`ConfigError` names what is unknown or unsupported);
    `on_delivery` in it is called for every record that has no callback of its own.
    `sim` is the simulation to join: by default the newest open one.
    """

    def __init__(self, conf: Mapping[str, Any], sim: "Simulation | None" = None) -> None:
        given = dict(conf)
        self._on_delivery: OnDelivery | None = given.pop("on_delivery", None)
        self._session = Session("producer", given, sim)
        self._callbacks: dict[int, OnDelivery] = {}

    @property
    def name(self) -> str:
        """What its node is called in the pictures."""
        return self._session.name

    def produce(
        self,
        topic: str,
        value: str | bytes | None = None,
        key: str | bytes | None = None,
        partition: int = -1,
        callback: OnDelivery | None = None,
        on_delivery: OnDelivery | None = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        """Hand over a record; `on_delivery(error, message)` says later what became of it.

        Text is sent as UTF-8.  `timestamp` in ms, 0 for now.  BufferError when the queue is full
        (call `poll`), KafkaException when the record is too large.
        """
        arguments = (
            topic,
            as_bytes(value, "value"),
            as_bytes(key, "key"),
            partition,
            headers_of(headers),
            timestamp,
        )
        try:
            id = self._session.act("produce", *arguments)
        except KafkaException as error:
            if error.args[0] == QUEUE_FULL:
                raise BufferError("Local: Queue full: call poll() and try again") from None
            raise
        wanted = on_delivery or callback or self._on_delivery
        if wanted is not None:
            self._callbacks[id] = wanted

    def poll(self, timeout: float = -1) -> int:
        """Run until a report has come, at most `timeout` virtual seconds; call the callbacks.

        Returns how many reports there were.
        """
        node = self._session.node
        self._session.wait(node.has_reports, limit_ms(timeout), "a delivery report")
        return self._serve()

    def flush(self, timeout: float = -1) -> int:
        """Run until every record is reported, or `timeout` virtual seconds have passed.

        Returns how many are still waiting.  Without a timeout: `StillWaiting` after an hour.
        """
        limit = limit_ms(timeout)
        until = None if limit is None else self._session.now + limit
        node = self._session.node
        self._session.act("begin_flush")
        try:
            while node.outstanding():
                left = None if until is None else max(0, until - self._session.now)
                what = f"flush ({node.outstanding()} records are not reported)"
                is_news = self._session.wait(node.has_reports, left, what)
                self._serve()
                if not is_news:
                    break
        finally:
            self._session.act("end_flush")
        return len(self)

    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        """Give records up; their reports (_PURGE_QUEUE, _PURGE_INFLIGHT) come with `poll`."""
        self._session.act("purge", in_queue, in_flight)

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata:
        """Brokers and topics as some broker knows them; KafkaException _TIMED_OUT."""
        return list_topics(self._session, topic, timeout)

    def __len__(self) -> int:
        """Records whose report has not been served."""
        return int(self._session.node.outstanding())

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if error is None:
            self.flush()

    def __repr__(self) -> str:
        return f"<{self.name}: {self._session.node.doing(self._session.now)}>"

    def _serve(self) -> int:
        """Call the callbacks of what has been reported."""
        if not self._session.node.has_reports():
            return 0
        reports = self._session.act("take_reports")
        raised: BaseException | None = None
        for report in reports:
            callback = self._callbacks.pop(report.id, None)
            if callback is None or raised is not None:
                continue
            message = Message(report)
            try:
                callback(message.error(), message)
            except Exception as error:
                raised = error
        if raised is not None:
            raise raised
        return len(reports)


def list_topics(session: Session, topic: str | None, timeout: float) -> ClusterMetadata:
    """`list_topics` of any handle."""
    limit = limit_ms(timeout)
    asked = session.act("request_metadata", topic, 60_000 if limit is None else limit)
    reply = session.result(asked, limit, "the list of topics")
    if reply is None or reply.error:
        raise failure(TIMED_OUT if reply is None else reply.error)
    return cluster_metadata(reply.response)
