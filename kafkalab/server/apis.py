"""The APIs a broker and a controller offer: one table each, key -> versions and handler.

What is not in the table is not advertised, and asking for it ends the connection.  Versions are
those of the followed release unless a row narrows them, and then it says why.  Handlers are loaded
on first use; each family is a file in `handlers/`, named as its messages are.

In Kafka: `KafkaApis.handle`, `ControllerApis.handle`, `ApiVersionManager`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from kafkalab.protocol.api_keys import ApiKey, request_class
from kafkalab.protocol.schema import VersionRange

K = ApiKey
Handler = Callable[
    ..., Any
]  # (server, ticket, request, now) -> response, or None if it comes later


class Api(NamedTuple):
    """One row: which module of `handlers` and which function; None `versions`: all of them.

    `is_replication`: the handler concerns the replicas here and no other part of the server.
    """

    module: str
    function: str
    versions: VersionRange | None = None
    is_replication: bool = False


_FORWARD: Final = "controller_requests"
_TXN, _TXN_ADMIN = "transactions", "transaction_admin"

BROKER_APIS: Final[Mapping[int, Api]] = {
    K.PRODUCE: Api("produce", "handle_produce", is_replication=True),
    K.FETCH: Api("fetch", "handle_fetch", is_replication=True),
    K.LIST_OFFSETS: Api("log_offsets", "handle_list_offsets"),
    K.METADATA: Api("metadata", "handle_metadata"),
    K.OFFSET_COMMIT: Api("groups", "handle_group_request"),
    K.OFFSET_FETCH: Api("groups", "handle_group_request"),
    K.FIND_COORDINATOR: Api("find_coordinator", "handle_find_coordinator"),
    K.JOIN_GROUP: Api("groups", "handle_group_request"),
    K.HEARTBEAT: Api("groups", "handle_group_request"),
    K.LEAVE_GROUP: Api("groups", "handle_group_request"),
    K.SYNC_GROUP: Api("groups", "handle_group_request"),
    K.DESCRIBE_GROUPS: Api("groups", "handle_group_request"),
    K.LIST_GROUPS: Api("groups", "handle_group_request"),
    K.API_VERSIONS: Api("api_versions", "handle_api_versions"),
    K.CREATE_TOPICS: Api(_FORWARD, "forward"),
    K.DELETE_TOPICS: Api(_FORWARD, "forward"),
    K.DELETE_RECORDS: Api("log_offsets", "handle_delete_records"),
    K.INIT_PRODUCER_ID: Api(_TXN, "handle_init_producer_id"),
    K.OFFSET_FOR_LEADER_EPOCH: Api("log_offsets", "handle_offset_for_leader_epoch"),
    K.ADD_PARTITIONS_TO_TXN: Api(_TXN, "handle_transaction_request"),
    K.ADD_OFFSETS_TO_TXN: Api(_TXN, "handle_transaction_request"),
    K.END_TXN: Api(_TXN, "handle_transaction_request"),
    K.WRITE_TXN_MARKERS: Api(_TXN_ADMIN, "handle_write_txn_markers"),
    K.TXN_OFFSET_COMMIT: Api(_TXN, "handle_txn_offset_commit"),
    K.DESCRIBE_CONFIGS: Api("configs", "handle_describe_configs"),
    K.ALTER_CONFIGS: Api(_FORWARD, "forward"),
    K.CREATE_PARTITIONS: Api(_FORWARD, "forward"),
    K.DELETE_GROUPS: Api("groups", "handle_group_request"),
    K.ELECT_LEADERS: Api(_FORWARD, "forward"),
    K.INCREMENTAL_ALTER_CONFIGS: Api(_FORWARD, "forward"),
    K.OFFSET_DELETE: Api("groups", "handle_group_request"),
    K.CONSUMER_GROUP_HEARTBEAT: Api("groups", "handle_group_request"),
    K.CONSUMER_GROUP_DESCRIBE: Api("groups", "handle_group_request"),
    K.DESCRIBE_CLUSTER: Api("metadata", "handle_describe_cluster"),
    K.DESCRIBE_PRODUCERS: Api(_TXN_ADMIN, "handle_describe_producers"),
    K.DESCRIBE_TRANSACTIONS: Api(_TXN_ADMIN, "handle_describe_transactions"),
    K.LIST_TRANSACTIONS: Api(_TXN_ADMIN, "handle_list_transactions"),
    K.UNREGISTER_BROKER: Api(_FORWARD, "forward"),
    K.DESCRIBE_QUORUM: Api(_FORWARD, "forward"),
}

CONTROLLER_APIS: Final[Mapping[int, Api]] = {
    K.API_VERSIONS: Api("api_versions", "handle_api_versions"),
    **{
        key: Api("quorum", "handle_raft_request")
        for key in (
            K.FETCH,
            K.FETCH_SNAPSHOT,
            K.VOTE,
            K.BEGIN_QUORUM_EPOCH,
            K.END_QUORUM_EPOCH,
            K.DESCRIBE_QUORUM,
        )
    },
    **{
        key: Api("quorum", "handle_controller_request")
        for key in (
            K.BROKER_REGISTRATION,
            K.BROKER_HEARTBEAT,
            K.UNREGISTER_BROKER,
            K.CREATE_TOPICS,
            K.DELETE_TOPICS,
            K.CREATE_PARTITIONS,
            K.ALTER_PARTITION,
            K.ELECT_LEADERS,
            K.ALTER_CONFIGS,
            K.INCREMENTAL_ALTER_CONFIGS,
            K.ALLOCATE_PRODUCER_IDS,
            K.DESCRIBE_CLUSTER,
        )
    },
}

#: Of a server that is both: what only one role offers by itself, the rest by who asks.
COMBINED_APIS: Final[Mapping[int, Api]] = {
    **BROKER_APIS,
    **{
        key: Api("combined", "handle_either")
        for key in CONTROLLER_APIS
        if key not in (K.API_VERSIONS, K.FETCH)
    },
    K.FETCH: Api("combined", "handle_either_fetch"),
}


def versions_of(apis: Mapping[int, Api], key: int) -> VersionRange | None:
    """The versions on offer for an API, or None if it is not offered."""
    api = apis.get(key)
    if api is None:
        return None
    valid: VersionRange = request_class(key).VERSIONS.valid
    return api.versions or valid


@cache
def handler_of(api: Api) -> Handler:
    """The function that answers; its module is loaded on first use."""
    handler: Handler = getattr(
        import_module(f"kafkalab.server.handlers.{api.module}"), api.function
    )
    return handler
