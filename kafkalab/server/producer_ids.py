"""Producer ids, handed out from blocks that the controller allocates.

A producer id is never given twice in the life of a cluster: the controller records each block of
1,000 in the metadata log before a broker may use it.

In Kafka: `RPCProducerIdManager`; KIP-730.  Left out: fetching the next block ahead of need.
"""

from collections import deque
from collections.abc import Hashable
from typing import Any, Final, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.node import ACTIVE_CONTROLLER, Effects, Ticket
from kafkalab.protocol.messages.producer_ids import (
    AllocateProducerIdsRequest,
    InitProducerIdResponse,
)

OWNER: Final = "producer_ids"


class ProducerIds:
    """The block in use, and the producers that wait for the next one."""

    __slots__ = ("_asking", "_broker_id", "_effects", "_end", "_next", "_waiting", "broker_epoch")

    def __init__(self, broker_id: int, effects: Effects) -> None:
        self.broker_epoch = -1  # kept up to date by the broker
        self._broker_id = broker_id
        self._effects = effects
        self._next = 0
        self._end = 0  # exclusive
        self._asking = False
        self._waiting: deque[Ticket] = deque()

    def give(self, ticket: Ticket) -> None:
        """Answer an InitProducerId with a fresh id, at once or when a block has come."""
        if self._next < self._end:
            self._effects.reply(
                ticket, InitProducerIdResponse(producer_id=self.take(), producer_epoch=0)
            )
            return
        self._waiting.append(ticket)
        self.ask()

    def take(self) -> int:
        """A fresh id.  Raises COORDINATOR_LOAD_IN_PROGRESS when there is none: soon there is."""
        if self._next >= self._end:
            self.ask()
            raise KafkaError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, "no producer id at hand")
        self._next += 1
        return self._next - 1

    def ask(self) -> None:
        """Ask for a block, unless there is one or one has been asked for."""
        if self._asking or self._next < self._end:
            return
        self._asking = True
        request = AllocateProducerIdsRequest(
            broker_id=self._broker_id, broker_epoch=self.broker_epoch
        )
        self._effects.call(ACTIVE_CONTROLLER, request, OWNER)

    def on_response(self, key: Hashable, response: Any, now: int) -> None:
        self._asking = False
        if response is None or response.error_code:
            # The client retries: the id is not lost, only late.
            error = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
            while self._waiting:
                answer = InitProducerIdResponse(error_code=error, producer_id=-1, producer_epoch=-1)
                self._effects.reply(self._waiting.popleft(), answer)
            return
        self._next = response.producer_id_start
        self._end = self._next + response.producer_id_len
        while self._waiting and self._next < self._end:
            self.give(self._waiting.popleft())

    def fork(self, effects: Effects) -> Self:
        other = type(self)(self._broker_id, effects)
        other._next, other._end = self._next, self._end
        other.broker_epoch = self.broker_epoch
        other._asking = self._asking
        other._waiting = self._waiting.copy()
        return other
