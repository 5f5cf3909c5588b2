"""The requests that administrators of a swarm run make, as the operator node sends them."""

from collections.abc import Sequence
from typing import Final

from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsRequestAlterConfigsResource,
)
from kafkalab.protocol.messages.partitions import ElectLeadersRequest, TopicPartitions
from kafkalab.protocol.messages.topics import CreatePartitionsRequest, CreatePartitionsTopic
from kafkalab.protocol.messages.transaction_admin import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)
from kafkalab.protocol.schema import Message
from kafkalab.sim.plan import AdminPlan
from kafkalab.world.operator import create_topic_request, delete_topic_request

_UNCLEAN: Final = 1
_TIMEOUT_MS: Final = 5_000


def admin_request(plan: AdminPlan) -> Message:
    """The request of one administrative step of a plan."""
    topic, argument = plan.topic, plan.argument
    match plan.what:
        case "create":
            return create_topic_request(
                topic, argument.partitions, argument.replication_factor, argument.config
            )
        case "delete":
            return delete_topic_request(topic)
        case "partitions":
            return CreatePartitionsRequest(
                topics=(CreatePartitionsTopic(name=topic, count=argument),), timeout_ms=5_000
            )
        case "config":
            name, value = argument
            change = IncrementalAlterConfigsRequestAlterableConfig(
                name=name, config_operation=0, value=value
            )
            resource = IncrementalAlterConfigsRequestAlterConfigsResource(
                resource_type=2, resource_name=topic, configs=(change,)
            )
            return IncrementalAlterConfigsRequest(resources=(resource,))
    raise AssertionError(plan)


def elect_uncleanly_request(topic: str, partitions: Sequence[int]) -> ElectLeadersRequest:
    """Have any replica lead, whatever it may lack."""
    return ElectLeadersRequest(
        election_type=_UNCLEAN,
        topic_partitions=(TopicPartitions(topic=topic, partitions=tuple(partitions)),),
        timeout_ms=_TIMEOUT_MS,
    )


def abort_hanging_request(
    name: TopicPartition, producer_id: int, producer_epoch: int, coordinator_epoch: int
) -> WriteTxnMarkersRequest:
    """End a transaction whose coordinator knows nothing of it (`kafka-transactions abort`)."""
    topic = WritableTxnMarkerTopic(name=name.topic, partition_indexes=(name.partition,))
    marker = WritableTxnMarker(
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        transaction_result=False,
        topics=(topic,),
        coordinator_epoch=coordinator_epoch,
    )
    return WriteTxnMarkersRequest(markers=(marker,))
