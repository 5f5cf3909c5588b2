"""The group coordinator of a broker: a shard for each partition of `__consumer_offsets` it leads.

    group id ──partition_for──▶ partition ──led here?──▶ HostedPartition[GroupShard]
                                    └── no: NOT_COORDINATOR; still loading: …LOAD_IN_PROGRESS

It finds the shard, carries requests there and answers back, and tells the shards what the broker
learns: elections, high watermarks, metadata.  A request for several groups is split and its
answers are gathered.

Invariants: every request is answered once: at once, when its records are committed, when it fails,
or when the partition is led elsewhere; but not one whose member has asked again meanwhile.

In Kafka: `GroupCoordinatorService`, `CoordinatorRuntime`.
Left out: share and streams groups.
Read next: `shard`.
"""

from collections.abc import Mapping
from typing import Any, Self

from kafkalab.chance import Stream
from kafkalab.config import Config
from kafkalab.coordination import HostedPartition, LogWriter, Phase, partition_for
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups import admin
from kafkalab.groups.asking import ALONE, Asked, Gathering
from kafkalab.groups.committing import committed, plan_commit
from kafkalab.groups.consumer import describing
from kafkalab.groups.consumer.heartbeat import check_request
from kafkalab.groups.fetching import GroupFetch, plan_fetch
from kafkalab.groups.forgetting import forget_topics, plan_delete
from kafkalab.groups.refusals import refused
from kafkalab.groups.shard import GroupShard
from kafkalab.groups.stored import OFFSETS_TOPIC
from kafkalab.groups.transactional import plan_transactional
from kafkalab.groups.views import GroupView, views_of
from kafkalab.ids import NodeId, TopicPartition, server_name
from kafkalab.log import PartitionLog
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.classic_groups import (
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
)
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    ConsumerGroupHeartbeatRequest,
)
from kafkalab.protocol.messages.group_admin import (
    DeleteGroupsRequest,
    DescribedGroup,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
    ListedGroup,
    ListGroupsRequest,
    ListGroupsResponse,
)
from kafkalab.protocol.messages.group_offsets import (
    OffsetCommitRequest,
    OffsetDeleteRequest,
    OffsetFetchRequest,
)
from kafkalab.protocol.messages.transactions import TxnOffsetCommitRequest
from kafkalab.record import Batch

Shard = HostedPartition[GroupShard]


