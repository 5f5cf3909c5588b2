"""The difference records make: replay them onto an image, then finish to get the next one.

    image ──▶ MetadataDelta ──replay(record)…──▶ finish(offset, epoch) ──▶ image'

A delta also remembers what it touched, so that those who follow the metadata (replicas, groups)
look at what changed and nothing else.

In Kafka: `MetadataDelta`, `TopicsDelta`, `ClusterDelta`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Self, TypeVar

from kafkalab.ids import NodeId, TopicPartition, Uuid
from kafkalab.metadata import records as r
from kafkalab.metadata.image import (
    TOPIC_RESOURCE,
    BrokerImage,
    MetadataImage,
    PartitionImage,
    TopicImage,
)

NO_LEADER_CHANGE: Final = -2
_Key = TypeVar("_Key")


class MetadataDelta:
    """Changes to one image.  Replaying a record twice does not change the outcome."""

    def __init__(self, image: MetadataImage) -> None:
        self.image = image
        self.changed_brokers: dict[NodeId, None] = {}
        self.changed_topics: dict[str, None] = {}
        self.changed_partitions: dict[TopicPartition, None] = {}
        self.changed_configs: dict[tuple[int, str], None] = {}
        self.deleted_topics: dict[str, TopicImage] = {}
        self._brokers: dict[NodeId, BrokerImage] | None = None
        self._topics: dict[str, TopicImage] | None = None
        self._topics_by_id: dict[Uuid, TopicImage] | None = None
        self._partitions: dict[str, dict[int, PartitionImage]] = {}
        self._configs: dict[tuple[int, str], Mapping[str, str]] | None = None
        self._features: dict[str, int] | None = None
        self._controllers: dict[NodeId, Uuid] | None = None
        self._next_producer_id = image.next_producer_id

    @classmethod
    def between(cls, old: MetadataImage, new: MetadataImage) -> Self:
        """The delta that makes `new` of `old`: what a snapshot changes, whatever led to it.

        In Kafka: `MetadataDelta.finishSnapshot`, which removes what a snapshot does not name.
        """
        delta = cls(old)
        delta._brokers, delta._features = dict(new.brokers), dict(new.features)
        delta._topics, delta._topics_by_id = dict(new.topics), dict(new.topics_by_id)
        delta._configs, delta._controllers = dict(new.configs), dict(new.controllers)
        delta._next_producer_id = new.next_producer_id
        delta.changed_brokers = _different(old.brokers, new.brokers)
        delta.changed_configs = _different(old.configs, new.configs)
        for name in _different(old.topics, new.topics):
            before, after = old.topics.get(name), new.topics.get(name)
            if before is not None and (after is None or after.topic_id != before.topic_id):
                delta.deleted_topics[name] = before
                before = None
            if after is not None:
                delta.changed_topics[name] = None
                known = before.partitions if before is not None else {}
                for number in _different(known, after.partitions):
                    delta.changed_partitions[TopicPartition(name, number)] = None
        return delta

    @property
    def is_empty(self) -> bool:
        """Whether finishing would change nothing but offset and epoch."""
        return (
            self._brokers is None
            and self._topics is None
            and not self._partitions
            and self._configs is None
            and self._features is None
            and self._controllers is None
            and self._next_producer_id == self.image.next_producer_id
        )

    def replay(self, record: Any) -> None:
        """Apply one metadata record."""
        apply = _REPLAY.get(type(record))
        if apply is not None:
            apply(self, record)

    def finish(self, offset: int, epoch: int) -> MetadataImage:
        """The image after all that was replayed, at this offset and epoch of the log."""
        if self.is_empty:
            return self.image.at(offset, epoch)
        self._settle_partitions()
        image = self.image
        return MetadataImage(
            offset=offset,
            epoch=epoch,
            brokers=image.brokers if self._brokers is None else self._brokers,
            topics=image.topics if self._topics is None else self._topics,
            topics_by_id=image.topics_by_id if self._topics_by_id is None else self._topics_by_id,
            configs=image.configs if self._configs is None else self._configs,
            features=image.features if self._features is None else self._features,
            controllers=image.controllers if self._controllers is None else self._controllers,
            next_producer_id=self._next_producer_id,
        )

    # --- brokers ------------------------------------------------------------------------------
    def _own_brokers(self) -> dict[NodeId, BrokerImage]:
        if self._brokers is None:
            self._brokers = dict(self.image.brokers)
        return self._brokers

    def _register_broker(self, record: r.RegisterBrokerRecord) -> None:
        end_point = record.end_points[0] if record.end_points else None
        self._own_brokers()[record.broker_id] = BrokerImage(
            id=record.broker_id,
            epoch=record.broker_epoch,
            incarnation_id=record.incarnation_id,
            host=end_point.host if end_point else "",
            port=end_point.port if end_point else 0,
            rack=record.rack,
            fenced=record.fenced,
            in_controlled_shutdown=record.in_controlled_shutdown,
        )
        self.changed_brokers[record.broker_id] = None

    def _unregister_broker(self, record: r.UnregisterBrokerRecord) -> None:
        self._own_brokers().pop(record.broker_id, None)
        self.changed_brokers[record.broker_id] = None

    def _change_registration(self, record: r.BrokerRegistrationChangeRecord) -> None:
        brokers = self._own_brokers()
        broker = brokers[record.broker_id]
        if record.fenced:  # 1: fence, -1: unfence, 0: as it was
            broker = replace(broker, fenced=record.fenced > 0)
        if record.in_controlled_shutdown:
            broker = replace(broker, in_controlled_shutdown=True)
        brokers[record.broker_id] = broker
        self.changed_brokers[record.broker_id] = None

    def _fence(self, record: r.FenceBrokerRecord) -> None:
        brokers = self._own_brokers()
        brokers[record.id] = replace(brokers[record.id], fenced=True)
        self.changed_brokers[record.id] = None

    def _unfence(self, record: r.UnfenceBrokerRecord) -> None:
        brokers = self._own_brokers()
        brokers[record.id] = replace(brokers[record.id], fenced=False)
        self.changed_brokers[record.id] = None

    # --- topics -------------------------------------------------------------------------------
    def _own_topics(self) -> tuple[dict[str, TopicImage], dict[Uuid, TopicImage]]:
        if self._topics is None or self._topics_by_id is None:
            self._topics = dict(self.image.topics)
            self._topics_by_id = dict(self.image.topics_by_id)
        return self._topics, self._topics_by_id

    def topic(self, topic_id: Uuid) -> TopicImage:
        """A topic as the delta has it, without its changed partitions.  KeyError if unknown."""
        if self._topics_by_id is not None:
            return self._topics_by_id[topic_id]
        return self.image.topics_by_id[topic_id]

    def _add_topic(self, record: r.TopicRecord) -> None:
        topics, by_id = self._own_topics()
        topic = TopicImage(record.name, record.topic_id, {})
        topics[record.name] = by_id[record.topic_id] = topic
        self.changed_topics[record.name] = None

    def _remove_topic(self, record: r.RemoveTopicRecord) -> None:
        topics, by_id = self._own_topics()
        topic = by_id.pop(record.topic_id)
        del topics[topic.name]
        self._partitions.pop(topic.name, None)
        settings = (TOPIC_RESOURCE, topic.name)  # its settings go with it
        if settings in (self.image.configs if self._configs is None else self._configs):
            self._own_configs().pop(settings)
            self.changed_configs[settings] = None
        self.deleted_topics[topic.name] = self.image.topics.get(topic.name, topic)
        self.changed_topics.pop(topic.name, None)
        for partition in list(self.changed_partitions):
            if partition.topic == topic.name:
                del self.changed_partitions[partition]

    def _own_partitions(self, topic_id: Uuid) -> tuple[str, dict[int, PartitionImage]]:
        topic = self.topic(topic_id)
        partitions = self._partitions.get(topic.name)
        if partitions is None:
            partitions = self._partitions[topic.name] = dict(topic.partitions)
        self.changed_topics[topic.name] = None
        return topic.name, partitions

    def _add_partition(self, record: r.PartitionRecord) -> None:
        name, partitions = self._own_partitions(record.topic_id)
        partitions[record.partition_id] = PartitionImage(
            replicas=record.replicas,
            isr=record.isr,
            leader=record.leader,
            leader_epoch=record.leader_epoch,
            partition_epoch=record.partition_epoch,
            elr=record.eligible_leader_replicas or (),
            last_known_elr=record.last_known_elr or (),
            leader_recovery_state=record.leader_recovery_state,
        )
        self.changed_partitions[TopicPartition(name, record.partition_id)] = None

    def _change_partition(self, record: r.PartitionChangeRecord) -> None:
        name, partitions = self._own_partitions(record.topic_id)
        partitions[record.partition_id] = merge(partitions[record.partition_id], record)
        self.changed_partitions[TopicPartition(name, record.partition_id)] = None

    def _clear_elr(self, record: r.ClearElrRecord) -> None:
        """Forget the eligible leaders of one topic, or of all if it has no name."""
        topics = self.image.topics if self._topics is None else self._topics
        for topic in [topics[record.topic_name]] if record.topic_name else list(topics.values()):
            current = self._partitions.get(topic.name, topic.partitions)
            for number, partition in list(current.items()):
                if partition.elr or partition.last_known_elr:
                    name, partitions = self._own_partitions(topic.topic_id)
                    partitions[number] = replace(
                        partition,
                        partition_epoch=partition.partition_epoch + 1,
                        elr=(),
                        last_known_elr=(),
                    )
                    self.changed_partitions[TopicPartition(name, number)] = None

    def _settle_partitions(self) -> None:
        if not self._partitions:
            return
        topics, by_id = self._own_topics()
        for name, partitions in self._partitions.items():
            topic = TopicImage(name, topics[name].topic_id, partitions)
            topics[name] = by_id[topic.topic_id] = topic
        self._partitions = {}

    # --- the rest -----------------------------------------------------------------------------
    def _own_configs(self) -> dict[tuple[int, str], Mapping[str, str]]:
        if self._configs is None:
            self._configs = dict(self.image.configs)
        return self._configs

    def _set_config(self, record: r.ConfigRecord) -> None:
        configs = self._own_configs()
        resource = (record.resource_type, record.resource_name)
        settings = dict(configs.get(resource, {}))
        if record.value is None:
            settings.pop(record.name, None)
        else:
            settings[record.name] = record.value
        if settings:
            configs[resource] = settings
        else:
            configs.pop(resource, None)
        self.changed_configs[resource] = None

    def _set_feature(self, record: r.FeatureLevelRecord) -> None:
        if self._features is None:
            self._features = dict(self.image.features)
        self._features[record.name] = record.feature_level

    def _set_producer_ids(self, record: r.ProducerIdsRecord) -> None:
        self._next_producer_id = record.next_producer_id

    def _register_controller(self, record: r.RegisterControllerRecord) -> None:
        if self._controllers is None:
            self._controllers = dict(self.image.controllers)
        self._controllers[record.controller_id] = record.incarnation_id


def _different(old: Mapping[_Key, object], new: Mapping[_Key, object]) -> dict[_Key, None]:
    """The keys whose values differ, those of the old first."""
    return {key: None for key in (*old, *new) if old.get(key) != new.get(key)}


def merge(partition: PartitionImage, change: r.PartitionChangeRecord) -> PartitionImage:
    """A partition after a change: what the record leaves out stays (`PartitionRegistration.merge`).

    A leader in the record, even the same one, is an election: the leader epoch rises.
    """
    elected = change.leader != NO_LEADER_CHANGE
    elr, last_known_elr = change.eligible_leader_replicas, change.last_known_elr
    recovery = change.leader_recovery_state
    return PartitionImage(
        replicas=partition.replicas if change.replicas is None else change.replicas,
        isr=partition.isr if change.isr is None else change.isr,
        leader=change.leader if elected else partition.leader,
        leader_epoch=partition.leader_epoch + 1 if elected else partition.leader_epoch,
        partition_epoch=partition.partition_epoch + 1,
        elr=partition.elr if elr is None else elr,
        last_known_elr=partition.last_known_elr if last_known_elr is None else last_known_elr,
        leader_recovery_state=partition.leader_recovery_state if recovery == -1 else recovery,
    )


_REPLAY: Final[Mapping[type, Callable[[MetadataDelta, Any], None]]] = {
    r.RegisterBrokerRecord: MetadataDelta._register_broker,
    r.UnregisterBrokerRecord: MetadataDelta._unregister_broker,
    r.BrokerRegistrationChangeRecord: MetadataDelta._change_registration,
    r.FenceBrokerRecord: MetadataDelta._fence,
    r.UnfenceBrokerRecord: MetadataDelta._unfence,
    r.TopicRecord: MetadataDelta._add_topic,
    r.RemoveTopicRecord: MetadataDelta._remove_topic,
    r.PartitionRecord: MetadataDelta._add_partition,
    r.PartitionChangeRecord: MetadataDelta._change_partition,
    r.ClearElrRecord: MetadataDelta._clear_elr,
    r.ConfigRecord: MetadataDelta._set_config,
    r.FeatureLevelRecord: MetadataDelta._set_feature,
    r.ProducerIdsRecord: MetadataDelta._set_producer_ids,
    r.RegisterControllerRecord: MetadataDelta._register_controller,
}
