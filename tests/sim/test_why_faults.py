"""Why, of intercepts, disks, power, several faults, groups: take it away, and it is gone."""

from collections.abc import Callable

import pytest
from test_why import SERVERS, followers, reading, watermark, working

from kafkalab import AdminClient, Consumer, NewPartitions, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.sim import without
from kafkalab.sim.fate import State
from kafkalab.sim.why import Explanation


def gone(sim: Simulation, why: Explanation, effect: Callable[[Simulation], object]) -> None:
    """The effect is there, and without what `why` names it is not."""
    assert why.cause is not None, why
    assert effect(sim), why
    twins = sim.twins(without(*why.causes))
    assert not effect(twins.b), why


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("power-off {}", "the machine of broker {} lost power at"),
        ("full-disk {}", "the disk of broker {} was full from"),
        ("fail-disk {}", "the disk of broker {} failed from"),
    ],
)
def test_a_leader_changed_by_its_machine(words: str, said: str) -> None:
    sim, leader = working(0)
    sim.driver.command(words.format(leader))
    sim.run(12)
    why = sim.why(sim.instants("leader", topic="orders")[-1])
    assert said.format(leader) in why.say
    gone(sim, why, lambda each: each.leader("orders", 0) != leader)
    assert said.format(leader)[4:] in sim.why(f"broker-{leader}").say


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("slow-disk {slow} 2000", "took 2000 ms for each write"),
        ("slow-disk {leader} 2000", "took 2000 ms for each write"),
        ("stall Fetch {leader} 3000 from {slow}", "was held back for 3000 ms"),
        ("answer Fetch {leader} UNKNOWN_SERVER_ERROR from {slow}", "was answered with UNKNOWN"),
        ("drop Fetch {leader} from {slow}", "was lost, with its connection"),
        ("cut {slow} {leader}", "was cut"),
    ],
)
def test_a_high_watermark_is_stuck(words: str, said: str) -> None:
    sim, leader = working(1)
    sim.driver.command(words.format(leader=leader, slow=followers(leader)[0]))
    sim.run(0.3)
    stuck_at, end = watermark(sim)
    assert stuck_at < end
    why = sim.why("orders-0")
    assert said in why.say
    gone(sim, why, lambda each: watermark(each)[0] <= stuck_at)
    sim.run(4 if "disk" not in words else 0)
    assert "disk" in words or "nothing waits" in sim.why("orders-0").say


def test_several_faults_each_of_them_enough_are_all_named() -> None:
    sim, leader = working(2)
    sim.network.partition({leader}, {101})
    sim.run(4)
    sim.broker(leader).crash()
    sim.run(12)
    why = sim.why(sim.instants("leader", topic="orders")[-1])
    assert [each.kind for each in why.causes] == ["Partitioned", "Crashed"]
    assert "That alone would do it, too: broker" in why.say
    gone(sim, why, lambda each: each.leader("orders", 0) != leader)
    one = sim.twins(without(why.causes[0]))
    assert one.b.leader("orders", 0) != leader
    with pytest.raises(LearnerError, match="without what"):
        without()


def test_a_crash_is_named_before_a_slow_link_that_was_there_longer() -> None:
    sim, leader = working(2)
    sim.network.delay(leader, 101, 150)
    sim.run(3)
    sim.broker(leader).crash()
    sim.run(12)
    why = sim.why(sim.instants("leader", topic="orders")[-1])
    assert why.cause is not None
    assert why.cause.kind == "Crashed"


def failed(sim: Simulation) -> bool:
    return bool(sim.trace.of("RecordFailed"))


def test_a_request_was_answered_by_an_intercept() -> None:
    sim, leader = working(2)
    sim.network.answer("Produce", leader, "TOPIC_AUTHORIZATION_FAILED")
    sim.run(1)
    why = sim.why("TOPIC_AUTHORIZATION_FAILED")
    assert "was answered with TOPIC_AUTHORIZATION_FAILED before it arrived" in why.say
    gone(sim, why, failed)
    assert sim.why(sim.trace.of("RequestIntercepted")[-1]).cause == why.cause


def test_a_record_was_given_up_because_of_a_slow_disk() -> None:
    sim, leader = working(3)
    sim.broker(leader).slow_disk(8_000)
    sim.run(9)
    why = sim.why(sim.trace.of("RecordFailed")[-1])
    assert "no answer came in time" in why.say
    gone(sim, why, failed)


