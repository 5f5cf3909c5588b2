"""What can happen, as the trace keeps it: plain tuples, given names by a view.

An event is `(kind, *fields)`; a tuple costs 0.04 µs, a dataclass four to eighteen times that,
and there are about twenty events a record.  `FIELDS` is the one table of kinds.  The world adds
time, id, cause and node.

Read next: `world.trace`, which keeps them; `frames.feed`, which puts them into words.
"""

from collections.abc import Mapping
from typing import Any, Final

Event = tuple[Any, ...]

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    # the world
    "Delivered": ("what", "api", "client", "server", "number", "correlation_id"),
    "TimerFired": (),
    "Crashed": (),
    "PowerLost": (),
    "LogDirFailed": ("reason",),
    "DiskChanged": ("how", "ms"),
    "ClockSet": ("ahead_ms", "gains_ms"),
    "Restarted": (),
    "ShutdownBegun": (),
    "Stopped": (),
    "Paused": ("until",),
    "Resumed": (),
    "Partitioned": ("sides", "is_one_way"),  # from the first side to the second
    "Healed": (),
    "Delayed": ("source", "target", "delay_ms"),
    "ConnectionCut": ("client", "server", "number"),
    "MessageHeld": ("what", "client", "server", "number", "correlation_id"),  # -1: all of them
    "MessageReleased": ("what", "client", "server", "number", "correlation_id"),
    "RequestIntercepted": (  # the last three: what it was told, and when, by a rule
        "api",
        "client",
        "what",
        "detail",  # of a stall the ms, of an answer the error
        "source",  # "": it was meant for whoever asks
        "since",
    ),
    "ActionTaken": ("method", "arguments"),
    # brokers and controllers
    "BrokerRegistered": ("broker_id", "broker_epoch"),
    "BrokerFenced": ("broker_id",),
    "BrokerUnfenced": ("broker_id",),
    "QuorumLeaderElected": ("leader_id", "quorum_epoch"),
    "QuorumRoleChanged": ("before", "after", "quorum_epoch", "leader_id"),
    "VoteAnswered": ("candidate_id", "quorum_epoch", "pre_vote", "granted"),
    "ControllerActivated": ("quorum_epoch", "offset"),
    "ControllerRenounced": ("quorum_epoch",),
    "SnapshotWritten": ("end_offset", "quorum_epoch"),
    "SnapshotFetched": ("end_offset", "quorum_epoch", "size"),
    "MetadataCommitted": ("offset", "record"),
    "TopicCreated": ("topic", "partitions"),
    "TopicDeleted": ("topic",),
    "LeaderElected": ("topic", "partition", "leader", "leader_epoch", "isr"),
    # one replica, on the node that says it
    "LeaderStarted": ("topic", "partition", "leader_epoch", "log_end_offset"),
    "FollowerStarted": ("topic", "partition", "leader", "leader_epoch"),
    "Appended": ("topic", "partition", "base_offset", "last_offset", "leader_epoch"),
    "Replicated": ("topic", "partition", "base_offset", "last_offset", "leader_epoch"),
    "DuplicateDropped": ("topic", "partition", "producer_id", "base_sequence", "base_offset"),
    "AppendRefused": ("topic", "partition", "error"),
    "HighWatermarkAdvanced": ("topic", "partition", "high_watermark"),
    "IsrShrinkAsked": ("topic", "partition", "isr", "wanted"),
    "IsrExpandAsked": ("topic", "partition", "isr", "wanted"),
    "IsrChanged": ("topic", "partition", "before", "after", "partition_epoch"),
    "Truncated": ("topic", "partition", "offset", "removed"),
    "SegmentRolled": ("topic", "partition", "base_offset"),
    "SegmentsDeleted": ("topic", "partition", "segments", "bytes", "reason"),
    "LogCleaned": ("topic", "partition", "clean_offset", "before", "after", "bytes_saved"),
    "UnflushedLost": ("topic", "partition", "offset", "removed"),
    "LogStartAdvanced": ("topic", "partition", "log_start_offset"),
    "ProduceHandled": (  # base_offset -1: refused.  The last three name the request
        "topic",
        "partition",
        "base_offset",
        "client",
        "number",
        "correlation_id",
    ),
    "ProduceAnswered": ("topic", "partition", "base_offset", "error"),
    # groups
    "CoordinatorLoaded": ("topic", "partition"),
    "CoordinatorUnloaded": ("topic", "partition"),
    "GroupStateChanged": ("group", "before", "after", "generation", "reason"),
    "MemberJoined": ("group", "member", "client_id"),
    "MemberRejoined": ("group", "member"),  # classic: in a rebalance, it has said what it has
    "MemberLeft": ("group", "member", "reason"),
    "PartitionsAssigned": ("group", "member", "partitions"),
    "RevocationAsked": ("group", "member", "partitions"),
    "OffsetCommitted": ("group", "topic", "partition", "offset"),
    # transactions
    "TransactionStateChanged": (
        "transactional_id",
        "before",
        "after",
        "producer_id",
        "producer_epoch",
    ),
    "ProducerFenced": ("transactional_id", "producer_id", "producer_epoch", "reason"),
    "MarkerWritten": (
        "topic",
        "partition",
        "producer_id",
        "producer_epoch",
        "result",
        "offset",
    ),
    # clients
    "RecordProduced": ("topic", "id"),  # `id` of its delivery report, within its producer's process
    "RecordSent": (
        "topic",
        "partition",
        "count",
        "base_sequence",
        "ids",
        "number",  # of the connection
        "correlation_id",
    ),
    "RecordAcknowledged": ("topic", "partition", "offset", "id"),
    "RecordFailed": ("topic", "partition", "error", "id"),
    "RecordsPolled": ("topic", "partition", "base_offset", "last_offset", "leader_epoch"),
    "PartitionsRevoked": ("group", "partitions"),
    "PartitionsLost": ("group", "partitions"),
    "OffsetReset": ("topic", "partition", "offset", "policy"),
    "AppStarted": ("app",),
    "AppCrashed": ("app", "error"),
    "AppFinished": ("app",),
}


def named(event: Event) -> dict[str, Any]:
    """The fields of an event by name, without its kind."""
    return dict(zip(FIELDS[event[0]], event[1:], strict=True))


def text(event: Event) -> str:
    """One line: `IsrChanged(topic=orders, partition=0, before=(1, 2, 3), after=(1, 2), …)`."""
    fields = ", ".join(f"{name}={value}" for name, value in named(event).items())
    return f"{event[0]}({fields})"
