"""An admin client: a node that asks brokers to create, describe, change and delete.

    create_topics(…) ──▶ id      take_result(id) ──▶ None (not yet) | (Outcome, …)

Requests that only the controller can grant go to any broker, which passes them on.  Each action
takes plain data, `timeout_ms` and, last, `now`.

In Kafka: `KafkaAdminClient`; in librdkafka: `rdkafka_admin.c`.
Left out: what this release's brokers do not offer (ACLs, quotas, reassignment, feature updates).
Read next: `admin_tasks`, `queries`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Self

from kafkalab.client import group_offsets, metadata, queries
from kafkalab.client.admin_answers import Outcome
from kafkalab.client.admin_tasks import AllBrokers, Coordinators, OneServer, Task
from kafkalab.client.cluster_view import view_request
from kafkalab.client.conf import admin_conf
from kafkalab.client.connections import Answer, Connections
from kafkalab.client.errors import TIMED_OUT
from kafkalab.client.metadata import Metadata
from kafkalab.client.output import Output
from kafkalab.client.queries import ANY, CONTROLLER, Queries
from kafkalab.ids import NodeId, NodeName
from kafkalab.node import Envelope, Outbox
from kafkalab.protocol.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsRequestAlterableConfig,
    AlterConfigsRequestAlterConfigsResource,
    DescribeConfigsRequest,
    DescribeConfigsResource,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsRequestAlterConfigsResource,
)
from kafkalab.protocol.messages.group_admin import (
    DeleteGroupsRequest,
    DescribeGroupsRequest,
    ListGroupsRequest,
)
from kafkalab.protocol.messages.metadata import DescribeClusterRequest
from kafkalab.protocol.messages.topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteTopicState,
)
from kafkalab.protocol.schema import Message
from kafkalab.timers import Timers

BROKER: Final = 4  # a configured resource's type

#: name, partitions, replication factor, replicas of each partition, settings
NewTopic = tuple[str, int, int, tuple[tuple[int, ...], ...], tuple[tuple[str, str | None], ...]]
Resource = tuple[int, str]  # type and name


class AdminNode:
    """See the module's docstring.  `ConfigError` for a conf that does not fit."""

    ACTIONS: ClassVar[tuple[str, ...]] = (
        "create_topics",
        "delete_topics",
        "create_partitions",
        "describe_configs",
        "alter_configs",
        "incremental_alter_configs",
        "describe_cluster",
        "list_topics",
        "list_groups",
        "describe_groups",
        "delete_groups",
        "list_offsets",
        "alter_offsets",
        "delete_offsets",
        "take_result",
    )
    kind = "admin"

    def __init__(
        self,
        name: NodeName,
        conf: Mapping[str, Any],
        seed: int,
        bootstrap: tuple[NodeName, ...],
        connections_before: int = 0,
    ) -> None:
        self.name = name
        self._given = conf
        self._seed = seed
        self._bootstrap = bootstrap
        checked = admin_conf(conf, name)
        self._is_new = True
        self._next_id = 1
        self._next_question = 1
        self._output = Output()
        self._connections = Connections(name, checked, seed, self._output, connections_before)
        self._metadata = Metadata(name, checked, seed, bootstrap, self._connections)
        self._queries = Queries(checked, self._connections, self._metadata)
        self._tasks: dict[int, Task] = {}
        self._due: dict[int, int] = {}  # of each task
        self._questions: dict[int, int] = {}  # question -> task
        self._finished: dict[int, tuple[Outcome, ...]] = {}
        self._timers: Timers[int] = Timers()  # tasks

    # --- topics

    def create_topics(
        self, topics: tuple[NewTopic, ...], validate_only: bool, timeout_ms: int, now: int
    ) -> int:
        """Partitions and replication factor -1: the broker's defaults, or the replicas given."""
        request = CreateTopicsRequest(
            topics=tuple(_creatable(*topic) for topic in topics),
            timeout_ms=timeout_ms,
            validate_only=validate_only,
        )
        return self._begin(OneServer(request, CONTROLLER), timeout_ms, now)

    def delete_topics(self, names: tuple[str, ...], timeout_ms: int, now: int) -> int:
        request = DeleteTopicsRequest(
            topics=tuple(DeleteTopicState(name=name) for name in names),
            topic_names=(),
            timeout_ms=timeout_ms,
        )
        return self._begin(OneServer(request, CONTROLLER), timeout_ms, now)

    def create_partitions(
        self,
        topics: tuple[tuple[str, int, tuple[tuple[int, ...], ...]], ...],
        validate_only: bool,
        timeout_ms: int,
        now: int,
    ) -> int:
        """Of each topic: name, the new number of partitions, replicas of the new ones (or ())."""
        request = CreatePartitionsRequest(
            topics=tuple(
                CreatePartitionsTopic(
                    name=name,
                    count=count,
                    assignments=tuple(
                        CreatePartitionsAssignment(broker_ids=ids) for ids in replicas
                    )
                    or None,
                )
                for name, count, replicas in topics
            ),
            timeout_ms=timeout_ms,
            validate_only=validate_only,
        )
        return self._begin(OneServer(request, CONTROLLER), timeout_ms, now)

    # --- settings

    def describe_configs(self, resource: Resource, timeout_ms: int, now: int) -> int:
        """One resource: a broker answers for itself, any broker for a topic."""
        request = DescribeConfigsRequest(
            resources=(
                DescribeConfigsResource(
                    resource_type=resource[0], resource_name=resource[1], configuration_keys=None
                ),
            ),
            include_synonyms=True,
            include_documentation=False,
        )
        return self._begin(OneServer(request, _responsible(resource)), timeout_ms, now)

    def alter_configs(
        self,
        resources: tuple[tuple[Resource, tuple[tuple[str, str | None], ...]], ...],
        validate_only: bool,
        timeout_ms: int,
        now: int,
    ) -> int:
        """Replace all settings of each resource."""
        request = AlterConfigsRequest(
            resources=tuple(
                AlterConfigsRequestAlterConfigsResource(
                    resource_type=type,
                    resource_name=name,
                    configs=tuple(
                        AlterConfigsRequestAlterableConfig(name=key, value=value)
                        for key, value in settings
                    ),
                )
                for (type, name), settings in resources
            ),
            validate_only=validate_only,
        )
        return self._begin(OneServer(request, CONTROLLER), timeout_ms, now)

    def incremental_alter_configs(
        self,
        resources: tuple[tuple[Resource, tuple[tuple[str, int, str | None], ...]], ...],
        validate_only: bool,
        timeout_ms: int,
        now: int,
    ) -> int:
        """Change single settings: name, 0 set, 1 delete, 2 append, 3 subtract, value (KIP-339)."""
        request = IncrementalAlterConfigsRequest(
            resources=tuple(
                IncrementalAlterConfigsRequestAlterConfigsResource(
                    resource_type=type,
                    resource_name=name,
                    configs=tuple(
                        IncrementalAlterConfigsRequestAlterableConfig(
                            name=key, config_operation=operation, value=value
                        )
                        for key, operation, value in settings
                    ),
                )
                for (type, name), settings in resources
            ),
            validate_only=validate_only,
        )
        return self._begin(OneServer(request, CONTROLLER), timeout_ms, now)

    # --- the cluster and its groups

    def describe_cluster(self, timeout_ms: int, now: int) -> int:
        request = DescribeClusterRequest(include_cluster_authorized_operations=False)
        return self._begin(OneServer(request), timeout_ms, now)

    def list_topics(self, topic: str | None, timeout_ms: int, now: int) -> int:
        """One topic or all; the one outcome's value is a `ClusterSeen`."""
        return self._begin(OneServer(view_request(topic)), timeout_ms, now)

    def list_groups(self, states: tuple[str, ...], timeout_ms: int, now: int) -> int:
        """All groups, or those in these states; every broker is asked."""
        request = ListGroupsRequest(states_filter=states, types_filter=())
        return self._begin(AllBrokers(request), timeout_ms, now)

    def describe_groups(self, groups: tuple[str, ...], timeout_ms: int, now: int) -> int:
        return self._begin(Coordinators(DescribeGroupsRequest, groups), timeout_ms, now)

    def delete_groups(self, groups: tuple[str, ...], timeout_ms: int, now: int) -> int:
        return self._begin(Coordinators(DeleteGroupsRequest, groups), timeout_ms, now)

    def list_offsets(
        self, group: str, pairs: tuple[tuple[str, int], ...] | None, timeout_ms: int, now: int
    ) -> int:
        """What a group has committed, for these (topic, partition) or (None) for all."""
        request = group_offsets.listing(group, pairs)
        return self._begin(Coordinators(request, (group,)), timeout_ms, now)

    def alter_offsets(
        self, group: str, places: tuple[tuple[str, int, int], ...], timeout_ms: int, now: int
    ) -> int:
        """Set a group's offsets: (topic, partition, offset); it must have no members."""
        request = group_offsets.altering(group, places)
        return self._begin(Coordinators(request, (group,)), timeout_ms, now)

    def delete_offsets(
        self, group: str, pairs: tuple[tuple[str, int], ...], timeout_ms: int, now: int
    ) -> int:
        """Forget a group's offsets.  GROUP_SUBSCRIBED_TO_TOPIC while a member reads the topic."""
        request = group_offsets.deleting(group, pairs)
        return self._begin(Coordinators(request, (group,)), timeout_ms, now)

    # --- results

    def take_result(self, id: int, now: int) -> tuple[Outcome, ...] | None:
        """How a task ended, forgotten here; None if it has not."""
        return self._finished.pop(id, None)

    def has_result(self, id: int) -> bool:
        return id in self._finished

    def doing(self, now: int) -> str:
        """In short words, for pictures."""
        return f"{len(self._tasks)} requests" if self._tasks else "idle"

    # --- tasks

    def _begin(self, task: Task, timeout_ms: int, now: int) -> int:
        id, self._next_id = self._next_id, self._next_id + 1
        self._tasks[id] = task
        self._due[id] = now + timeout_ms
        self._step(now)
        return id

    def _step(self, now: int) -> None:
        self._timers.pop_due(now)
        self._queries.step(now)
        for question, id in list(self._questions.items()):
            if self._queries.has(question):
                del self._questions[question]
                reply = self._queries.take(question)
                if id in self._tasks and reply is not None:
                    self._tasks[id].on_reply(question, reply, now)
        for id, task in list(self._tasks.items()):
            self._serve(id, task, now)
        self._queries.step(now)
        self._metadata.step(now)

    def _serve(self, id: int, task: Task, now: int) -> None:
        due = self._due[id]
        if not task.is_done and now < due:
            asked: list[tuple[Message, NodeId]] = []

            def ask(request: Message, to: NodeId) -> int:
                asked.append((request, to))
                return self._next_question + len(asked) - 1

            task.step(ask, tuple(self._metadata.brokers), now)
            for request, to in asked:
                self._queries.ask(self._next_question, request, to, due - now, now)
                self._questions[self._next_question] = id
                self._next_question += 1
        if task.is_done or now >= due:
            late = () if task.is_done else (Outcome(None, TIMED_OUT),)
            self._finished[id] = (*task.found, *late)
            del self._tasks[id], self._due[id]
            self._timers.cancel(id)
        else:
            self._timers.set(id, min(due, task.not_before) if task.not_before > now else due)

    # --- the node

    def receive(self, envelope: Envelope, now: int) -> None:
        self._dispatch(self._connections.receive(envelope, now), now)

    def on_timer(self, now: int) -> None:
        self._is_new = False
        self._dispatch(self._connections.on_timer(now), now)

    def _dispatch(self, answers: Iterable[Answer], now: int) -> None:
        for answer in answers:
            if answer.asked.owner == metadata.OWNER:
                self._metadata.on_answer(answer, now)
            else:
                assert answer.asked.owner == queries.OWNER, answer
                self._queries.on_answer(answer, now)
        self._step(now)

    def next_timer(self) -> int | None:
        if self._is_new:
            return 0
        timers = (
            self._connections.next_timer(),
            self._metadata.timer,
            self._queries.next_timer(),
            self._timers.first,
        )
        return min((due for due in timers if due is not None), default=None)

    def take_outbox(self) -> Outbox:
        return self._output.take()

    def restarted(self, now: int) -> Self:
        """A new process: it has nothing to do."""
        before = self._connections.number
        return type(self)(self.name, self._given, self._seed, self._bootstrap, before)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._output = self._output.fork()
        other._connections = self._connections.fork(other._output)
        other._metadata = self._metadata.fork(other._connections)
        other._queries = self._queries.fork(other._connections, other._metadata)
        other._tasks = {id: task.fork() for id, task in self._tasks.items()}
        other._due = self._due.copy()
        other._questions = self._questions.copy()
        other._finished = self._finished.copy()
        other._timers = self._timers.fork()
        return other


def _creatable(
    name: str,
    partitions: int,
    replication_factor: int,
    replicas: tuple[tuple[int, ...], ...],
    settings: tuple[tuple[str, str | None], ...],
) -> CreatableTopic:
    return CreatableTopic(
        name=name,
        num_partitions=-1 if replicas else partitions,
        replication_factor=-1 if replicas else replication_factor,
        assignments=tuple(
            CreatableReplicaAssignment(partition_index=index, broker_ids=ids)
            for index, ids in enumerate(replicas)
        ),
        configs=tuple(CreatableTopicConfig(name=key, value=value) for key, value in settings),
    )


def _responsible(resource: Resource) -> NodeId:
    type, name = resource
    return int(name) if type == BROKER and name.isdigit() else ANY
