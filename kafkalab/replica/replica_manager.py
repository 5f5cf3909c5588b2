"""All replicas on one broker: which there are, what role they play, and what is due for them.

    metadata ──▶ apply ──▶ roles ──▶ fetchers (as follower)   ISR changes (as leader)
    requests ──▶ produce, fetch, list_offsets, delete_records ──▶ answers, now or later
                              └── news (`local_broker`) ──▶ whoever waits

It composes; the parts have their own state.  Each entry ends by passing on the news it made.

A broker acts on the metadata only once it finds its own registration there: what comes before was
addressed to an earlier process, and the logs on its disk may be further than it.

Invariants: a log on the disk is a partition's of the newest image, with its topic id (the
metadata log apart); there are no news between two calls.

In Kafka: `ReplicaManager`, `BrokerMetadataPublisher`.
Left out: log directories, reassignment, quotas.  Read next: `partition`, `fetch`, `fetcher`.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final, Self

from kafkalab.config import Config
from kafkalab.ids import NodeId, TopicPartition, Uuid
from kafkalab.log import SENTINEL, Disk
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.metadata.image import BROKER_RESOURCE, TOPIC_RESOURCE
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.fetch import FetchRequest
from kafkalab.protocol.messages.log_offsets import (
    DeleteRecordsRequest,
    ListOffsetsRequest,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)
from kafkalab.protocol.messages.produce import ProduceRequest
from kafkalab.protocol.messages.transaction_admin import WriteTxnMarkersRequest
from kafkalab.record import Batch
from kafkalab.replica import (
    alter_partition,
    delete_records,
    fetch,
    fetcher,
    housekeeping,
    marking,
    offsets,
    produce,
)
from kafkalab.replica.alter_partition import AlterPartitions
from kafkalab.replica.delete_records import Deletes
from kafkalab.replica.fetch import Fetches
from kafkalab.replica.fetcher import Fetchers
from kafkalab.replica.local_broker import LocalBroker
from kafkalab.replica.marking import MarkerWrites
from kafkalab.replica.partition import Partition
from kafkalab.replica.produce import Produces
from kafkalab.replica.verifying import Verifying, begin_offsets, begin_produce

_METADATA_TOPIC: Final = "__cluster_metadata"
_TASK: Final = "task"


class ReplicaManager:
    """See the module's docstring.  Times in milliseconds."""

    __slots__ = (
        "_alterations",
        "_deletes",
        "_disk",
        "_fetchers",
        "_fetches",
        "_is_live",
        "_local",
        "_markers",
        "_produces",
        "raised",
        "role_changes",
    )

    def __init__(
        self, broker_id: NodeId, config: Config, disk: Disk, effects: Effects, seed: int
    ) -> None:
        self._disk = disk
        self._local = local = LocalBroker(broker_id, config, effects)
        self._alterations = AlterPartitions(local)
        self._produces = Produces(local)
        self._fetches = Fetches(local, seed)
        self._deletes = Deletes(local)
        self._markers = MarkerWrites(local)
        self._fetchers = Fetchers(local)
        self._is_live = False  # our own registration has been seen
        self.raised: dict[TopicPartition, None] = {}
        self.role_changes: list[tuple[TopicPartition, int | None]] = []

    @property
    def broker_epoch(self) -> int:
        """Of the registration of this process; -1 before there is one."""
        return self._local.epoch

    @broker_epoch.setter
    def broker_epoch(self, epoch: int) -> None:
        self._local.epoch = epoch

    @property
    def partitions(self) -> Mapping[TopicPartition, Partition]:
        """The replicas here."""
        return self._local.partitions

    def partition(self, topic_partition: TopicPartition) -> Partition | None:
        """One replica, or None."""
        return self._local.partitions.get(topic_partition)

    # --- requests -----------------------------------------------------------------------------
    def produce(
        self, ticket: Ticket, request: ProduceRequest, now: int, verifying: Verifying | None = None
    ) -> None:
        """Append; answered by effects, now or when acks is satisfied."""
        self._produces.handle(ticket, request, now, verifying)
        self._pass_on(now)

    def begin_verifying(self, request: ProduceRequest, version: int) -> Verifying:
        """What must be asked of the transaction coordinator first."""
        return begin_produce(self._local, request, version)

    def begin_verifying_offsets(
        self, partition: TopicPartition, producer_id: int, epoch: int, *, bumps_epoch: bool
    ) -> Verifying:
        """The same for offsets in a transaction."""
        return begin_offsets(self._local, partition, producer_id, epoch, bumps_epoch)

    def write_markers(
        self,
        ticket: Ticket,
        request: WriteTxnMarkersRequest,
        append: marking.AppendMarker,
        now: int,
    ) -> None:
        """End transactions; answered when the markers are committed."""
        self._markers.handle(ticket, request, append, now)
        self._pass_on(now)

    def fetch(self, ticket: Ticket, request: FetchRequest, now: int) -> None:
        """Read; answered by effects, now or when there is enough."""
        self._fetches.handle(ticket, request, now)
        self._pass_on(now)

    def list_offsets(self, ticket: Ticket, request: ListOffsetsRequest, now: int) -> None:
        """Offsets by time; answered at once."""
        response = offsets.list_offsets(self._local, request, ticket.api_version)
        self._local.effects.reply(ticket, response)

    def offsets_for_leader_epoch(
        self, request: OffsetForLeaderEpochRequest
    ) -> OffsetForLeaderEpochResponse:
        """Where leader epochs ended here."""
        return offsets.offsets_for_leader_epoch(self._local, request)

    def delete_records(self, ticket: Ticket, request: DeleteRecordsRequest, now: int) -> None:
        """Move log starts; answered when live replicas have moved theirs."""
        self._deletes.handle(ticket, request, now)
        self._pass_on(now)

    def append(
        self,
        topic_partition: TopicPartition,
        batch: Batch,
        now: int,
        *,
        transaction_version: int = 0,
        guard: int = SENTINEL,
    ) -> int:
        """Append a coordinator's batch as with acks=all; its last offset.

        It is committed when the high watermark passes it.  Raises NOT_LEADER_OR_FOLLOWER,
        UNKNOWN_TOPIC_OR_PARTITION, NOT_ENOUGH_REPLICAS.
        """
        partition = self._local.hosted(topic_partition)
        partition.check_enough_in_sync()
        result = partition.append(batch, now, transaction_version=transaction_version, guard=guard)
        self._pass_on(now)
        return result.last_offset

    def take_high_watermarks(self) -> list[tuple[TopicPartition, int]]:
        """The high watermarks that rose on led partitions since this was last asked."""
        if not self.raised:
            return []
        raised, self.raised = self.raised, {}
        partitions = self._local.partitions
        return [(name, partitions[name].high_watermark) for name in raised if name in partitions]

    def take_role_changes(self) -> list[tuple[TopicPartition, int | None]]:
        """What this broker began to lead (and in which epoch), or (None) leads no more."""
        if not self.role_changes:
            return []
        changes, self.role_changes = self.role_changes, []
        return changes

    # --- metadata -----------------------------------------------------------------------------
    def apply(self, image: MetadataImage, delta: MetadataDelta, now: int) -> None:
        """Take on the roles a new image gives; `delta` says what is new in it."""
        local = self._local
        local.image = image
        if self._is_live:
            for topic in delta.deleted_topics.values():
                for number in topic.partitions:
                    self._remove(TopicPartition(topic.name, number), topic.topic_id)
            changed = list(delta.changed_partitions)
        else:
            registration = image.brokers.get(local.id)
            if registration is None or registration.epoch != local.epoch:
                return
            self._go_live(image, now)
            changed = [
                TopicPartition(topic.name, number)
                for topic in image.topics.values()
                for number in topic.partitions
            ]
        for name in changed:
            self._assign(name, image, now)
        self._configure(image, delta, now)
        if delta.changed_brokers:
            self._reconsider(now)
        self._fetches.on_metadata()
        self._pass_on(now)
        self._fetchers.send()

    def _go_live(self, image: MetadataImage, now: int) -> None:
        self._is_live = True
        for name, log in list(self._disk.logs.items()):
            topic, wanted = image.topics.get(name.topic), image.partition(name)
            is_ours = topic is not None and topic.topic_id == log.topic_id
            is_ours = is_ours and wanted is not None and self._local.id in wanted.replicas
            if not is_ours and name.topic != _METADATA_TOPIC:
                self._disk.delete_log(name)
        for task in housekeeping.TASKS:
            self._schedule(task, now)

    def _assign(self, name: TopicPartition, image: MetadataImage, now: int) -> None:
        topic = image.topics[name.topic]
        wanted = topic.partitions[name.partition]
        local = self._local
        if local.id not in wanted.replicas:
            self._remove(name, topic.topic_id)
            return
        partition = local.partitions.get(name)
        if partition is None:
            partition = self._host(name, topic.topic_id, image)
        was_leader = partition.is_leader
        if wanted.leader == local.id:
            self._fetchers.unfollow(name, topic.topic_id)
            if partition.become_leader(wanted, now):
                self.role_changes.append((name, wanted.leader_epoch))
                for replica_id in partition.replica_states:
                    self._fetches.expect(name, replica_id, now)
            return
        is_new_epoch = partition.become_follower(wanted)
        if was_leader and not partition.is_leader:
            self.role_changes.append((name, None))
        if is_new_epoch:
            self._fetchers.unfollow(name, topic.topic_id)
            if wanted.has_leader:
                self._fetchers.follow(name, topic.topic_id, wanted.leader)

    def _host(self, name: TopicPartition, topic_id: Uuid, image: MetadataImage) -> Partition:
        """A replica on the log that is on the disk, or on a new one."""
        config = image.topic_config(name.topic, self._local.config, self._local.id)
        log = self._disk.logs.get(name)
        if log is not None and log.topic_id != topic_id:
            self._disk.delete_log(name)
            log = None
        if log is None:
            log = self._disk.create_log(name, config, topic_id)
        else:
            log.config = config
        partition = self._local.partitions[name] = Partition(self._local, log)
        return partition

    def _remove(self, name: TopicPartition, topic_id: Uuid) -> None:
        partition = self._local.partitions.pop(name, None)
        self._fetchers.unfollow(name, topic_id)
        if partition is None:
            return
        if partition.is_leader:
            self.role_changes.append((name, None))
        self._disk.delete_log(name)
        self._local.changed[name] = None

    def _configure(self, image: MetadataImage, delta: MetadataDelta, now: int) -> None:
        topics = [name for kind, name in delta.changed_configs if kind == TOPIC_RESOURCE]
        brokers = ((BROKER_RESOURCE, ""), (BROKER_RESOURCE, str(self._local.id)))
        if any(resource in delta.changed_configs for resource in brokers):
            topics = list(image.topics)
        for topic in topics:
            if topic not in image.topics:
                continue
            config = image.topic_config(topic, self._local.config, self._local.id)
            for number in image.topics[topic].partitions:
                partition = self._local.partitions.get(TopicPartition(topic, number))
                if partition is None:
                    continue
                partition.log.config = config
                partition.configured()
                if partition.leading is not None:
                    partition.leading.advance_high_watermark(now)

    def _reconsider(self, now: int) -> None:
        """Brokers were fenced or unfenced: others may join ISRs, others are waited for."""
        self._deletes.look_again_at_all()
        for name, partition in self._local.partitions.items():
            leading = partition.leading
            if leading is not None and len(leading.isr_state.isr) <= len(leading.followers):
                self._local.changed[name] = None
                leading.advance_high_watermark(now)

    # --- time and answers ---------------------------------------------------------------------
    def on_response(self, key: Hashable, response: Any, now: int) -> None:
        """A controller or a leader has answered, or (None) not."""
        if key == alter_partition.KEY:
            self._alterations.on_response(response, now)
        else:
            assert isinstance(key, tuple)
            self._fetchers.on_response(key[1], response, now)
        self._pass_on(now)

    def next_timer(self) -> int | None:
        return self._local.timers.first

    def on_timer(self, now: int) -> None:
        """Do everything that is due."""
        due = self._local.timers.pop_due(now)
        for kind, what in due:
            if kind == fetch.TIMER:
                self._fetches.expire(what)
            elif kind == produce.TIMER:
                self._produces.expire(what)
            elif kind == delete_records.TIMER:
                self._deletes.expire(what)
            elif kind == marking.TIMER:
                self._markers.expire(what)
            elif kind == fetcher.FETCHER_TIMER:
                self._fetchers.resume(what)
            elif kind == fetcher.PARTITION_TIMER:
                self._fetchers.resume_partition(*what)
            elif kind == alter_partition.KEY:
                self._alterations.send()
            else:
                housekeeping.do(what, self._local, self._disk, now)
                self._schedule(what, now)
        if due or self._local.has_news:
            self._pass_on(now)

    def _schedule(self, task: str, now: int) -> None:
        due = now + housekeeping.period_ms(task, self._local.config)
        self._local.timers.set((_TASK, task), due)

    def _pass_on(self, now: int) -> None:
        """Tell those who wait what has happened, until nothing more happens."""
        local, fetches = self._local, self._fetches
        while local.has_news:
            if local.asked:
                asked, local.asked = local.asked, {}
                self._alterations.submit(asked)
            appended, local.appended = local.appended, {}
            for name in appended:
                fetches.on_appended(name)
            advanced, local.advanced = local.advanced, {}
            for name in advanced:
                self.raised[name] = None
                self._produces.look_again(name)
                self._markers.look_again(name)
                fetches.on_advanced(name)
            trimmed, local.trimmed = local.trimmed, {}
            for name in trimmed:
                self._deletes.look_again(name)
                fetches.on_trimmed(name)
            changed, local.changed = local.changed, {}
            for name in changed:
                self._produces.look_again(name)
                self._markers.look_again(name)
                self._deletes.look_again(name)
                fetches.on_changed(name)
        if fetches.woken:
            fetches.complete_woken(now)

    def fork(self, effects: Effects, disk: Disk) -> Self:
        """An equal manager on a forked disk."""
        other = type(self).__new__(type(self))
        other._disk = disk
        other._local = local = self._local.fork(effects)
        for name, partition in self._local.partitions.items():
            local.partitions[name] = partition.fork(local, disk)
        other._alterations = self._alterations.fork(local)
        other._produces = self._produces.fork(local)
        other._fetches = self._fetches.fork(local)
        other._deletes = self._deletes.fork(local)
        other._markers = self._markers.fork(local)
        other._fetchers = self._fetchers.fork(local)
        other._is_live = self._is_live
        other.raised = self.raised.copy()
        other.role_changes = self.role_changes.copy()
        return other
