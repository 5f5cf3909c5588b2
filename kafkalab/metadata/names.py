"""Which names a topic may have.

In Kafka: `org.apache.kafka.common.internals.Topic`.
"""

import re
from typing import Final

from kafkalab.errors import ErrorCode, KafkaError

NAME_LENGTH_MAX: Final = 249
_LEGAL: Final = re.compile(r"[a-zA-Z0-9._-]+")


def check_topic_name(name: str) -> None:
    """Raise INVALID_TOPIC_EXCEPTION with the reason, if a topic cannot have this name."""
    if reason := _reason(name):
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, reason)


def _reason(name: str) -> str:
    if not name:
        return "Topic name is invalid: the empty string is not allowed"
    if name in (".", ".."):
        return f"Topic name is invalid: '{name}' is not allowed"
    if len(name) > NAME_LENGTH_MAX:
        return f"Topic name is invalid: {len(name)} characters, at most {NAME_LENGTH_MAX} allowed"
    if not _LEGAL.fullmatch(name):
        return f"Topic name is invalid: '{name}' has characters other than a-z, A-Z, 0-9, . _ -"
    return ""


def collision_key(name: str) -> str:
    """Names with the same key would share a metric name in Kafka: `a.b` and `a_b`."""
    return name.replace(".", "_")
