"""Frames of real clients, spoilt in every way and sent to a live cluster, which must not notice.

    python -m tests.live.fuzz SECONDS [SEED]

Each round opens a connection, sends some frames of which at least one is spoilt, and reads what
comes back until the server closes or falls silent.  Now and then another connection must be
answered.  Everything is drawn from the seed, so a round is done again by its number.
"""

import contextlib
import json
import logging
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any, Final

from kafkalab import LiveCluster
from kafkalab.chance import Stream
from kafkalab.errors import KafkaError
from kafkalab.protocol.connection import request_frame
from kafkalab.protocol.messages.api_versions import ApiVersionsRequest

FRAMES: Final = Path(__file__).with_name("frames.jsonl")
CONFIG: Final = {"offsets.topic.num.partitions": 1, "num.partitions": 1}
CANARY_EVERY: Final = 50
TOPIC_EVERY: Final = 200
_EXTREMES: Final = (b"\xff", b"\x7f", b"\x80", b"\x00", b"\x01", b"\xff\xff\xff\xff\x0f")


def recorded() -> list[bytes]:
    """The frames, without their sizes."""
    return [bytes.fromhex(json.loads(line)["hex"]) for line in FRAMES.read_text().splitlines()]


def spoilt(frame: bytes, others: list[bytes], chance: Stream) -> bytes:
    """One change to a frame, or up to four; most leave the lengths as they were."""
    data = bytearray(frame)
    for _ in range(1 if chance.below(4) else chance.between(2, 4)):
        at = chance.below(len(data) + 1)
        end = min(len(data), at + chance.between(1, 8))
        match chance.below(13):
            case 0:
                data[at:end] = bytes(chance.below(256) for _ in range(end - at))
            case 1:
                data[at:end] = _EXTREMES[chance.below(4)] * (end - at)
            case 2:
                data[at:at] = _EXTREMES[-1]
            case 3:
                del data[at:]
            case 4:
                data[at:at] = bytes(chance.below(256) for _ in range(chance.between(1, 20)))
            case 5:
                data[at:at] = data[at:end] * chance.between(1, 50)
            case 6 if len(data) >= 4:
                data[2:4] = chance.below(20).to_bytes(2, "big")  # another version
            case 7:
                other = others[chance.below(len(others))]
                cut = chance.below(len(other) + 1)
                data[at:] = other[cut:]
            case 8 | 9 if at < len(data):
                data[at : at + 1] = _EXTREMES[chance.below(5)]
            case _ if at < len(data):
                data[at] ^= 1 << chance.below(8)
    return bytes(data)


def framed(data: bytes, chance: Stream) -> bytes:
    """With its size, which lies once in twenty times."""
    size = len(data) if chance.below(20) else chance.below(1 << 32)
    return size.to_bytes(4, "big") + data


class Fuzz:
    """Rounds against one cluster."""

    def __init__(self, cluster: LiveCluster, seed: int) -> None:
        self.seed = seed
        self.frames = recorded()
        self.sent = self.closed = self.answered = 0
        self.errors: list[Any] = []
        self._cluster = cluster
        self._address = cluster.bootstrap_servers.split(",")[0].split(":")
        cluster._loop.set_exception_handler(lambda loop, context: self.errors.append(context))
        self._log = logging.Handler(logging.ERROR)
        self._log.emit = lambda record: self.errors.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("kafkalab").addHandler(self._log)
        self._canary = self._connect()
        self._canary.settimeout(60)
        self.slowest = (0.0, 0)  # seconds the canary waited, and in which round

    def close(self) -> None:
        self._canary.close()
        logging.getLogger("kafkalab").removeHandler(self._log)

    def _connect(self) -> socket.socket:
        host, port = self._address
        return socket.create_connection((host, int(port)), timeout=5)

    def round(self, number: int) -> None:
        """One connection with some spoilt frames; AssertionError if the cluster is not well."""
        chance = Stream(self.seed, f"round {number}")
        count = chance.between(1, 4)
        data = b""
        for _ in range(count):
            frame = self.frames[chance.below(len(self.frames))]
            if chance.below(3):
                frame = spoilt(frame, self.frames, chance)
            data += framed(frame, chance)
        self.sent += count
        if number % TOPIC_EVERY == 1:
            self._has_the_topic()
        with self._connect() as sock:
            sock.settimeout(0.02)
            try:
                sock.sendall(data)
                while received := sock.recv(65_536):
                    self.answered += len(received)
                self.closed += 1
            except TimeoutError:
                pass
            except OSError:
                self.closed += 1
        assert not self.errors, f"round {number} of seed {self.seed}: {self.errors[0]}"
        if number % CANARY_EVERY == 0:
            self.ask_canary(number)

    def _has_the_topic(self) -> None:
        """What the frames write to and read; they delete it now and then."""
        with contextlib.suppress(KafkaError):
            self._cluster.create_topic("all", 3, 3)

    def ask_canary(self, number: int) -> None:
        """A connection of long standing is answered as ever."""
        began = time.monotonic()
        self._canary.sendall(b"".join(request_frame(ApiVersionsRequest(), 0, number, "canary")))
        size = int.from_bytes(self._receive(4), "big")
        assert int.from_bytes(self._receive(size)[:4], "big") == number
        self.slowest = max(self.slowest, (time.monotonic() - began, number))

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self._canary.recv(size - len(data)) or self._lost()
        return data

    def _lost(self) -> bytes:
        raise AssertionError("the canary's connection was closed")


def main(seconds: float, seed: int) -> None:
    began, number = time.monotonic(), 0
    with LiveCluster(brokers=3, config=CONFIG) as cluster:
        fuzz = Fuzz(cluster, seed)
        told = began
        while time.monotonic() < began + seconds:
            number += 1
            fuzz.round(number)
            if time.monotonic() > told + 30:
                told = time.monotonic()
                pages = int(Path("/proc/self/statm").read_text().split()[1])
                memory = pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
                with cluster.locked() as world:
                    nodes, topics = len(world.nodes), len(cluster_topics(world))
                print(
                    f"{told - began:.0f} s: {number} rounds, {fuzz.sent} frames, {fuzz.closed}"
                    f" closed, {memory} MB, {nodes} nodes, {topics} topics",
                    flush=True,
                )
        fuzz.ask_canary(number)
        fuzz.close()
    print(
        f"{number} rounds, {fuzz.sent} frames, {fuzz.closed} connections closed by the server, "
        f"{fuzz.answered} bytes of answers, seed {seed}: all well; "
        f"the canary waited at most {fuzz.slowest[0]:.1f} s, in round {fuzz.slowest[1]}"
    )


def cluster_topics(world: Any) -> list[str]:
    from kafkalab.world import servers

    return list(servers.metadata(world).topics)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
