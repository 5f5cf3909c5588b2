"""The cluster as `list_topics` shows it, as plain data; and the request that asks for it.

Read next: `handles.listing`, which gives it confluent_kafka's names.
"""

from typing import NamedTuple

from kafkalab.ids import NO_NODE, NodeId
from kafkalab.protocol.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
)


class BrokerSeen(NamedTuple):
    """One broker."""

    id: NodeId
    host: str
    port: int
    rack: str | None = None


class PartitionSeen(NamedTuple):
    """One partition; `error` is 0 if all is well, the leader -1 if there is none."""

    id: int
    leader: NodeId
    replicas: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    error: int


class TopicSeen(NamedTuple):
    """One topic; `error` is 0 if all is well."""

    name: str
    error: int
    partitions: tuple[PartitionSeen, ...]


class ClusterSeen(NamedTuple):
    """What a Metadata response says."""

    cluster_id: str | None
    controller_id: NodeId
    brokers: tuple[BrokerSeen, ...]
    topics: tuple[TopicSeen, ...]
    answered_by: NodeId = NO_NODE


def view_request(topic: str | None) -> MetadataRequest:
    """About one topic, or (None) all; never creates one."""
    names = None if topic is None else (MetadataRequestTopic(name=topic),)
    return MetadataRequest(topics=names, allow_auto_topic_creation=False)


def cluster_seen(response: MetadataResponse) -> ClusterSeen:
    """The response as plain data, topics by name, partitions by number."""
    topics = [
        TopicSeen(
            topic.name or "",
            topic.error_code,
            tuple(
                PartitionSeen(
                    partition.partition_index,
                    partition.leader_id,
                    partition.replica_nodes,
                    partition.isr_nodes,
                    partition.error_code,
                )
                for partition in sorted(topic.partitions, key=lambda one: one.partition_index)
            ),
        )
        for topic in response.topics
    ]
    return ClusterSeen(
        response.cluster_id,
        response.controller_id,
        tuple(BrokerSeen(one.node_id, one.host, one.port) for one in response.brokers),
        tuple(sorted(topics)),
    )
