"""A consumer group goes on with another coordinator, from whatever it was in the middle of."""

import pytest
from consumer_bench import Follower, joining, settle
from coordinator_bench import AUDIT_ID, ORDERS_ID, Bench
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition

E = ErrorCode


def move(follower: Follower, bench: Bench) -> None:
    follower.bench = bench


@pytest.mark.parametrize("stop_after", range(1, 9))
def test_in_the_middle_of_every_state(stop_after: int) -> None:
    """Two members move apart; their coordinator changes after each of the steps."""
    bench = Bench.make()
    a, b = Follower(bench, "a", slow=True), Follower(bench, "b")
    steps = [
        a.beat,
        lambda: bench.sleep(1000),
        b.beat,  # Assigning, Reconciling
        a.beat,  # told to give up
        b.beat,
        a.lets_go,
        a.beat,
        b.beat,
    ]
    for step in steps[:stop_after]:
        step()
    before = bench.view()
    other = bench.fail_over()
    assert other.view() == before
    for follower in (a, b):
        move(follower, other)
    a.slow = False
    a.lets_go()
    settle(a, b)
    assert len(a.partitions) == len(b.partitions) == 2
    assert other.view().state == "Stable"


def test_what_is_not_committed_is_not_answered() -> None:
    bench = Bench.make()
    bench.commits = False
    ticket = bench.send(joining("a"))
    assert ticket not in bench.answers
    bench.coordinator.on_resigned(0, bench.now)
    bench.drain()
    assert bench.answers[ticket].error_code == E.NOT_COORDINATOR


def test_a_failed_write_changes_nothing() -> None:
    bench = Bench.make()
    a = Follower(bench, "a")
    settle(a)
    before = bench.view()
    bench.writer.failure = E.NOT_ENOUGH_REPLICAS
    assert Follower(bench, "b").beat() is E.COORDINATOR_NOT_AVAILABLE
    assert a.leave().error_code == E.COORDINATOR_NOT_AVAILABLE
    assert bench.view() == before
    for _ in range(20):
        bench.sleep(5000)  # its session ends, and nobody can write that down
    assert [each.member_id for each in bench.view().members] == ["a"]
    bench.writer.failure = None
    bench.sleep(1000)
    assert not bench.view().members


def test_sessions_begin_anew() -> None:
    bench = Bench.make()
    settle(Follower(bench, "a"), rounds=1)
    bench.sleep(39_000)
    other = bench.fail_over()
    other.sleep(44_000)
    assert other.view().members
    other.sleep(1_000)
    assert not other.view().members


# --- whatever happens ---------------------------------------------------------------------------

_MEMBERS = st.integers(0, 3)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["beat", "leave", "let go", "forget"]), _MEMBERS),
        st.tuples(st.just("sleep"), st.sampled_from([500, 1500, 5000, 20_000])),
        st.tuples(st.just("fail over"), st.just(0)),
        st.tuples(st.just("grow"), st.just(0)),
    ),
    max_size=60,
)


def owners(followers: list[Follower]) -> dict[TopicPartition, list[str]]:
    found: dict[TopicPartition, list[str]] = {}
    for follower in followers:
        for partition in follower.partitions:
            found.setdefault(partition, []).append(follower.member_id)
    return found


@settings(max_examples=150, deadline=None)
@given(_STEPS, st.lists(st.booleans(), min_size=4, max_size=4))
def test_nobody_reads_what_another_reads(steps: list[tuple[str, int]], slow: list[bool]) -> None:
    """Members that obey never share a partition; and then all comes to rest, level."""
    bench = Bench.make(group_consumer_session_timeout_ms=10**9)
    topics = [("orders",), ("orders", "audit"), ("orders",), ("audit",)]
    followers = [
        Follower(bench, name, {"subscribed_topic_names": topics[index]}, slow=slow[index])
        for index, name in enumerate("abcd")
    ]
    size = 4
    for what, value in steps:
        match what:
            case "beat":
                followers[value].beat()
            case "leave":
                follower = followers[value]
                if follower.epoch > 0:
                    follower.leave()
                follower.epoch, follower.owned, follower.wanted = 0, {}, {}
            case "let go":
                followers[value].lets_go()
            case "forget":  # its last answer was lost: it asks again as it asked before
                follower = followers[value]
                was = (follower.epoch, follower.owned, follower.wanted, follower.changed)
                follower.beat()
                follower.epoch, follower.owned, follower.wanted, follower.changed = was
                follower.full = True
                if isinstance(follower.beat(), ErrorCode):
                    follower.epoch, follower.owned, follower.wanted = 0, {}, {}
            case "sleep":
                bench.sleep(value)
            case "fail over":
                bench = bench.fail_over()
                for follower in followers:
                    move(follower, bench)
            case "grow":
                size = min(size + 2, 10)
                bench.add_topic("orders", ORDERS_ID, size)
        shared = {each: who for each, who in owners(followers).items() if len(who) > 1}
        assert not shared, shared
    for follower in followers:
        follower.slow = False
        follower.lets_go()
    settle(*followers, rounds=10)
    _check_rest(bench, followers, size)


def _check_rest(bench: Bench, followers: list[Follower], size: int) -> None:
    assert bench.view().state == "Stable"
    wanted = [TopicPartition("audit", 0), *(TopicPartition("orders", n) for n in range(size))]
    assert owners(followers).keys() == set(wanted)
    counts = [len(each.partitions) for each in followers[:3]]
    assert max(counts) - min(counts) <= 1, counts
    assert bench.fail_over().view() == bench.view()
    assert bench.coordinator.fork(bench.effects, bench.writer).groups == bench.coordinator.groups
    assert AUDIT_ID in {topic for follower in followers for topic in follower.owned}
