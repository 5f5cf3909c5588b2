"""Transactions in a frame: each transactional id as its coordinator has it, and what is open.

Read next: `transaction_depth`, one of them in depth; `cluster`.
"""

from collections.abc import Sequence

from kafkalab.frames.shape import OpenTransactionFrame, TransactionFrame
from kafkalab.log import PartitionLog
from kafkalab.server import Broker
from kafkalab.world import World


def transaction_frames(world: World, brokers: Sequence[Broker]) -> list[TransactionFrame]:
    """By transactional id; while a coordinator moves, as the running broker has it."""
    found: dict[str, TransactionFrame] = {}
    for broker in brokers:
        if not world.is_up(broker.name):
            continue
        coordinator = broker.transactions
        unmarked = coordinator.pending_markers
        for partition, known in coordinator.transactions:
            found[known.transactional_id] = {
                "id": known.transactional_id,
                "state": known.state.value,
                "coordinator": broker.broker_id,
                "coordinator_partition": partition,
                "producer_id": known.producer_id,
                "producer_epoch": known.producer_epoch,
                "partitions": [f"{topic}-{number}" for topic, number in known.partitions],
                "unmarked": [
                    f"{topic}-{number}"
                    for topic, number in unmarked.get(known.transactional_id, ())
                ],
                "since": known.start_timestamp - world.began
                if known.start_timestamp >= 0
                else None,
                "timeout_ms": known.timeout_ms,
                "is_committed": not coordinator.is_pending(known.transactional_id),
            }
    return [found[id] for id in sorted(found)]


def open_transactions(log: PartitionLog) -> list[OpenTransactionFrame]:
    """Of one replica: who has one open here, since which offset."""
    entries = log.producers.entries
    return [
        {
            "producer_id": producer_id,
            "producer_epoch": entries[producer_id].producer_epoch,
            "first_offset": first_offset,
        }
        for first_offset, producer_id in log.producers.open_transactions.items()
    ]
