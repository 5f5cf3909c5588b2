"""Events for the trace: what records mean, said when they are committed.

The first leader of a new partition is no election, so it is not announced as one.
"""

from collections.abc import Sequence
from typing import Any

from kafkalab.ids import TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.metadata import records as r
from kafkalab.metadata.delta import NO_LEADER_CHANGE
from kafkalab.node import Effects


def announce(
    effects: Effects, records: Sequence[Any], before: MetadataImage, after: MetadataImage
) -> None:
    """Say what has changed from one image to the next."""
    for record in records:
        match record:
            case r.PartitionChangeRecord():
                _partition(effects, record, before, after)
            case r.RegisterBrokerRecord():
                effects.emit("BrokerRegistered", record.broker_id, record.broker_epoch)
            case r.BrokerRegistrationChangeRecord() if record.fenced:
                kind = "BrokerFenced" if record.fenced > 0 else "BrokerUnfenced"
                effects.emit(kind, record.broker_id)
            case r.TopicRecord():
                partitions = len(after.topics[record.name].partitions)
                effects.emit("TopicCreated", record.name, partitions)
            case r.RemoveTopicRecord():
                effects.emit("TopicDeleted", before.topics_by_id[record.topic_id].name)


def _partition(
    effects: Effects, record: r.PartitionChangeRecord, before: MetadataImage, after: MetadataImage
) -> None:
    topic = after.topics_by_id[record.topic_id].name
    place = TopicPartition(topic, record.partition_id)
    old, new = before.partition(place), after.partition(place)
    assert old is not None, place
    assert new is not None, place
    if record.leader != NO_LEADER_CHANGE:
        effects.emit("LeaderElected", *place, new.leader, new.leader_epoch, new.isr)
    if new.isr != old.isr:
        effects.emit("IsrChanged", *place, old.isr, new.isr, new.partition_epoch)
