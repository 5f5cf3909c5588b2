"""The lessons, in order: what each is about, how long it takes, what it needs.

The landing page, the links in notebooks and a test read this; a lesson whose notebook is not there
yet is shown as still to come.
"""

from typing import Final, NamedTuple


class Lesson(NamedTuple):
    """One lesson.  `needs`: numbers of lessons that should come first; `minutes` with exercises."""

    number: str
    name: str
    title: str
    about: str
    minutes: int
    needs: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """`02_topics_and_partitions.ipynb`"""
        return f"{self.number}_{self.name}.ipynb"


LESSONS: Final = (
    Lesson("00", "start_here", "Start here", "lose a message, and see why", 20),
    Lesson("01", "the_log", "The log", "append, offsets, two readers of one log", 25, ("00",)),
    Lesson(
        "02",
        "topics_and_partitions",
        "Topics and partitions",
        "where order holds, and what more partitions move",
        35,
        ("00",),
    ),
    Lesson("03", "producers", "Producers", "keys and hashes, acks, batches, retries", 40, ("02",)),
    Lesson(
        "04",
        "consumers_and_offsets",
        "Consumers and offsets",
        "position, committed, lag; where one starts",
        35,
        ("02",),
    ),
    Lesson(
        "05", "committing", "Committing", "crash anywhere: lost, repeated, or neither", 40, ("04",)
    ),
    Lesson(
        "06",
        "consumer_groups",
        "Consumer groups",
        "who reads what, and what a rebalance costs",
        40,
        ("04",),
    ),
    Lesson(
        "07",
        "replication",
        "Replication",
        "in-sync replicas, high watermark, what survives",
        45,
        ("00",),
    ),
    Lesson("08", "kraft", "KRaft", "controllers, quorum, the metadata log", 35, ("07",)),
    Lesson(
        "09",
        "messages_and_serialization",
        "Messages and serialization",
        "the bytes of a batch; JSON, Avro, schemas that change",
        35,
        ("01",),
    ),
    Lesson("10", "storage", "Storage", "segments, retention, compaction", 35, ("01",)),
    Lesson(
        "11",
        "guarantees",
        "Guarantees",
        "idempotence, transactions, where exactly once ends",
        45,
        ("05", "07"),
    ),
    Lesson(
        "12",
        "real_clients",
        "Real clients",
        "the same code, unmodified clients, real sockets",
        25,
        ("03", "04"),
    ),
    Lesson(
        "13",
        "chaos_lab",
        "Chaos lab",
        "incidents, twins, search, and a case to solve",
        60,
        ("07", "11"),
    ),
)

#: Ways through them.
PATHS: Final = {
    "90 minutes": ("00", "02", "05", "07"),
    "a week": ("00", "01", "02", "03", "04", "05", "06", "07"),
    "advanced": ("08", "10", "11", "13"),
}
