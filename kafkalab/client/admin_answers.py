"""What servers answered an admin client, as plain data: one `Outcome` per topic, group or resource.

Read next: `admin_tasks`, which collects them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from kafkalab.client.cluster_view import BrokerSeen, ClusterSeen, cluster_seen
from kafkalab.client.consumer.group_protocol import assigned_partitions
from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, NodeId, TopicPartition
from kafkalab.protocol.messages import consumer_groups
from kafkalab.protocol.messages.configs import (
    AlterConfigsResponse,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    IncrementalAlterConfigsResponse,
)
from kafkalab.protocol.messages.consumer_groups import ConsumerGroupDescribeResponse
from kafkalab.protocol.messages.group_admin import (
    DeleteGroupsResponse,
    DescribedGroup,
    DescribeGroupsResponse,
    ListGroupsResponse,
)
from kafkalab.protocol.messages.group_offsets import (
    OffsetCommitResponse,
    OffsetDeleteResponse,
    OffsetFetchResponse,
)
from kafkalab.protocol.messages.metadata import DescribeClusterResponse, MetadataResponse
from kafkalab.protocol.messages.topics import (
    CreatePartitionsResponse,
    CreateTopicsResponse,
    DeleteTopicsResponse,
)

_CONSUMERS: Final = "consumer"


class Outcome(NamedTuple):
    """What became of one thing asked about; `error` 0 if all is well, then `value` says more."""

    name: Any  # of the topic or group; (type, name) of a configured resource
    error: int = 0
    message: str | None = None
    value: Any = None


class ConfigSeen(NamedTuple):
    """One setting.  Sources: 1 topic, 2 broker, 3 all brokers, 4 the broker's file, 5 default."""

    name: str
    value: str | None
    source: int
    is_read_only: bool
    is_sensitive: bool
    synonyms: tuple[tuple[str, str | None, int], ...] = ()


class GroupListed(NamedTuple):
    """One group, in a list."""

    group_id: str
    protocol_type: str
    state: str
    type: str


class MemberSeen(NamedTuple):
    """One member of a group."""

    member_id: str
    client_id: str
    host: str
    group_instance_id: str | None
    assignment: tuple[TopicPartition, ...]


class GroupSeen(NamedTuple):
    """One group, described."""

    group_id: str
    state: str
    protocol_type: str
    assignor: str
    members: tuple[MemberSeen, ...]
    coordinator: NodeId = NO_NODE


def outcomes(response: Any) -> tuple[Outcome, ...]:
    """One for each thing asked about; a refusal of the whole has the name None."""
    return _CONVERSIONS[type(response)](response)


def _topics(response: CreateTopicsResponse) -> tuple[Outcome, ...]:
    return tuple(Outcome(one.name, one.error_code, one.error_message) for one in response.topics)


def _deleted(response: DeleteTopicsResponse) -> tuple[Outcome, ...]:
    return tuple(Outcome(one.name, one.error_code, one.error_message) for one in response.responses)


def _partitions(response: CreatePartitionsResponse) -> tuple[Outcome, ...]:
    return tuple(Outcome(one.name, one.error_code, one.error_message) for one in response.results)


def _altered(
    response: AlterConfigsResponse | IncrementalAlterConfigsResponse,
) -> tuple[Outcome, ...]:
    return tuple(
        Outcome((one.resource_type, one.resource_name), one.error_code, one.error_message)
        for one in response.responses
    )


def _configs(response: DescribeConfigsResponse) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            (one.resource_type, one.resource_name),
            one.error_code,
            one.error_message,
            _settings(one),
        )
        for one in response.results
    )


def _settings(result: DescribeConfigsResult) -> tuple[ConfigSeen, ...]:
    return tuple(
        ConfigSeen(
            one.name,
            one.value,
            one.config_source,
            one.read_only,
            one.is_sensitive,
            tuple((other.name, other.value, other.source) for other in one.synonyms),
        )
        for one in result.configs
    )


