"""The log is the state: another broker reads it and goes on; a fork goes its own way."""

import pytest
from coordinator_bench import Bench, assignment, join_request
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkalab.errors import ErrorCode
from kafkalab.groups import GroupCoordinator, GroupView
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.protocol.messages import classic_groups as cg
from kafkalab.protocol.messages import group_admin as ga
from kafkalab.record import Record, build_batch

E = ErrorCode


@pytest.fixture
def bench() -> Bench:
    return Bench.make()


def kept(view: GroupView) -> tuple[object, ...]:
    """What of a group must outlive its coordinator."""
    return (view.state, view.generation, view.protocol, view.members, dict(view.offsets))


def test_members_go_on_with_a_new_coordinator(bench: Bench) -> None:
    first, second = bench.stable("one", "two")
    bench.offset_commit(first, 1, {0: 5})
    other = bench.fail_over()
    assert kept(other.view()) == kept(bench.view())
    other.sleep(9000)
    assert other.heartbeat(first, 1) is E.NONE
    other.offset_commit(first, 1, {0: 6})
    assert other.offsets() == [6, -1, -1, -1]
    other.sleep(1000)  # the other has been silent for a whole session
    assert other.heartbeat(first, 1) is E.REBALANCE_IN_PROGRESS
    assert other.heartbeat(second, 1) is E.UNKNOWN_MEMBER_ID


def test_a_rebalance_that_was_on_is_forgotten_and_begun_again(bench: Bench) -> None:
    (first,) = bench.stable("one")
    bench.join(bench.member_id(client="two"), client="two")
    other = bench.fail_over()
    assert (other.view().state, other.view().generation) == ("Stable", 1)
    ticket = other.join(other.member_id(client="two"), client="two")
    other.join(first)
    assert other.answers[ticket].generation_id == 2


def test_what_a_deposed_coordinator_had_parked_is_refused(bench: Bench) -> None:
    first, second = bench.stable("one", "two")
    joining = bench.join(bench.member_id())
    bench.join(first)
    bench.commits = False
    heartbeat = bench.send(cg.HeartbeatRequest(group_id="g", generation_id=1, member_id=second))
    assert bench.answers[heartbeat].error_code == E.REBALANCE_IN_PROGRESS
    committing = bench.offset_commit(first, 1, {0: 5})
    assert joining not in bench.answers and committing not in bench.answers
    bench.coordinator.on_resigned(0, bench.now)
    bench.drain()
    assert bench.answers[joining].error_code == E.NOT_COORDINATOR
    partition = bench.answers[committing].topics[0].partitions[0]
    assert partition.error_code == E.NOT_COORDINATOR
    assert bench.heartbeat(first, 1) is E.NOT_COORDINATOR
    assert bench.kinds()[-1] == "CoordinatorUnloaded"
    assert bench.coordinator.next_timer() is None
    assert not bench.coordinator.groups


def test_a_syncing_member_is_refused_too(bench: Bench) -> None:
    first, second = bench.member_id(), bench.member_id()
    bench.join(first)
    bench.join(second)
    bench.sleep(6000)
    bench.commits = False
    tickets = [bench.sync(second, 1), bench.sync(first, 1, {first: assignment("orders", 0)})]
    bench.coordinator.on_resigned(0, bench.now)
    bench.drain()
    assert {bench.answers[ticket].error_code for ticket in tickets} == {E.NOT_COORDINATOR}
    assert bench.states()[-1] == "CompletingRebalance"


def test_what_was_written_but_not_committed_shows_when_the_new_leader_commits_it(
    bench: Bench,
) -> None:
    bench.offset_commit("", -1, {0: 5})
    bench.commits = False
    bench.offset_commit("", -1, {0: 6})
    other = bench.fail_over()
    assert other.offsets(partitions=1) == [5]
    assert "OffsetCommitted" not in other.kinds()
    other.commit()
    assert other.offsets(partitions=1) == [6]
    assert other.kinds().count("OffsetCommitted") == 1


def test_while_it_loads_a_coordinator_asks_for_patience(bench: Bench) -> None:
    (member,) = bench.stable("one")
    config = bench.coordinator._config
    loading = GroupCoordinator(1, config, bench.effects, bench.writer, 7)
    loading.on_metadata(bench.image, MetadataDelta(MetadataImage.EMPTY), bench.now)
    log = next(iter(bench.writer.logs.values()))
    loading.on_elected(0, 1, log, bench.now)
    bench.coordinator = loading
    assert bench.ask(join_request("g", "")).error_code == E.COORDINATOR_LOAD_IN_PROGRESS
    assert bench.heartbeat(member, 1) is E.NONE
    assert bench.ask(ga.ListGroupsRequest()).error_code == E.COORDINATOR_LOAD_IN_PROGRESS
    assert loading.next_timer() == bench.now
    loading.on_timer(bench.now)
    assert bench.heartbeat(member, 1) is E.NONE
    assert bench.view().state == "Stable"