class GroupCoordinator:
    """See the module's docstring; `server.broker` drives it."""

    def __init__(
        self, broker_id: NodeId, config: Config, effects: Effects, writer: LogWriter, seed: int
    ) -> None:
        self._name = server_name(broker_id)
        self._config = config
        self._effects = effects
        self._writer = writer
        self._seed = seed
        self._image = MetadataImage.EMPTY
        self._shards: dict[int, Shard] = {}
        self._gatherings: dict[int, Gathering] = {}
        self._next_gathering = 0
        self._due: int | None = None
        self._is_due_known = True

    @staticmethod
    def partition_for(group_id: str, partitions: int) -> int:
        """The partition of `__consumer_offsets` a group belongs to (Java's `String.hashCode`)."""
        return partition_for(group_id, partitions)

    def partition_of(self, group_id: str) -> TopicPartition:
        """Where the group's state is, in this cluster."""
        topic = self._image.topics.get(OFFSETS_TOPIC)
        count = self._config.int("offsets.topic.num.partitions")
        count = len(topic.partitions) if topic is not None else count
        return TopicPartition(OFFSETS_TOPIC, partition_for(group_id, count))

    @property
    def groups(self) -> Mapping[str, GroupView]:
        """The groups coordinated here, by id, as they are now."""
        return {
            view.group_id: view
            for shard in self._shards.values()
            if shard.phase is Phase.ACTIVE
            for view in views_of(shard.machine)
        }

    @property
    def hosted(self) -> Mapping[int, Shard]:
        """The shards, by partition; for those who look on."""
        return self._shards

    # --- what the broker learns ---------------------------------------------------------------
    def on_elected(self, partition: int, leader_epoch: int, log: PartitionLog, now: int) -> None:
        """This broker leads the partition: read its log.  Elected again, nothing changes."""
        if partition in self._shards:
            return
        self._is_due_known = False
        topic_partition = TopicPartition(OFFSETS_TOPIC, partition)
        ids = Stream(self._seed, f"{self._name}/member-ids/{partition}/{leader_epoch}")
        self._shards[partition] = HostedPartition(
            topic_partition,
            GroupShard(topic_partition, self._config, self._effects, ids, self._image),
            log,
            self._writer,
            commit_timeout_ms=self._config.int("offsets.commit.timeout.ms"),
            batch_bytes_max=log.config.int("max.message.bytes"),
            now=now,
        )

    def on_resigned(self, partition: int, now: int) -> None:
        """Another broker leads the partition: whoever waits here must go there."""
        shard = self._shards.pop(partition, None)
        if shard is None:
            return
        self._is_due_known = False
        shard.machine.unload(now)
        shard.resign(now)
        self._answer_outcomes(shard)

    def on_high_watermark(self, partition: int, high_watermark: int, now: int) -> None:
        """Records below it are committed."""
        shard = self._shards.get(partition)
        if shard is not None:
            shard.advance(high_watermark, now)
            self._after(shard)

    def end_transaction(
        self, partition: int, marker: Batch, transaction_version: int, now: int
    ) -> int:
        """Append a transaction's marker, which decides on its offsets; the last offset.

        Raises NOT_LEADER_OR_FOLLOWER while this is not ready, and what the log refuses.
        """
        shard = self._shards.get(partition)
        if shard is None:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER, "no coordinator here")
        last_offset = shard.end_transaction(marker, transaction_version, now)
        self._after(shard)
        return last_offset

    def commit_transactional(
        self, ticket: Ticket, request: TxnOffsetCommitRequest, guard: int, now: int
    ) -> None:
        """Write offsets in a transaction that has been verified (`guard`), and answer."""
        plan = plan_transactional(request, self._image, guard)
        self._ask(request.group_id, Asked(ticket, plan), now, needs_id=True)

    def refuse_transactional(
        self, ticket: Ticket, request: TxnOffsetCommitRequest, error: ErrorCode
    ) -> None:
        """The transaction could not be verified."""
        self._refuse(Asked(ticket, plan_transactional(request, self._image, 0)), error)

    def on_metadata(self, image: MetadataImage, delta: MetadataDelta, now: int) -> None:
        """Offsets of deleted topics go."""
        self._image = image
        for shard in self._shards.values():
            shard.machine.on_metadata(image, delta)
            if delta.deleted_topics and shard.phase is Phase.ACTIVE:
                result = forget_topics(shard.machine.offsets, delta.deleted_topics)
                shard.run(result, None, now)
                self._after(shard)

    # --- requests -----------------------------------------------------------------------------
    def handle(self, ticket: Ticket, request: Any, now: int) -> None:
        """Answer a request, now or later."""
        match request:
            case JoinGroupRequest():
                self._join(ticket, request, now)
            case SyncGroupRequest() | HeartbeatRequest() | LeaveGroupRequest():
                self._ask(request.group_id, Asked(ticket, request), now, needs_id=True)
            case ConsumerGroupHeartbeatRequest():
                self._consumer_heartbeat(ticket, request, now)
            case ConsumerGroupDescribeRequest():
                self._effects.reply(ticket, self._describe_consumers(request))
            case OffsetCommitRequest():
                plan = plan_commit(request, self._image, ticket.api_version)
                if plan.is_hopeless:
                    self._effects.reply(ticket, committed(plan))
                else:
                    self._ask(request.group_id, Asked(ticket, plan), now)
            case OffsetDeleteRequest():
                deletion = plan_delete(request, self._image)
                self._ask(request.group_id, Asked(ticket, deletion), now, needs_id=True)
            case OffsetFetchRequest():
                fetches = plan_fetch(request, self._image, ticket.api_version)
                parts = [(part.group_id, part) for part in fetches]
                self._gather(ticket, request, parts, now)
            case DeleteGroupsRequest():
                names = [(name, name) for name in request.groups_names]
                self._gather(ticket, request, names, now)
            case ListGroupsRequest():
                self._effects.reply(ticket, self._list(request))
            case DescribeGroupsRequest():
                self._effects.reply(ticket, self._describe(ticket, request))
            case _:
                raise AssertionError(request)

    def _join(self, ticket: Ticket, request: JoinGroupRequest, now: int) -> None:
        low = self._config.int("group.min.session.timeout.ms")
        high = self._config.int("group.max.session.timeout.ms")
        asked = Asked(ticket, request)
        if request.group_id and not low <= request.session_timeout_ms <= high:
            self._refuse(asked, ErrorCode.INVALID_SESSION_TIMEOUT)
        else:
            self._ask(request.group_id, asked, now, needs_id=True)

    def _consumer_heartbeat(
        self, ticket: Ticket, request: ConsumerGroupHeartbeatRequest, now: int
    ) -> None:
        asked = Asked(ticket, request)
        try:
            check_request(request, ticket.api_version)
        except KafkaError as error:
            self._refuse(asked, error.code, error.message)
        else:
            self._ask(request.group_id, asked, now)

    def _ask(self, group_id: str, asked: Asked, now: int, *, needs_id: bool = False) -> None:
        """Run an operation in the shard of its group, if it is here."""
        if needs_id and not group_id:
            self._refuse(asked, ErrorCode.INVALID_GROUP_ID)
            return
        shard = self._shard_of(group_id)
        if isinstance(shard, ErrorCode):
            self._refuse(asked, shard)
            return
        try:
            result = shard.machine.handle(asked.ticket, asked.operation, now)
        except KafkaError as error:
            self._refuse(asked, error.code, error.message)
        else:
            if isinstance(asked.operation, GroupFetch) and not asked.operation.is_stable:
                self._answer(asked, result.response)  # it is committed already
            else:
                shard.run(result, asked if result.response is not None else None, now)
        self._after(shard)

    def _shard_of(self, group_id: str) -> Shard | ErrorCode:
        topic = self._image.topics.get(OFFSETS_TOPIC)
        if topic is None:
            return ErrorCode.NOT_COORDINATOR
        shard = self._shards.get(self.partition_for(group_id, len(topic.partitions)))
        if shard is None:
            return ErrorCode.NOT_COORDINATOR
        return shard.refusal or shard

    def _gather(self, ticket: Ticket, request: Any, parts: list[tuple[str, Any]], now: int) -> None:
        number = self._next_gathering
        self._next_gathering += 1
        gathering = Gathering(ticket, request, (None,) * len(parts))
        if not parts:
            self._effects.reply(ticket, gathering.response())
            return
        self._gatherings[number] = gathering
        for place, (group_id, operation) in enumerate(parts):
            self._ask(group_id, Asked(ticket, operation, number, place), now)

    def _list(self, request: ListGroupsRequest) -> ListGroupsResponse:
        listed: list[ListedGroup] = []
        for shard in self._shards.values():
            if shard.phase is Phase.LOADING:
                return ListGroupsResponse(error_code=ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
            if shard.phase is Phase.FAILED:
                continue
            machine = shard.machine
            listed += admin.list_groups(machine.table, machine.consumers, machine.offsets, request)
        return ListGroupsResponse(groups=tuple(listed))

    def _describe(self, ticket: Ticket, request: DescribeGroupsRequest) -> DescribeGroupsResponse:
        described: list[DescribedGroup] = []
        for group_id in request.groups:
            shard = self._shard_of(group_id)
            if isinstance(shard, ErrorCode):
                described.append(admin.describe_refused(group_id, shard))
                continue
            described.append(
                admin.describe(
                    shard.machine.table,
                    shard.machine.offsets,
                    group_id,
                    ticket.api_version,
                    with_operations=request.include_authorized_operations,
                )
            )
        return DescribeGroupsResponse(groups=tuple(described))

    def _describe_consumers(
        self, request: ConsumerGroupDescribeRequest
    ) -> ConsumerGroupDescribeResponse:
        described = []
        for group_id in request.group_ids:
            shard = self._shard_of(group_id) if group_id else ErrorCode.INVALID_GROUP_ID
            if isinstance(shard, ErrorCode):
                described.append(describing.refused(group_id, shard))
                continue
            described.append(
                describing.describe(
                    shard.machine.consumers,
                    group_id,
                    with_operations=request.include_authorized_operations,
                )
            )
        return ConsumerGroupDescribeResponse(groups=tuple(described))

    # --- answers ------------------------------------------------------------------------------
    def _after(self, shard: Shard) -> None:
        """To be called whenever a shard has done something."""
        self._is_due_known = False
        shard.machine.consumers.tell_changes()
        self._answer_outcomes(shard)

    def _answer_outcomes(self, shard: Shard) -> None:
        outcomes, shard.outcomes = shard.outcomes, []
        for asked, response, error in outcomes:
            if error is None:
                self._answer(asked, response)
            else:
                self._refuse(asked, error)

    def _refuse(self, asked: Asked, error: ErrorCode, reason: str = "") -> None:
        self._answer(asked, refused(asked.operation, asked.ticket.api_version, error, reason))

    def _answer(self, asked: Asked, response: Any) -> None:
        if asked.gathering == ALONE:
            self._effects.reply(asked.ticket, response)
            return
        gathering = self._gatherings[asked.gathering].with_part(asked.part, response)
        if gathering.is_complete:
            del self._gatherings[asked.gathering]
            self._effects.reply(asked.ticket, gathering.response())
        else:
            self._gatherings[asked.gathering] = gathering

    # --- time ---------------------------------------------------------------------------------
    def next_timer(self) -> int | None:
        """When something is due; looked up only after something has happened."""
        if not self._is_due_known:
            due = [
                timer
                for shard in self._shards.values()
                for timer in (shard.next_timer(), shard.machine.next_alarm())
                if timer is not None
            ]
            self._due = min(due, default=None)
            self._is_due_known = True
        return self._due

    def on_timer(self, now: int) -> None:
        """Load, give up what waits too long, and let sessions and rebalances run out."""
        due = self.next_timer()
        if due is None or due > now:
            return
        for shard in list(self._shards.values()):
            shard.on_timer(now)
            if shard.phase is Phase.ACTIVE:
                while (alarm := shard.machine.take_alarm(now)) is not None:
                    shard.run(shard.machine.on_alarm(alarm, now), None, now)
            self._after(shard)

    def fork(self, effects: Effects, writer: LogWriter) -> Self:
        other = type(self).__new__(type(self))
        other._name, other._config, other._seed = self._name, self._config, self._seed
        other._effects, other._writer = effects, writer
        other._image = self._image
        other._shards = {
            partition: shard.fork(shard.machine.fork(effects), writer)
            for partition, shard in self._shards.items()
        }
        other._gatherings = self._gatherings.copy()
        other._next_gathering = self._next_gathering
        other._due, other._is_due_known = self._due, self._is_due_known
        return other
