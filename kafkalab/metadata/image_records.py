"""An image as the records that make it: what a snapshot of the metadata log holds.

    image ──records_of──▶ features, brokers, controllers, topics, settings, producer ids
          ◀──replay────── onto the empty image

Invariant (Q7): replaying `records_of(image)` onto the empty image gives the image again.

In Kafka: `MetadataImage.write` with `RecordListWriter`.
Left out: what the image does not keep of a registration (its features, names of listeners).
"""

from collections.abc import Iterator
from typing import Any, Final

from kafkalab.metadata import records as r
from kafkalab.metadata.image import BrokerImage, MetadataImage, TopicImage

_METADATA_VERSION: Final = "metadata.version"


def records_of(image: MetadataImage) -> Iterator[Any]:
    """In Kafka's order: `metadata.version` first, for it says how the rest is written."""
    names = sorted(image.features, key=lambda name: name != _METADATA_VERSION)
    for name in names:
        yield r.FeatureLevelRecord(name=name, feature_level=image.features[name])
    for broker in image.brokers.values():
        yield _registration(broker)
    for node_id, incarnation_id in image.controllers.items():
        yield r.RegisterControllerRecord(controller_id=node_id, incarnation_id=incarnation_id)
    for topic in image.topics.values():
        yield from _topic(topic)
    for (kind, resource), settings in image.configs.items():
        for name, value in settings.items():
            yield r.ConfigRecord(resource_type=kind, resource_name=resource, name=name, value=value)
    if image.next_producer_id > 0:
        yield r.ProducerIdsRecord(
            broker_id=-1, broker_epoch=-1, next_producer_id=image.next_producer_id
        )


def _registration(broker: BrokerImage) -> r.RegisterBrokerRecord:
    end_point = r.BrokerEndpoint(
        name="PLAINTEXT", host=broker.host, port=broker.port, security_protocol=0
    )
    return r.RegisterBrokerRecord(
        broker_id=broker.id,
        incarnation_id=broker.incarnation_id,
        broker_epoch=broker.epoch,
        end_points=(end_point,),
        rack=broker.rack,
        fenced=broker.fenced,
        in_controlled_shutdown=broker.in_controlled_shutdown,
    )


def _topic(topic: TopicImage) -> Iterator[Any]:
    yield r.TopicRecord(name=topic.name, topic_id=topic.topic_id)
    for number, partition in topic.partitions.items():
        yield r.PartitionRecord(
            partition_id=number,
            topic_id=topic.topic_id,
            replicas=partition.replicas,
            isr=partition.isr,
            leader=partition.leader,
            leader_recovery_state=partition.leader_recovery_state,
            leader_epoch=partition.leader_epoch,
            partition_epoch=partition.partition_epoch,
            eligible_leader_replicas=partition.elr or None,
            last_known_elr=partition.last_known_elr or None,
        )
