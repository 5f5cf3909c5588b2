"""A consumer as an application holds it, in confluent_kafka's shape.

    consumer = Consumer({"bootstrap.servers": "kafka:9092", "group.id": "billing",
                         "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    message = consumer.poll(1.0)        # runs virtual time: a message, or None after one second
    consumer.commit(asynchronous=False)

Time passes in calls that wait (`poll`, `consume`, a synchronous `commit`, questions about offsets)
and in `sim.run`; a consumer that is not polled for max.poll.interval.ms leaves its group.
Callbacks are called inside `poll`, `consume` and `close`, and what they raise comes out there.

In confluent_kafka: `Consumer`.  Left out: statistics.
Read next: `consuming`, what it does; `client.consumer`, the node that does the work.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kafkalab.client.message import Message, TopicPartition
from kafkalab.client.transaction_requests import GroupMember
from kafkalab.handles.consuming import Consuming, OnAssign, OnCommit
from kafkalab.handles.listing import ClusterMetadata
from kafkalab.handles.producing import list_topics
from kafkalab.handles.session import Session, settings

if TYPE_CHECKING:
    from kafkalab.sim import Simulation


class Consumer:
    """See the module's docstring.

    `conf` as for confluent_kafka (`ConfigError` names what is unknown or unsupported); `on_commit`
    in it is called with (error, partitions) after each commit.
    `sim` is the simulation to join: by default the newest open one.
    """

    def __init__(self, conf: Mapping[str, Any], sim: "Simulation | None" = None) -> None:
        given = settings("consumer", conf)
        on_commit: OnCommit | None = given.pop("on_commit", None)
        self._session = Session("consumer", given, sim)
        self._consuming = Consuming(self._session, self, on_commit)

    @property
    def name(self) -> str:
        """What its node is called in the pictures."""
        return self._session.name

    # --- what to read

    def subscribe(
        self,
        topics: Iterable[str],
        on_assign: OnAssign | None = None,
        on_revoke: OnAssign | None = None,
        on_lost: OnAssign | None = None,
    ) -> None:
        """Join the group for these topics (a name that begins with ^ is a regular expression).

        Callbacks get (consumer, partitions); `on_revoke` also serves for `on_lost`.
        """
        self._consuming.subscribe(topics, on_assign, on_revoke, on_lost)

    def unsubscribe(self) -> None:
        """Leave the group, stay usable."""
        self._consuming.act("unsubscribe")

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these, without the group's assignment; an offset may be given with each."""
        self._consuming.assign(partitions)

    def unassign(self) -> None:
        """Read nothing."""
        self._consuming.act("unassign")

    def incremental_assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these too; for callbacks of cooperative rebalances."""
        self._consuming.incremental_assign(partitions)

    def incremental_unassign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these no more, and all others on."""
        self._consuming.incremental_unassign(partitions)

    def assignment(self) -> list[TopicPartition]:
        """What this consumer reads now."""
        return self._consuming.places("assignment")

    # --- messages

    def poll(self, timeout: float | None = -1) -> Message | None:
        """The next message or error, within so many virtual seconds; None if there is none.

        Without a timeout: `StillWaiting` after an hour.
        """
        return self._session.run(self._consuming.poll(timeout))

    def consume(self, num_messages: int = 1, timeout: float | None = -1) -> list[Message]:
        """Up to so many messages, within so many virtual seconds."""
        return self._session.run(self._consuming.consume(num_messages, timeout))

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop fetching from these, staying their owner."""
        self._consuming.pause(partitions)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch from these again."""
        self._consuming.resume(partitions)

    def seek(self, partition: TopicPartition) -> None:
        """Go on reading at the given offset; KafkaException _STATE if it is not assigned."""
        self._consuming.seek(partition)

    # --- offsets

    def commit(
        self,
        message: Message | None = None,
        offsets: Iterable[TopicPartition] | None = None,
        asynchronous: bool = True,
    ) -> list[TopicPartition] | None:
        """Commit the offset after a message, given offsets, or what has been read so far.

        asynchronous=False runs virtual time until the coordinator has it, and returns what was
        committed; KafkaException if it failed (_NO_OFFSET: there was nothing to commit).
        """
        steps = self._consuming.commit(message, offsets, asynchronous)
        return self._session.run(steps)

    def store_offsets(
        self, message: Message | None = None, offsets: Iterable[TopicPartition] | None = None
    ) -> None:
        """What the next commit() commits, when enable.auto.offset.store is off."""
        self._consuming.store_offsets(message, offsets)

    def committed(
        self, partitions: Sequence[TopicPartition], timeout: float | None = -1
    ) -> list[TopicPartition]:
        """The group's committed offsets; OFFSET_INVALID where there is none."""
        return self._session.run(self._consuming.committed(partitions, timeout))

    def consumer_group_metadata(self) -> GroupMember:
        """Who it is in its group now, for `producer.send_offsets_to_transaction`."""
        return self._consuming.group_metadata()

    def position(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        """The offset after the last message returned; OFFSET_INVALID before the first."""
        return self._consuming.position(partitions)

    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float | None = -1, cached: bool = False
    ) -> tuple[int, int]:
        """(log start, high watermark), asked of the leader; `cached` makes no difference here."""
        return self._session.run(self._consuming.watermarks(partition, timeout))

    def offsets_for_times(
        self, partitions: Sequence[TopicPartition], timeout: float | None = -1
    ) -> list[TopicPartition]:
        """The first offset at or after each given timestamp (ms, in `offset`); -1 if none."""
        return self._session.run(self._consuming.offsets_for_times(partitions, timeout))

    # --- the rest

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata:
        """Brokers and topics as some broker knows them; KafkaException _TIMED_OUT."""
        return self._session.run(list_topics(self._session, topic, timeout))

    def memberid(self) -> str:
        """The id the coordinator gave it; "" before that."""
        return str(self._session.read("member_id") or "")

    def close(self) -> None:
        """Commit if that is automatic, leave the group; nothing else works afterwards."""
        self._session.run(self._consuming.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self.name}: {self._session.read('doing', self._session.now)}>"
