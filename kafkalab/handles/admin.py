"""An admin client as an application holds it, in confluent_kafka's shape.

    admin = AdminClient({"bootstrap.servers": "kafka:9092"})
    admin.create_topics([NewTopic("orders", 3, 3)])["orders"].result()

Calls return futures at once; `result()` runs virtual time until the answer is there, and raises
KafkaException if it is a refusal.

In confluent_kafka: `admin.AdminClient`, but for `delete_consumer_group_offsets`, which is Java's.
Left out: ACLs, users, feature updates, moving replicas, offsets of logs.
Read next: `futures`; `client.admin`, the node that does the work.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kafkalab.client.admin_answers import Outcome
from kafkalab.client.errors import KafkaError, KafkaException
from kafkalab.handles.futures import Future, Request, of_name
from kafkalab.handles.listing import ClusterMetadata, cluster_metadata
from kafkalab.handles.resources import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConsumerGroupDescription,
    ConsumerGroupTopicPartitions,
    DescribeClusterResult,
    ListConsumerGroupsResult,
    NewPartitions,
    NewTopic,
    Node,
    config_entries,
    group_description,
    group_listing,
    places,
)
from kafkalab.handles.session import Session, limit_ms, settings

if TYPE_CHECKING:
    from kafkalab.sim import Simulation

_TIMEOUT: Final = 60.0  # librdkafka's socket.timeout.ms, when no request_timeout is given


class AdminClient:
    """See the module's docstring.  `request_timeout` in virtual seconds, 60 if it is not given."""

    def __init__(self, conf: Mapping[str, Any], sim: "Simulation | None" = None) -> None:
        self._session = Session("admin", settings("admin", conf), sim)

    @property
    def name(self) -> str:
        """What its node is called in the pictures."""
        return self._session.name

    # --- topics

    def create_topics(
        self,
        new_topics: Iterable[NewTopic],
        operation_timeout: float | None = None,
        request_timeout: float | None = None,
        validate_only: bool = False,
    ) -> dict[str, Future[None]]:
        """A future for each topic."""
        given = tuple(
            (
                one.topic,
                one.num_partitions,
                one.replication_factor,
                _replicas(one.replica_assignment),
                tuple((name, _text(value)) for name, value in one.config.items()),
            )
            for one in new_topics
        )
        request = self._ask("create_topics", (given, validate_only), request_timeout)
        return {topic[0]: Future(request, partial(_nothing, topic[0])) for topic in given}

    def delete_topics(
        self,
        topics: Iterable[str],
        operation_timeout: float | None = None,
        request_timeout: float | None = None,
    ) -> dict[str, Future[None]]:
        """A future for each topic."""
        names = tuple(topics)
        request = self._ask("delete_topics", (names,), request_timeout)
        return {name: Future(request, partial(_nothing, name)) for name in names}

    def create_partitions(
        self,
        new_partitions: Iterable[NewPartitions],
        operation_timeout: float | None = None,
        request_timeout: float | None = None,
        validate_only: bool = False,
    ) -> dict[str, Future[None]]:
        """A future for each topic."""
        given = tuple(
            (one.topic, one.new_total_count, _replicas(one.replica_assignment))
            for one in new_partitions
        )
        request = self._ask("create_partitions", (given, validate_only), request_timeout)
        return {topic[0]: Future(request, partial(_nothing, topic[0])) for topic in given}

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata:
        """Brokers and topics as some broker knows them; KafkaException _TIMED_OUT."""
        request = self._ask("list_topics", (topic,), None if timeout < 0 else timeout)
        return cluster_metadata(of_name(None, request.outcomes(None)).value)

    # --- settings

    def describe_configs(
        self, resources: Iterable[ConfigResource], request_timeout: float | None = None
    ) -> dict[ConfigResource, Future[dict[str, ConfigEntry]]]:
        """A future for each resource: its settings by name."""
        futures = {}
        for resource in resources:
            key = (resource.restype.value, resource.name)
            request = self._ask("describe_configs", (key,), request_timeout)
            futures[resource] = Future(request, partial(_configs, key))
        return futures

    def alter_configs(
        self,
        resources: Iterable[ConfigResource],
        validate_only: bool = False,
        request_timeout: float | None = None,
    ) -> dict[ConfigResource, Future[None]]:
        """Replace all settings of each resource by those of its `set_config`."""
        resources = list(resources)
        given = tuple(
            (
                (one.restype.value, one.name),
                tuple((name, _text(value)) for name, value in one.set_config_dict.items()),
            )
            for one in resources
        )
        request = self._ask("alter_configs", (given, validate_only), request_timeout)
        return _by_resource(resources, request)

    def incremental_alter_configs(
        self,
        resources: Iterable[ConfigResource],
        validate_only: bool = False,
        request_timeout: float | None = None,
    ) -> dict[ConfigResource, Future[None]]:
        """Change the settings in each resource's `incremental_configs`, and no others."""
        resources = list(resources)
        given = tuple(
            (
                (one.restype.value, one.name),
                tuple(_operation(entry) for entry in one.incremental_configs),
            )
            for one in resources
        )
        request = self._ask("incremental_alter_configs", (given, validate_only), request_timeout)
        return _by_resource(resources, request)

    # --- the cluster and its groups

    def describe_cluster(
        self, request_timeout: float | None = None
    ) -> Future[DescribeClusterResult]:
        """The cluster's id, controller and brokers."""
        return Future(self._ask("describe_cluster", (), request_timeout), _cluster)

    def list_groups(self, group: str | None = None, timeout: float = -1) -> list[Any]:
        """All groups, or the one named, as `list_consumer_groups` lists them."""
        limit = None if timeout < 0 else timeout
        listed = self.list_consumer_groups(request_timeout=limit).result().valid
        return [one for one in listed if group is None or one.group_id == group]

    def list_consumer_groups(
        self, states: Iterable[str] = (), request_timeout: float | None = None
    ) -> Future[ListConsumerGroupsResult]:
        """All groups, or those in these states ("Stable", "Empty")."""
        return Future(self._ask("list_groups", (tuple(states),), request_timeout), _listing)

    def describe_consumer_groups(
        self, group_ids: Sequence[str], request_timeout: float | None = None
    ) -> dict[str, Future[ConsumerGroupDescription]]:
        """A future for each group."""
        request = self._ask("describe_groups", (tuple(group_ids),), request_timeout)
        return {group: Future(request, partial(_group, group)) for group in group_ids}

    def delete_consumer_groups(
        self, group_ids: Sequence[str], request_timeout: float | None = None
    ) -> dict[str, Future[None]]:
        """A future for each group; NON_EMPTY_GROUP while it has members."""
        request = self._ask("delete_groups", (tuple(group_ids),), request_timeout)
        return {group: Future(request, partial(_nothing, group)) for group in group_ids}

    def list_consumer_group_offsets(
        self,
        list_consumer_group_offsets_request: Sequence[ConsumerGroupTopicPartitions],
        require_stable: bool = False,
        request_timeout: float | None = None,
    ) -> dict[str, Future[ConsumerGroupTopicPartitions]]:
        """What a group has committed, for the partitions given or (None) all it has."""
        (asked,) = list_consumer_group_offsets_request
        given = asked.topic_partitions
        pairs = None if given is None else tuple((one.topic, one.partition) for one in given)
        request = self._ask("list_offsets", (asked.group_id, pairs), request_timeout)
        return {asked.group_id: Future(request, partial(_group_offsets, asked.group_id))}

    def alter_consumer_group_offsets(
        self,
        alter_consumer_group_offsets_request: Sequence[ConsumerGroupTopicPartitions],
        request_timeout: float | None = None,
    ) -> dict[str, Future[ConsumerGroupTopicPartitions]]:
        """Set a group's offsets, to skip or to read again.  UNKNOWN_MEMBER_ID: it has members."""
        (asked,) = alter_consumer_group_offsets_request
        places = tuple(
            (one.topic, one.partition, one.offset) for one in asked.topic_partitions or ()
        )
        request = self._ask("alter_offsets", (asked.group_id, places), request_timeout)
        return {asked.group_id: Future(request, partial(_changed, asked))}

    def delete_consumer_group_offsets(
        self,
        delete_consumer_group_offsets_request: Sequence[ConsumerGroupTopicPartitions],
        request_timeout: float | None = None,
    ) -> dict[str, Future[ConsumerGroupTopicPartitions]]:
        """Forget a group's offsets, of topics that no member reads."""
        (asked,) = delete_consumer_group_offsets_request
        pairs = tuple((one.topic, one.partition) for one in asked.topic_partitions or ())
        request = self._ask("delete_offsets", (asked.group_id, pairs), request_timeout)
        return {asked.group_id: Future(request, partial(_changed, asked))}

    def poll(self, timeout: float = -1) -> int:
        """There are no events to serve."""
        return 0

    def _ask(self, method: str, arguments: tuple[Any, ...], timeout: float | None) -> Request:
        patience = limit_ms(_TIMEOUT if timeout is None else timeout)
        id = self._session.act(method, *arguments, patience)
        return Request(self._session, id, method.replace("_", " "))

    def __repr__(self) -> str:
        return f"<{self.name}: {self._session.read('doing', self._session.now)}>"


