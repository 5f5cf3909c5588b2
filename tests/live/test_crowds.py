"""Slow clients, greedy clients, and very many: nobody else notices, and memory does not grow."""

import json
import logging
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kafkalab import LiveCluster
from kafkalab.live import listener
from kafkalab.protocol.messages.api_versions import ApiVersionsRequest
from kafkalab.protocol.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from kafkalab.protocol.messages.metadata import MetadataRequest
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record import Entry, Record, Records, build_batch

from .wire import Wire


def resident_mb(pid: int | str = "self") -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveCluster]:
    """A cluster that gives a frame 0.6 s."""
    monkeypatch.setattr(listener, "FRAME_LIMIT_S", 0.6)
    with LiveCluster(brokers=1) as cluster:
        yield cluster


def test_a_frame_that_does_not_get_done_ends_its_connection(
    impatient: LiveCluster, caplog: pytest.LogCaptureFixture
) -> None:
    with Wire(impatient) as slow, Wire(impatient) as idle, Wire(impatient) as good:
        for byte in idle.request(MetadataRequest(topics=()), 12):
            idle.send(bytes([byte]))
        assert idle.answer(3, 12).brokers
        slow.send(b"\0\0\1\0")
        ended = False
        for _ in range(40):
            assert good.ask(ApiVersionsRequest(), 0).error_code == 0
            time.sleep(0.1)
            try:
                slow.send(b"\0")
            except OSError:
                ended = True
                break
        assert ended
        assert idle.ask(ApiVersionsRequest(), 0).error_code == 0, "idle is not slow"
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert "was not complete within 0.6 s" in lines[0]


def test_what_is_no_request_leaves_one_line_and_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with LiveCluster(brokers=1) as cluster, Wire(cluster) as bad:
        bad.send(b"GET / HTTP/1.1\r\n")
        assert bad.is_closed()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert record.getMessage().startswith("broker-1 closed the connection from 127.0.0.1:")


def test_a_size_alone_takes_no_memory() -> None:
    with LiveCluster(brokers=1) as cluster:
        before = resident_mb()
        greedy = [Wire(cluster) for _ in range(30)]
        for wire in greedy:
            wire.send((90_000_000).to_bytes(4, "big") + b"\0")
        with Wire(cluster) as good:
            assert good.ask(ApiVersionsRequest(), 0).error_code == 0
        assert resident_mb() < before + 60
        for wire in greedy:
            wire.sock.close()


def test_who_asks_and_does_not_read_is_not_read_from() -> None:
    with LiveCluster(brokers=1) as cluster:
        cluster.create_topic("orders", 1, 1)
        batch = build_batch([Record(None, bytes(900_000))])
        data = b"".join(Records((Entry(0, -1, batch),)).buffers())
        partition = (PartitionProduceData(index=0, records=data),)
        topics = (TopicProduceData(name="orders", partition_data=partition),)
        fetched = (FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1 << 20),)
        fetch = FetchRequest(
            max_wait_ms=0,
            min_bytes=0,
            isolation_level=0,
            session_id=0,
            topics=(FetchTopic(topic="orders", partitions=fetched),),
            forgotten_topics_data=(),
            rack_id="r" * 10_000,
        )
        with Wire(cluster) as greedy, Wire(cluster) as good:
            greedy.ask(ProduceRequest(acks=1, timeout_ms=1000, topic_data=topics), 9)
            before = resident_mb()
            greedy.sock.settimeout(0.3)
            asked = 0
            try:
                while asked < 20_000:
                    greedy.send(greedy.request(fetch, 12))
                    asked += 1
            except TimeoutError:
                pass
            assert asked < 20_000, "requests are taken although no answer is read"
            assert good.ask(ApiVersionsRequest(), 0).error_code == 0
            assert resident_mb() < before + 100


@pytest.fixture
def served() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "kafkalab", "serve", "--brokers", "1", "--port", "0"]
    with subprocess.Popen(
        [*command, "--control"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_thousand_connections_are_taken_and_more_turned_away(
    served: "subprocess.Popen[str]",
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1_200:
        pytest.skip(f"only {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert served.stdin is not None
    assert served.stdout is not None
    assert served.stderr is not None
    host, port = served.stdout.readline().strip().partition("=")[2].split(":")
    before = resident_mb(served.pid)
    kept, turned_away = [], 0
    for _ in range(1_050):
        sock = socket.create_connection((host, int(port)), timeout=5)
        sock.sendall(b"\0\0\0\x0a\0\x12\0\0\0\0\0\7\xff\xff")  # ApiVersions 0
        try:
            answered = sock.recv(4) != b""
        except ConnectionResetError:
            answered = False
        if answered:
            kept.append(sock)
        else:
            turned_away += 1
            sock.close()
    assert (len(kept), turned_away) == (1_000, 50)
    assert resident_mb(served.pid) < before + 100
    served.stdin.write("state\n")
    served.stdin.flush()
    assert json.loads(served.stdout.readline())["ok"]
    for sock in kept:
        sock.close()
    served.terminate()
    assert served.wait(10) == 0
    (line,) = served.stderr.read().splitlines()
    assert line == "broker-1 has 1000 connections (max.connections): more are closed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
