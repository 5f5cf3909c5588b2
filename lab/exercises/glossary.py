"""Kafka's words, each in a sentence, and the lessons in which one meets them.

`python -m lab.coverage` writes docs/glossary.md from it.
"""

from typing import Final, NamedTuple


class Word(NamedTuple):
    """One word of Kafka's; `lessons`: where it is made visible."""

    name: str
    meaning: str
    lessons: tuple[str, ...]


GLOSSARY: Final = (
    Word(
        "acks",
        "how many replicas must have a record before its producer is told: 0, 1, all in sync",
        ("00", "03", "07"),
    ),
    Word("active controller", "the controller that leads the quorum and decides", ("08",)),
    Word(
        "auto.offset.reset",
        "where a consumer starts if its group has no valid committed offset",
        ("04",),
    ),
    Word("batch", "records sent, stored and copied as one piece, with one checksum", ("09", "03")),
    Word("broker", "a server that keeps partitions and serves clients", ("00", "07")),
    Word("cleanup.policy", "delete: old segments go; compact: old values of a key go", ("10",)),
    Word("committed offset", "the next offset a group will read after a restart", ("04", "05")),
    Word(
        "committed record", "one that all replicas in sync have: consumers may see it", ("00", "07")
    ),
    Word(
        "compaction", "rewriting segments so that of each key only the latest value stays", ("10",)
    ),
    Word(
        "consumer group", "consumers that share the partitions of topics among themselves", ("06",)
    ),
    Word(
        "control record", "a record that Kafka itself writes, such as a transaction marker", ("11",)
    ),
    Word("controller", "a server that keeps the metadata: who leads, who is in sync", ("08",)),
    Word(
        "coordinator",
        "the broker that looks after one group, or one transactional id",
        ("06", "11"),
    ),
    Word(
        "ELR",
        "eligible leader replicas: out of the ISR, yet they have all that is committed (KIP-966)",
        ("07",),
    ),
    Word(
        "epoch",
        "a number that rises with each new leader or instance, so that the old is known as old",
        ("07", "08", "11"),
    ),
    Word("fencing", "refusing who speaks with an old epoch", ("08", "11")),
    Word("follower", "a replica that copies its leader by fetching", ("00", "07")),
    Word("generation", "the number of a group's round of assignments", ("06",)),
    Word(
        "high watermark",
        "the offset below which every in-sync replica has all records",
        ("00", "07"),
    ),
    Word(
        "idempotent producer",
        "one whose retries are recognised, so nothing is written twice",
        ("03", "11"),
    ),
    Word("ISR", "in-sync replicas: those that have kept up with the leader in time", ("00", "07")),
    Word(
        "key",
        "bytes of a record that decide its partition, and what compaction keeps",
        ("02", "03"),
    ),
    Word("KRaft", "Kafka's own quorum for metadata; there is no ZooKeeper any more", ("08",)),
    Word("lag", "log end offset minus committed offset", ("04",)),
    Word(
        "last stable offset",
        "below it every transaction is decided; read_committed reads up to it",
        ("11",),
    ),
    Word("leader", "the replica of a partition that takes writes", ("00", "07")),
    Word("linger.ms", "how long a producer waits for more records to fill a batch", ("03",)),
    Word("log end offset", "the next offset to be written", ("01", "07")),
    Word(
        "max.poll.interval.ms",
        "how long an application may go without a poll before its consumer leaves the group",
        ("06", "13"),
    ),
    Word("metadata log", "the log of decisions that every server replays", ("08",)),
    Word("min.insync.replicas", "fewer in sync than this, and acks=all is refused", ("00", "07")),
    Word("offset", "a record's number in its partition", ("01",)),
    Word("partition", "one log: order holds within it, and only there", ("01", "02")),
    Word("partitioner", "the producer's rule for choosing a partition", ("02", "03")),
    Word("position", "the next offset a running consumer will read", ("04",)),
    Word(
        "preferred leader",
        "the first of a partition's replicas, to which leadership returns",
        ("07",),
    ),
    Word("rebalance", "giving a group's partitions to its members anew", ("06",)),
    Word("replica", "one copy of a partition, on one broker", ("07",)),
    Word("retention", "how long, or how much, of a log is kept; by whole segments", ("10",)),
    Word(
        "schema registry", "a service that knows which schemas a topic's messages may have", ("09",)
    ),
    Word("segment", "a stretch of a log, one file; only the last is written to", ("10", "01")),
    Word("snapshot", "the state that a metadata log's beginning led to, in its place", ("08",)),
    Word(
        "static member",
        "a consumer whose group.instance.id keeps its partitions over a restart",
        ("06",),
    ),
    Word("tombstone", "a record without a value: compaction will remove its key", ("10",)),
    Word("topic", "a named set of partitions", ("02",)),
    Word("transaction", "records and offsets that become visible together or not at all", ("11",)),
    Word(
        "unclean election",
        "making a leader of a replica that was out of sync: records may be lost",
        ("07",),
    ),
    Word(
        "advertised.listeners",
        "the addresses that a broker tells clients to use, one for each of its listeners",
        ("12",),
    ),
    Word("assignor", "the rule by which a group's partitions are shared out", ("06",)),
    Word(
        "at least once",
        "nothing is lost, something may be done twice: note the position after the work",
        ("05", "11"),
    ),
    Word(
        "at most once",
        "nothing is done twice, something may be lost: note the position before the work",
        ("05", "11"),
    ),
    Word("bootstrap.servers", "where a client asks first for the list of all brokers", ("12",)),
    Word("delivery report", "what a producer says became of a record, when it knows", ("03", "12")),
    Word(
        "dirty",
        "of a compacted log, the part written since the cleaner passed last",
        ("10",),
    ),
    Word(
        "exactly once",
        "in Kafka, with transactions and read_committed readers; not beyond it",
        ("11",),
    ),
    Word("header", "a name and a value beside a record's key and value", ("03", "09")),
    Word(
        "heartbeat", "a member's sign of life; its process lives, whether it works or not", ("06",)
    ),
    Word(
        "isolation.level",
        "read_committed skips what was aborted and waits for what is open",
        ("11",),
    ),
    Word(
        "leader epoch", "the number of a partition's leadership; followers cut by it", ("07", "13")
    ),
    Word("log start offset", "the first offset a log still has", ("01", "10")),
    Word("marker", "the control record that ends a transaction in one partition", ("11",)),
    Word(
        "outbox",
        "an effect outside of Kafka, written down in a transaction before it is carried out",
        ("11",),
    ),
    Word("quorum", "the controllers; a majority of them must have a decision", ("08",)),
    Word("record", "key, value, headers and timestamp: what a log holds", ("01", "09")),
    Word("replication factor", "how many brokers have a copy of each partition", ("02", "07")),
    Word(
        "session.timeout.ms", "after so long without a heartbeat a member is put out", ("06", "12")
    ),
    Word(
        "share group",
        "consumers that share records one by one, more of them than partitions",
        ("06",),
    ),
    Word(
        "timestamp",
        "a record's time, written by its producer unless the topic says otherwise",
        ("03", "10"),
    ),
    Word(
        "transactional.id",
        "the name under which a producer's transactions go on after a restart",
        ("11",),
    ),
    Word("truncation", "a follower cutting off what its leader does not have", ("07", "13")),
    Word("zombie", "a process thought dead that goes on; fencing stops its effects", ("11",)),
)