def test_a_broker_that_leads_nothing_is_no_coordinator(bench: Bench) -> None:
    bench.coordinator.on_resigned(0, bench.now)
    assert bench.heartbeat("m", 1) is E.NOT_COORDINATOR
    nowhere = GroupCoordinator(1, bench.coordinator._config, bench.effects, bench.writer, 7)
    bench.coordinator = nowhere
    assert bench.heartbeat("m", 1) is E.NOT_COORDINATOR


def test_an_election_that_changes_nothing_keeps_the_state(bench: Bench) -> None:
    (member,) = bench.stable("one")
    bench.writer.leader_epoch = 1
    bench.elect(0)
    assert bench.heartbeat(member, 1) is E.NONE
    assert bench.kinds().count("CoordinatorLoaded") == 1


def test_member_ids_do_not_come_again(bench: Bench) -> None:
    first = bench.member_id()
    bench.coordinator.on_resigned(0, bench.now)
    bench.writer.leader_epoch = 1
    bench.elect(0)
    assert bench.member_id() != first


def test_a_log_nobody_can_read_has_no_coordinator() -> None:
    bench = Bench.make()
    tp, log = next(iter(bench.writer.logs.items()))
    damaged = (Record(key=b"\0\1\0\1g", value=b"\0\1"),)
    bench.writer.append(tp, build_batch(damaged), 0)
    log.advance_high_watermark(log.log_end_offset)
    other = bench.fail_over()
    assert other.heartbeat("m", 1) is E.NOT_COORDINATOR
    assert other.ask(ga.ListGroupsRequest()).groups == ()


def test_a_fork_goes_its_own_way(bench: Bench) -> None:
    first, second = bench.stable("one", "two")
    bench.offset_commit(first, 1, {0: 5})
    waiting = bench.join(bench.member_id(client="three"), client="three")
    branch = bench.fork()
    before = kept(bench.view())
    branch.offset_commit(first, 1, {0: 9})
    branch.join(first)
    branch.join(second)
    assert branch.answers[waiting].generation_id == 2
    assert kept(bench.view()) == before
    assert bench.offsets(partitions=1) == [5]
    assert waiting not in bench.answers
    bench.sleep(100_000)
    assert branch.view().state == "CompletingRebalance"


def test_a_fork_does_the_same_when_it_is_told_the_same(bench: Bench) -> None:
    bench.stable("one", "two")
    bench.join(bench.member_id(client="three"), client="three")
    bench.events.clear()
    branch = bench.fork()
    for each in (bench, branch):
        each.member_id(client="four")
        each.sleep(200_000)
    assert branch.events == bench.events
    assert branch.coordinator.groups == bench.coordinator.groups


def test_the_partition_of_a_group_is_that_of_java() -> None:
    for group, code in (("", 0), ("a", 97), ("hello", 99162322), ("console-consumer-1", None)):
        if code is not None:
            assert GroupCoordinator.partition_for(group, 1 << 31) == code
        assert 0 <= GroupCoordinator.partition_for(group, 50) < 50
    assert GroupCoordinator.partition_for("polygenelubricants", 50) == 0  # hash code -2³¹
    assert GroupCoordinator.partition_for("\U0001f600", 1 << 31) == 31 * 0xD83D + 0xDE00


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("join", "sync", "beat", "leave", "sleep", "commit")), st.integers(0, 2)
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_happens_the_log_says_what_the_members_know(steps: list[tuple[str, int]]) -> None:
    """G2: the generation rises.  G4, G7: offsets and a Stable group are those of the log."""
    bench = Bench.make()
    ids = [bench.member_id(client=f"c{number}") for number in range(3)]
    generation, acknowledged = 0, {}
    for verb, number in steps:
        now = bench.coordinator.groups.get("g")
        current = now.generation if now is not None else 0
        assert current >= generation
        generation = current
        if verb == "join":
            bench.join(ids[number])
        elif verb == "sync":
            given_ = {who: assignment("orders", place) for place, who in enumerate(ids)}
            bench.sync(ids[number], generation, given_)
        elif verb == "beat":
            bench.heartbeat(ids[number], generation)
        elif verb == "leave":
            identity = cg.MemberIdentity(member_id=ids[number])
            bench.ask(cg.LeaveGroupRequest(group_id="g", members=(identity,)))
        elif verb == "sleep":
            bench.sleep(4000 * (number + 1))
        else:
            ticket = bench.offset_commit(ids[number], generation, {number: bench.now})
            if bench.answers[ticket].topics[0].partitions[0].error_code == 0:
                acknowledged[number] = bench.now
    other = bench.fail_over()
    assert {tp.partition: offset for tp, offset in other.view().offsets.items()} == acknowledged
    if bench.view().state in ("Stable", "Empty"):
        assert kept(other.view()) == kept(bench.view())
