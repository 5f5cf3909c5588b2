"""What coordinators share: load a partition's log, write records, replay them, park responses.

Reading order: `two_views` (written and committed), `coordinator_record` (what stands in the log),
`hosted_partition` (which runs a state machine over one partition).
"""

from kafkalab.coordination.coordinator_record import (
    CoordinatorRecord,
    RecordTypes,
    decode_record,
    encode_record,
)
from kafkalab.coordination.hosted_partition import (
    NOTHING,
    HostedPartition,
    LogWriter,
    Outcome,
    Phase,
    Result,
    StateMachine,
    Writer,
    as_coordinator,
)
from kafkalab.coordination.partition_for import partition_for
from kafkalab.coordination.two_views import Change, TwoViews

__all__ = [
    "NOTHING",
    "Change",
    "CoordinatorRecord",
    "HostedPartition",
    "LogWriter",
    "Outcome",
    "Phase",
    "RecordTypes",
    "Result",
    "StateMachine",
    "TwoViews",
    "Writer",
    "as_coordinator",
    "decode_record",
    "encode_record",
    "partition_for",
]
