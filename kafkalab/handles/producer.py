"""A producer as an application holds it, in confluent_kafka's shape.

    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"})
    producer.produce("orders", key="user-1", value="…", on_delivery=report)
    producer.flush()                    # runs virtual time until every record is reported

`produce` returns at once and no time passes; records leave when time runs, in `poll`, `flush` or
`sim.run`.  Callbacks are called inside `poll` and `flush` only, and what they raise comes out
there.

In confluent_kafka: `Producer`.  Left out: statistics, `error_cb`.
Read next: `producing`, what it does; `client.producer`, the node that does the work.
"""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kafkalab.client.message import TopicPartition
from kafkalab.client.transaction_requests import GroupMember
from kafkalab.handles.listing import ClusterMetadata
from kafkalab.handles.producing import OnDelivery, Producing, list_topics
from kafkalab.handles.session import Session, settings

if TYPE_CHECKING:
    from kafkalab.sim import Simulation


class Producer:
    """See the module's docstring.

    `conf` as for confluent_kafka (`ConfigError` names what is unknown or unsupported);
    `on_delivery` in it is called for every record that has no callback of its own.
    `sim` is the simulation to join: by default the newest open one.
    """

    def __init__(self, conf: Mapping[str, Any], sim: "Simulation | None" = None) -> None:
        given = settings("producer", conf)
        on_delivery: OnDelivery | None = given.pop("on_delivery", None)
        self._session = Session("producer", given, sim)
        self._producing = Producing(self._session, on_delivery)

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
        wanted = on_delivery or callback
        self._producing.produce(topic, value, key, partition, wanted, timestamp, headers)

    def poll(self, timeout: float | None = -1) -> int:
        """Run until a report has come, at most `timeout` virtual seconds; call the callbacks.

        Returns how many reports there were.
        """
        return self._session.run(self._producing.poll(timeout))

    def flush(self, timeout: float | None = -1) -> int:
        """Run until every record is reported, or `timeout` virtual seconds have passed.

        Returns how many are still waiting.  Without a timeout: `StillWaiting` after an hour.
        """
        return self._session.run(self._producing.flush(timeout))

    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        """Give records up; their reports (_PURGE_QUEUE, _PURGE_INFLIGHT) come with `poll`."""
        self._session.act("purge", in_queue, in_flight)

    # --- transactions

    def init_transactions(self, timeout: float | None = -1) -> None:
        """Take the transactional.id over: whoever had it is fenced.

        This and the calls below raise KafkaException; its error says what to do: `retriable()`,
        the same call again; `txn_requires_abort()`, abort_transaction(); `fatal()`, give up.
        """
        self._session.run(self._producing.transact("init_transactions", timeout))

    def begin_transaction(self) -> None:
        """What is produced from now on is committed or aborted as one."""
        self._producing.begin_transaction()

    def send_offsets_to_transaction(
        self,
        positions: Iterable[TopicPartition],
        group_metadata: GroupMember,
        timeout: float | None = -1,
    ) -> None:
        """Commit a consumer's positions with the transaction.

        `group_metadata` is `consumer.consumer_group_metadata()`.
        """
        self._session.run(self._producing.send_offsets(positions, group_metadata, timeout))

    def commit_transaction(self, timeout: float | None = -1) -> None:
        """Send all that was produced and commit it; its callbacks are called meanwhile."""
        self._session.run(self._producing.transact("commit_transaction", timeout))

    def abort_transaction(self, timeout: float | None = -1) -> None:
        """Give up what has not been sent; what has been, no reader of committed records sees."""
        self._session.run(self._producing.transact("abort_transaction", timeout))

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata:
        """Brokers and topics as some broker knows them; KafkaException _TIMED_OUT."""
        return self._session.run(list_topics(self._session, topic, timeout))

    def __len__(self) -> int:
        """Records whose report has not been served."""
        return int(self._session.read("outstanding"))

    def __bool__(self) -> bool:
        return True  # also with nothing outstanding

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
        return f"<{self.name}: {self._session.read('doing', self._session.now)}>"
