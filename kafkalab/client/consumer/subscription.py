"""What the application wants to read: topics by name, or by pattern (`^orders-.*`).

A change in the partitions of these topics calls for a rebalance, so their numbers are remembered
as they were when the member joined.

In librdkafka: `rd_kafka_cgrp_metadata_update_check`; in Kafka: `SubscriptionState`.
"""

import re
from typing import Final, Self

from kafkalab.client.consumer.context import Context
from kafkalab.errors import ErrorCode

#: With these errors the number of partitions is what it seems (0 if there is no such topic).
_KNOWN: Final = (ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


class Subscription:
    """See the module's docstring.  Topics are in the order given, without duplicates."""

    __slots__ = ("_context", "_counts_at_join", "_missing", "_version", "effective", "wanted")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.wanted: tuple[str, ...] = ()  # as given, patterns too
        self.effective: tuple[str, ...] = ()  # topics
        self._counts_at_join: dict[str, int] | None = None
        self._missing: dict[str, None] = {}  # topics the application has been told of
        self._version = -1  # of the metadata looked at last

    def change(self, topics: tuple[str, ...]) -> None:
        """Subscribe to these; () for none."""
        self.wanted = tuple(dict.fromkeys(topics))
        self._missing = {}
        self._version = -1
        metadata = self._context.metadata
        metadata.wants_all = any(_is_pattern(topic) for topic in self.wanted)
        if metadata.wants_all:
            metadata.request_update()
        for topic in self.wanted:
            if not _is_pattern(topic):
                metadata.want(topic)
        self._find_topics()

    @property
    def is_known(self) -> bool:
        """Whether metadata says something of every topic (perhaps that there is none)."""
        metadata = self._context.metadata
        if any(_is_pattern(topic) for topic in self.wanted) and not metadata.version:
            return False
        return all(topic in metadata.topics or _is_pattern(topic) for topic in self.wanted)

    def step(self) -> bool:
        """Look at new metadata; whether the partitions are others than when the member joined."""
        metadata = self._context.metadata
        if not self.wanted:
            return False
        if self._missing:
            metadata.request_update()  # it may be there soon
        if metadata.version == self._version:
            return False
        self._version = metadata.version
        self._find_topics()
        self._tell_missing()
        joined = self._counts_at_join
        return joined is not None and joined != self._counts()

    def joined(self) -> None:
        """Remember the partitions as they are now."""
        self._counts_at_join = self._counts()

    def left(self) -> None:
        """Changes concern nobody now."""
        self._counts_at_join = None

    def _find_topics(self) -> None:
        found: dict[str, None] = {}
        for wanted in self.wanted:
            if _is_pattern(wanted):
                topics = sorted(self._context.metadata.topics)
                found |= dict.fromkeys(topic for topic in topics if re.match(wanted, topic))
            else:
                found[wanted] = None
        self.effective = tuple(found)

    def _counts(self) -> dict[str, int]:
        """A topic that is only not available at the moment counts as before."""
        before = self._counts_at_join or {}
        counts = {}
        for topic in self.effective:
            view = self._context.metadata.topics.get(topic)
            is_away = view is not None and view.error not in _KNOWN
            counts[topic] = (
                before.get(topic, 0) if is_away or view is None else len(view.partitions)
            )
        return counts

    def _tell_missing(self) -> None:
        for topic in self.effective:
            view = self._context.metadata.topics.get(topic)
            if view is None or not view.error:
                self._missing.pop(topic, None)
            elif topic not in self._missing:
                self._missing[topic] = None
                if view.error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
                    reason = f"Subscribed topic not available: {topic}: Broker: Unknown topic"
                    self._context.buffer.add_error(view.error, reason)

    def fork(self, context: Context) -> Self:
        other = type(self)(context)
        other.wanted = self.wanted
        other.effective = self.effective
        if self._counts_at_join is not None:
            other._counts_at_join = self._counts_at_join.copy()
        other._missing = self._missing.copy()
        other._version = self._version
        return other


def _is_pattern(topic: str) -> bool:
    return topic.startswith("^")
