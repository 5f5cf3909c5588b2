"""One step after another: connections, faults, causes, forks, on nodes that only echo."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kafkalab.ids import ConnectionId
from kafkalab.world import CommandError, NodeFailure, World, faults
from kafkalab.world.causality import causes

CONNECTION = ConnectionId("client", "broker-1", 1)


def run(world: World, until: int) -> None:
    while world.step(until):
        pass
    world.pass_time(until)


def node(world: World, name: str) -> Any:
    return world.nodes[name]


def test_messages_arrive_in_the_order_they_were_sent_a_millisecond_later(world: World) -> None:
    for message in "abc":
        world.act("client", "ask", message)
    run(world, 5)
    assert node(world, "broker-1").seen == ["a", "b", "c"]
    assert node(world, "client").answers == [(2, "a"), (2, "b"), (2, "c")]


def test_a_shorter_delay_lets_nothing_overtake_on_one_connection(world: World) -> None:
    world.command("delay client 1 50")
    world.act("client", "ask", "slow")
    world.command("delay client 1 1")
    world.act("client", "ask", "quick")
    run(world, 49)
    assert node(world, "broker-1").seen == []
    run(world, 50)
    assert node(world, "broker-1").seen == ["slow", "quick"]


def test_other_connections_overtake(world: World) -> None:
    world.command("delay client 1 50")
    world.act("client", "ask", "slow")
    run(world, 40)
    assert node(world, "broker-2").seen


def test_a_crash_closes_connections_and_a_new_one_is_refused(world: World) -> None:
    world.act("client", "ask", "a")
    run(world, 5)
    world.command("crash 1")
    run(world, 10)
    assert node(world, "client").broken == 1
    world.act("client", "ask", "b")
    run(world, 20)
    assert node(world, "client").broken == 2
    assert node(world, "broker-1").seen == ["a"]
    world.command("restart 1")
    world.act("client", "ask", "c")
    run(world, 30)
    assert node(world, "broker-1").seen == ["c"]
    assert node(world, "broker-1").restarts == 1


def test_what_a_process_said_before_it_crashed_still_arrives(world: World) -> None:
    world.act("client", "ask", "a")
    world.step(1)
    world.command("crash 1")
    run(world, 5)
    assert node(world, "client").answers == [(2, "a")]
    assert node(world, "client").broken == 1


def test_hanging_up_loses_the_answer_and_tells_the_server(world: World) -> None:
    world.act("client", "ask", "a")
    run(world, 1)
    world.act("client", "hang_up")
    run(world, 5)
    assert node(world, "client").answers == []
    assert node(world, "broker-1").closed == [CONNECTION]
    assert CONNECTION not in world.network.connections.ids()


def test_a_cut_loses_what_is_in_flight_and_both_ends_hear_of_it(world: World) -> None:
    world.act("client", "ask", "a")
    faults.cut(world, CONNECTION)
    run(world, 5)
    assert node(world, "broker-1").seen == []
    assert node(world, "broker-1").closed == [CONNECTION]
    assert node(world, "client").broken == 1
    with pytest.raises(CommandError, match="no connection"):
        faults.cut(world, CONNECTION)


def test_a_cut_is_heard_through_a_partition(world: World) -> None:
    world.act("client", "ask", "a")
    world.command("partition client | 1")
    run(world, 5)
    world.command("cut client 1")
    run(world, 6)
    assert node(world, "client").broken == 1


def test_a_partition_stalls_messages_and_new_connections_until_it_heals(world: World) -> None:
    world.act("client", "ask", "a")
    run(world, 5)
    world.command("partition client | 1,2")
    world.act("client", "ask", "b")
    world.act("client", "ask", "c")
    run(world, 60)
    assert node(world, "broker-1").seen == ["a"]
    assert len(node(world, "broker-2").seen) == 5, "who stands on no side reaches all"
    world.act("client", "ask", "d")
    world.command("heal")
    run(world, 70)
    assert node(world, "broker-1").seen == ["a", "b", "c", "d"]


def test_news_of_a_crash_does_not_pass_a_partition(world: World) -> None:
    world.act("client", "ask", "a")
    run(world, 5)
    world.command("partition client | 1")
    world.command("crash 1")
    run(world, 100)
    assert node(world, "client").broken == 0
    world.command("heal")
    run(world, 110)
    assert node(world, "client").broken == 1


def test_a_paused_node_handles_everything_later_in_order(world: World) -> None:
    world.command("pause 1 100")
    for message in "abc":
        world.act("client", "ask", message)
    run(world, 99)
    assert node(world, "broker-1").seen == []
    run(world, 105)
    assert node(world, "broker-1").seen == ["a", "b", "c"]
    assert [entry.kind for entry in world.trace.of("Paused", "Resumed")] == ["Paused", "Resumed"]


def test_timers_of_a_paused_node_wait(world: World) -> None:
    world.command("pause ticker 95")
    run(world, 94)
    assert node(world, "broker-2").seen == []
    run(world, 97)
    assert node(world, "broker-2").seen == ["at 95"] * 9


def test_commands_that_make_no_sense_say_what_there_is(world: World) -> None:
    for words, hint in (
        ("explode 2", "is not a command"),
        ("pause 2", "pause N MS"),
        ("pause 2 soon", "not a number of milliseconds"),
        ("partition 1", "partition A,B | C"),
        ("partition 1 | 1,2", "two sides"),
        ("partition 1 |", "a node is missing"),
        ("crash 9", "there is no broker-9; there are broker-1"),
    ):
        with pytest.raises(CommandError, match=hint.replace("|", r"\|")):
            world.schedule(10, words)
    with pytest.raises(CommandError, match="running"):
        world.command("restart 1")
    run(world, 20)
    with pytest.raises(CommandError, match="too late"):
        world.schedule(10, "crash 1")


def test_a_scheduled_fault_happens_at_its_time_and_is_passed_over_when_it_does_not_apply(
    world: World,
) -> None:
    world.schedule(30, "crash 2")
    world.schedule(40, "crash 2")
    run(world, 100)
    assert [(entry.at, entry.node) for entry in world.trace.of("Crashed")] == [(30, "broker-2")]


def test_every_effect_names_its_cause(world: World) -> None:
    world.act("client", "ask", "a")
    run(world, 5)
    appended = world.trace.of("Appended", node="broker-1")[0]
    chain, complete = causes(world.trace, appended.id)
    assert [entry.kind for entry in chain] == ["Appended", "Delivered", "ActionTaken"]
    assert complete
    run(world, 15)
    appended = world.trace.of("Appended", node="broker-2")[0]
    chain, _ = causes(world.trace, appended.id)
    assert [entry.kind for entry in chain] == ["Appended", "Delivered", "TimerFired"]


def test_a_bug_in_a_node_says_where_and_how_to_see_it_again(world: World) -> None:
    world.act("client", "ask", "bug")
    with pytest.raises(NodeFailure, match=r"(?s)broker-1 failed in Delivered.*seed=7.*step 1"):
        run(world, 5)


def test_actions_are_recorded_and_what_they_raise_is_the_callers(world: World) -> None:
    assert world.act("client", "ask", "a") == 1
    with pytest.raises(BufferError, match="full"):
        world.act("client", "refuse")
    world.command("crash 3")
    assert [action[2:] for action in world.actions.since(0)] == [
        ("client", "ask", ("a",)),
        ("client", "refuse", ()),
        ("world", "command", ("crash 3",)),
    ]


def faulty(world: World) -> World:
    for at, words in (
        (5, "delay ticker 2 7"),
        (42, "partition ticker | 2"),
        (77, "heal"),
        (85, "pause 2 33"),
        (130, "crash 2"),
        (151, "restart 2"),
    ):
        world.schedule(at, words)
    return world


def test_a_fork_at_any_step_goes_the_same_way_and_leaves_its_origin_alone(world: World) -> None:
    faulty(world)
    forks = [world.fork()]
    while world.step(200):
        forks.append(world.fork())
    forks[3].command("crash 3")
    digest = world.trace.digest()
    for fork in forks[4:]:
        run(fork, 200)
        assert fork.trace.digest() == digest
    run(forks[3], 200)
    assert forks[3].trace.digest() != digest


DIGEST = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest
from test_world import faulty, run
world = faulty(conftest.world.__wrapped__())
run(world, 500)
print(world.trace.digest())
"""


def test_the_digest_is_the_same_whatever_the_hash_seed() -> None:
    def digest(hash_seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", DIGEST, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert digest("1") == digest("99")
