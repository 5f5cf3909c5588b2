"""The transaction coordinator: who may write under a transactional id, and how transactions end.

Reading order: `states` (the state machine), `deciding` (what each request makes of it), `stored`
(how it stands in `__transaction_state`), `shard` (the state of one partition), `markers` (telling
the partitions), `coordinator` (which composes).
"""

from kafkalab.transactions.coordinator import TransactionCoordinator
from kafkalab.transactions.states import TRANSITIONS, Transaction, TransactionState
from kafkalab.transactions.stored import TRANSACTIONS_TOPIC

__all__ = [
    "TRANSACTIONS_TOPIC",
    "TRANSITIONS",
    "Transaction",
    "TransactionCoordinator",
    "TransactionState",
]
