"""What a history with transactions must not show, and what "exactly once" means.

    aborted read        a reader of what is committed got a value of an aborted transaction
    precommitted read   … a value of a transaction before anyone asked for its commit
    processed twice     what was made from one record was committed twice
    passed over         … was never committed, though the worker went on

In Jepsen: G1a and G1b of the Kafka workload.
Read next: `transaction_workload`, whose values say from which record they were made.
"""

from collections.abc import Callable, Iterator
from typing import Final

from kafkalab.ids import TopicPartition
from kafkalab.sim.history_read import ABORTED, TRANSACTIONS, Read

OFFSETS: Final = "__consumer_offsets"
Place = tuple[TopicPartition, int]


def _reads_of_committed(read: Read) -> Iterator[tuple[int, str, bytes]]:
    """(index, client, value) of what readers of committed values got from transactions."""
    history = read.history
    if TRANSACTIONS in history.unreliable:
        return
    for index, op in enumerate(history.ops):
        if op.what != "polled" or op.value is None or op.client in history.uncommitted:
            continue
        sent = read.sent.get(op.value)
        if sent is not None and sent.transaction and sent.topic not in history.unreliable:
            yield index, op.client, op.value


def _aborted_read(read: Read) -> Iterator[str]:
    for _, client, value in _reads_of_committed(read):
        transaction = read.sent[value].transaction
        if read.outcomes.get(transaction) == ABORTED:
            yield f"{client} read {value!r}, and {transaction} was aborted"


def _precommitted_read(read: Read) -> Iterator[str]:
    for index, client, value in _reads_of_committed(read):
        transaction = read.sent[value].transaction
        if read.asked.get(transaction, index) >= index:
            yield f"{client} read {value!r} before the commit of {transaction} was asked for"


def _made_from(read: Read) -> Iterator[tuple[Place, bytes]]:
    """What auditors found to be made, and from which record."""
    history = read.history
    for op in history.ops:
        if op.what != "polled" or op.client not in history.auditors or op.value is None:
            continue
        _, colon, about = op.value.decode().partition(":")
        if colon and op.topic not in history.unreliable:
            name, _, offset = about.rpartition("@")
            topic, _, partition = name.rpartition("-")
            if topic not in history.unreliable:
                yield (TopicPartition(topic, int(partition)), int(offset)), op.value


def _is_exactly_once(read: Read) -> bool:
    """Whether neither places nor decisions may have been lost."""
    return not {OFFSETS, TRANSACTIONS} & read.history.unreliable.keys()


def _processed_twice(read: Read) -> Iterator[str]:
    made: dict[Place, bytes] = {}
    for (name, offset), value in _made_from(read) if _is_exactly_once(read) else ():
        first = made.setdefault((name, offset), value)
        if first != value:
            yield f"from offset {offset} of {name} were made {first!r} and {value!r}"


def _passed_over(read: Read) -> Iterator[str]:
    made: dict[TopicPartition, set[int]] = {}
    for (name, offset), _ in _made_from(read) if _is_exactly_once(read) else ():
        made.setdefault(name, set()).add(offset)
    for name, offsets in made.items():
        for op in read.polls.get(name, ()):
            if op.client not in read.history.auditors or op.offset >= max(offsets):
                continue
            if op.offset not in offsets:
                yield f"from {op} nothing was made, but from {name}@{max(offsets)}"
                break


TRANSACTION_RULES: Final[dict[str, Callable[[Read], Iterator[str]]]] = {
    "aborted read": _aborted_read,
    "precommitted read": _precommitted_read,
    "processed twice": _processed_twice,
    "passed over": _passed_over,
}
