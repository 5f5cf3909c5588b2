"""The records with which a controller begins an empty metadata log.

    BeginTransaction, metadata.version, eligible.leader.replicas.version, transaction.version,
    group.version, min.insync.replicas of the cluster, EndTransaction

With ELR the cluster has a `min.insync.replicas` of its own, so that no two brokers can be of
different minds about it.

In Kafka: `ActivationRecordsGenerator`, `BootstrapMetadata`.
"""

from typing import Any

from kafkalab.config import Config
from kafkalab.controller.written_state import ELR_FEATURE, MIN_ISR
from kafkalab.metadata import BROKER_RESOURCE
from kafkalab.metadata import records as r
from kafkalab.metadata.serde import METADATA_VERSION


def bootstrap_records(config: Config) -> list[Any]:
    """The first batch of a cluster's metadata."""
    return [
        r.BeginTransactionRecord(name="Bootstrap records"),
        r.FeatureLevelRecord(name="metadata.version", feature_level=METADATA_VERSION),
        r.FeatureLevelRecord(name=ELR_FEATURE, feature_level=1),
        r.FeatureLevelRecord(name="transaction.version", feature_level=2),
        r.FeatureLevelRecord(name="group.version", feature_level=1),  # KIP-848
        r.ConfigRecord(
            resource_type=BROKER_RESOURCE,
            resource_name="",
            name=MIN_ISR,
            value=config.text(MIN_ISR),
        ),
        r.EndTransactionRecord(),
    ]
