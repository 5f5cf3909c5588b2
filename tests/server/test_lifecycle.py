"""A broker's registration and heartbeats: what it tells, when, and what it makes of answers."""

import pytest

from kafkalab.config import broker_config
from kafkalab.errors import ErrorCode
from kafkalab.node import Effects
from kafkalab.protocol.messages.brokers import (
    BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
    Listener,
)
from kafkalab.server.lifecycle import RETRY_MS, BrokerState, Lifecycle


class Harness:
    """A lifecycle, and the controller's part played by the test."""

    def __init__(self) -> None:
        self.effects = Effects()
        listener = Listener(name="PLAINTEXT", host="broker-1", port=9092)
        config = broker_config()
        self.it = Lifecycle(1, config, listener, bytes(16), -1, self.effects, now=0)

    def wake(self, now: int, offset: int = -1) -> object | None:
        """Let the timer fire if it is due; what was asked."""
        due = self.it.next_timer()
        if due is None or due > now:
            return None
        self.it.on_timer(offset, now)
        calls, self.effects.calls = self.effects.calls, []
        assert len(calls) <= 1
        return calls[0].request if calls else None

    def running(self) -> "Harness":
        assert isinstance(self.wake(0), BrokerRegistrationRequest)
        self.it.on_response("register", BrokerRegistrationResponse(broker_epoch=7), 1)
        self.it.on_metadata(7, 2)
        self.wake(2, 7)
        self.it.on_response("heartbeat", beat(is_caught_up=True, is_fenced=True), 3)
        self.wake(3, 7)
        self.it.on_response("heartbeat", beat(is_caught_up=True, is_fenced=False), 4)
        assert self.it.state is BrokerState.RUNNING
        return self


def beat(**fields: bool) -> BrokerHeartbeatResponse:
    return BrokerHeartbeatResponse(error_code=0, **fields)


def test_from_registration_to_running() -> None:
    h = Harness().running()
    assert h.it.broker_epoch == 7
    assert h.it.next_timer() == 4 + 2_000


def test_nothing_is_due_while_a_question_is_under_way_and_news_are_told_after_it() -> None:
    h = Harness()
    h.wake(0)
    h.it.on_response("register", BrokerRegistrationResponse(broker_epoch=7), 1)
    assert isinstance(h.wake(2_001), BrokerHeartbeatRequest)
    h.it.on_metadata(7, 2_002)
    assert h.it.next_timer() is None
    h.it.on_response("heartbeat", beat(is_caught_up=False, is_fenced=True), 2_003)
    assert h.it.next_timer() == 2_003


@pytest.mark.parametrize(
    "error", [ErrorCode.STALE_BROKER_EPOCH, ErrorCode.BROKER_ID_NOT_REGISTERED]
)
def test_a_controller_that_does_not_know_it_makes_it_register_anew(error: ErrorCode) -> None:
    h = Harness().running()
    h.wake(3_000)
    h.it.on_response("heartbeat", BrokerHeartbeatResponse(error_code=error), 3_001)
    assert isinstance(h.wake(3_001 + RETRY_MS), BrokerRegistrationRequest)


def test_an_unreachable_controller_is_asked_again_soon() -> None:
    h = Harness()
    h.wake(0)
    h.it.on_response("register", None, 500)
    assert h.it.next_timer() == 500 + RETRY_MS


def test_it_leaves_only_when_the_controller_lets_it_go() -> None:
    h = Harness().running()
    h.it.begin_shutdown(10)
    request = h.wake(10)
    assert isinstance(request, BrokerHeartbeatRequest)
    assert request.want_shut_down
    h.it.on_response("heartbeat", beat(should_shut_down=False), 11)
    assert h.it.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN
    h.wake(5_000)
    h.it.on_response("heartbeat", beat(should_shut_down=True), 5_001)
    assert h.it.state is BrokerState.SHUTTING_DOWN
    assert h.it.next_timer() is None
