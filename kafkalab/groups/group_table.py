"""The classic groups of one partition of `__consumer_offsets`, and what they wait for.

    live      {group id: ClassicGroup}        ahead of the log: rebalances leave no record
    metadata  two views of the group records  what the log says, and what of it is committed
    alarms    sessions, joins, syncs, expiry  when somebody must act though nobody asks

A group is changed through the methods here, so that every change of state, every member that
comes or goes, and every answer to a parked request is told in one place.

Invariants: a group with a record in the written view, or with an offset, is live; an alarm that
finds its group or member gone does nothing.

In Kafka: the group maps and the timer of `GroupMetadataManager`.
Read next: `rebalance`, then `joining`, `syncing`, `liveness`.
"""

from enum import Enum
from typing import NamedTuple, Self

from kafkalab.chance import Stream
from kafkalab.config import Config
from kafkalab.coordination import TwoViews
from kafkalab.errors import ErrorCode
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.members import Member
from kafkalab.groups.records import GroupMetadataValue
from kafkalab.groups.stored import restored_group
from kafkalab.node import Effects
from kafkalab.protocol.messages.classic_groups import JoinGroupResponse, SyncGroupResponse
from kafkalab.timers import Timers


class AlarmKind(Enum):
    """What is due."""

    SESSION = "a member has been silent for too long"
    JOIN = "the join phase has lasted long enough"
    SYNC = "members have not asked for their assignment"
    EXPIRY = "look for offsets and groups nobody needs"
    # of consumer groups (KIP-848)
    MEMBER_SESSION = "a member has sent no heartbeat for too long"
    REVOCATION = "a member has not given up in time what it should"
    REGEX = "patterns are to be matched against topics"


class Alarm(NamedTuple):
    """A timer's key."""

    kind: AlarmKind
    group_id: str = ""
    member_id: str = ""


