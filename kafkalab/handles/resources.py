"""What an admin client is asked about, and what it answers, under confluent_kafka's names.

In confluent_kafka: `confluent_kafka.admin`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from kafkalab.client.admin_answers import ConfigSeen, GroupListed, GroupSeen, MemberSeen
from kafkalab.client.errors import KafkaError
from kafkalab.client.message import OFFSET_INVALID, TopicPartition


class ResourceType(Enum):
    """What has settings."""

    UNKNOWN = 0
    ANY = 1
    TOPIC = 2
    GROUP = 3
    BROKER = 4


class ConfigSource(Enum):
    """Where a setting comes from."""

    UNKNOWN_CONFIG = 0
    DYNAMIC_TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5


class AlterConfigOpType(Enum):
    """What `incremental_alter_configs` does with a setting."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


class NewTopic:
    """A topic to be created; -1 means the brokers' defaults."""

    def __init__(
        self,
        topic: str,
        num_partitions: int = -1,
        replication_factor: int = -1,
        replica_assignment: Sequence[Sequence[int]] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.topic = topic
        self.num_partitions = num_partitions
        self.replication_factor = replication_factor
        self.replica_assignment = replica_assignment or []
        self.config = dict(config or {})

    def __repr__(self) -> str:
        return f"NewTopic(topic={self.topic},num_partitions={self.num_partitions})"


class NewPartitions:
    """A topic and how many partitions it is to have in all."""

    def __init__(
        self,
        topic: str,
        new_total_count: int,
        replica_assignment: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.topic = topic
        self.new_total_count = new_total_count
        self.replica_assignment = replica_assignment or []

    def __repr__(self) -> str:
        return f"NewPartitions(topic={self.topic},new_total_count={self.new_total_count})"


@dataclass(slots=True)
class ConfigEntry:
    """One setting; when given to `incremental_alter_configs`, what to do with it."""

    name: str
    value: str | None
    source: ConfigSource = ConfigSource.UNKNOWN_CONFIG
    is_read_only: bool = False
    is_default: bool = False
    is_sensitive: bool = False
    is_synonym: bool = False
    synonyms: dict[str, "ConfigEntry"] = field(default_factory=dict)
    incremental_operation: AlterConfigOpType | None = None

    def __str__(self) -> str:
        return f'{self.name}="{self.value}"'


class ConfigResource:
    """A topic or broker whose settings are asked about or changed."""

    Type = ResourceType

    def __init__(
        self,
        restype: ResourceType | str | int,
        name: str,
        set_config: Mapping[str, Any] | None = None,
        described_configs: object = None,
        error: object = None,
        incremental_configs: Sequence[ConfigEntry] | None = None,
    ) -> None:
        if isinstance(restype, str):
            restype = ResourceType[restype.upper()]
        self.restype = ResourceType(restype)
        self.name = str(name)
        self.set_config_dict = dict(set_config or {})
        self.incremental_configs = list(incremental_configs or [])
        self.configs = described_configs
        self.error = error

    def set_config(self, name: str, value: Any, overwrite: bool = True) -> None:
        """For `alter_configs`."""
        if overwrite or name not in self.set_config_dict:
            self.set_config_dict[name] = value

    def add_incremental_config(self, entry: ConfigEntry) -> None:
        """For `incremental_alter_configs`."""
        self.incremental_configs.append(entry)

    def _key(self) -> tuple[int, str]:
        return (self.restype.value, self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConfigResource) and self._key() == other._key()

    def __lt__(self, other: "ConfigResource") -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"ConfigResource(ResourceType.{self.restype.name},{self.name})"


@dataclass(slots=True)
class Node:
    """A broker."""

    id: int
    host: str = ""
    port: int = -1
    rack: str | None = None

    @property
    def id_string(self) -> str:
        return str(self.id)


@dataclass(slots=True)
class DescribeClusterResult:
    """The cluster's id, controller and brokers."""

    cluster_id: str | None
    controller: Node | None
    nodes: list[Node]


@dataclass(slots=True)
class ConsumerGroupListing:
    """A group in a list."""

    group_id: str
    is_simple_consumer_group: bool
    state: str
    type: str


@dataclass(slots=True)
class ListConsumerGroupsResult:
    """Groups, and the errors of brokers that could not say."""

    valid: list[ConsumerGroupListing]
    errors: list[Exception]


@dataclass(slots=True)
class MemberAssignment:
    """What a member reads."""

    topic_partitions: list[TopicPartition]


@dataclass(slots=True)
class MemberDescription:
    """One member of a group."""

    member_id: str
    client_id: str
    host: str
    assignment: MemberAssignment
    group_instance_id: str | None = None


@dataclass(slots=True)
class ConsumerGroupDescription:
    """A group, its state and members; `state` is Kafka's own word, "Stable"."""

    group_id: str
    is_simple_consumer_group: bool
    members: list[MemberDescription]
    partition_assignor: str
    state: str
    coordinator: Node


@dataclass(slots=True)
class ConsumerGroupTopicPartitions:
    """A group and partitions, with offsets where they matter; None: all that it has."""

    group_id: str
    topic_partitions: list[TopicPartition] | None = None


def places(offsets: Iterable[tuple[str, int, int, int]]) -> list[TopicPartition]:
    """(topic, partition, offset, error) of each; an offset of -1 was never committed."""
    made = []
    for topic, partition, offset, error in offsets:
        place = TopicPartition(topic, partition, OFFSET_INVALID if offset < 0 else offset)
        place.error = KafkaError(error) if error else None
        made.append(place)
    return made


def config_entries(seen: Sequence[ConfigSeen]) -> dict[str, ConfigEntry]:
    """Settings by name."""
    return {one.name: _entry(one) for one in seen}


def _entry(seen: ConfigSeen) -> ConfigEntry:
    source = ConfigSource(max(seen.source, 0))
    return ConfigEntry(
        seen.name,
        seen.value,
        source,
        seen.is_read_only,
        source is ConfigSource.DEFAULT_CONFIG,
        seen.is_sensitive,
        synonyms={
            name: ConfigEntry(name, value, ConfigSource(number), is_synonym=True)
            for name, value, number in seen.synonyms
        },
    )


def group_listing(seen: GroupListed) -> ConsumerGroupListing:
    """A listed group."""
    return ConsumerGroupListing(seen.group_id, not seen.protocol_type, seen.state, seen.type)


def group_description(seen: GroupSeen) -> ConsumerGroupDescription:
    """A described group."""
    return ConsumerGroupDescription(
        seen.group_id,
        not seen.protocol_type,
        [_member(one) for one in seen.members],
        seen.assignor,
        seen.state,
        Node(seen.coordinator),
    )


def _member(seen: MemberSeen) -> MemberDescription:
    places = [TopicPartition(*partition) for partition in seen.assignment]
    return MemberDescription(
        seen.member_id,
        seen.client_id,
        seen.host,
        MemberAssignment(places),
        seen.group_instance_id,
    )
