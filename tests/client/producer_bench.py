"""A producer node among small brokers of the test, which append to real logs and can misbehave.

Each Produce request takes the next word of `script`: an error code (refused, nothing appended),
LOSE_ANSWER (appended, then the connection breaks), LOSE_REQUEST (it breaks before), SILENT
(appended, never answered), HELD (neither); after the script all is well.
"""

import heapq
from collections.abc import Iterable
from typing import Any

from kafkalab.chance import Stream
from kafkalab.client.message import Delivery
from kafkalab.client.producer import ProducerNode
from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.node import Envelope, Kind
from kafkalab.protocol.api_keys import ApiKey, request_class
from kafkalab.protocol.messages.api_versions import ApiVersion, ApiVersionsResponse
from kafkalab.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from kafkalab.protocol.messages.produce import (
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceResponse,
)
from kafkalab.protocol.messages.producer_ids import InitProducerIdResponse
from kafkalab.record import Entry, validate_produced

LOSE_ANSWER = "lose answer"
LOSE_REQUEST = "lose request"
SILENT = "silent"
HELD = "held"
ONE_WAY_MS = 2
_APIS = (ApiKey.PRODUCE, ApiKey.METADATA, ApiKey.API_VERSIONS, ApiKey.INIT_PRODUCER_ID)


