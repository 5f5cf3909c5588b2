"""What an admin client asks about a group's offsets, as requests.

In Kafka: `ListConsumerGroupOffsetsHandler`, `AlterConsumerGroupOffsetsHandler`,
`DeleteConsumerGroupOffsetsHandler`.
"""

from collections.abc import Iterable

from kafkalab.protocol.messages.group_offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)

Pairs = tuple[tuple[str, int], ...]


def listing(group: str, pairs: Pairs | None) -> OffsetFetchRequest:
    """For these (topic, partition), or (None) all there are."""
    topics = None
    if pairs is not None:
        topics = tuple(
            OffsetFetchRequestTopics(name=topic, partition_indexes=tuple(numbers))
            for topic, numbers in _by_topic(pairs).items()
        )
    asked = OffsetFetchRequestGroup(group_id=group, topics=topics)
    return OffsetFetchRequest(groups=(asked,))


def altering(group: str, places: tuple[tuple[str, int, int], ...]) -> OffsetCommitRequest:
    """A commit by nobody in particular: it is taken if the group has no members."""
    offsets = {(topic, number): offset for topic, number, offset in places}
    return OffsetCommitRequest(
        group_id=group,
        member_id="",
        topics=tuple(
            OffsetCommitRequestTopic(
                name=topic,
                topic_id=bytes(16),
                partitions=tuple(
                    OffsetCommitRequestPartition(
                        partition_index=number,
                        committed_offset=offsets[topic, number],
                        committed_metadata="",
                    )
                    for number in numbers
                ),
            )
            for topic, numbers in _by_topic(offsets).items()
        ),
    )


def deleting(group: str, pairs: Pairs) -> OffsetDeleteRequest:
    """Forget these."""
    return OffsetDeleteRequest(
        group_id=group,
        topics=tuple(
            OffsetDeleteRequestTopic(
                name=topic,
                partitions=tuple(
                    OffsetDeleteRequestPartition(partition_index=number) for number in numbers
                ),
            )
            for topic, numbers in _by_topic(pairs).items()
        ),
    )


def _by_topic(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for topic, number in pairs:
        grouped.setdefault(topic, []).append(number)
    return grouped