def _cluster(response: DescribeClusterResponse) -> tuple[Outcome, ...]:
    seen = ClusterSeen(
        response.cluster_id,
        response.controller_id,
        tuple(BrokerSeen(one.broker_id, one.host, one.port, one.rack) for one in response.brokers),
        (),
    )
    return (Outcome(None, response.error_code, response.error_message, seen),)


def _listing(response: MetadataResponse) -> tuple[Outcome, ...]:
    return (Outcome(None, response.error_code, None, cluster_seen(response)),)


def _groups(response: ListGroupsResponse) -> tuple[Outcome, ...]:
    if response.error_code:
        return (Outcome(None, response.error_code),)
    return tuple(
        Outcome(
            one.group_id,
            value=GroupListed(one.group_id, one.protocol_type, one.group_state, one.group_type),
        )
        for one in response.groups
    )


def _described(response: DescribeGroupsResponse) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(one.group_id, one.error_code, one.error_message, _group(one))
        for one in response.groups
    )


def _group(group: DescribedGroup) -> GroupSeen:
    is_known = group.protocol_type == _CONSUMERS
    members = tuple(
        MemberSeen(
            one.member_id,
            one.client_id,
            one.client_host,
            one.group_instance_id,
            assigned_partitions(one.member_assignment) if is_known else (),
        )
        for one in group.members
    )
    return GroupSeen(
        group.group_id, group.group_state, group.protocol_type, group.protocol_data, members
    )


def _deleted_groups(response: DeleteGroupsResponse) -> tuple[Outcome, ...]:
    return tuple(Outcome(one.group_id, one.error_code) for one in response.results)


def _consumers(response: ConsumerGroupDescribeResponse) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(one.group_id, one.error_code, one.error_message, _consumer_group(one))
        for one in response.groups
    )


def _consumer_group(group: consumer_groups.DescribedGroup) -> GroupSeen:
    members = tuple(
        MemberSeen(
            one.member_id,
            one.client_id,
            one.client_host,
            one.instance_id,
            tuple(
                TopicPartition(topic.topic_name, number)
                for topic in one.assignment.topic_partitions
                for number in topic.partitions
            ),
        )
        for one in group.members
    )
    assignor = group.assignor_name
    return GroupSeen(group.group_id, group.group_state, _CONSUMERS, assignor, members)


def _fetched_offsets(response: OffsetFetchResponse) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            group.group_id,
            group.error_code,
            value=tuple(
                (topic.name, one.partition_index, one.committed_offset, one.error_code)
                for topic in group.topics
                for one in topic.partitions
            ),
        )
        for group in response.groups
    )


def _changed_offsets(response: OffsetCommitResponse | OffsetDeleteResponse) -> tuple[Outcome, ...]:
    """Of one group, whose name the response does not say."""
    places = tuple(
        (topic.name, one.partition_index, one.error_code)
        for topic in response.topics
        for one in topic.partitions
    )
    errors = {error for _, _, error in places}
    whole = getattr(response, "error_code", 0)
    if not whole and len(errors) == 1 and errors <= PASSING:
        (whole,) = errors
    return (Outcome(None, whole, value=places),)


_CONVERSIONS: Final[Mapping[type, Callable[[Any], tuple[Outcome, ...]]]] = {
    CreateTopicsResponse: _topics,
    DeleteTopicsResponse: _deleted,
    CreatePartitionsResponse: _partitions,
    AlterConfigsResponse: _altered,
    IncrementalAlterConfigsResponse: _altered,
    DescribeConfigsResponse: _configs,
    DescribeClusterResponse: _cluster,
    MetadataResponse: _listing,
    ListGroupsResponse: _groups,
    DescribeGroupsResponse: _described,
    DeleteGroupsResponse: _deleted_groups,
    ConsumerGroupDescribeResponse: _consumers,
    OffsetFetchResponse: _fetched_offsets,
    OffsetCommitResponse: _changed_offsets,
    OffsetDeleteResponse: _changed_offsets,
}

#: Errors that pass when a controller or coordinator has been found, or has loaded.
PASSING: Final = frozenset(
    {
        ErrorCode.NOT_CONTROLLER,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.NOT_COORDINATOR,
    }
)
