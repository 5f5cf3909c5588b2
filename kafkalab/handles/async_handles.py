"""Producers and consumers of an app inside the world: as the others, but to be awaited.

    async def pay(app):
        producer = app.producer({"bootstrap.servers": "kafka:9092"})
        producer.produce("orders", value="…")
        await producer.flush()

What takes no time is a plain call; what may wait is awaited.  Callbacks may be async functions in
a consumer.

Read next: `producing`, `consuming`; `world.runner`, what they are built on.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from kafkalab.client.message import Message, TopicPartition
from kafkalab.client.transaction_requests import GroupMember
from kafkalab.handles.consuming import Consuming, OnAssign
from kafkalab.handles.listing import ClusterMetadata
from kafkalab.handles.producing import OnDelivery, Producing, list_topics
from kafkalab.handles.session import AppSession
from kafkalab.ids import NodeName
from kafkalab.world.runner import Runner


class AppProducer:
    """A producer of an app; see `kafkalab.handles.producer` for what each call does."""

    def __init__(self, runner: Runner, name: NodeName) -> None:
        self._session = AppSession(runner, name)
        self._producing = Producing(self._session, None)

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
        """Hand over a record; no time passes."""
        wanted = on_delivery or callback
        self._producing.produce(topic, value, key, partition, wanted, timestamp, headers)

    async def poll(self, timeout: float | None = -1) -> int:
        """Wait for delivery reports; how many there were."""
        return await self._session.run(self._producing.poll(timeout))

    async def flush(self, timeout: float | None = -1) -> int:
        """Wait until every record is reported; how many are not."""
        return await self._session.run(self._producing.flush(timeout))

    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        """Give records up."""
        self._session.act("purge", in_queue, in_flight)

    async def init_transactions(self, timeout: float | None = -1) -> None:
        """Take the transactional.id over."""
        await self._session.run(self._producing.transact("init_transactions", timeout))

    def begin_transaction(self) -> None:
        """What is produced from now on is committed or aborted as one."""
        self._producing.begin_transaction()

    async def send_offsets_to_transaction(
        self,
        positions: Iterable[TopicPartition],
        group_metadata: GroupMember,
        timeout: float | None = -1,
    ) -> None:
        """Commit a consumer's positions with the transaction."""
        steps = self._producing.send_offsets(positions, group_metadata, timeout)
        await self._session.run(steps)

    async def commit_transaction(self, timeout: float | None = -1) -> None:
        """Send all that was produced and commit it."""
        await self._session.run(self._producing.transact("commit_transaction", timeout))

    async def abort_transaction(self, timeout: float | None = -1) -> None:
        """Give it up."""
        await self._session.run(self._producing.transact("abort_transaction", timeout))

    async def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata:
        """Brokers and topics as some broker knows them."""
        return await self._session.run(list_topics(self._session, topic, timeout))

    def __len__(self) -> int:
        return int(self._session.read("outstanding"))

    def __bool__(self) -> bool:
        return True


class AppConsumer:
    """A consumer of an app; see `kafkalab.handles.consumer` for what each call does."""

    def __init__(self, runner: Runner, name: NodeName) -> None:
        self._session = AppSession(runner, name)
        self._consuming = Consuming(self._session, self, None)

    @property
    def name(self) -> str:
        """What its node is called in the pictures."""
        return self._session.name

    def subscribe(
        self,
        topics: Iterable[str],
        on_assign: OnAssign | None = None,
        on_revoke: OnAssign | None = None,
        on_lost: OnAssign | None = None,
    ) -> None:
        """Join the group for these topics."""
        self._consuming.subscribe(topics, on_assign, on_revoke, on_lost)

    def unsubscribe(self) -> None:
        """Leave the group, stay usable."""
        self._consuming.act("unsubscribe")

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these, without the group's assignment."""
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

    async def poll(self, timeout: float | None = -1) -> Message | None:
        """The next message or error; None if there is none in time."""
        return await self._session.run(self._consuming.poll(timeout))

    async def consume(self, num_messages: int = 1, timeout: float | None = -1) -> list[Message]:
        """Up to so many messages, in time."""
        return await self._session.run(self._consuming.consume(num_messages, timeout))

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop fetching from these, staying their owner."""
        self._consuming.pause(partitions)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch from these again."""
        self._consuming.resume(partitions)

    def seek(self, partition: TopicPartition) -> None:
        """Go on reading at the given offset."""
        self._consuming.seek(partition)

    async def commit(
        self,
        message: Message | None = None,
        offsets: Iterable[TopicPartition] | None = None,
        asynchronous: bool = False,
    ) -> list[TopicPartition] | None:
        """As the other's, but waits for the coordinator unless told not to."""
        steps = self._consuming.commit(message, offsets, asynchronous)
        return await self._session.run(steps)

    def store_offsets(
        self, message: Message | None = None, offsets: Iterable[TopicPartition] | None = None
    ) -> None:
        """What the next commit() commits."""
        self._consuming.store_offsets(message, offsets)

    async def committed(
        self, partitions: Sequence[TopicPartition], timeout: float | None = -1
    ) -> list[TopicPartition]:
        """The group's committed offsets."""
        return await self._session.run(self._consuming.committed(partitions, timeout))

    def consumer_group_metadata(self) -> GroupMember:
        """Who it is in its group now, for `send_offsets_to_transaction`."""
        return self._consuming.group_metadata()

    def position(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        """The offset after the last message returned."""
        return self._consuming.position(partitions)

    async def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float | None = -1, cached: bool = False
    ) -> tuple[int, int]:
        """(log start, high watermark)."""
        return await self._session.run(self._consuming.watermarks(partition, timeout))

    async def offsets_for_times(
        self, partitions: Sequence[TopicPartition], timeout: float | None = -1
    ) -> list[TopicPartition]:
        """The first offset at or after each given timestamp."""
        return await self._session.run(self._consuming.offsets_for_times(partitions, timeout))

    async def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata:
        """Brokers and topics as some broker knows them."""
        return await self._session.run(list_topics(self._session, topic, timeout))

    async def close(self) -> None:
        """Leave the group; nothing else works afterwards."""
        await self._session.run(self._consuming.close())

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed, here or from outside the app (`leave` in the bench)."""
        return bool(self._session.read("is_closed"))
