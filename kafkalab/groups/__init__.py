"""Consumer groups: who is in one, who reads what, and how far they have come.

Reading order: `coordinator` (the whole), `shard` (one partition of it), `classic` and `members`
(what a group is), `rebalance`, `joining`, `syncing`, `liveness` (how it moves), `committing`,
`fetching`, `forgetting` (offsets), `admin`; `stored` and `records` are what stands in the log.
"""

from kafkalab.groups.classic import GroupState
from kafkalab.groups.coordinator import GroupCoordinator
from kafkalab.groups.stored import OFFSETS_TOPIC
from kafkalab.groups.views import GroupView, MemberView

__all__ = ["OFFSETS_TOPIC", "GroupCoordinator", "GroupState", "GroupView", "MemberView"]
