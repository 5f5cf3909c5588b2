"""The controller: brokers, topics, partitions, settings, decided in one place, written to one log.

Reading order: `quorum_controller` (the loop of a decision), `written_state` (what it looks at),
`topics` with `placement` and `assignments`, `brokers` with `sessions` and `heartbeats`,
`elections`, `partitions`; then `configs`, `new_partitions`, `producer_ids`, `periodic`.
"""

from kafkalab.controller.quorum_controller import QuorumController

__all__ = ["QuorumController"]
