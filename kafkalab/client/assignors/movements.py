"""Which partitions have moved from whom to whom, so that two moves of a topic do not cross.

If t-0 has gone from A to B and now a partition of t is to go from B to A, then t-0 goes back
instead: moving another one would only have swapped them.

In Kafka: `AbstractStickyAssignor.PartitionMovements`.
"""

from kafkalab.ids import TopicPartition
from kafkalab.java_hash import bucket, partition_hash, table_size

_Pair = tuple[str, str]  # from, to


class _HashSet:
    """A `HashSet<TopicPartition>`, as far as its first element goes: it never shrinks."""

    def __init__(self) -> None:
        self.partitions: dict[TopicPartition, None] = {}
        self._most = 0

    def add(self, partition: TopicPartition) -> None:
        self.partitions[partition] = None
        self._most = max(self._most, len(self.partitions))

    def first(self) -> TopicPartition:
        size = table_size(self._most)
        return min(self.partitions, key=lambda one: bucket(partition_hash(*one), size))


class Movements:
    """See the module's docstring."""

    def __init__(self) -> None:
        self._by_topic: dict[str, dict[_Pair, _HashSet]] = {}
        self._pairs: dict[TopicPartition, _Pair] = {}

    def moved(self, partition: TopicPartition, source: str, target: str) -> None:
        """A partition that comes back to where it was has not moved."""
        before = self._pairs.pop(partition, None)
        if before is not None:
            of_topic = self._by_topic[partition.topic]
            del of_topic[before].partitions[partition]
            if not of_topic[before].partitions:
                del of_topic[before]
            if not of_topic:
                del self._by_topic[partition.topic]
            source = before[0]
            if source == target:
                return
        self._pairs[partition] = (source, target)
        of_topic = self._by_topic.setdefault(partition.topic, {})
        of_topic.setdefault((source, target), _HashSet()).add(partition)

    def best_to_move(self, partition: TopicPartition, source: str, target: str) -> TopicPartition:
        """This one, or one of the topic that has come the other way."""
        before = self._pairs.get(partition)
        if before is not None:
            source = before[0]
        back = self._by_topic.get(partition.topic, {}).get((target, source))
        return partition if back is None else back.first()
