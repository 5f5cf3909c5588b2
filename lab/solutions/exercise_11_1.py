"""The position goes into the transaction: bills and position are committed by one marker.

If the worker dies before, its transaction is aborted and the orders are read again; if it dies
after, they are not.
"""

from lab.exercises.stories_11 import positions_after


async def one_round(consumer, producer, orders, member):
    producer.begin_transaction()
    for order in orders:
        producer.produce("bills", b"bill for " + order.value())
    await producer.send_offsets_to_transaction(positions_after(orders), member)
    await producer.commit_transaction()
