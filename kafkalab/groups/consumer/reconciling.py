"""A member moves towards its target, a step with each heartbeat; nobody waits for the others.

    has      {0, 1, 2}          1. give up what is not in the target; keep the epoch until the
    target   {0, 3, 4}             member says it has            UNREVOKED_PARTITIONS   revoke 1, 2
    3 is free, 4 is not yet     2. take the epoch and what is free
                                                                 UNRELEASED_PARTITIONS  has 0, 3
                                3. take the rest as it becomes free         STABLE      has 0, 3, 4

So a partition is given to its next member only after the one before has said that it let it go.

In Kafka: `CurrentAssignmentBuilder`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.assignors import Assignment
from kafkalab.groups.consumer.group import ConsumerGroup
from kafkalab.groups.consumer.member import (
    NO_PARTITIONS,
    ConsumerMember,
    MemberState,
    PartitionEpochs,
    owns_any,
)
from kafkalab.ids import Uuid
from kafkalab.metadata import MetadataImage

S = MemberState
_NOTHING: Final[Mapping[int, int]] = {}

#: What a member says it has, by topic id.
Owned = Mapping[Uuid, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """What a step depends on.  `owned` None: the member did not say."""

    group: ConsumerGroup
    target_epoch: int
    target: Assignment
    owned: Owned | None
    has_new_subscription: bool
    image: MetadataImage


def reconcile(member: ConsumerMember, step: Step) -> ConsumerMember:
    """The member after one step; itself if it cannot go on."""
    if not step.has_new_subscription and member.is_reconciled_to(step.target_epoch):
        return member
    match member.state:
        case S.STABLE if member.epoch == step.target_epoch:
            return _without_unwanted(member, step)
        case S.STABLE | S.UNRELEASED_PARTITIONS:
            return _advance(member, step)
        case S.UNREVOKED_PARTITIONS:
            if not owns_any(step.owned, member.revoking):
                return _advance(member, step)
            return _without_unwanted(member, step) if step.has_new_subscription else member
        case S.UNKNOWN:
            # Written by a newer coordinator: begin from scratch, once the member has nothing.
            if step.owned is None or step.owned:
                raise KafkaError(ErrorCode.FENCED_MEMBER_EPOCH, "its state is not known here")
            return _advance(replace(member, epoch=step.target_epoch), step)


def _advance(member: ConsumerMember, step: Step) -> ConsumerMember:
    kept, leaving, free, is_any_unreleased = _compare(member, step)
    if leaving and owns_any(step.owned, leaving):
        waiting = replace(
            member, state=S.UNREVOKED_PARTITIONS, assigned=_settled(kept), revoking=leaving
        )
        return waiting.in_epoch(member.epoch)
    for topic_id, partitions in free.items():
        kept.setdefault(topic_id, {}).update(dict.fromkeys(partitions, step.target_epoch))
    state = S.UNRELEASED_PARTITIONS if is_any_unreleased else S.STABLE
    moved = replace(member, state=state, assigned=_settled(kept), revoking=NO_PARTITIONS)
    return moved.in_epoch(step.target_epoch)


def _compare(
    member: ConsumerMember, step: Step
) -> tuple[dict[Uuid, dict[int, int]], PartitionEpochs, dict[Uuid, list[int]], bool]:
    """What stays, what must go, what can be had at once; whether anything cannot."""
    kept: dict[Uuid, dict[int, int]] = {}
    leaving: dict[Uuid, Mapping[int, int]] = {}
    free: dict[Uuid, list[int]] = {}
    is_any_unreleased = False
    wanted = _subscribed_ids(member, step)
    for topic_id in dict.fromkeys((*step.target, *member.assigned)):
        target = step.target.get(topic_id, ()) if topic_id in wanted else ()
        has = member.assigned.get(topic_id, _NOTHING)
        going = member.revoking.get(topic_id, _NOTHING)
        stays = {partition: has[partition] for partition in target if partition in has}
        goes = {partition: epoch for partition, epoch in has.items() if partition not in stays}
        for partition in target:
            if partition in stays:
                continue
            # What it is itself giving up, it may keep: nobody else can have it.
            if step.group.owner_epoch(topic_id, partition) is None or partition in going:
                free.setdefault(topic_id, []).append(partition)
            else:
                is_any_unreleased = True
        if stays:
            kept[topic_id] = stays
        if goes:
            leaving[topic_id] = goes
    return kept, leaving, free, is_any_unreleased


def _without_unwanted(member: ConsumerMember, step: Step) -> ConsumerMember:
    """Topics it is not subscribed to any more go at once; for all else there is time."""
    wanted = _subscribed_ids(member, step)
    unwanted = [topic_id for topic_id in member.assigned if topic_id not in wanted]
    if not unwanted:
        return member
    assigned = {key: value for key, value in member.assigned.items() if key in wanted}
    revoking = dict(member.revoking)
    for topic_id in unwanted:
        revoking[topic_id] = {**revoking.get(topic_id, {}), **member.assigned[topic_id]}
    if owns_any(step.owned, revoking):
        waiting = replace(
            member, state=S.UNREVOKED_PARTITIONS, assigned=assigned, revoking=revoking
        )
        return waiting.in_epoch(member.epoch)
    return replace(member, assigned=assigned).in_epoch(member.epoch)


def _subscribed_ids(member: ConsumerMember, step: Step) -> frozenset[Uuid]:
    topics = step.image.topics
    return frozenset(
        topics[name].topic_id for name in step.group.topics_of(member) if name in topics
    )


def _settled(mutable: Mapping[Uuid, Mapping[int, int]]) -> PartitionEpochs:
    return {topic_id: dict(sorted(partitions.items())) for topic_id, partitions in mutable.items()}
