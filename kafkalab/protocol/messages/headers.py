"""The header in front of every request and every answer (KIP-482 for version 2)."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import INT16, INT32, STRING, Message, Versions, versions, wire


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHeader(Message):
    """Versions 1-2."""

    VERSIONS: ClassVar[Versions] = versions("1-2", flexible="2+")

    request_api_key: int = wire(INT16)
    request_api_version: int = wire(INT16)
    correlation_id: int = wire(INT32)
    client_id: str | None = wire(STRING, "1+", nullable="1+", flexible=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHeader(Message):
    """Versions 0-1."""

    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    correlation_id: int = wire(INT32)
