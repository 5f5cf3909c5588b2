"""ListTransactions 0-2, DescribeTransactions 0: looking at transactions.

What is told is committed.  An operator finds a transaction that hangs by these: one that its
partition knows (DescribeProducers) and no coordinator does.

In Kafka: `TransactionCoordinator.handleListTransactions`, `handleDescribeTransactions`; KIP-664.
"""

import re
from collections.abc import Iterable

from kafkalab.errors import ErrorCode
from kafkalab.protocol.messages.transaction_admin import (
    DescribeTransactionsResponseTransactionState,
    ListTransactionsRequest,
    ListTransactionsResponse,
    ListTransactionsResponseTransactionState,
    TopicData,
)
from kafkalab.transactions.states import Transaction, TransactionState

_NAMES = frozenset(state.value for state in TransactionState)


def listed(
    transactions: Iterable[Transaction], request: ListTransactionsRequest, now: int
) -> ListTransactionsResponse:
    """Those that pass all filters."""
    pattern = None
    if request.transactional_id_pattern:
        try:
            pattern = re.compile(request.transactional_id_pattern)
        except re.error:
            return ListTransactionsResponse(error_code=ErrorCode.INVALID_REGULAR_EXPRESSION)
    states = request.state_filters
    return ListTransactionsResponse(
        error_code=0,
        unknown_state_filters=tuple(name for name in states if name not in _NAMES),
        transaction_states=tuple(
            ListTransactionsResponseTransactionState(
                transactional_id=each.transactional_id,
                producer_id=each.producer_id,
                transaction_state=each.state.value,
            )
            for each in transactions
            if _passes(each, request, now)
            and (pattern is None or pattern.fullmatch(each.transactional_id))
        ),
    )


def _passes(each: Transaction, request: ListTransactionsRequest, now: int) -> bool:
    if request.producer_id_filters and each.producer_id not in request.producer_id_filters:
        return False
    if request.state_filters and each.state.value not in request.state_filters:
        return False
    least = request.duration_filter
    return least < 0 or now - each.start_timestamp > least


def described(
    transactional_id: str, known: Transaction | ErrorCode | None
) -> DescribeTransactionsResponseTransactionState:
    """One transactional id, or why nothing can be said of it."""
    if not transactional_id:
        known = ErrorCode.INVALID_REQUEST
    elif known is None:
        known = ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
    if isinstance(known, ErrorCode):
        return DescribeTransactionsResponseTransactionState(
            error_code=known, transactional_id=transactional_id
        )
    topics: dict[str, list[int]] = {}
    for topic, partition in known.partitions:
        topics.setdefault(topic, []).append(partition)
    return DescribeTransactionsResponseTransactionState(
        error_code=0,
        transactional_id=transactional_id,
        transaction_state=known.state.value,
        transaction_timeout_ms=known.timeout_ms,
        transaction_start_time_ms=known.start_timestamp,
        producer_id=known.producer_id,
        producer_epoch=known.producer_epoch,
        topics=tuple(
            TopicData(topic=topic, partitions=tuple(numbers)) for topic, numbers in topics.items()
        ),
    )
