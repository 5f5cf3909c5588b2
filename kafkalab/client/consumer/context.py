"""What the parts of one consumer share, and what an application should hear of.

membership, fetcher, lookups, commits ── read ──▶ Context ── conf, metadata, connections
                                      ── tell ──▶ buffer, trace
"""

from dataclasses import dataclass
from typing import Final, Self

from kafkalab.chance import Stream
from kafkalab.client.backoff import retry_delay_ms
from kafkalab.client.connections import Connections
from kafkalab.client.consumer.assignment import Assignment
from kafkalab.client.consumer.buffer import Buffer
from kafkalab.client.consumer.member import NOBODY, Member
from kafkalab.client.errors import FATAL, words
from kafkalab.client.metadata import Metadata
from kafkalab.client.output import Output
from kafkalab.config import Config

CONSUMER_PROTOCOL: Final = "consumer"


@dataclass(slots=True)
class Context:
    """See the module's docstring."""

    conf: Config
    output: Output
    connections: Connections
    metadata: Metadata
    chance: Stream
    assignment: Assignment
    buffer: Buffer
    member: Member = NOBODY  # of a KIP-848 group; those who fetch offsets must say who they are

    @property
    def protocol(self) -> str:
        """`classic`, or `consumer` (KIP-848)."""
        return self.conf.text("group.protocol")

    @property
    def group_id(self) -> str:
        return self.conf.text("group.id")

    @property
    def instance_id(self) -> str | None:
        """`group.instance.id`, if this is a static member (KIP-345)."""
        given = self.conf["group.instance.id"]
        return None if given is None else str(given)

    @property
    def isolation_level(self) -> int:
        """As Fetch and ListOffsets say it."""
        return 1 if self.conf["isolation.level"] == "read_committed" else 0

    @property
    def request_timeout_ms(self) -> int:
        return self.conf.int("socket.timeout.ms")

    def retry_delay_ms(self, attempt: int) -> int:
        """How long to wait after `attempt` failures in a row (from 0)."""
        base, most = self.conf.int("retry.backoff.ms"), self.conf.int("retry.backoff.max.ms")
        return retry_delay_ms(attempt, base, most, self.chance)

    def tell_fatal(self, error: int, reason: str | None) -> None:
        """The coordinator has refused it for good: _FATAL, and the broker's error in words.

        The code is what tells: confluent_kafka's `error().fatal()` is False even then.
        In librdkafka: `rd_kafka_set_fatal_error`.
        """
        more = f": {reason}" if reason else ""
        self.buffer.add_error(FATAL, f"Fatal error: {words(error)}{more}")

    def fork(self) -> Self:
        output = self.output.fork()
        connections = self.connections.fork(output)
        return type(self)(
            self.conf,
            output,
            connections,
            self.metadata.fork(connections),
            self.chance.fork(),
            self.assignment.fork(),
            self.buffer.fork(),
            self.member,
        )
