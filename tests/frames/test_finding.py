"""The one sentence under a picture says what matters most."""

from collections.abc import Callable

import pytest

from kafkalab.frames.finding import finding
from kafkalab.frames.shape import Frame
from lab.playback.scripted import cluster_frame


def leaderless(frame: Frame) -> None:
    frame["topics"][0]["partitions"][1]["leader"] = None


def broker_down(frame: Frame) -> None:
    frame["brokers"][2]["state"] = "crashed"


def session_known(frame: Frame) -> None:
    frame["brokers"][2]["session_ends"] = 21_310


def isr_without_three(frame: Frame) -> None:
    for partition in frame["topics"][0]["partitions"]:
        partition["isr"] = [1, 2]
        partition["leader"] = 1


def isr_of_one(frame: Frame) -> None:
    frame["topics"][0]["partitions"][0]["isr"] = [1]


def no_controller(frame: Frame) -> None:
    frame["controller"]["leader"] = None


def paused(frame: Frame) -> None:
    frame["brokers"][0]["state"] = "paused"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([], "All replicas are in sync."),
        ([leaderless], "orders-1 has no leader."),
        (
            [broker_down],
            "orders-2 is led by broker 3, which is down, until the controller notices.",
        ),
        (
            [broker_down, session_known],
            "orders-2 is led by broker 3, which is down; the controller acts when its session "
            "ends, at 21.310 s.",
        ),
        (
            [broker_down, isr_without_three],
            "Broker 3 is down; orders-0 and 2 more go on with fewer replicas.",
        ),
        ([isr_without_three], "orders-0 and 2 more are not in sync on broker 3."),
        (
            [isr_of_one],
            "orders-0 has fewer in-sync replicas than min.insync.replicas: acks=all is refused.",
        ),
        ([paused], "Broker 1 stands still: messages to it wait."),
        (
            [no_controller, leaderless],
            "No controller is active: nothing in the cluster can change.",
        ),
    ],
)
def test_the_finding_says_what_matters_most(
    changes: list[Callable[[Frame], None]], words: str
) -> None:
    frame = cluster_frame()
    for change in changes:
        change(frame)
    assert finding(frame) == words


def test_a_partition_of_the_network_is_always_said() -> None:
    words = finding(cluster_frame(), is_partitioned=True)
    assert words == "The network is partitioned. All replicas are in sync."
