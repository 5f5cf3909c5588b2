"""What control batches hold: transaction markers and quorum records."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    INT16,
    INT32,
    INT64,
    STRING,
    UINT16,
    UUID,
    Message,
    Versions,
    array,
    versions,
    wire,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTxnMarker(Message):
    """Versions 0."""

    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    coordinator_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderChangeMessageVoter:
    """Part of LeaderChangeMessage."""

    voter_id: int = wire(INT32)
    voter_directory_id: Uuid = wire(UUID, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderChangeMessage(Message):
    """Versions 0-1."""

    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    version: int = wire(INT16)
    leader_id: int = wire(INT32)
    voters: tuple[LeaderChangeMessageVoter, ...] = wire(array(LeaderChangeMessageVoter))
    granting_voters: tuple[LeaderChangeMessageVoter, ...] = wire(array(LeaderChangeMessageVoter))


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotHeaderRecord(Message):
    """Versions 0."""

    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    version: int = wire(INT16)
    last_contained_log_timestamp: int = wire(INT64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFooterRecord(Message):
    """Versions 0."""

    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    version: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class KRaftVersionRecord(Message):
    """Versions 0."""

    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    version: int = wire(INT16)
    k_raft_version: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Part of VotersRecord."""

    name: str = wire(STRING)
    host: str = wire(STRING)
    port: int = wire(UINT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class KRaftVersionFeature:
    """Part of VotersRecord."""

    min_supported_version: int = wire(INT16)
    max_supported_version: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class VotersRecordVoter:
    """Part of VotersRecord."""

    voter_id: int = wire(INT32)
    voter_directory_id: Uuid = wire(UUID)
    endpoints: tuple[Endpoint, ...] = wire(array(Endpoint))
    k_raft_version_feature: KRaftVersionFeature = wire(KRaftVersionFeature)


@dataclass(frozen=True, slots=True, kw_only=True)
class VotersRecord(Message):
    """Versions 0."""

    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    version: int = wire(INT16)
    voters: tuple[VotersRecordVoter, ...] = wire(array(VotersRecordVoter))
