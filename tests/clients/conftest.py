"""`kafkalab serve` in a process of its own, for real clients."""

import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

#: `tests.clients.exercised` has another, which notes what it is asked.
SERVED_BY = os.environ.get("KAFKALAB_SERVED_BY", "kafkalab")


class Served:
    """A served cluster: its address, and its standard input for commands."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("bootstrap.servers="), line
        self.bootstrap_servers = line.removeprefix("bootstrap.servers=")

        self._topics = 0

    def new_topic(self) -> str:
        """A name that no topic has had."""
        self._topics += 1
        return f"topic-{self._topics}"

    def command(self, words: str) -> dict[str, Any]:
        """One command, its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def leader(self, topic: str, partition: int) -> int:
        state = self.command("state")["state"]
        topics = {each["name"]: each for each in state["topics"]}
        return int(topics[topic]["partitions"][partition]["leader"])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with subprocess.Popen(
        [
            *(sys.executable, "-m", SERVED_BY, "serve", "--port", "0", "--control"),
            *("--config", "group.initial.rebalance.delay.ms=100"),
            *("--config", "group.consumer.heartbeat.interval.ms=300"),
            *("--config", "broker.session.timeout.ms=1500"),
            *("--config", "broker.heartbeat.interval.ms=300"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        yield Served(process)
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture
def sockets_left_open() -> Iterator[None]:
    """kafka-python leaves sockets open, its own and those a broker refused: not our mistake."""
    before = {id(each) for each in _sockets()}
    yield
    for each in _sockets():
        if id(each) not in before:
            each.close()


def _sockets() -> list[socket.socket]:
    """Those there are; `type`, for asking a weak proxy what it is may raise."""
    return [each for each in gc.get_objects() if issubclass(type(each), socket.socket)]
