"""Which events deserve a picture of their own, which only some, and which a mark on the rail.

A run of one virtual second makes thousands of events; a person can follow a few each second.  So
the recorder takes a frame after each significant event, thins out the minor ones, and skips the
rest (heartbeats, fetches that bring nothing).  The names are keys of `kafkalab.events.FIELDS`.

Read next: `lab.playback.tape`, which asks; `rail`, which draws marks.
"""

from typing import Final

#: Marks on the time rail: what a learner looks for afterwards.
MARKED: Final = frozenset(
    {
        "Crashed",
        "Restarted",
        "Paused",
        "Resumed",
        "Partitioned",
        "Healed",
        "ConnectionCut",
        "MessageHeld",
        "MessageReleased",
        "BrokerFenced",
        "QuorumLeaderElected",
        "TopicCreated",
        "TopicDeleted",
        "LeaderElected",
        "IsrChanged",
        "Truncated",
        "GroupStateChanged",
        "MemberLeft",
        "AppCrashed",
    }
)
#: Each gets a picture that stays long enough to be seen.
SIGNIFICANT: Final = MARKED | {
    "BrokerUnfenced",
    "MemberJoined",
    "PartitionsAssigned",
    "OffsetCommitted",
    "OffsetReset",
}
#: Pictures while there is room for them.
MINOR: Final = frozenset(
    {
        "Appended",
        "Replicated",
        "HighWatermarkAdvanced",
        "LogStartAdvanced",
        "AppendRefused",
        "RecordSent",
        "RecordAcknowledged",
        "RecordFailed",
        "RecordsPolled",
        "Delayed",
        "ClockSet",
    }
)
#: What a source reports to an observer at all.
SHOWN: Final = SIGNIFICANT | MINOR
