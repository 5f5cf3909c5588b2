"""One request at a time on a connection, answers in order, and nothing for the dead."""

from kafkalab.ids import ConnectionId
from kafkalab.node import Envelope, Kind
from kafkalab.server.channels import Channels

ONE = ConnectionId("client-1", "broker-1", 1)
TWO = ConnectionId("client-2", "broker-1", 1)


def request(connection: ConnectionId, correlation_id: int) -> Envelope:
    return Envelope(connection, Kind.REQUEST, correlation_id, 0, 9, f"request {correlation_id}")


def test_a_pipelined_request_waits_for_the_answer_to_the_one_before() -> None:
    channels = Channels()
    channels.accept(request(ONE, 1))
    channels.accept(request(ONE, 2))
    first = channels.next_request()
    assert first is not None and first.message == "request 1"
    assert channels.next_request() is None
    answer = channels.answer(first.ticket, "done")
    assert answer is not None and (answer.kind, answer.correlation_id) == (Kind.RESPONSE, 1)
    second = channels.next_request()
    assert second is not None and second.message == "request 2"


def test_a_parked_request_holds_up_its_own_connection_only() -> None:
    channels = Channels()
    channels.accept(request(ONE, 1))
    assert channels.next_request() is not None
    channels.accept(request(ONE, 2))
    channels.accept(request(TWO, 7))
    other = channels.next_request()
    assert other is not None and other.ticket.connection == TWO
    assert channels.next_request() is None


def test_no_answer_is_sent_for_acks_0_but_the_next_request_is_served() -> None:
    channels = Channels()
    channels.accept(request(ONE, 1))
    channels.accept(request(ONE, 2))
    first = channels.next_request()
    assert first is not None
    assert channels.answer(first.ticket, None) is None
    second = channels.next_request()
    assert second is not None and second.ticket.correlation_id == 2


def test_the_answer_to_a_closed_connection_goes_nowhere() -> None:
    channels = Channels()
    channels.accept(request(ONE, 1))
    parked = channels.next_request()
    assert parked is not None
    assert channels.close(ONE)
    assert not channels.close(ONE)
    assert channels.answer(parked.ticket, "late") is None
    assert len(channels) == 0


def test_an_answer_given_twice_is_sent_once() -> None:
    channels = Channels()
    channels.accept(request(ONE, 1))
    ticket = channels.next_request()
    assert ticket is not None
    assert channels.answer(ticket.ticket, "first") is not None
    assert channels.answer(ticket.ticket, "second") is None


def test_a_fork_goes_its_own_way() -> None:
    channels = Channels()
    channels.accept(request(ONE, 1))
    channels.accept(request(ONE, 2))
    fork = channels.fork()
    first = channels.next_request()
    assert first is not None
    channels.answer(first.ticket, "done")
    channels.close(ONE)
    again = fork.next_request()
    assert again == first
    assert fork.next_request() is None
