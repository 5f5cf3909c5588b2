"""BrokerHeartbeat 0-2: a broker lives, says how far it is and what it wants.

                    caught up, wants in             wants to go, leads something
    FENCED ───────────────────────▶ UNFENCED ─────────────────────▶ CONTROLLED_SHUTDOWN
      ▲  └─wants to go─▶ SHUTDOWN_NOW ◀─wants to go, leads nothing─┘          │
      └── wants to be fenced ───────────┘ ▲────── leads nothing, all know it ─┘

In a controlled shutdown its leaderships are moved first; it may go when every active broker has
replayed that far, so that nobody sends clients to it any more.

In Kafka: `BrokerHeartbeatManager.calculateNextBrokerState`, `processBrokerHeartbeat`.
"""

from enum import Enum, auto
from typing import Any, Final

from kafkalab.controller.brokers import fence, shut_down_in_order, unfence
from kafkalab.controller.elections import leads_any
from kafkalab.controller.written_state import Decision, WrittenState
from kafkalab.metadata import BrokerImage
from kafkalab.protocol.messages.brokers import BrokerHeartbeatRequest, BrokerHeartbeatResponse

_NOBODY_ACTIVE: Final = (1 << 63) - 1


class ControlState(Enum):
    """Kafka's `BrokerControlState`."""

    FENCED = auto()
    UNFENCED = auto()
    CONTROLLED_SHUTDOWN = auto()
    SHUTDOWN_NOW = auto()


S = ControlState


def heartbeat(state: WrittenState, request: BrokerHeartbeatRequest, now: int) -> Decision:
    """The broker's session goes on, and it gets what it wants if it can."""
    broker = state.broker(request.broker_id, request.broker_epoch)
    sessions = state.sessions
    sessions.contact(broker.id, now)
    before = _current(state, broker)
    after = _next(state, broker, before, request)
    records = _records(state, broker, before, after)
    fenced = after in (S.FENCED, S.SHUTDOWN_NOW)
    sessions.touch(broker.id, request.current_metadata_offset, fenced=fenced)
    if after is S.CONTROLLED_SHUTDOWN:
        sessions.begin_shutdown(broker.id, state.image.offset + len(records))
    response = BrokerHeartbeatResponse(
        is_caught_up=_is_caught_up(broker, request),
        is_fenced=fenced,
        should_shut_down=after is S.SHUTDOWN_NOW,
    )
    return Decision(records, response)


def _is_caught_up(broker: BrokerImage, request: BrokerHeartbeatRequest) -> bool:
    """Whether it has replayed its own registration; its epoch is the offset of that."""
    return request.current_metadata_offset >= broker.epoch


def _current(state: WrittenState, broker: BrokerImage) -> ControlState:
    if state.sessions[broker.id].is_shutting_down:
        return S.CONTROLLED_SHUTDOWN
    return S.FENCED if broker.fenced else S.UNFENCED


def _next(
    state: WrittenState, broker: BrokerImage, current: ControlState, request: BrokerHeartbeatRequest
) -> ControlState:
    if current is S.FENCED:
        if request.want_shut_down:
            return S.SHUTDOWN_NOW
        may_enter = not request.want_fence and _is_caught_up(broker, request)
        return S.UNFENCED if may_enter else S.FENCED
    if current is S.CONTROLLED_SHUTDOWN:
        offset = state.sessions[broker.id].controlled_shutdown_offset
        known = offset <= _lowest_active_offset(state)
        leads = leads_any(state.image, broker.id)
        return S.SHUTDOWN_NOW if known and not leads else S.CONTROLLED_SHUTDOWN
    if request.want_fence:
        return S.SHUTDOWN_NOW if request.want_shut_down else S.FENCED
    if request.want_shut_down:
        return S.CONTROLLED_SHUTDOWN if leads_any(state.image, broker.id) else S.SHUTDOWN_NOW
    return S.UNFENCED


def _records(
    state: WrittenState, broker: BrokerImage, before: ControlState, after: ControlState
) -> list[Any]:
    if after is before or (broker.fenced and after is S.SHUTDOWN_NOW):
        return []
    if after is S.UNFENCED:
        return unfence(state, broker)
    if after is S.CONTROLLED_SHUTDOWN:
        return shut_down_in_order(state, broker)
    return fence(state, broker)


def _lowest_active_offset(state: WrittenState) -> int:
    """How far all active brokers have replayed the metadata log."""
    sessions = state.sessions
    offsets = [
        sessions[broker.id].metadata_offset
        for broker in state.image.brokers.values()
        if not broker.fenced and not sessions[broker.id].is_shutting_down
    ]
    return min(offsets, default=_NOBODY_ACTIVE)
