"""Transactions that nobody will ever end, and the operator who ends them.

When what a transaction's coordinator wrote is lost with the power of all who had it, or the marker
with the power of its partition's only replica, records stay open: readers of what is committed wait
for ever.  Kafka leaves that to its operator (`kafka-transactions.sh find-hanging`, `abort`).

Read next: `swarm`, which does so only if such records may have been lost.
"""

from collections.abc import Iterator

from kafkalab.ids import NodeName
from kafkalab.protocol.schema import Message
from kafkalab.sim.operations import abort_hanging_request
from kafkalab.transactions.states import AT_REST
from kafkalab.world import World, servers


def aborts(world: World) -> Iterator[tuple[NodeName, Message]]:
    """Whom to ask for the end of what hangs, and how."""
    under_way = {
        (transaction.producer_id, name)
        for broker in servers.brokers(world)
        if world.is_up(broker.name)
        for _, transaction in broker.transactions.transactions
        if transaction.state not in AT_REST
        for name in transaction.partitions
    }
    for broker in servers.brokers(world):
        if not world.is_up(broker.name):
            continue
        for name, replica in broker.replicas.partitions.items():
            if not replica.is_leader:
                continue
            for producer_id in replica.log.producers.open_transactions.values():
                if (producer_id, name) not in under_way:
                    entry = replica.log.producers.entries[producer_id]
                    who = producer_id, entry.producer_epoch, max(entry.coordinator_epoch, 0)
                    yield broker.name, abort_hanging_request(name, *who)
