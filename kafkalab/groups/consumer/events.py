"""What a consumer group's records mean, for the trace: members, states, partitions.

Records come several at a time.  What is told is the difference between a group before them and
after, so one heartbeat that changes four records makes one sentence for each thing that changed.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Self

from kafkalab.groups.consumer.group import ConsumerGroup, ConsumerGroupState
from kafkalab.groups.consumer.member import ConsumerMember, PartitionEpochs, named_partitions
from kafkalab.ids import TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.node import Effects

S = ConsumerGroupState

_REASONS: Final = {
    S.EMPTY: "the last member has gone",
    S.ASSIGNING: "the target is out of date",
    S.RECONCILING: "members move to their targets",
    S.STABLE: "every member has its target",
    S.DEAD: "deleted",
}


class _Seen(NamedTuple):
    """A group as it was."""

    state: ConsumerGroupState
    members: Mapping[str, ConsumerMember]


_NOTHING: Final = _Seen(S.EMPTY, {})


class Teller:
    """Remembers each group as it was before the records of one operation."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._before: dict[str, _Seen] = {}
        self._image = MetadataImage.EMPTY
        #: Why members go, for the next `tell`.
        self.reason = ""

    def before(self, group_id: str, group: ConsumerGroup | None) -> None:
        """A record is about to change it."""
        if group_id not in self._before:
            seen = _NOTHING if group is None else _Seen(group.state, group.members.copy())
            self._before[group_id] = seen

    def tell(self, groups: Mapping[str, ConsumerGroup], image: MetadataImage) -> None:
        """Say what has changed since `before`; `image` says what topics are called."""
        if not self._before:
            return
        self._image = image
        for group_id, seen in self._before.items():
            group = groups.get(group_id)
            now = _Seen(S.DEAD, {}) if group is None else _Seen(group.state, group.members)
            self._tell_members(group_id, seen.members, now.members)
            if seen.state is not now.state:
                epoch = group.epoch if group is not None else -1
                emit = self._effects.emit
                reason = _REASONS[now.state]
                emit(
                    "GroupStateChanged", group_id, seen.state.value, now.state.value, epoch, reason
                )
        self._before.clear()
        self.reason = ""

    def _tell_members(
        self,
        group_id: str,
        before: Mapping[str, ConsumerMember],
        now: Mapping[str, ConsumerMember],
    ) -> None:
        emit = self._effects.emit
        for member_id in before:
            if member_id not in now:
                emit("MemberLeft", group_id, member_id, self.reason or "it has left")
        for member_id, member in now.items():
            old = before.get(member_id)
            if old is member:
                continue
            if old is None:
                emit("MemberJoined", group_id, member_id, member.client_id)
            if member.revoking and (old is None or old.revoking != member.revoking):
                emit("RevocationAsked", group_id, member_id, self._named(member.revoking))
            if (old.assigned if old is not None else {}) != member.assigned:
                emit("PartitionsAssigned", group_id, member_id, self._named(member.assigned))

    def _named(self, partitions: PartitionEpochs) -> tuple[TopicPartition, ...]:
        return named_partitions(partitions, self._image)

    def fork(self, effects: Effects) -> Self:
        other = type(self)(effects)
        other._before = self._before.copy()
        other._image = self._image
        other.reason = self.reason
        return other
