"""Topics that a broker has made because somebody asked for them.

Two kinds: the internal topics of the coordinators, made when the first client looks for a
coordinator; and, with `auto.create.topics.enable`, topics that a client names in a Metadata
request. The client is told to come back (LEADER_NOT_AVAILABLE, COORDINATOR_NOT_AVAILABLE) and does.

In Kafka: `AutoTopicCreationManager`.
"""

from collections.abc import Hashable
from typing import Any, Final, Self

from kafkalab.config import Config
from kafkalab.node import ACTIVE_CONTROLLER, Effects
from kafkalab.protocol.messages.topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)

OWNER: Final = "auto_topics"
OFFSETS_TOPIC: Final = "__consumer_offsets"
TRANSACTIONS_TOPIC: Final = "__transaction_state"
INTERNAL_TOPICS: Final = frozenset({OFFSETS_TOPIC, TRANSACTIONS_TOPIC})


class AutoTopics:
    """Topics asked of the controller and not answered yet."""

    __slots__ = ("_asked", "_config", "_effects")

    def __init__(self, config: Config, effects: Effects) -> None:
        self._config = config
        self._effects = effects
        self._asked: dict[str, None] = {}

    def create(self, name: str) -> None:
        """Ask for a topic, unless that is under way."""
        if name in self._asked:
            return
        self._asked[name] = None
        request = CreateTopicsRequest(topics=(self._creatable(name),), timeout_ms=30_000)
        self._effects.call(ACTIVE_CONTROLLER, request, OWNER, name)

    def on_response(self, key: Hashable, response: Any, now: int) -> None:
        """Made or refused: the next request for it asks anew if it must."""
        del self._asked[str(key)]

    def _creatable(self, name: str) -> CreatableTopic:
        config = self._config
        if name == OFFSETS_TOPIC:
            partitions = config.int("offsets.topic.num.partitions")
            factor = config.int("offsets.topic.replication.factor")
            settings = {
                "cleanup.policy": "compact",
                "segment.bytes": str(config.int("offsets.topic.segment.bytes")),
            }
        elif name == TRANSACTIONS_TOPIC:
            partitions = config.int("transaction.state.log.num.partitions")
            factor = config.int("transaction.state.log.replication.factor")
            settings = {
                "cleanup.policy": "compact",
                "compression.type": "uncompressed",
                "min.insync.replicas": str(config.int("transaction.state.log.min.isr")),
                "segment.bytes": str(config.int("transaction.state.log.segment.bytes")),
                "unclean.leader.election.enable": "false",
            }
        else:
            partitions, factor, settings = -1, -1, {}  # the broker's defaults
        configs = tuple(
            CreatableTopicConfig(name=key, value=text) for key, text in settings.items()
        )
        return CreatableTopic(
            name=name, num_partitions=partitions, replication_factor=factor, configs=configs
        )

    def fork(self, effects: Effects) -> Self:
        other = type(self)(self._config, effects)
        other._asked = self._asked.copy()
        return other
