"""The cluster's metadata: records in a log, an image of what they say, deltas between images.

Reading order: `image` (what there is), `records` (what can change it, by Kafka's names), `delta`
(how a record changes an image), `serde` (records as bytes), `names` (what a topic may be called).
"""

from kafkalab.metadata.delta import MetadataDelta
from kafkalab.metadata.image import (
    BROKER_RESOURCE,
    TOPIC_RESOURCE,
    BrokerImage,
    MetadataImage,
    PartitionImage,
    TopicImage,
)

__all__ = [
    "BROKER_RESOURCE",
    "TOPIC_RESOURCE",
    "BrokerImage",
    "MetadataDelta",
    "MetadataImage",
    "PartitionImage",
    "TopicImage",
]
