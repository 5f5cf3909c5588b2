"""How a broker finds an offset in a segment's file: a sparse index, drawn.

    the .log file      [0][1][2][3][4][5][6] …        a batch a column
    the .index                     [4K] …             a row for some of them
    to find offset 6               [→ ][→ ][✓]        from the row before it, read on

Read next: `kafkalab.log.stored_run`, whose index this is; `lab.scenes.cells`, the table.
"""

from typing import Final

from kafkalab import Producer, Simulation
from kafkalab.ids import TopicPartition
from kafkalab.log.stored_run import SparseIndex
from kafkalab.sim import cluster
from lab.exercises.drawing import Drawing
from lab.scenes.cells import Cells, Kind, Row

_INTERVAL_BYTES: Final = 4096  # index.interval.bytes, as in Kafka
_KINDS: Final = {
    "batch": Kind("a batch in the file, by its offset", "soft", "rule", "mute"),
    "row": Kind("a row of the index: where that batch begins", "comm-s", "comm", "comm-t"),
    "read": Kind("read, and not the one", "lead-s", "lead", "lead-t", "→"),
    "found": Kind("found", "sync-s", "sync", "sync-t", "✓"),
}


def index_picture(find: int = 17, count: int = 24, size: int = 1500) -> Drawing:
    """A log of `count` records of about `size` bytes, a batch each, and its index; the batches
    that are read to find the offset `find`.
    """
    if not 0 <= find < count:
        raise ValueError(f"find is {find}; the log has the offsets 0 to {count - 1}: try one.")
    sim = Simulation(brokers=1, seed=4)
    sim.create_topic("photos")
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    for number in range(count):
        producer.produce("photos", bytes([number]) * size)
        producer.flush()
    log = cluster.broker(sim.world, 1).disk.logs[TopicPartition("photos", 0)]
    index, starts = SparseIndex(_INTERVAL_BYTES), [0]
    for entry in log.entries_from(0):
        index.append(entry, starts[-1])
        starts.append(starts[-1] + entry.size_in_bytes)
    first = starts.index(index.position_of(find))
    at = {offset: f"{starts[offset] / 1024:.0f}K" for offset in index.offsets}
    read = [("", "")] * first + [("read", "")] * (find - first) + [("found", "")]
    rows = [
        Row("the .log file", [("batch", str(offset)) for offset in range(count)]),
        Row(
            "the .index", [("row" if each in at else "", at.get(each, "")) for each in range(count)]
        ),
        Row(f"to find {find}", read + [("", "")] * (count - len(read))),
    ]
    where = f"its row for {first} says where to begin" if first else "no row is before it"
    say = (
        f"The index has {len(at)} rows for {count} batches. To find {find}: {where}, "
        f"and {find - first + 1} of {count} batches are read."
    )
    sub = (
        f"a column a batch, here a record of {size} bytes · index.interval.bytes {_INTERVAL_BYTES}"
    )
    return Drawing(Cells("A segment and its index", say, sub, _KINDS, rows, {}))
