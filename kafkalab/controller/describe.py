"""DescribeCluster 0-2 as a controller answers it: who the controllers are (KIP-919).

In Kafka: `ControllerApis.handleDescribeCluster`.  The brokers' answer is in `server.handlers`.
"""

from typing import Final

from kafkalab.errors import ErrorCode
from kafkalab.ids import CLUSTER_ID, NodeId, server_name
from kafkalab.protocol.messages.metadata import (
    DescribeClusterBroker,
    DescribeClusterRequest,
    DescribeClusterResponse,
)

CONTROLLERS: Final = 2  # `EndpointType`
CONTROLLER_PORT: Final = 9093


def describe_cluster(
    request: DescribeClusterRequest, voters: tuple[NodeId, ...], leader_id: NodeId
) -> DescribeClusterResponse:
    """The voters, by the names that the network knows them by."""
    if request.endpoint_type != CONTROLLERS:
        return DescribeClusterResponse(
            error_code=ErrorCode.MISMATCHED_ENDPOINT_TYPE,
            error_message="this is a controller; ask a broker about brokers",
        )
    return DescribeClusterResponse(
        endpoint_type=CONTROLLERS,
        cluster_id=CLUSTER_ID,
        controller_id=leader_id,
        brokers=tuple(
            DescribeClusterBroker(broker_id=voter, host=server_name(voter), port=CONTROLLER_PORT)
            for voter in voters
        ),
    )
