"""A consumer: membership of a group, positions in logs, records on their way to the application.

Read `node` (what the application calls), then `membership` (the group), `fetcher` (the records),
`lookups` and `commits` (the offsets).
"""

from kafkalab.client.consumer.node import ConsumerNode

__all__ = ["ConsumerNode"]
