"""Every call to a peer ends once: with its answer, or with None."""

from kafkalab.ids import NO_NODE
from kafkalab.node import ACTIVE_CONTROLLER, Call, Envelope, Kind
from kafkalab.protocol.messages.brokers import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from kafkalab.server.peers import Peers

TIMEOUT_MS = 30_000


def peers() -> Peers:
    return Peers("broker-1", 1, TIMEOUT_MS)


def call(target: int, owner: str = "lifecycle", key: str = "heartbeat") -> Call:
    return Call(target, BrokerHeartbeatRequest(broker_id=1), owner, key)


def answer(to: Envelope) -> Envelope:
    return Envelope(
        to.connection,
        Kind.RESPONSE,
        to.correlation_id,
        to.api_key,
        to.api_version,
        BrokerHeartbeatResponse(),
    )


def test_an_answer_comes_back_to_the_call_it_belongs_to() -> None:
    side = peers()
    first = side.send(call(2, key="a"), NO_NODE, 0)
    second = side.send(call(2, key="b"), NO_NODE, 0)
    assert first is not None and second is not None
    assert first.connection == second.connection
    ended = side.answered(answer(second))
    assert ended is not None and ended.call.key == "b"
    assert side.answered(answer(second)) is None


def test_owners_have_connections_of_their_own() -> None:
    side = peers()
    fetch = side.send(call(2, owner="replica"), NO_NODE, 0)
    heartbeat = side.send(call(2, owner="lifecycle"), NO_NODE, 0)
    assert fetch is not None and heartbeat is not None
    assert fetch.connection != heartbeat.connection


def test_a_broken_connection_fails_its_calls_and_no_others() -> None:
    side = peers()
    lost = side.send(call(2, owner="replica", key="lost"), NO_NODE, 0)
    kept = side.send(call(3, owner="replica", key="kept"), NO_NODE, 0)
    assert lost is not None and kept is not None
    ended = side.closed(lost.connection)
    assert [(end.call.key, end.response) for end in ended] == [("lost", None)]
    again = side.send(call(2, owner="replica"), NO_NODE, 5)
    assert again is not None and again.connection != lost.connection
    assert side.answered(answer(lost)) is None
    assert side.answered(answer(kept)) is not None


def test_a_call_without_an_answer_ends_its_connection() -> None:
    side = peers()
    sent = side.send(call(2), NO_NODE, 100)
    assert sent is not None
    assert side.next_timer() == 100 + TIMEOUT_MS
    assert side.expire(100 + TIMEOUT_MS - 1) == ([], [])
    ended, closes = side.expire(100 + TIMEOUT_MS)
    assert [end.response for end in ended] == [None]
    assert [close.connection for close in closes] == [sent.connection]
    assert side.next_timer() is None


def test_a_call_to_the_controller_waits_until_one_is_known() -> None:
    side = peers()
    assert side.send(call(ACTIVE_CONTROLLER), NO_NODE, 0) is None
    (waiting,) = side.take_waiting()
    sent = side.send(waiting, 101, 7)
    assert sent is not None and sent.connection.server == "controller-101"
    assert side.next_timer() == 7 + TIMEOUT_MS


def test_a_call_that_waits_for_a_controller_fails_in_the_end() -> None:
    side = peers()
    side.send(call(ACTIVE_CONTROLLER), NO_NODE, 0)
    ended, closes = side.expire(TIMEOUT_MS)
    assert [end.response for end in ended] == [None]
    assert closes == [] and side.take_waiting() == []


def test_a_restarted_server_never_reuses_a_connection() -> None:
    before = Peers("broker-1", 1, TIMEOUT_MS).send(call(2), NO_NODE, 0)
    after = Peers("broker-1", 2, TIMEOUT_MS).send(call(2), NO_NODE, 0)
    assert before is not None and after is not None
    assert before.connection != after.connection
