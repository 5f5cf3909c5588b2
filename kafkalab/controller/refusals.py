"""A request refused as a whole, in the shape of its own response.

Most responses have an error code of their own; those that do not say it for each topic or resource.

In Kafka: `AbstractRequest.getErrorResponse` of each request.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kafkalab.errors import KafkaError
from kafkalab.ids import ZERO_UUID
from kafkalab.protocol.messages import brokers as b
from kafkalab.protocol.messages import configs as c
from kafkalab.protocol.messages import partitions as p
from kafkalab.protocol.messages import topics as t
from kafkalab.protocol.messages.metadata import DescribeClusterRequest, DescribeClusterResponse
from kafkalab.protocol.messages.producer_ids import (
    AllocateProducerIdsRequest,
    AllocateProducerIdsResponse,
)


def refusal(request: Any, error: KafkaError) -> Any:
    """The response that refuses `request` for this reason."""
    code, message = error.code, error.message or None
    bare = _BARE.get(type(request))
    if bare is not None:
        return bare(error_code=code)
    worded = _WORDED.get(type(request))
    if worded is not None:
        return worded(error_code=code, error_message=message)
    return _DETAILED[type(request)](request, code, message)


_BARE: Final[Mapping[type, Callable[..., Any]]] = {
    b.BrokerRegistrationRequest: b.BrokerRegistrationResponse,
    b.BrokerHeartbeatRequest: b.BrokerHeartbeatResponse,
    p.AlterPartitionRequest: p.AlterPartitionResponse,
    AllocateProducerIdsRequest: AllocateProducerIdsResponse,
    p.ElectLeadersRequest: p.ElectLeadersResponse,
}

_WORDED: Final[Mapping[type, Callable[..., Any]]] = {
    b.UnregisterBrokerRequest: b.UnregisterBrokerResponse,
    b.ControllerRegistrationRequest: b.ControllerRegistrationResponse,
    DescribeClusterRequest: DescribeClusterResponse,
}


def _create_topics(request: t.CreateTopicsRequest, code: int, message: str | None) -> Any:
    return t.CreateTopicsResponse(
        topics=tuple(
            t.CreatableTopicResult(
                name=topic.name, error_code=code, error_message=message, configs=None
            )
            for topic in request.topics
        )
    )


def _delete_topics(request: t.DeleteTopicsRequest, code: int, message: str | None) -> Any:
    names = [(name, ZERO_UUID) for name in request.topic_names]
    return t.DeleteTopicsResponse(
        responses=tuple(
            t.DeletableTopicResult(
                name=name, topic_id=topic_id, error_code=code, error_message=message
            )
            for name, topic_id in (*names, *((x.name, x.topic_id) for x in request.topics))
        )
    )


def _create_partitions(request: t.CreatePartitionsRequest, code: int, message: str | None) -> Any:
    return t.CreatePartitionsResponse(
        results=tuple(
            t.CreatePartitionsTopicResult(name=topic.name, error_code=code, error_message=message)
            for topic in request.topics
        )
    )


def _resources(
    request: c.AlterConfigsRequest | c.IncrementalAlterConfigsRequest,
    code: int,
    message: str | None,
) -> tuple[c.AlterConfigsResourceResponse, ...]:
    return tuple(
        c.AlterConfigsResourceResponse(
            error_code=code,
            error_message=message,
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
        )
        for resource in request.resources
    )


def _alter_configs(request: c.AlterConfigsRequest, code: int, message: str | None) -> Any:
    return c.AlterConfigsResponse(responses=_resources(request, code, message))


def _incremental(request: c.IncrementalAlterConfigsRequest, code: int, message: str | None) -> Any:
    return c.IncrementalAlterConfigsResponse(responses=_resources(request, code, message))


_DETAILED: Final[Mapping[type, Callable[[Any, int, str | None], Any]]] = {
    t.CreateTopicsRequest: _create_topics,
    t.DeleteTopicsRequest: _delete_topics,
    t.CreatePartitionsRequest: _create_partitions,
    c.AlterConfigsRequest: _alter_configs,
    c.IncrementalAlterConfigsRequest: _incremental,
}
