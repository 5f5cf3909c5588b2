"""Messages held in flight, let go, and connections cut by their number."""

import pytest

from kafkalab import Producer, Simulation
from kafkalab.sim import also, without
from kafkalab.world import CommandError
from kafkalab.world.holds import Flight


def sending(wire: bool = False) -> tuple[Simulation, Flight]:
    """A produce request on its way to the leader."""
    sim = Simulation(brokers=3, seed=3, wire=wire)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers, "acks": "all"}, sim=sim)
    producer.produce("orders", "first")
    producer.flush()
    producer.produce("orders", "second")
    sim.run_until(lambda: produce_requests(sim))
    return sim, produce_requests(sim)[0]


def produce_requests(sim: Simulation) -> list[Flight]:
    found = sim.network.in_flight
    return [each for each in found if each.api == "PRODUCE" and each.message.what == "request"]


def test_a_message_in_flight_is_seen_with_when_it_arrives() -> None:
    sim, flight = sending()
    assert (flight.source, flight.waits_for, flight.is_held) == ("producer-1", "", False)
    assert flight.due == sim.now + 1
    arrivals = len(sim.trace.of("Appended"))
    sim.run_to(flight.due)
    assert len(sim.trace.of("Appended")) > arrivals


def test_a_message_held_waits_until_it_is_let_go() -> None:
    sim, flight = sending()
    sim.network.hold(flight.message)
    sim.run(1)
    (held,) = produce_requests(sim)
    assert (held.message, held.is_held, held.waits_for) == (flight.message, True, "hold")
    assert held.due is None
    assert len(sim.records("orders")) == 1
    sim.network.release(flight.message)
    sim.run(1)
    assert [record.value for record in sim.records("orders")] == [b"first", b"second"]


def test_the_answer_can_be_held_and_the_record_is_written_once() -> None:
    sim, flight = sending()
    sim.run_until(
        lambda: [each for each in sim.network.in_flight if each.message.what == "response"
                 and each.api == "PRODUCE"]
    )  # fmt: skip
    sim.network.hold(flight.message._replace(what="response"))
    acked = len(sim.trace.of("RecordAcknowledged"))
    sim.run(2)
    assert len(sim.records("orders")) == 2
    assert len(sim.trace.of("RecordAcknowledged")) == acked
    sim.network.release()
    sim.run(1)
    assert len(sim.trace.of("RecordAcknowledged")) == acked + 1


def test_nothing_overtakes_what_is_held_on_its_own_link() -> None:
    sim, _ = sending()
    leader = sim.leader("orders", 0)
    follower = 1 + leader % 3
    sim.network.hold(follower, leader)
    sim.run(60)
    assert follower not in sim.isr("orders", 0), "its fetches never arrive"
    waiting = [each for each in sim.network.in_flight if each.is_held]
    assert {(each.source, each.target) for each in waiting} == {
        (f"broker-{follower}", f"broker-{leader}")
    }
    why = sim.why("orders-0")
    assert "held" in why.say
    sim.network.release(follower, leader)
    sim.run(5)
    assert follower in sim.isr("orders", 0)


def test_a_cut_ends_a_hold_and_the_producer_sends_again() -> None:
    sim, flight = sending()
    sim.network.hold(flight.message)
    sim.run(1)
    sim.network.cut(flight.message)
    sim.run(5)
    assert [record.value for record in sim.records("orders")] == [b"first", b"second"]
    assert sim.trace.of("ConnectionCut")[0].event[1:] == flight.message.connection


@pytest.mark.parametrize("wire", [False, True])
def test_a_hold_is_an_action_that_is_done_again(wire: bool) -> None:
    sim, flight = sending(wire)
    sim.network.hold(flight.message)
    sim.run(3)
    branch = sim.fork()
    for world in (sim, branch):
        world.network.release(flight.message)
        world.run(3)
    assert sim.trace.digest() == branch.trace.digest()
    again = Simulation.from_link(sim.link())
    assert again.trace.digest() == sim.trace.digest()
    then = sim.at((flight.due or 0) / 1000 + 1)
    assert [each.is_held for each in produce_requests(then)] == [True]


def test_a_hold_can_be_the_change_of_twins() -> None:
    sim, flight = sending()
    at = sim.now
    sim.run(3)
    pair = sim.twins(also(f"hold {flight.message.words}", at=at / 1000))
    assert (len(pair.a.records("orders")), len(pair.b.records("orders"))) == (2, 1)


def test_words_that_hold_nothing_say_what_there_is() -> None:
    sim, flight = sending()
    with pytest.raises(CommandError, match=f"in flight: .*{flight.message.words}"):
        sim.network.hold(flight.message._replace(correlation_id=999))
    with pytest.raises(CommandError, match="that is not held"):
        sim.network.release(flight.message)
    with pytest.raises(CommandError, match="there is no nobody"):
        sim.network.hold("nobody", 101)
    sim.driver.command(f"cut {' '.join(map(str, flight.message.connection))}")
    with pytest.raises(CommandError, match=r"what there is: .*hold"):
        sim.driver.command("hold")


def test_a_hold_can_be_left_out_again() -> None:
    sim, flight = sending()
    sim.network.hold(flight.message)
    sim.run(3)
    pair = sim.twins(without(sim.trace.of("MessageHeld")[0]))
    assert (len(pair.a.records("orders")), len(pair.b.records("orders"))) == (1, 2)