class GroupTable:
    """See the module's docstring."""

    __slots__ = ("alarms", "config", "effects", "live", "member_ids", "metadata")

    def __init__(self, config: Config, effects: Effects, member_ids: Stream) -> None:
        self.config = config
        self.effects = effects
        self.live: dict[str, ClassicGroup] = {}
        self.metadata: TwoViews[str, GroupMetadataValue] = TwoViews()
        self.alarms: Timers[Alarm] = Timers()
        self.member_ids = member_ids

    # --- the log ------------------------------------------------------------------------------
    def replay(
        self, group_id: str, value: GroupMetadataValue | None, offset: int, *, is_loading: bool
    ) -> None:
        """A record of a group: on loading it is all there is, later the live group is ahead."""
        self.metadata.put(group_id, value, offset)
        if value is None:
            group = self.live.pop(group_id, None)
            if group is not None and not is_loading:
                self._tell(group, GroupState.DEAD, "deleted")
        elif is_loading:
            self.live[group_id] = restored_group(group_id, value)

    def commit(self, high_watermark: int) -> None:
        for _ in self.metadata.commit(high_watermark):
            pass

    # --- groups -------------------------------------------------------------------------------
    def get(self, group_id: str) -> ClassicGroup | None:
        return self.live.get(group_id)

    def create(self, group_id: str, now: int | None) -> ClassicGroup:
        """An empty group that has no record yet."""
        group = self.live[group_id] = ClassicGroup(
            group_id, None if now is None else self.effects.clock.at(now)
        )
        return group

    def forget_simple(self, group_id: str) -> None:
        """A group that had no record of its own becomes a consumer group."""
        if group_id in self.live and group_id not in self.metadata.written:
            del self.live[group_id]

    def move(self, group: ClassicGroup, state: GroupState, reason: str, now: int) -> None:
        """To another state, and say so."""
        before = group.state
        group.transition_to(state, self.effects.clock.at(now))
        self._changed(group, before, reason)

    def next_generation(self, group: ClassicGroup, reason: str, now: int) -> None:
        """The join phase is over; see `ClassicGroup.next_generation`."""
        before = group.state
        group.next_generation(self.effects.clock.at(now))
        self._changed(group, before, reason)

    def new_member_id(self, prefix: str) -> str:
        """`prefix` and a drawn UUID, as Java writes one."""
        text = self.member_ids.uuid().hex()
        return f"{prefix}-{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    # --- members ------------------------------------------------------------------------------
    def add_member(self, group: ClassicGroup, member: Member) -> None:
        group.add(member)
        self.effects.emit("MemberJoined", group.group_id, member.member_id, member.client_id)

    def remove_member(self, group: ClassicGroup, member_id: str, reason: str) -> None:
        """A member goes, or one that was expected; what it waits for is refused."""
        member = group.members.get(member_id)
        if member is not None:
            self.refuse_parked(group, member, ErrorCode.UNKNOWN_MEMBER_ID, "")
            self.effects.emit("MemberLeft", group.group_id, member_id, reason)
        group.remove(member_id)
        self.alarms.cancel(Alarm(AlarmKind.SESSION, group.group_id, member_id))

    def replace_static(self, group: ClassicGroup, old_id: str, new_id: str) -> Member:
        """A static member goes on under another id (KIP-345)."""
        member = group.replace_static(old_id, new_id)
        self.alarms.cancel(Alarm(AlarmKind.SESSION, group.group_id, old_id))
        self.effects.emit("MemberLeft", group.group_id, old_id, f"replaced by {new_id}")
        self.effects.emit("MemberJoined", group.group_id, new_id, member.client_id)
        return member

    def expect_heartbeat(
        self, group: ClassicGroup, member: Member, now: int, timeout_ms: int | None = None
    ) -> None:
        """Give the member its session timeout from now (or `timeout_ms`)."""
        wait_ms = member.session_timeout_ms if timeout_ms is None else timeout_ms
        self.alarms.set(Alarm(AlarmKind.SESSION, group.group_id, member.member_id), now + wait_ms)

    def expect_pending(self, group: ClassicGroup, member_id: str, due: int) -> None:
        """Who has been given an id must join with it by then."""
        self.alarms.set(Alarm(AlarmKind.SESSION, group.group_id, member_id), due)

    # --- parked requests ----------------------------------------------------------------------
    def answer_join(self, group: ClassicGroup, member: Member, response: JoinGroupResponse) -> bool:
        """Whether its JoinGroup was parked."""
        ticket = member.awaiting_join
        if ticket is None:
            return False
        group.members.await_join(member, None)
        self.effects.reply(ticket, response)
        return True

    def answer_sync(self, member: Member, response: SyncGroupResponse) -> bool:
        """Whether its SyncGroup was parked."""
        ticket = member.awaiting_sync
        if ticket is None:
            return False
        member.awaiting_sync = None
        self.effects.reply(ticket, response)
        return True

    def refuse_parked(
        self, group: ClassicGroup, member: Member, error: ErrorCode, member_id: str
    ) -> None:
        """Refuse whatever the member waits for; `member_id` is what a JoinGroup is told."""
        refused = JoinGroupResponse(error_code=error, member_id=member_id)
        self.answer_join(group, member, refused)
        self.answer_sync(member, SyncGroupResponse(error_code=error))

    def unload(self, now: int) -> None:
        """This broker coordinates these groups no more."""
        for group in self.live.values():
            for member in group.members:
                self.refuse_parked(group, member, ErrorCode.NOT_COORDINATOR, member.member_id)
            group.transition_to(GroupState.DEAD, now)

    def fork(self, effects: Effects) -> Self:
        other = type(self)(self.config, effects, self.member_ids.fork())
        other.live = {group_id: group.fork() for group_id, group in self.live.items()}
        other.metadata = self.metadata.fork()
        other.alarms = self.alarms.fork()
        return other

    def _changed(self, group: ClassicGroup, before: GroupState, reason: str) -> None:
        self.effects.emit(
            "GroupStateChanged",
            group.group_id,
            before.value,
            group.state.value,
            group.generation,
            reason,
        )

    def _tell(self, group: ClassicGroup, after: GroupState, reason: str) -> None:
        before, group.state = group.state, after
        self._changed(group, before, reason)
