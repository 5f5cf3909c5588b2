"""A live cluster: the simulator's nodes behind real sockets; bad input; a clean end."""

import contextlib
import errno
import gc
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kafkalab import LiveCluster, Simulation
from kafkalab.config import ConfigError
from kafkalab.errors import KafkaError, LearnerError
from kafkalab.protocol.connection import SIZE_BYTES, frame_size, read_response, request_frame
from kafkalab.protocol.messages.api_versions import ApiVersionsRequest
from kafkalab.protocol.messages.metadata import MetadataRequest


@pytest.fixture(scope="module")
def cluster() -> Iterator[LiveCluster]:
    with LiveCluster(brokers=2) as cluster:
        yield cluster


def connect(cluster: LiveCluster, broker: int = 1) -> socket.socket:
    host, port = cluster.bootstrap_servers.split(",")[broker - 1].split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def test_the_collector_rests_while_a_cluster_serves(cluster: LiveCluster) -> None:
    """At Python's own threshold it would look at the newest objects in one request of twenty."""
    assert gc.get_threshold()[0] >= 50_000


def receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError(f"closed after {data!r}")
        data += more
    return data


def answer(sock: socket.socket) -> memoryview:
    size = frame_size(memoryview(receive(sock, SIZE_BYTES)), 1 << 20)
    return memoryview(receive(sock, size))


def ask(sock: socket.socket, correlation_id: int, version: int = 0) -> None:
    sock.sendall(b"".join(request_frame(ApiVersionsRequest(), version, correlation_id, "test")))


def is_closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def test_the_nodes_are_those_of_the_simulator(cluster: LiveCluster) -> None:
    sim = Simulation(brokers=2)
    with cluster.locked() as world:
        live = {name: type(node) for name, node in world.nodes.items() if "external" not in name}
    assert live == {name: type(node) for name, node in sim.world.nodes.items()}


def test_pipelined_requests_are_answered_in_order(cluster: LiveCluster) -> None:
    with connect(cluster) as sock:
        for number in range(200):
            ask(sock, number)
        got = [read_response(18, 0, answer(sock))[0] for _ in range(200)]
    assert got == list(range(200))


def test_a_request_in_many_small_pieces(cluster: LiveCluster) -> None:
    with connect(cluster) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"".join(request_frame(MetadataRequest(topics=()), 12, 7, None)):
            sock.sendall(bytes([byte]))
        correlation_id, response = read_response(3, 12, answer(sock))
    assert correlation_id == 7
    assert [broker.node_id for broker in response.brokers] == [1, 2]


def test_too_many_connections_are_turned_away() -> None:
    with LiveCluster(brokers=1, config={"max.connections": 3}) as small:
        kept = [connect(small) for _ in range(3)]
        for number, sock in enumerate(kept):
            ask(sock, number)
            answer(sock)
        with connect(small) as one_more:
            assert is_closed(one_more)
        for sock in kept:
            sock.close()


def test_a_crashed_broker_refuses_until_it_is_restarted_on_the_same_port() -> None:
    with LiveCluster(brokers=2) as two, connect(two, 2) as sock:
        before = two.bootstrap_servers
        two.broker(2).crash()
        assert is_closed(sock)
        with pytest.raises(ConnectionRefusedError):
            connect(two, 2)
        assert two.broker(2).state == "crashed"
        two.broker(2).restart()
        two.wait(lambda: two.broker(2).state in ("starting", "online", "fenced"), 5, "a start")
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with contextlib.suppress(ConnectionRefusedError), connect(two, 2) as again:
                ask(again, 9)
                assert read_response(18, 0, answer(again))[0] == 9
                break
        assert two.bootstrap_servers == before


def test_topics_and_refusals(cluster: LiveCluster) -> None:
    cluster.create_topic("orders", partitions=2, replication_factor=2)
    with pytest.raises(KafkaError, match="TOPIC_ALREADY_EXISTS"):
        cluster.create_topic("orders")
    with pytest.raises(LearnerError):
        cluster.command("explode 1")
    with pytest.raises(ConfigError, match=r"did you mean num\.partitions"):
        LiveCluster(config={"num.partition": 3})


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_what_is_no_number_or_no_name_reaches_no_controller(cluster: LiveCluster) -> None:
    with pytest.raises(LearnerError, match="partitions='3': how many"):
        cluster.create_topic("three", "3")  # type: ignore[arg-type]
    with pytest.raises(LearnerError, match="a topic is called by a word, not 5"):
        cluster.create_topic(5)  # type: ignore[arg-type]
    with pytest.raises(LearnerError, match="a cluster has 1 to 100 brokers, not '3'"):
        LiveCluster(brokers="3")  # type: ignore[arg-type]


def test_nothing_is_left_after_a_close() -> None:
    threads, files = threading.active_count(), open_files()
    for _ in range(3):
        cluster = LiveCluster(brokers=3)
        sock = connect(cluster, 2)
        ask(sock, 1)
        answer(sock)
        cluster.close()
        cluster.close()
        assert is_closed(sock)
        sock.close()
        with pytest.raises(LearnerError, match="closed"):
            cluster.command("crash 1")
    assert threading.active_count() == threads
    assert open_files() == files


def test_a_machine_that_refuses_sockets_says_so_in_plain_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(LearnerError, match=r"refuses a free port.*Simulation\(\)") as raised:
        LiveCluster(brokers=1)
    assert isinstance(raised.value, OSError) and raised.value.errno == errno.EPERM


def test_a_condition_that_raises_ends_the_waiting_and_the_world_goes_on(
    cluster: LiveCluster,
) -> None:
    asked = []

    def once_false() -> bool:
        asked.append(1)
        return bool(asked[1:] and 1 / 0)

    with pytest.raises(ZeroDivisionError):
        cluster.wait(once_false, 10, "it raises")
    before = cluster.world.steps
    cluster.wait(lambda: cluster.world.steps > before + 3, 10, "the world goes on")


def test_a_closed_cluster_and_an_impossible_port_are_told() -> None:
    with LiveCluster(brokers=1) as closed:
        pass
    with pytest.raises(LearnerError, match="this cluster is closed"):
        closed.wait(lambda: True, 1, "anything")
    for port in (65_535, 70_000, -1):
        with pytest.raises(LearnerError, match="a port is 0 to 65535, not"):
            LiveCluster(brokers=2, port=port)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LearnerError, match=f"port {port} on 127.0.0.1 is taken"):
            LiveCluster(brokers=1, port=port)
