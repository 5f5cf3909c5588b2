"""The transactions of one producer: its calls, and the talk with the coordinator.

A *call* (init_transactions, send_offsets_to_transaction, commit_, abort_transaction) goes on until
it is over, however long its caller waits; the same call again waits for it further.

Two protocols.  1, librdkafka's: partitions are added to the transaction before they are written to;
the epoch stays.  2 (KIP-890), Java's: they are added by being written to, and each end raises the
epoch, so that nothing late can get into the next transaction.

After a batch was given up, 1 needs a higher epoch too (KIP-360).  librdkafka asks for that instead
of the abort, which fences what is late; Java aborts first: what is late has the marker's epoch.

Invariants: at most one request about the transaction is in flight; nothing is sent to a partition
unless the transaction is open and, with protocol 1, has it.

In librdkafka: `rdkafka_txnmgr.c`; in Kafka: `TransactionManager`.
Read first `transaction_states`, then this, `transaction_requests`, `idempotence`.
"""

from collections.abc import Hashable
from typing import Any, Final, Self

from kafkalab.chance import Stream
from kafkalab.client import coordinator_finder
from kafkalab.client import transaction_requests as requests
from kafkalab.client.backoff import retry_delay_ms
from kafkalab.client.connections import Answer, Asked, Connections
from kafkalab.client.coordinator_finder import CoordinatorFinder
from kafkalab.client.errors import FENCED, INVALID_ARG, PREV_IN_PROGRESS, STATE, failure
from kafkalab.client.idempotence import Identity, IdentityState
from kafkalab.client.metadata import Metadata
from kafkalab.client.profiles import JAVA, PROFILE
from kafkalab.client.transaction_requests import GroupMember, Offset, Verdict
from kafkalab.client.transaction_states import (
    LEGAL_CALLS,
    TRANSITIONS,
    Call,
    Outcome,
    Progress,
    TxnState,
    What,
)
from kafkalab.config import Config
from kafkalab.errors import ErrorCode
from kafkalab.ids import NodeName, TopicPartition
from kafkalab.protocol.schema import Message

OWNER: Final = "transactions"
S = TxnState
_CONCURRENT_MS: Final = 20  # librdkafka: while the transaction before is being ended