def test_a_producer_was_fenced_by_another() -> None:
    sim = Simulation(brokers=3, seed=4)
    sim.create_topic("orders", replication_factor=3)
    conf = SERVERS | {"transactional.id": "t"}
    first, second = Producer(conf, sim=sim), Producer(conf, sim=sim)
    first.init_transactions()
    first.begin_transaction()
    first.produce("orders", "one")
    sim.run(0.5)
    second.init_transactions()
    first.produce("orders", "two")
    sim.run(1)
    why = sim.why("two")
    assert "producer-1 may write for transactional id t no more" in why.say
    assert why.cause is not None
    assert why.cause.node == "producer-2"
    gone(sim, why, failed)
    aborted = sim.why("one")
    assert sim.fate("one").state is State.ABORTED
    assert "its transaction was aborted at" in aborted.say
    assert aborted.cause == why.cause


def test_a_batch_is_too_large() -> None:
    sim = Simulation(brokers=1, seed=4)
    sim.create_topic("orders", config={"max.message.bytes": 1_000})
    producer = Producer(SERVERS, sim=sim)
    producer.produce("orders", b"x" * 5_000)
    producer.flush()
    assert "larger than max.message.bytes of orders, 1000" in sim.why("MESSAGE_TOO_LARGE").say


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("drop Produce {} from producer-2", "was lost, with its connection"),
        ("stall Produce {} 3000 from producer-2", "was held back for 3000 ms"),
    ],
)
def test_a_record_is_not_visible_because_its_request_was_intercepted(words: str, said: str) -> None:
    sim, leader = working(5)
    producer = Producer(SERVERS, sim=sim)
    sim.driver.command(words.format(leader))
    producer.produce("orders", "unseen", partition=0)
    sim.run(0.05)
    why = sim.why("unseen")
    assert said in why.say
    gone(sim, why, lambda each: b"unseen" not in [r.value for r in each.records("orders")])


def test_a_record_waits_for_its_batch() -> None:
    sim, _ = working(6)
    Producer(SERVERS | {"linger.ms": 5_000}, sim=sim).produce("orders", "lingers", partition=0)
    sim.run(1)
    assert "its linger.ms is 5000" in sim.why("lingers").say


def test_slow_disks_of_both_followers_hold_a_record_back() -> None:
    sim, leader = working(6)
    for broker in followers(leader):
        sim.broker(broker).slow_disk(3_000)
    producer = Producer(SERVERS, sim=sim)
    producer.produce("orders", "slow", partition=0)
    sim.run(1.5)
    why = sim.why("slow")
    assert len(why.causes) == 2
    gone(sim, why, lambda each: b"slow" not in [r.value for r in each.records("orders")])


def test_power_lost_everywhere_loses_what_was_not_flushed() -> None:
    sim = Simulation(brokers=3, seed=4)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer(SERVERS | {"acks": "all"}, sim=sim)
    producer.produce("orders", "gone", partition=0)
    producer.flush()
    for broker in (1, 2, 3):
        sim.broker(broker).crash(power=True)
    for broker in (1, 2, 3):
        sim.broker(broker).restart()
    sim.run(20)
    why = sim.why("gone")
    assert sim.fate("gone").state is State.LOST
    assert why.say.count("lost power at") == 3
    assert why.cause is not None
    assert why.cause.kind == "PowerLost"
    gone(sim, why, lambda each: b"gone" not in [r.value for r in each.records("orders")])


def test_a_record_that_a_policy_removed_says_which() -> None:
    sim = Simulation(brokers=1, seed=4)
    sim.create_topic("orders", config={"retention.ms": 2_000, "segment.ms": 1_000})
    producer = Producer(SERVERS, sim=sim)
    for value in ("old", "new"):
        producer.produce("orders", value)
        producer.flush()
        sim.run(5)
    sim.run(400)
    why = sim.why("old")
    assert "the topic's policy removed it (retention.ms) at" in why.say
    assert [each.kind for each in why.chain] == ["SegmentsDeleted", "LogStartAdvanced"]


def test_a_consumer_is_idle_because_of_what_came_between() -> None:
    sim, (consumer,) = reading(1, partitions=1)
    leader = sim.leader("orders", 0)
    assert leader is not None
    producer = Producer(SERVERS, sim=sim)
    sim.network.stall("Fetch", leader, 20_000, "consumer-1")
    for value in ("one", "two"):
        producer.produce("orders", value)
        producer.flush()
        consumer.poll(1)
        sim.run(0.2)
    read = len(sim.trace.of("RecordsPolled"))  # the first: its fetch was on the way already
    why = sim.why(consumer)
    assert "was held back for 20000 ms" in why.say
    gone(sim, why, lambda each: len(each.trace.of("RecordsPolled")) == read)


