"""A number that changes when the topics of a group do: their partitions, or the racks of these.

So a coordinator sees, without storing the topics, whether its target is out of date (KIP-1101).

In Kafka: `Utils.computeTopicHash`, `computeGroupHash`.
Left out: Kafka's hash function (XXH3).  A broker of Apache Kafka that read our log would find
another number, and compute the group's target once more.
"""

from collections.abc import Iterable
from hashlib import blake2b

from kafkalab.groups.consumer.table import ConsumerGroupTable
from kafkalab.metadata import MetadataImage, TopicImage


def metadata_hash(table: ConsumerGroupTable, subscribed: Iterable[str]) -> int:
    """Of the topics that exist, in the order of their names; 0 without any."""
    topics = table.image.topics
    hashes = [_topic_hash(table, topics[name]) for name in sorted(subscribed) if name in topics]
    if not hashes:
        return 0
    return _hash(b"".join(each.to_bytes(8, "big", signed=True) for each in hashes))


def _topic_hash(table: ConsumerGroupTable, topic: TopicImage) -> int:
    known = table.topic_hashes.get(topic.name)
    if known is not None and known[0] is topic:
        return known[1]
    racks = ";".join(_racks(topic, number, table.image) for number in sorted(topic.partitions))
    text = f"{topic.name}/{len(topic.partitions)}/{racks}"
    hashed = _hash(topic.topic_id + text.encode())
    table.topic_hashes[topic.name] = topic, hashed
    return hashed


def _racks(topic: TopicImage, number: int, image: MetadataImage) -> str:
    brokers = (image.brokers.get(id) for id in topic.partitions[number].replicas)
    racks = sorted(broker.rack for broker in brokers if broker is not None and broker.rack)
    return ",".join(f"{len(rack)}:{rack}" for rack in racks)


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)