class ProducerBench:
    """The clock, the brokers and what passes between them and one producer."""

    def __init__(self, conf: dict[str, Any] | None = None, seed: int = 0, **topics: int) -> None:
        self.node = ProducerNode("producer-1", conf or {}, seed, ("broker-1", "broker-2"))
        self.now = 0
        self.topics = topics or {"orders": 1}
        self.leaders: dict[TopicPartition, int] = {}  # 1 if not said otherwise; -1: none
        self.epochs: dict[TopicPartition, int] = {}
        self.logs: dict[TopicPartition, PartitionLog] = {}
        self.script: list[Any] = []
        self.init_script: list[int] = []
        self.produced: list[ProduceRequest] = []
        self.in_flight_most = 0
        self.reports: list[Delivery] = []
        self.events: list[tuple[Any, ...]] = []
        self.down: set[str] = set()
        self._wire: list[tuple[int, int, bool, Envelope]] = []
        self._count = 0
        self._unanswered = 0

    # --- time

    def run(self, duration_ms: int) -> None:
        end = self.now + duration_ms
        while True:
            self._collect()
            timer = self.node.next_timer()
            due = [
                *([timer] if timer is not None else []),
                *([self._wire[0][0]] if self._wire else []),
            ]
            if not due or min(due) > end:
                break
            self.now = max(self.now, min(due))
            if self._wire and self._wire[0][0] <= self.now:
                _, _, to_node, envelope = heapq.heappop(self._wire)
                if to_node:
                    self.node.receive(envelope, self.now)
                else:
                    self._serve(envelope)
            else:
                self.node.on_timer(self.now)
        self.now = end
        self.reports += self.node.take_reports(self.now)

    def produce(self, *values: str, key: bytes | None = None, partition: int = -1) -> None:
        for value in values:
            self.node.produce("orders", value.encode(), key, partition, (), 0, self.now)

    def _collect(self) -> None:
        outbox = self.node.take_outbox()
        self.events += outbox.events
        for envelope in outbox.envelopes:
            self._send(envelope, to_node=False)

    def _send(self, envelope: Envelope, to_node: bool) -> None:
        self._count += 1
        heapq.heappush(self._wire, (self.now + ONE_WAY_MS, self._count, to_node, envelope))

    # --- what came of it

    def values(self, partition: int = 0, topic: str = "orders") -> list[str]:
        """What is in a log, in order."""
        entries = self.entries(partition, topic)
        return [(record.value or b"").decode() for entry in entries for record in entry.records()]

    def entries(self, partition: int = 0, topic: str = "orders") -> list[Entry]:
        """The batches of a log."""
        log = self.logs[TopicPartition(topic, partition)]
        return list(log.read(0, 1 << 30, log.log_end_offset))

    def outcomes(self) -> list[tuple[int, int]]:
        """(id, error) of the reports."""
        return [(report.id, report.error) for report in self.reports]

    def kinds(self, kind: str) -> list[tuple[Any, ...]]:
        return [event[1:] for event in self.events if event[0] == kind]

    # --- brokers

    def _serve(self, envelope: Envelope) -> None:
        server = envelope.connection.server
        if envelope.kind is Kind.CLOSE:
            return
        if server in self.down:
            self._send(Envelope(envelope.connection, Kind.CLOSE), to_node=True)
            return
        answer = {
            ApiKey.API_VERSIONS: self._versions,
            ApiKey.METADATA: self._metadata,
            ApiKey.INIT_PRODUCER_ID: self._producer_id,
            ApiKey.PRODUCE: self._produce,
        }[ApiKey(envelope.api_key)](envelope)
        if answer is not None:
            kind = Kind.CLOSE if answer == LOSE_ANSWER else Kind.RESPONSE
            self._send(
                Envelope(
                    envelope.connection,
                    kind,
                    envelope.correlation_id,
                    envelope.api_key,
                    envelope.api_version,
                    None if kind is Kind.CLOSE else answer,
                ),
                to_node=True,
            )

    def _versions(self, envelope: Envelope) -> Any:
        ranges = {key: request_class(key).VERSIONS.valid for key in _APIS}
        return ApiVersionsResponse(
            error_code=0,
            api_keys=tuple(
                ApiVersion(api_key=key, min_version=valid.low, max_version=valid.high)
                for key, valid in ranges.items()
            ),
        )

    def _metadata(self, envelope: Envelope) -> Any:
        asked = envelope.message.topics
        names = list(self.topics) if asked is None else [topic.name for topic in asked]
        return MetadataResponse(
            brokers=tuple(
                MetadataResponseBroker(node_id=id, host=f"broker-{id}", port=9092) for id in (1, 2)
            ),
            cluster_id="test",
            controller_id=1,
            topics=tuple(self._topic(name) for name in names),
        )

    def _topic(self, name: str) -> MetadataResponseTopic:
        count = self.topics.get(name)
        if count is None:
            return MetadataResponseTopic(
                error_code=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name=name, partitions=()
            )
        return MetadataResponseTopic(
            error_code=0,
            name=name,
            topic_id=_id(name),
            partitions=tuple(
                MetadataResponsePartition(
                    error_code=0,
                    partition_index=index,
                    leader_id=self.leaders.get(TopicPartition(name, index), 1),
                    leader_epoch=self.epochs.get(TopicPartition(name, index), 0),
                    replica_nodes=(1, 2),
                    isr_nodes=(1, 2),
                    offline_replicas=(),
                )
                for index in range(count)
            ),
        )

    def _producer_id(self, envelope: Envelope) -> Any:
        error = self.init_script.pop(0) if self.init_script else 0
        return InitProducerIdResponse(
            throttle_time_ms=0,
            error_code=error,
            producer_id=-1 if error else 4000,
            producer_epoch=-1 if error else 0,
        )

    def _produce(self, envelope: Envelope) -> Any:
        request: ProduceRequest = envelope.message
        self.produced.append(request)
        word = self.script.pop(0) if self.script else 0
        if word in (LOSE_REQUEST, HELD):
            return LOSE_ANSWER if word == LOSE_REQUEST else None
        error, offset = (word, -1) if isinstance(word, int) and word else self._append(envelope)
        if word in (LOSE_ANSWER, SILENT) or not request.acks:
            return LOSE_ANSWER if word == LOSE_ANSWER else None
        (topic,) = request.topic_data
        (data,) = topic.partition_data
        return ProduceResponse(
            responses=(
                TopicProduceResponse(
                    topic_id=topic.topic_id,
                    partition_responses=(
                        PartitionProduceResponse(
                            index=data.index,
                            error_code=error,
                            base_offset=offset,
                            record_errors=(),
                        ),
                    ),
                ),
            )
        )

    def _append(self, envelope: Envelope) -> tuple[int, int]:
        (topic,) = envelope.message.topic_data
        (data,) = topic.partition_data
        name = next(name for name in self.topics if _id(name) == topic.topic_id)
        partition = TopicPartition(name, data.index)
        if f"broker-{self.leaders.get(partition, 1)}" != envelope.connection.server:
            return ErrorCode.NOT_LEADER_OR_FOLLOWER, -1
        if partition not in self.logs:
            self.logs[partition] = PartitionLog(partition, Config(TOPIC_KEYS, {}), _id(name))
        try:
            batch = validate_produced(data.records, 1 << 20)
            result = self.logs[partition].append_as_leader(batch, 0, self.now)
        except KafkaError as refused:
            return refused.code, -1
        return 0, result.base_offset


def _id(topic: str) -> bytes:
    return topic.encode().ljust(16, b"\1")[:16]


def random_script(seed: int, length: int, words: Iterable[Any]) -> list[Any]:
    """Trouble, drawn."""
    chance = Stream(seed, "test/script")
    choices = list(words)
    return [choices[chance.below(len(choices))] for _ in range(length)]
