"""API keys, and which message classes each has.

Message modules are loaded on first use: three hundred frozen dataclasses cost 160 ms at import.

In Kafka: `ApiKeys`, `ApiMessageType`.
"""

from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from importlib import import_module
from typing import Final

from kafkalab.protocol.schema import Message


class ApiKey(IntEnum):
    """The number that stands first in every request."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    DESCRIBE_GROUPS = 15
    LIST_GROUPS = 16
    API_VERSIONS = 18
    CREATE_TOPICS = 19
    DELETE_TOPICS = 20
    DELETE_RECORDS = 21
    INIT_PRODUCER_ID = 22
    OFFSET_FOR_LEADER_EPOCH = 23
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    WRITE_TXN_MARKERS = 27
    TXN_OFFSET_COMMIT = 28
    DESCRIBE_CONFIGS = 32
    ALTER_CONFIGS = 33
    DESCRIBE_LOG_DIRS = 35
    CREATE_PARTITIONS = 37
    DELETE_GROUPS = 42
    ELECT_LEADERS = 43
    INCREMENTAL_ALTER_CONFIGS = 44
    ALTER_PARTITION_REASSIGNMENTS = 45
    LIST_PARTITION_REASSIGNMENTS = 46
    OFFSET_DELETE = 47
    VOTE = 52
    BEGIN_QUORUM_EPOCH = 53
    END_QUORUM_EPOCH = 54
    DESCRIBE_QUORUM = 55
    ALTER_PARTITION = 56
    UPDATE_FEATURES = 57
    FETCH_SNAPSHOT = 59
    DESCRIBE_CLUSTER = 60
    DESCRIBE_PRODUCERS = 61
    BROKER_REGISTRATION = 62
    BROKER_HEARTBEAT = 63
    UNREGISTER_BROKER = 64
    DESCRIBE_TRANSACTIONS = 65
    LIST_TRANSACTIONS = 66
    ALLOCATE_PRODUCER_IDS = 67
    CONSUMER_GROUP_HEARTBEAT = 68
    CONSUMER_GROUP_DESCRIBE = 69
    CONTROLLER_REGISTRATION = 70
    DESCRIBE_TOPIC_PARTITIONS = 75


K = ApiKey

#: Which file of `messages/` declares each API.
FAMILIES: Final[Mapping[str, tuple[ApiKey, ...]]] = {
    "produce": (K.PRODUCE,),
    "fetch": (K.FETCH,),
    "log_offsets": (K.LIST_OFFSETS, K.OFFSET_FOR_LEADER_EPOCH, K.DELETE_RECORDS),
    "metadata": (K.METADATA, K.DESCRIBE_CLUSTER, K.DESCRIBE_TOPIC_PARTITIONS),
    "classic_groups": (
        K.FIND_COORDINATOR,
        K.JOIN_GROUP,
        K.SYNC_GROUP,
        K.HEARTBEAT,
        K.LEAVE_GROUP,
    ),
    "consumer_groups": (K.CONSUMER_GROUP_HEARTBEAT, K.CONSUMER_GROUP_DESCRIBE),
    "group_offsets": (K.OFFSET_COMMIT, K.OFFSET_FETCH, K.OFFSET_DELETE),
    "group_admin": (K.LIST_GROUPS, K.DESCRIBE_GROUPS, K.DELETE_GROUPS),
    "api_versions": (K.API_VERSIONS,),
    "topics": (K.CREATE_TOPICS, K.DELETE_TOPICS, K.CREATE_PARTITIONS),
    "configs": (K.DESCRIBE_CONFIGS, K.ALTER_CONFIGS, K.INCREMENTAL_ALTER_CONFIGS),
    "producer_ids": (K.INIT_PRODUCER_ID, K.ALLOCATE_PRODUCER_IDS, K.DESCRIBE_PRODUCERS),
    "transactions": (
        K.ADD_PARTITIONS_TO_TXN,
        K.ADD_OFFSETS_TO_TXN,
        K.END_TXN,
        K.TXN_OFFSET_COMMIT,
    ),
    "transaction_admin": (K.WRITE_TXN_MARKERS, K.DESCRIBE_TRANSACTIONS, K.LIST_TRANSACTIONS),
    "partitions": (
        K.ALTER_PARTITION,
        K.ELECT_LEADERS,
        K.ALTER_PARTITION_REASSIGNMENTS,
        K.LIST_PARTITION_REASSIGNMENTS,
    ),
    "brokers": (
        K.BROKER_REGISTRATION,
        K.BROKER_HEARTBEAT,
        K.CONTROLLER_REGISTRATION,
        K.UNREGISTER_BROKER,
    ),
    "quorum": (K.VOTE, K.BEGIN_QUORUM_EPOCH, K.END_QUORUM_EPOCH, K.DESCRIBE_QUORUM),
    "snapshots": (K.FETCH_SNAPSHOT,),
    "log_dirs": (K.DESCRIBE_LOG_DIRS,),
    "features": (K.UPDATE_FEATURES,),
}
_FAMILY_OF: Final = {key: family for family, keys in FAMILIES.items() for key in keys}


def _class(key: int, suffix: str) -> type[Message]:
    api = ApiKey(key)
    name = "".join(word.capitalize() for word in api.name.split("_")) + suffix
    module = import_module(f"kafkalab.protocol.messages.{_FAMILY_OF[api]}")
    message_class: type[Message] = getattr(module, name)
    return message_class


@cache
def request_class(key: int) -> type[Message]:
    """The request of an API.  ValueError for a key nobody knows."""
    return _class(key, "Request")


@cache
def response_class(key: int) -> type[Message]:
    """The response of an API.  ValueError for a key nobody knows."""
    return _class(key, "Response")


def is_flexible(key: int, version: int) -> bool:
    """Whether a version of an API uses compact encodings and tagged fields (KIP-482)."""
    return version in request_class(key).VERSIONS.flexible


def request_header_version(key: int, version: int) -> int:
    """2 with tagged fields, else 1 (0 is ControlledShutdown's, which is gone)."""
    return 2 if is_flexible(key, version) else 1


def response_header_version(key: int, version: int) -> int:
    """1 with tagged fields, else 0; always 0 for ApiVersions, whose reader knows nothing yet."""
    return 1 if key != ApiKey.API_VERSIONS and is_flexible(key, version) else 0
