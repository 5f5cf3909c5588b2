"""`told`: a line an event, in words; what is left out, by kind, time and topic."""

import re

import pytest

from kafkalab import Producer, Simulation
from kafkalab.sim.telling import tell
from lab.exercises.told import told


@pytest.fixture(scope="module")
def sim() -> Simulation:
    """Two topics; the leader of one crashes with a record that nobody copied, and is back."""
    sim = Simulation(brokers=3, controllers=3, seed=3)
    for topic in ("orders", "other"):
        sim.create_topic(topic, replication_factor=3)
    leader = sim.leader("orders", 0)
    others = {1, 2, 3} - {leader}
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "1", "linger.ms": 0}, sim=sim)
    producer.produce("other", "elsewhere")
    producer.flush()
    sim.network.partition({leader}, others)
    producer.produce("orders", "alone")
    producer.flush()
    sim.broker(leader).crash()
    sim.run(12)
    sim.network.heal()
    sim.broker(leader).restart()
    sim.run(12)
    return sim


def test_a_line_an_event_in_the_order_of_the_trace(sim: Simulation) -> None:
    events = sim.trace.of("Crashed", "LeaderElected", "Restarted")
    lines = told(sim, "Crashed", "LeaderElected", "Restarted").splitlines()
    assert len(lines) == len(events) >= 3
    for line, event in zip(lines, events, strict=True):
        assert line.endswith(tell(event))
        at = re.match(r" *([\d ]+\.\d{3}) s  \S", line)
        assert at is not None
        assert round(float(at[1]) * 1000) == event.at


def test_what_was_cut_is_told_with_how_much_and_where_it_ends(sim: Simulation) -> None:
    (cut,) = sim.trace.of("Truncated")
    who = cut.node.replace("-", " ")
    removed, end = cut.fields["removed"], cut.fields["offset"]
    assert told(sim, "Truncated").endswith(
        f"  {who} cuts {removed} off orders-0: it ends at {end} now"
    )


def test_since_is_in_seconds_and_takes_its_own_instant(sim: Simulation) -> None:
    first, second = (entry.at for entry in sim.trace.of("Crashed", "Restarted"))
    assert first < second
    lines = told(sim, "Crashed", "Restarted", since=second / 1000)
    assert "restarts" in lines
    assert "crashes" not in lines
    assert told(sim, "Restarted", since=(second + 1) / 1000) == ""


def test_a_topic_leaves_out_the_others_and_keeps_what_has_none(sim: Simulation) -> None:
    everything, mine = (told(sim, "Appended", "Crashed", topic=t) for t in ("", "orders"))
    assert "other-0" in everything
    assert "other-0" not in mine
    assert "orders-0" in mine
    assert "crashes" in mine


def test_fields_are_shown_where_an_event_has_them(sim: Simulation) -> None:
    lines = told(sim, "Appended", "Crashed", show=("base_offset",)).splitlines()
    appended = [line for line in lines if "writes" in line]
    assert appended and all(re.search(r", base_offset \d+$", line) for line in appended)
    assert not any("base_offset" in line for line in lines if "crashes" in line)


def test_an_election_of_controllers_reads_as_one(sim: Simulation) -> None:
    """Roles that say nothing have no line; an asked vote differs from one that is given."""
    words = told(sim, "QuorumRoleChanged", "VoteAnswered", "ControllerActivated")
    assert "" not in words.splitlines()
    assert re.search(r"controller \d+ is Prospective: it asks who would vote for it", words)
    votes = sim.trace.of("VoteAnswered")
    said = {(True, True): "yes, I would", (True, False): "no, I would not", (False, True): "yes"}
    for line, vote in zip(told(sim, "VoteAnswered").splitlines(), votes, strict=True):
        answer = said.get((vote.fields["pre_vote"], vote.fields["granted"]), "no")
        assert line.endswith(f"answers {vote.fields['candidate_id']}: {answer}")
    assert {vote.fields["pre_vote"] for vote in votes} == {True, False}
    asked, leads = words.index("is Candidate"), words.index("is Leader: it has a majority")
    assert asked < leads < words.index("is the active controller")