def _nothing(name: Any, outcomes: tuple[Outcome, ...]) -> None:
    of_name(name, outcomes)


def _configs(name: tuple[int, str], outcomes: tuple[Outcome, ...]) -> dict[str, ConfigEntry]:
    return config_entries(of_name(name, outcomes).value)


def _group(name: str, outcomes: tuple[Outcome, ...]) -> ConsumerGroupDescription:
    return group_description(of_name(name, outcomes).value)


def _group_offsets(group: str, outcomes: tuple[Outcome, ...]) -> ConsumerGroupTopicPartitions:
    return ConsumerGroupTopicPartitions(group, places(of_name(group, outcomes).value))


def _changed(
    asked: ConsumerGroupTopicPartitions, outcomes: tuple[Outcome, ...]
) -> ConsumerGroupTopicPartitions:
    """What was asked for, each with its own error."""
    errors = {
        (topic, number): error for topic, number, error in of_name(asked.group_id, outcomes).value
    }
    offsets = (
        (one.topic, one.partition, one.offset, errors[one.topic, one.partition])
        for one in asked.topic_partitions or ()
    )
    return ConsumerGroupTopicPartitions(asked.group_id, places(offsets))


def _cluster(outcomes: tuple[Outcome, ...]) -> DescribeClusterResult:
    seen = of_name(None, outcomes).value
    nodes = [Node(*broker) for broker in seen.brokers]
    controller = next((node for node in nodes if node.id == seen.controller_id), None)
    return DescribeClusterResult(seen.cluster_id, controller, nodes)


def _listing(outcomes: tuple[Outcome, ...]) -> ListConsumerGroupsResult:
    valid = [group_listing(one.value) for one in outcomes if not one.error]
    errors: list[Exception] = [
        KafkaException(KafkaError(one.error, one.message)) for one in outcomes if one.error
    ]
    return ListConsumerGroupsResult(sorted(valid, key=lambda one: one.group_id), errors)


def _by_resource(
    resources: list[ConfigResource], request: Request
) -> dict[ConfigResource, Future[None]]:
    return {
        one: Future(request, partial(_nothing, (one.restype.value, one.name))) for one in resources
    }


def _replicas(given: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(ids) for ids in given)


def _operation(entry: ConfigEntry) -> tuple[str, int, str | None]:
    operation = entry.incremental_operation or AlterConfigOpType.SET
    return entry.name, operation.value, _text(entry.value)


def _text(value: Any) -> str | None:
    """A setting as Kafka writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
