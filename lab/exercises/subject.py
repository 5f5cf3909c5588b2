"""The subject, item by item: every heading, table row, diagram, rule and sample to be taught.

`text` is what the subject's document says, as far as needed to find it there.  A lesson's
`COVERS` says under which of its headings an item is taught; an exercise's `concepts` name the
items it practises.  `lab.coverage` makes the table of it all, and a test finds what is missing.
"""

from typing import Final, NamedTuple


class Item(NamedTuple):
    """One thing to be taught."""

    key: str
    text: str
    kind: str  # heading, rule, diagram, sample, row


SUBJECT: Final = (
    Item("log", "## The Log Abstraction", "heading"),
    Item("log: commit log", "Kafka is a **distributed commit log**", "rule"),
    Item("log: picture", "Partition 0: [msg0][msg1][msg2][msg3][msg4]", "diagram"),
    Item("log: immutable", "Messages are **immutable** once written", "rule"),
    Item("log: order", "Order guaranteed **within partition only**", "rule"),
    Item("log: offsets", "Offsets are sequential integers per partition", "rule"),
    Item("topic", "## Topics", "heading"),
    Item("topic: stream", "Named stream of records", "rule"),
    Item("topic: partitions", "partitions: 12", "sample"),
    Item("topic: replication factor", "replication-factor: 3", "sample"),
    Item("topic: retention", "retention.ms: 604800000", "sample"),
    Item("topic: cleanup policy", "cleanup.policy: delete", "sample"),
    Item("topic: names", "### Naming Conventions", "heading"),
    Item("topic: name parts", "<domain>.<entity>.<event-type>", "sample"),
    Item("topic: count", "### Partition Count Guidelines", "heading"),
    Item("topic: count, low", "| Low volume |", "row"),
    Item("topic: count, medium", "| Medium |", "row"),
    Item("topic: count, high", "| High throughput |", "row"),
    Item("topic: count, event sourcing", "| Event sourcing |", "row"),
    Item("topic: rule of thumb", "**Rule of thumb:** partitions", "rule"),
    Item("producer", "## Producers", "heading"),
    Item("producer: sample", "from confluent_kafka import Producer", "sample"),
    Item("producer: concepts", "### Key Concepts", "heading"),
    Item("producer: key", "| **Key** |", "row"),
    Item("producer: value", "| **Value** |", "row"),
    Item("producer: headers", "| **Headers** |", "row"),
    Item("producer: timestamp", "| **Timestamp** |", "row"),
    Item("partitioning", "### Partitioning Strategy", "heading"),
    Item("partitioning: no key", "key = None", "sample"),
    Item("partitioning: key", 'key = "user-1"', "sample"),
    Item("partitioning: custom", "key = custom", "sample"),
    Item("consumer", "## Consumers", "heading"),
    Item("consumer: sample", "from confluent_kafka import Consumer", "sample"),
    Item("group", "### Consumer Groups", "heading"),
    Item("group: picture", "Consumer Group: order-processor", "diagram"),
    Item("group: one owner", "Each partition → exactly one consumer in group", "rule"),
    Item("group: idle", "Consumer count > partitions → some idle", "rule"),
    Item("group: reassigned", "Consumer dies → partitions reassigned", "rule"),
    Item("offset", "## Offsets", "heading"),
    Item("offset: picture", "Partition: [0][1][2][3][4][5][6][7][8][9]", "diagram"),
    Item("offset: management", "### Offset Management", "heading"),
    Item("offset: auto", "| Auto-commit |", "row"),
    Item("offset: after", "| Commit after process |", "row"),
    Item("offset: before", "| Commit before process |", "row"),
    Item("offset: transactional", "| Transactional |", "row"),
    Item("offset: reset", "### Offset Reset Policies", "heading"),
    Item("offset: earliest", "'auto.offset.reset': 'earliest'  # Start from beginning", "sample"),
    Item("offset: latest", "'auto.offset.reset': 'latest'", "sample"),
    Item("offset: none", "'auto.offset.reset': 'none'", "sample"),
    Item("broker", "## Brokers", "heading"),
    Item("broker: picture", "Cluster (3 brokers)", "diagram"),
    Item("replication", "### Replication", "heading"),
    Item("replication: leader", "**Leader**: Handles all reads/writes", "rule"),
    Item("replication: followers", "**Followers**: Replicate from leader", "rule"),
    Item("replication: isr", "**ISR (In-Sync Replicas)**", "rule"),
    Item("replication: factor 3", "**Replication factor 3**: Survives 2", "rule"),
    Item("kraft", "## KRaft Mode", "heading"),
    Item("kraft: before", "Before (ZooKeeper):", "diagram"),
    Item("kraft: after", "After (KRaft):", "diagram"),
    Item("kraft: benefits", "### Benefits", "heading"),
    Item("kraft: simpler", "Simpler architecture", "rule"),
    Item("kraft: faster", "Faster metadata operations", "rule"),
    Item("kraft: scales", "Better scalability", "rule"),
    Item("kraft: security", "Single security model", "rule"),
    Item("kraft: roles", "### Node Roles", "heading"),
    Item("kraft: controller", "| Controller |", "row"),
    Item("kraft: broker", "| Broker | Message", "row"),
    Item("kraft: combined", "| Combined |", "row"),
    Item("message", "## Message Anatomy", "heading"),
    Item("message: key", "Key: bytes (optional)", "diagram"),
    Item("message: value", "Value: bytes", "diagram"),
    Item("message: headers", "Headers: [(name, bytes), ...]", "diagram"),
    Item("message: timestamp", "Timestamp: milliseconds", "diagram"),
    Item("message: partition", "Partition: int (assigned)", "diagram"),
    Item("message: offset", "Offset: long (assigned)", "diagram"),
    Item("serialization", "### Serialization", "heading"),
    Item("serialization: string", 'key = "user-123".encode', "sample"),
    Item("serialization: avro", "AvroSerializer(schema_registry_client", "sample"),
    Item("guarantee", "## Guarantees Summary", "heading"),
    Item("guarantee: ordering", "| Ordering |", "row"),
    Item("guarantee: durability", "| Durability |", "row"),
    Item("guarantee: delivery", "| Delivery |", "row"),
    Item("guarantee: exactly once", "| Exactly-once | With", "row"),
)
KEYS: Final = frozenset(item.key for item in SUBJECT)
