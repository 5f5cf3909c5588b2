"""Replicas: what a broker does with the partitions it holds, as leader and as follower.

    ReplicaManager ── Partition ── Leading (followers, high watermark, ISR)
         ├── Produces, Fetches, Deletes    requests, and those that wait
         ├── Fetchers                      the follower's side
         └── AlterPartitions               ISR changes, asked of the controller

Reading order: `partition`, `leading`, `isr`; `fetch` and `fetcher`, which are the two ends of
replication; `produce`; `replica_manager`, which puts them together.
"""

from kafkalab.replica.partition import Partition
from kafkalab.replica.replica_manager import ReplicaManager

__all__ = ["Partition", "ReplicaManager"]