class Transactions:
    """See the module's docstring."""

    __slots__ = (
        "_added",
        "_asked",
        "_attempts",
        "_chance",
        "_conf",
        "_connections",
        "_failed_before",
        "_finder",
        "_group_finder",
        "_has_offsets",
        "_identity",
        "_is_group_added",
        "_member",
        "_metadata",
        "_name",
        "_not_before",
        "_offsets",
        "_over",
        "_pending",
        "_seed",
        "_trouble",
        "_wrote",
        "call",
        "outcome",
        "state",
        "timer",
        "transactional_id",
        "version",
    )

    def __init__(
        self,
        name: NodeName,
        conf: Config,
        seed: int,
        connections: Connections,
        metadata: Metadata,
        identity: Identity,
    ) -> None:
        self._name, self._seed = name, seed
        self._conf, self._connections, self._metadata = conf, connections, metadata
        self._identity = identity
        self._chance = Stream(seed, f"{name}/transactions/{connections.number}")
        self.transactional_id: str = conf["transactional.id"] or ""
        self.version = conf.int("lab.transaction.version") if self.transactional_id else 0
        self.state = S.INIT if self.transactional_id else S.OFF
        self.call: Call | None = None
        self.outcome: Outcome | None = None  # of the call that is over, `_over`
        self._over: Call | None = None
        self.timer: int | None = None
        self._finder = self._new_finder(coordinator_finder.TRANSACTION, self.transactional_id)
        self._group_finder: CoordinatorFinder | None = None
        self._asked: What | None = None
        self._attempts = self._not_before = 0
        self._trouble = Outcome()  # why the transaction must be aborted, or nothing goes on
        self._failed_before = 0  # records, before the transaction began
        self._added: dict[TopicPartition, None] = {}
        self._pending: dict[TopicPartition, None] = {}  # to be added
        self._wrote = False  # something that may have begun the transaction at its coordinator
        self._offsets: tuple[Offset, ...] = ()
        self._member = GroupMember("")
        self._is_group_added = False
        self._has_offsets = False  # sent in this transaction

    def _new_finder(self, kind: int, key: str) -> CoordinatorFinder:
        stream = Stream(self._seed, f"{self._name}/finder/{kind}/{self._connections.number}")
        return CoordinatorFinder(kind, key, self._conf, self._connections, self._metadata, stream)

    # --- for the sender -----------------------------------------------------------------------
    @property
    def produce_version_max(self) -> int | None:
        """Newer ones would add partitions behind the coordinator's talk (KIP-890)."""
        return requests.OLDER_PRODUCE if self.version == 1 else None

    def may_send(self, partition: TopicPartition) -> bool:
        """Whether records may go there now; if not, it is seen to that they may."""
        if self.state is S.OFF:
            return True
        if self.state is not S.OPEN:
            return False
        if self.version > 1 or partition in self._added:
            self._wrote = True
            return True
        self._pending[partition] = None
        return False

    # --- calls --------------------------------------------------------------------------------
    def begin(self, failed: int) -> None:
        """A transaction begins.  KafkaException _STATE, or what ended the producer."""
        self._check((S.READY,), "begin_transaction")
        self._become(S.OPEN)
        self.outcome, self._failed_before = None, failed
        self._forget()

    def _forget(self) -> None:
        """Nothing has been asked for in this transaction."""
        self._wrote = self._is_group_added = self._has_offsets = False
        self._added, self._pending = {}, {}

    def begin_call(self, call: Call) -> None:
        """Begin a call, or go on with the same.  KafkaException _STATE, _PREV_IN_PROGRESS, …"""
        if self.call is call or (self.outcome is not None and self._over is call):
            return  # it goes on, or is over meanwhile and its outcome waits
        if self.call is not None:
            reason = f"{self.call.value} is not over: call it again"
            raise failure(PREV_IN_PROGRESS, reason, retriable=True)
        self._check(LEGAL_CALLS[call], call.value)
        self.call, self.outcome = call, None
        self._attempts, self._not_before = 0, 0

    def send_offsets(self, offsets: tuple[Offset, ...], member: GroupMember) -> None:
        """Begin to send offsets; KafkaException as `begin_call`."""
        if not member.group_id:
            raise failure(INVALID_ARG, "the consumer has no group: give group.id")
        if (offsets, member) != (self._offsets, self._member) and self.call is None:
            self._check(LEGAL_CALLS[Call.OFFSETS], Call.OFFSETS.value)
            self.outcome = None
            if self._member.group_id != member.group_id:
                self._is_group_added = False
                self._group_finder = self._new_finder(coordinator_finder.GROUP, member.group_id)
            self._offsets, self._member = offsets, member
        self.begin_call(Call.OFFSETS)
        if not self._offsets and self.call is Call.OFFSETS:
            self._finish(Outcome())

    def check_open(self) -> None:
        """Raise unless records may be produced."""
        if self.state is not S.OFF:
            self._check((S.OPEN,), "produce")

    def _check(self, legal: tuple[S, ...], what: str) -> None:
        if self.state in legal:
            return
        if self.state in (S.MUST_ABORT, S.FATAL):
            error, reason, _, must_abort, is_fatal = self._trouble
            raise failure(error, reason, txn_requires_abort=must_abort, fatal=is_fatal)
        if self.state is S.OFF:
            raise failure(ErrorCode.INVALID_REQUEST, f"{what} needs transactional.id in the conf")
        raise failure(STATE, f"{what} makes no sense here: this producer is {self.state.value}")

    def _become(self, state: S) -> None:
        legal = TRANSITIONS[self.state]
        assert state in legal, (self.state, state, legal)
        self.state = state

    # --- the talk -----------------------------------------------------------------------------
    def step(self, progress: Progress, now: int) -> None:
        """Do what is next for the call at hand, and add partitions that are waited for."""
        self.timer = None
        if self.state is S.OFF:
            return
        self._look_for_trouble(progress)
        if self._asked is not None:
            return
        if now < self._not_before:
            self.timer = self._not_before
        elif self.call is Call.INIT:
            self._init(now)
        elif self.call is Call.ABORT and progress.is_drained:
            self._abort(now)
        elif self._pending and self.state is S.OPEN:
            request = requests.add_partitions(*self._who, self._pending)
            self._ask(What.ADD, request, self._finder, now)
        elif self.call is Call.OFFSETS:
            self._send_offsets(now)
        elif self.call is Call.COMMIT and progress.is_flushed:
            self._end(True, now)

    def _look_for_trouble(self, progress: Progress) -> None:
        """Records that failed, and an identity that is gone, spoil the transaction."""
        if self._identity.state is IdentityState.FATAL and self.state is not S.FATAL:
            self._fatal(self._identity.error, "the producer was refused for good")
        elif self.state is not S.OPEN or self.call is Call.ABORT:
            return
        elif progress.failed > self._failed_before:
            failed = progress.failed - self._failed_before
            self._must_abort(progress.last_error, f"{failed} record(s) could not be delivered")
        elif self._identity.has_gap:
            self._must_abort(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "a batch was given up")

    @property
    def _who(self) -> tuple[str, int, int]:
        return self.transactional_id, self._identity.producer_id, self._identity.epoch

    def _init(self, now: int) -> None:
        request = requests.init(*self._who, self._conf.int("transaction.timeout.ms"))
        self._ask(What.INIT, request, self._finder, now)

    def _send_offsets(self, now: int) -> None:
        if self.version == 1 and not self._is_group_added:
            request = requests.add_offsets(*self._who, self._member.group_id)
            self._ask(What.ADD_OFFSETS, request, self._finder, now)
            return
        assert self._group_finder is not None
        commit = requests.commit_offsets(*self._who, self._member, self._offsets)
        self._ask(What.OFFSETS, commit, self._group_finder, now)

    def _abort(self, now: int) -> None:
        is_unknown = self.state is S.MUST_ABORT and self._trouble.error == requests.UNKNOWN
        must_rise = self.version == 1 and self._identity.has_gap
        ends_first = self._conf[PROFILE] == JAVA and self._has_begun
        if is_unknown or (must_rise and not ends_first):
            self._init(now)  # the epoch must rise, and this aborts as well (KIP-360)
        else:
            self._end(False, now)

    @property
    def _has_begun(self) -> bool:
        """Whether the coordinator may know of the transaction."""
        begun = self._added or self._is_group_added if self.version == 1 else self._wrote
        return bool(begun or self._has_offsets)

    def _end(self, committed: bool, now: int) -> None:
        if not self._has_begun:
            self._ended()
            return
        self._ask(What.END, requests.end(*self._who, committed), self._finder, now)

    def _ask(self, what: What, request: Message, finder: CoordinatorFinder, now: int) -> None:
        link = finder.ready(now)
        if link is None:
            self.timer = finder.timer
            return
        version = self._connections.version(link, type(request))
        if self.version == 1:
            version = min(version, requests.OLDER[request.API_KEY])
        if what is What.OFFSETS:
            self._has_offsets = self._wrote = True
        key: Hashable = (what, tuple(self._pending)) if what is What.ADD else (what, ())
        timeout_ms = self._conf.int("socket.timeout.ms")
        self._connections.send(link, request, Asked(OWNER, key, version), now, timeout_ms)
        self._asked = what

    # --- answers ------------------------------------------------------------------------------
    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in an answer, or that none came."""
        if answer.asked.owner == coordinator_finder.OWNER:
            self._on_found(answer, now)
            return
        assert isinstance(answer.asked.key, tuple)
        what, partitions = answer.asked.key
        self._asked = None
        if self.state is S.FATAL:
            return  # it was asked before the end
        error = requests.error_of(answer.response)
        decided = requests.verdict(error)
        if decided is Verdict.DONE:
            self._attempts = 0
            self._done(what, partitions, answer.response)
        elif decided in (Verdict.RETRY, Verdict.FIND):
            self._again(what, decided, error, now)
        else:
            self._refused(what, decided, error or 0)

    def _on_found(self, answer: Answer, now: int) -> None:
        assert isinstance(answer.asked.key, tuple)
        for finder in (self._finder, self._group_finder):
            if finder is not None and (finder.kind, finder.key) == answer.asked.key[:2]:
                finder.on_answer(answer, now)

    def _done(self, what: What, partitions: tuple[TopicPartition, ...], response: Any) -> None:
        if what is What.INIT:
            self._identity.assign(response.producer_id, response.producer_epoch)
            self._ended()
        elif what is What.ADD:
            for partition in partitions:
                self._added[partition] = None
                self._pending.pop(partition, None)
        elif what is What.ADD_OFFSETS:
            self._is_group_added = True
        elif what is What.OFFSETS:
            if self.call is Call.OFFSETS:  # or it is to be aborted by now, and that is not over
                self._finish(Outcome())
        elif self.call is Call.ABORT and self.version == 1 and self._identity.has_gap:
            self._forget()  # Java: it is aborted, and now the epoch
        else:
            if response.producer_id >= 0:
                self._identity.assign(response.producer_id, response.producer_epoch)
            self._ended()

    def _again(self, what: What, decided: Verdict, error: int | None, now: int) -> None:
        if decided is Verdict.FIND:
            finder = self._group_finder if what is What.OFFSETS else self._finder
            assert finder is not None
            finder.failed()
            self._metadata.request_update()
        base, most = self._conf.int("retry.backoff.ms"), self._conf.int("retry.backoff.max.ms")
        pause = retry_delay_ms(self._attempts, base, most, self._chance)
        if what is What.ADD and error == ErrorCode.CONCURRENT_TRANSACTIONS:
            pause = _CONCURRENT_MS
        self._not_before = now + pause
        self._attempts += 1

    def _refused(self, what: What, decided: Verdict, error: int) -> None:
        if decided is Verdict.FENCED:
            self._fatal(FENCED, "another producer with this transactional.id has taken over")
            return
        if decided is Verdict.ABORT and self.state is S.MUST_ABORT and what is not What.END:
            return  # asked before, and it is to be aborted anyway
        if decided is Verdict.ABORT and self.state is S.OPEN:
            self._must_abort(error, f"{what.value} was refused")
        else:
            self._fatal(error, f"{what.value} was refused")

    def _ended(self) -> None:
        """INIT, COMMIT or ABORT went well."""
        self._become(S.READY)
        self._finish(Outcome())

    def _must_abort(self, error: int, reason: str) -> None:
        self._trouble = Outcome(error, reason, must_abort=True)
        self._become(S.MUST_ABORT)
        self._pending = {}
        if self.call is not None and self.call is not Call.ABORT:
            self._finish(self._trouble)

    def _fatal(self, error: int, reason: str) -> None:
        self._trouble = Outcome(error, reason, is_fatal=True)
        self._become(S.FATAL)
        if self._identity.state is not IdentityState.FATAL:
            self._identity.fail(error)
        if self.call is not None:
            self._finish(self._trouble)

    def _finish(self, outcome: Outcome) -> None:
        self.call, self._over, self.outcome = None, self.call, outcome

    def take_outcome(self) -> Outcome | None:
        """How the last call ended, once."""
        outcome, self.outcome = self.outcome, None
        self._over, self._offsets = None, ()
        return outcome

    def fork(self, connections: Connections, metadata: Metadata, identity: Identity) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._connections, other._metadata, other._identity = connections, metadata, identity
        other._chance = self._chance.fork()
        other._finder = self._finder.fork(connections, metadata)
        if self._group_finder is not None:
            other._group_finder = self._group_finder.fork(connections, metadata)
        other._added, other._pending = self._added.copy(), self._pending.copy()
        return other
