"""Who leads after a broker has gone or come back, and who is still eligible (KIP-966)."""

from typing import Any

import pytest

from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE
from kafkalab.protocol.messages.partitions import ElectLeadersRequest, TopicPartitions


def elect(bench: Any, kind: int, topic: str = "orders") -> int:
    request = ElectLeadersRequest(
        election_type=kind, topic_partitions=(TopicPartitions(topic=topic, partitions=(0,)),)
    )
    code: int = bench.ask(request).replica_election_results[0].partition_result[0].error_code
    return code


def test_when_the_leader_is_fenced_the_next_replica_in_the_isr_leads(three: Any) -> None:
    three.make("orders", (2, 3, 1))
    three.alter_isr("orders", 2, (2, 1))
    three.events()
    three.lose(2)
    partition = three.partition("orders")
    assert (partition.leader, partition.isr, partition.leader_epoch) == (1, (1,), 1)
    assert ("LeaderElected", "orders", 0, 1, 1, (1,)) in three.events("LeaderElected")


def test_a_fenced_follower_leaves_the_isr_without_a_new_leader_epoch(three: Any) -> None:
    three.make("orders", (1, 2, 3))
    three.events()
    three.lose(3)
    partition = three.partition("orders")
    assert (partition.leader, partition.isr, partition.leader_epoch) == (1, (1, 2), 0)
    assert three.events("IsrChanged", "LeaderElected") == [
        ("IsrChanged", "orders", 0, (1, 2, 3), (1, 2), 1)
    ]


def test_members_that_leave_below_min_isr_stay_eligible(three: Any) -> None:
    three.make("orders", (1, 2, 3), min_insync_replicas="2")
    three.lose(3)
    assert three.partition("orders").elr == ()
    three.lose(2)
    partition = three.partition("orders")
    assert (partition.isr, partition.elr, partition.leader) == ((1,), (2,), 1)
    three.lose(1)
    partition = three.partition("orders")
    assert (partition.isr, partition.elr, partition.leader) == ((), (1, 2), NO_NODE)
    assert partition.last_known_elr == (1,)


def test_an_eligible_replica_that_returns_leads_cleanly(three: Any) -> None:
    three.make("orders", (1, 2, 3), min_insync_replicas="2")
    three.lose(3)
    three.lose(2)
    three.lose(1)
    three.beat(3)  # it left while the ISR was large enough: it may lack committed records
    assert three.partition("orders").leader == NO_NODE
    three.beat(2)
    partition = three.partition("orders")
    assert (partition.leader, partition.isr, partition.elr) == (2, (2,), (1,))
    assert (partition.leader_recovery_state, partition.last_known_elr) == (0, ())


def test_an_unclean_shutdown_ends_eligibility(three: Any) -> None:
    three.make("orders", (1, 2), min_insync_replicas="2")
    three.lose(2)
    assert three.partition("orders").elr == (2,)
    three.register(2, incarnation=2)
    assert three.partition("orders").elr == ()


def test_a_clean_shutdown_keeps_eligibility(three: Any) -> None:
    three.make("orders", (1, 2), min_insync_replicas="2")
    epoch = three.image.brokers[2].epoch
    three.lose(2)
    three.register(2, incarnation=2, previous=epoch)
    assert three.partition("orders").elr == (2,)


def test_the_last_known_leader_is_trusted_when_nobody_is_eligible(three: Any) -> None:
    three.make("solo", (1,))
    three.lose(1)
    partition = three.partition("solo")
    assert (partition.isr, partition.elr, partition.last_known_elr) == ((), (1,), (1,))
    three.register(1, incarnation=2)
    assert three.partition("solo").elr == ()
    three.beat(1)
    partition = three.partition("solo")
    assert (partition.leader, partition.isr, partition.leader_recovery_state) == (1, (1,), 1)


def test_an_isr_that_is_large_enough_again_empties_the_elr(three: Any) -> None:
    three.make("orders", (1, 2, 3), min_insync_replicas="2")
    three.lose(3)
    three.lose(2)
    three.beat(3)
    assert three.partition("orders").elr == (2,)
    three.alter_isr("orders", 1, (1, 3))
    partition = three.partition("orders")
    assert (partition.isr, partition.elr) == ((1, 3), ())


def test_unclean_election_must_be_allowed(three: Any) -> None:
    for name, unclean in (("safe", "false"), ("loose", "true")):
        three.make(name, (1, 2), unclean_leader_election_enable=unclean)
        three.alter_isr(name, 1, (1,))
    three.lose(1)
    safe, loose = three.partition("safe"), three.partition("loose")
    assert (safe.leader, safe.elr) == (NO_NODE, (1,))
    assert (loose.leader, loose.isr, loose.elr) == (2, (2,), ())
    assert loose.leader_recovery_state == 1


def test_an_operator_can_elect_uncleanly(three: Any) -> None:
    three.make("orders", (1, 2))
    three.alter_isr("orders", 1, (1,))
    three.lose(1)
    assert elect(three, 1) == ErrorCode.NONE
    assert (three.partition("orders").leader, three.partition("orders").isr) == (2, (2,))
    assert elect(three, 1) == ErrorCode.ELECTION_NOT_NEEDED


def test_the_preferred_leader_is_the_first_replica(three: Any) -> None:
    three.make("orders", (1, 2))
    assert elect(three, 0) == ErrorCode.ELECTION_NOT_NEEDED
    three.lose(1)
    assert elect(three, 0) == ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
    three.beat(1)
    three.alter_isr("orders", 2, (2, 1))
    assert elect(three, 0) == ErrorCode.NONE
    partition = three.partition("orders")
    assert (partition.leader, partition.leader_epoch) == (1, 2)
    assert elect(three, 0, "nowhere") == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_leadership_is_given_back_after_five_minutes(three: Any) -> None:
    three.make("orders", (1, 2))
    three.lose(1)
    three.beat(1)
    three.alter_isr("orders", 2, (2, 1))
    while three.now < 300_000:
        three.run_until(three.now + 2_000)
        for broker_id in (1, 2, 3):
            three.beat(broker_id)
    assert three.partition("orders").leader == 1


@pytest.mark.parametrize("kind", [0, 1])
def test_an_election_for_all_answers_only_for_what_was_to_be_done(three: Any, kind: int) -> None:
    three.make("orders", (1, 2), (2, 1))
    request = ElectLeadersRequest(election_type=kind, topic_partitions=None)
    (result,) = three.ask(request).replica_election_results
    assert (result.topic, result.partition_result) == ("orders", ())


def test_an_unknown_kind_of_election_is_refused(three: Any) -> None:
    request = ElectLeadersRequest(election_type=7)
    assert three.ask(request).error_code == ErrorCode.INVALID_REQUEST
