"""A client history, sorted for the rules that judge it.

    values     what was read, by partition and offset        offsets   where a value was read
    sent, acked, failed      the operation, by value         outcomes  of transactions, by name

`promised` says whose loss would be a broken promise, `may_be_missing` what a reader may pass over.
Read next: `checker` and `transaction_rules`.
"""

from typing import Final

from kafkalab.ids import TopicPartition
from kafkalab.sim.client_history import ClientHistory, Op

_ALL_IN_SYNC: Final = -1
COMMITTED: Final = "txn_committed"
ABORTED: Final = "txn_aborted"
TRANSACTIONS: Final = "__transaction_state"


class Read:
    """See the module's docstring."""

    def __init__(self, history: ClientHistory) -> None:
        self.history = history
        self.sent: dict[bytes, Op] = {}
        self.acked: dict[bytes, Op] = {}
        self.failed: dict[bytes, Op] = {}
        self.polls: dict[TopicPartition, list[Op]] = {}
        self.values: dict[TopicPartition, dict[int, bytes]] = {}  # that were read, by offset
        self.offsets: dict[bytes, dict[tuple[TopicPartition, int], None]] = {}
        #: Producers that may have begun a new epoch: a record was given up, or a broker lost some.
        self.began_anew: dict[str, None] = {}
        self.latest: dict[tuple[TopicPartition, str | None], int] = {}  # offset of each key
        self.outcomes: dict[str, str] = {}  # of transactions; absent: not known
        self.asked: dict[str, int] = {}  # when a commit was asked for: the index of its operation
        for index, op in enumerate(history.ops):
            if op.what == "polled":
                self._polled(op)
            elif op.what in (COMMITTED, ABORTED):
                self.outcomes[op.transaction] = op.what
            elif op.what == "txn_commit_asked":
                self.asked[op.transaction] = index
            elif op.value is not None and op.what in ("sent", "acked", "failed"):
                getattr(self, op.what)[op.value] = op
                if op.what == "failed" or op.topic in history.unreliable:
                    self.began_anew[op.client] = None
            if op.what in ("polled", "acked") and op.value in self.sent:
                place = (TopicPartition(op.topic, op.partition), self.sent[op.value].key)
                self.latest[place] = max(self.latest.get(place, -1), op.offset)

    def _polled(self, op: Op) -> None:
        assert op.value is not None, op
        name = TopicPartition(op.topic, op.partition)
        self.polls.setdefault(name, []).append(op)
        self.values.setdefault(name, {}).setdefault(op.offset, op.value)
        self.offsets.setdefault(op.value, {})[name, op.offset] = None

    def superseded(self, name: TopicPartition, offset: int, value: bytes) -> bool:
        """Whether compaction may have taken a value: a later one of its key is known."""
        sent = self.sent.get(value)
        if sent is None or sent.topic not in self.history.compacted:
            return False
        return self.latest.get((name, sent.key), -1) > offset

    def is_hidden(self, value: bytes) -> bool:
        """Whether it belongs to a transaction that is not known to have been committed."""
        sent = self.sent.get(value)
        if sent is None or not sent.transaction:
            return False
        if TRANSACTIONS in self.history.unreliable:
            return True
        return self.outcomes.get(sent.transaction) != COMMITTED

    def may_be_missing(self, name: TopicPartition, offset: int, value: bytes) -> bool:
        """Whether a reader may pass over it."""
        return self.is_hidden(value) or self.superseded(name, offset, value)

    def promised(self, value: bytes) -> Op | None:
        """The acknowledgement of a value that then must not be lost."""
        op = self.acked.get(value)
        if op is None or op.topic in self.history.unreliable or self.is_hidden(value):
            return None
        return op if self.history.senders[op.client].acks == _ALL_IN_SYNC else None

    def is_exactly_once(self, client: str) -> bool:
        """An idempotent producer, as long as it goes on in its epoch.

        It begins a new one if it gives a record up, or if a broker has lost what it had of the
        producer, and may then send again what another broker had after all (KIP-360; librdkafka
        drains, and begins anew on all partitions).
        """
        sender = self.history.senders[client]
        return sender.is_transactional or (sender.is_idempotent and client not in self.began_anew)

    def is_sent_again_in_vain(self, value: bytes) -> bool:
        """Whether a value of an idempotent producer stands twice, and no new epoch says why.

        Twice in one epoch, or again in one that is later than that of its acknowledgement.
        """
        places = self.offsets[value]
        epochs = [self.history.written_as.get(place) for place in places]
        known = [epoch for epoch in epochs if epoch is not None]
        if len(known) < len(epochs):
            return False  # the cleaner took it, or its producer has no id
        told = self.acked.get(value)
        if told is None or told.offset < 0:
            return len(set(known)) < len(known)
        place = (TopicPartition(told.topic, told.partition), told.offset)
        acked = self.history.written_as.get(place)
        return len(set(known)) < len(known) or (acked is not None and acked < max(known))

    def is_reliable(self, name: TopicPartition) -> bool:
        return name.topic not in self.history.unreliable
