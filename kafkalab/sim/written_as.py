"""As whom records were written: producer id and epoch, as each batch in a log says.

Within one epoch of a producer the broker lets nothing in twice or out of order, whatever the
client has been through; a client that gave a record up goes on in the next (KIP-360).  So the
checker asks of what was read in which epoch it was written.  Clients could see it too: batches say
it on the wire.

Read next: `history_read`, which judges by it.
"""

from typing import NamedTuple

from kafkalab.ids import TopicPartition
from kafkalab.world import World, servers


class WrittenAs(NamedTuple):
    """A producer id, and its epoch."""

    producer_id: int
    epoch: int


def written_as(world: World) -> dict[tuple[TopicPartition, int], WrittenAs]:
    """Of every offset that a leader has of a producer with an id; what is gone is not there."""
    found: dict[tuple[TopicPartition, int], WrittenAs] = {}
    for topic, image in servers.metadata(world).topics.items():
        if topic.startswith("__"):
            continue
        for number, partition in image.partitions.items():
            name = TopicPartition(topic, number)
            log = None
            if partition.leader >= 0:
                log = servers.broker(world, partition.leader).disk.logs.get(name)
            for entry in log.entries_from(log.log_start_offset) if log is not None else ():
                batch = entry.batch
                if batch.producer_id >= 0 and not batch.is_control:
                    who = WrittenAs(batch.producer_id, batch.producer_epoch)
                    for offset in range(entry.base_offset, entry.next_offset):
                        found[name, offset] = who
    return found
