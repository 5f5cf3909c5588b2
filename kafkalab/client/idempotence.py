"""Who an idempotent producer is: its producer id and epoch, and when the epoch must rise.

    NONE ── InitProducerId ──▶ WAITING ──▶ ASSIGNED ── a gap ──▶ DRAINING ── nothing in flight
     ▲                                        ▲                                    │
     └── epochs used up ──────────────────────┴────────── epoch + 1 ◀──────────────┘

A batch that was numbered and then given up leaves a gap which the broker would refuse from then
on; a broker that has forgotten the producer does so too.  The cure for both (KIP-360): let what
is in flight come back, raise the epoch, and number what is unacknowledged from 0 again.  What the
broker had after all is then there twice: the price of going on.

Invariants: nothing is sent unless ASSIGNED; the epoch rises only when nothing is in flight.

In Kafka: `TransactionManager.bumpIdempotentProducerEpoch`; in librdkafka: `rdkafka_idempotence.c`.
With a transactional id the coordinator gives id and epoch (`transactions`): a gap then stops the
sending until the transaction has been aborted.
"""

from enum import Enum
from typing import Final, Self

from kafkalab.chance import Stream
from kafkalab.client.backoff import retry_delay_ms
from kafkalab.client.connections import Answer, Asked, Connections
from kafkalab.client.metadata import Metadata
from kafkalab.config import Config
from kafkalab.errors import RETRIABLE
from kafkalab.ids import NodeName
from kafkalab.protocol.messages.producer_ids import InitProducerIdRequest

OWNER: Final = "identity"
NO_PRODUCER_ID: Final = -1
NO_EPOCH: Final = -1
_LAST_EPOCH: Final = (1 << 15) - 1
_RETRY_MS: Final = 500  # librdkafka's, between attempts to get an id
_RETRY_MS_MAX: Final = 1_000
_TRANSACTION_TIMEOUT_MS: Final = 60_000  # asked for, but used by transactions alone


class IdentityState(Enum):
    """See the picture above; OFF without enable.idempotence, FATAL when there is no way on."""

    OFF = "off"
    NONE = "none"
    WAITING = "waiting"
    ASSIGNED = "assigned"
    DRAINING = "draining"
    FATAL = "fatal"


class Identity:
    """The producer id of one producer."""

    __slots__ = (
        "_attempts",
        "_chance",
        "_conf",
        "_connections",
        "_metadata",
        "_not_before",
        "epoch",
        "error",
        "has_gap",
        "is_renewed",
        "is_transactional",
        "producer_id",
        "state",
        "timer",
    )

    def __init__(
        self, name: NodeName, conf: Config, seed: int, connections: Connections, metadata: Metadata
    ) -> None:
        self._conf = conf
        self._connections = connections
        self._metadata = metadata
        self._chance = Stream(seed, f"{name}/identity/{connections.number}")
        self._attempts = 0
        self._not_before = 0
        is_on = conf.bool("enable.idempotence")
        self.is_transactional = bool(conf["transactional.id"])
        self.is_renewed = False
        self.has_gap = False  # of a transactional producer: until the next epoch
        self.state = IdentityState.NONE if is_on else IdentityState.OFF
        self.producer_id = NO_PRODUCER_ID
        self.epoch = NO_EPOCH
        self.error = 0  # why it is FATAL
        self.timer: int | None = None

    @property
    def is_on(self) -> bool:
        """Whether batches are numbered."""
        return self.state is not IdentityState.OFF

    @property
    def may_send(self) -> bool:
        """Whether records may leave now, as far as this part is concerned."""
        return self.state in (IdentityState.OFF, IdentityState.ASSIGNED) and not self.has_gap

    def step(self, now: int) -> None:
        """Ask for a producer id if there is none."""
        self.timer = None
        if self.state is not IdentityState.NONE or self.is_transactional:
            return
        if now < self._not_before:
            self.timer = self._not_before
            return
        link = self._metadata.any_link(now)
        if link is None:
            return
        request = InitProducerIdRequest(
            transactional_id=None, transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS
        )
        version = self._connections.version(link, InitProducerIdRequest)
        timeout = self._conf.int("socket.timeout.ms")
        self._connections.send(link, request, Asked(OWNER, None, version), now, timeout)
        self.state = IdentityState.WAITING

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in an InitProducerIdResponse."""
        if self.state is not IdentityState.WAITING:
            return
        response = answer.response
        error = 0 if response is None else response.error_code
        if response is not None and not error:
            self.producer_id, self.epoch = response.producer_id, response.producer_epoch
            self.state = IdentityState.ASSIGNED
            self._attempts = 0
        elif error and error not in RETRIABLE:
            self.fail(error)
        else:
            self.state = IdentityState.NONE
            self._not_before = now + retry_delay_ms(
                self._attempts, _RETRY_MS, _RETRY_MS_MAX, self._chance
            )
            self._attempts += 1

    def request_bump(self) -> None:
        """There is a gap in the numbers: stop sending until all has come back."""
        if self.is_transactional:
            self.has_gap = True
        elif self.state is IdentityState.ASSIGNED:
            self.state = IdentityState.DRAINING

    def assign(self, producer_id: int, epoch: int) -> None:
        """What a transaction coordinator says; nothing is in flight."""
        self.is_renewed = (self.producer_id, self.epoch) != (producer_id, epoch)
        self.producer_id, self.epoch = producer_id, epoch
        self.state = IdentityState.ASSIGNED
        self.has_gap = False

    def take_renewal(self) -> bool:
        """Whether id or epoch are other ones since this was last asked: number from 0 again."""
        is_renewed, self.is_renewed = self.is_renewed, False
        return is_renewed

    def bump(self) -> None:
        """Nothing is in flight any more: go on under the next epoch."""
        assert self.state is IdentityState.DRAINING
        if self.epoch < _LAST_EPOCH:
            self.epoch += 1
            self.state = IdentityState.ASSIGNED
        else:
            self.producer_id, self.epoch = NO_PRODUCER_ID, NO_EPOCH
            self.state = IdentityState.NONE

    def fail(self, error: int) -> None:
        """Nothing can be sent any more."""
        self.state = IdentityState.FATAL
        self.error = error

    def fork(self, connections: Connections, metadata: Metadata) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._connections, other._metadata = connections, metadata
        other._chance = self._chance.fork()
        return other
