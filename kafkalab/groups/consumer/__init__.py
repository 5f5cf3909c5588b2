"""Consumer groups of KIP-848: the coordinator assigns, members follow one by one.

Reading order: `member` and `group` (what there is), `reconciling` (how a member moves),
`heartbeat` (the one request) with `members_in`, `topics`, `regexes`, `targets`, `leaving`;
`table`, `stored` and `events` (the log and the trace); `describing`.

In Kafka: `GroupMetadataManager`, the `modern.consumer` package.
Left out: moving a group with members from one protocol to the other (KIP-848's migration).
"""

from kafkalab.groups.consumer.group import ConsumerGroup, ConsumerGroupState
from kafkalab.groups.consumer.member import ConsumerMember
from kafkalab.groups.consumer.table import ConsumerGroupTable

__all__ = ["ConsumerGroup", "ConsumerGroupState", "ConsumerGroupTable", "ConsumerMember"]
