"""Which partition of a coordinator's topic an id belongs to, as every broker works it out.

In Kafka: `GroupCoordinatorService.partitionFor`, `TransactionStateManager.partitionFor`.
"""

from kafkalab.java_hash import string_hash


def partition_for(id: str, partitions: int) -> int:
    """Java's `Utils.abs(id.hashCode()) % partitions`; the one number without a twin gives 0."""
    code = string_hash(id)
    return (code if code < 1 << 31 else ((1 << 32) - code) & 0x7FFFFFFF) % partitions