def test_a_consumer_of_no_topic_and_one_that_began_at_the_end() -> None:
    sim = Simulation(brokers=1, seed=3)
    sim.create_topic("orders")
    producer = Producer(SERVERS, sim=sim)
    producer.produce("orders", "old")
    producer.flush()
    lost = Consumer(SERVERS | {"group.id": "a"}, sim=sim)
    lost.subscribe(["oders"])
    late = Consumer(SERVERS | {"group.id": "b", "auto.offset.reset": "latest"}, sim=sim)
    late.subscribe(["orders"])
    for _ in range(8):
        lost.poll(0.5)
        late.poll(0.5)
    assert "there is no topic oders" in sim.why(lost).say
    assert "It began orders-0 at 1 (auto.offset.reset is latest)" in sim.why(late).say


def changes(sim: Simulation) -> int:
    return len(sim.trace.of("GroupStateChanged"))


def test_a_rebalance_by_a_close_by_more_partitions_and_by_silence() -> None:
    often = {"topic.metadata.refresh.interval.ms": 5_000}
    sim, (first, second) = reading(2, partitions=4, members=2, **often)
    before = changes(sim)
    admin = AdminClient(SERVERS, sim=sim)
    for future in admin.create_partitions([NewPartitions("orders", 8)]).values():
        future.result()
    while changes(sim) == before:
        first.poll(5)
        second.poll(5)
    why = sim.why("billing")
    assert "called create partitions" in why.say
    gone(sim, why, lambda each: changes(each) > before)
    for _ in range(10):
        first.poll(1)
        second.poll(1)
    before = changes(sim)
    second.close()
    first.poll(5)
    why = sim.why("billing")
    assert "consumer-2's application called close" in why.say
    gone(sim, why, lambda each: changes(each) > before)


def test_a_member_that_comes_back_is_told_by_what_had_it_leave() -> None:
    sim, (first, _) = reading(2, partitions=4, members=2)
    before = changes(sim)
    coordinator = sim.trace.of("MemberJoined")[-1].node
    sim.driver.command(f"stall Heartbeat {coordinator} 60000 from consumer-2")
    for _ in range(60):
        first.poll(1)
    why = sim.why("billing")
    assert "consumer-2 is back; it had gone at" in why.say
    assert "Heartbeat" in why.say
    gone(sim, why, lambda each: changes(each) > before)


def test_an_application_that_does_not_poll_loses_its_place() -> None:
    impatient = {"max.poll.interval.ms": 20_000, "session.timeout.ms": 10_000}
    sim, (first, _) = reading(2, partitions=4, members=2, **impatient)
    for _ in range(6):
        first.poll(5)
    why = sim.why("billing")
    assert "consumer-2's application has not polled since" in why.say
    assert why.cause is None


def test_rebalances_of_a_new_group_are_told_apart() -> None:
    sim = Simulation(brokers=3, seed=2)
    sim.create_topic("orders", partitions=4, replication_factor=3)
    conf = SERVERS | {"group.id": "next", "group.protocol": "consumer"}
    consumers = [Consumer(conf, sim=sim) for _ in range(2)]
    for consumer in consumers:
        consumer.subscribe(["orders"])
        sim.run(0.5)
    for _ in range(10):
        for consumer in consumers:
            consumer.poll(0.5)
    why = sim.why("next")
    assert "consumer-2's application called subscribe" in why.say
    gone(sim, why, lambda each: len(each.trace.of("MemberJoined")) > 1)
    sim.network.partition({"consumer-2"}, {1, 2, 3})
    for _ in range(12):
        consumers[0].poll(5)
    why = sim.why("next")
    assert "the network was partitioned: consumer-2" in why.say
    gone(sim, why, lambda each: each.trace.of("MemberLeft"))


@pytest.mark.parametrize("how", ["shutdown", "power-off"])
def test_a_partition_with_one_replica_is_offline(how: str) -> None:
    sim = Simulation(brokers=3, seed=3)
    sim.create_topic("orders")
    leader = sim.leader("orders", 0)
    sim.driver.command(f"{how} {leader}")
    sim.run(0.5)
    why = sim.why("orders-0")
    said = "began to shut down at" if how == "shutdown" else "has ended (the machine of broker"
    assert said in why.say
    gone(sim, why, lambda each: each.leader("orders", 0) not in each.alive())
    if how == "power-off":
        sim.run(1.5)
        sim.broker(leader).restart()
        sim.run(0.3)
        assert "and has not taken it up again" in sim.why("orders-0").say


def test_disks_and_paused_brokers_leave_a_partition_offline() -> None:
    sim, leader = working(1)
    one, other = followers(leader)
    sim.broker(one).fail_disk()
    sim.broker(other).pause(60)
    sim.run(12)
    sim.broker(leader).full_disk()
    sim.run(12)
    why = sim.why("orders-0")
    assert f"the disk of broker {one} failed" in why.say
    assert f"broker {other} stood still" in why.say
    gone(sim, why, lambda each: each.leader("orders", 0) is None)
