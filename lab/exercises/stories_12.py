"""The stories of lesson 12: a program that sends, a worker that leaves, addresses to be reached.

Learners write client code in confluent_kafka's shape; it is judged in simulations, where a crash
comes when the seed says so.

Read next: `lesson_12`, which judges by them.
"""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from kafkalab import Consumer, Producer, Simulation
from kafkalab.client.message import Message
from lab.checking.views import Words
from lab.exercises.drawing import Drawing
from lab.scenes.cells import Cells, Kind, Row

SERVERS: Final = {"bootstrap.servers": "kafka:9092"}
ORDERS: Final = 30
_WAIT_LIMIT_S: Final = 400.0


# --- real sockets


class CannotRun(Exception):
    """Real clients cannot run here.  A notebook shows the words alone, and runs no cell after."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def real_clients() -> Words:
    """Whether real clients can run here, in a plain word.  CannotRun if not: the run stops."""
    rest = (
        "Sections 1 to 7 need that, so the run stops here; what their cells say is seen by opening "
        "this notebook anew and not running it. The exercises need neither: run them by themselves."
    )
    if find_spec("confluent_kafka") is None:
        raise CannotRun(f"There is no confluent_kafka here (pip install confluent-kafka). {rest}")
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            probe.listen()
    except OSError as error:
        raise CannotRun(f"This notebook may not open sockets ({error.strerror}). {rest}") from None
    return Words("Real clients can run here.")


_WAITS: Final = {
    "soon": Kind("reported at once", "comm-s", "comm", "comm-t"),
    "late": Kind("reported later: seconds", "lead-s", "lead", "lead-t"),
    "failed": Kind("failed", "out-s", "out", "out-t", "✕"),
}


def waits_picture(took: Mapping[int, float], failed: Collection[int]) -> Drawing:
    """An order a column, in the order they were sent: how long it waited for its report."""
    numbers = sorted(took)
    cells = [
        ("failed", "") if number in failed
        else ("late" if took[number] >= 0.5 else "soon", f"{took[number]:.0f}")
        for number in numbers
    ]  # fmt: skip
    say = f"{len(failed)} of {len(numbers)} failed; the slowest took {max(took.values()):.1f} s."
    heads = {column: f"{column / 10:g} s" for column in range(0, len(numbers), 5)}
    sub = "an order a column, at the time it was sent · in it, seconds until its report"
    row = Row("reports", cells)
    return Drawing(Cells("How long each order waited", say, sub, _WAITS, [row], heads))


class Tunnel:
    """A port of this machine that leads to one broker's, as a port forwarded into a container does.

    Counts the bytes that clients send through it.  `LiveCluster` knows nothing of it.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._to = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.bytes_sent = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                broker = socket.create_connection(self._to)
                self._open += [client, broker]
                for ends, counts in (((client, broker), True), ((broker, client), False)):
                    work = (*ends, counts)
                    threading.Thread(target=self._pass, args=work, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.bytes_sent += len(data) if counts else 0
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End it, and what goes through it."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def served(*options: str) -> Iterator[str]:
    """`kafkalab serve` in a process of its own, while the block runs; its bootstrap servers."""
    words = [sys.executable, "-m", "kafkalab", "serve", "--port", "0", *options]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().partition("=")[2]
    finally:
        process.terminate()
        process.communicate(timeout=20)


# --- a program that sends

Send = Callable[[Any, list[str]], Any]


class Sent(NamedTuple):
    """What came of it: the simulation, the orders not in the log, those said to have failed, and
    how many were still in the queue.
    """

    sim: Simulation
    missing: list[str]
    said: list[str]
    waiting: int = 0


def sending(send: Send, seed: int) -> Sent:
    """Run `send(producer, orders)` once.  With most seeds the leader crashes, for a while or long.

    The instant `send` returns its program is over: what is in the queue then is gone.
    """
    sim = Simulation(brokers=1, seed=seed)
    sim.create_topic("orders")
    if seed % 5:
        crash_at = sim.draw("crash", 1, 20) / 1000
        away_s = (1.5, 30)[seed % 2]
        sim.schedule(crash_at, "crash 1")
        sim.schedule(crash_at + away_s, "restart 1")
    conf = {**SERVERS, "acks": "all", "linger.ms": 5, "message.timeout.ms": 5_000}
    producer = Producer(conf, sim=sim)
    orders = [f"order {number}" for number in range(ORDERS)]
    said = send(producer, list(orders))
    waiting = len(producer)
    sim.schedule(0, f"crash {producer.name}")
    sim.run(40)
    kept = {record.value for record in sim.records("orders")}
    missing = [order for order in orders if order.encode() not in kept]
    return Sent(sim, missing, [_text(one) for one in said or ()], waiting)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


# --- a worker that leaves

Consume = Callable[[Any, Callable[[Any], None]], None]


class Enough(Exception):
    """Raised by `process`: the worker is to go home."""


class Left(NamedTuple):
    """What came of it: the simulation, after how many orders the worker was to stop, what it and
    its colleague processed, how long the colleague waited.
    """

    sim: Simulation
    enough: int
    worked: list[str]
    colleague: list[str]
    waited_s: float


def leaving(consume: Consume, seed: int) -> Left:
    """Run `consume(consumer, process)` until `process` says it is enough; a colleague takes over.

    The order at which it says so is not done.  `process` raises TypeError for what is no order.
    """
    sim = Simulation(brokers=1, seed=seed, config={"group.initial.rebalance.delay.ms": 0})
    sim.create_topic("orders")
    enough, pause_s = sim.draw("enough", 3, 9), sim.draw("pause", 1, 3)

    async def shop(app: Any) -> None:
        producer = app.producer({**SERVERS, "linger.ms": 0})
        for number in range(12):
            producer.produce("orders", f"order {number}")
            await app.sleep(pause_s if number % 3 == 2 else 0.05)
        await producer.flush()

    sim.app(shop, "shop")
    worked: list[str] = []

    def process(value: Any) -> None:
        if not isinstance(value, bytes) or not value.startswith(b"order"):
            raise TypeError(f"this is no order: {value!r}")
        if len(worked) == enough:
            raise Enough  # and this order is not done
        worked.append(value.decode())

    conf = {**SERVERS, "group.id": "shop", "auto.offset.reset": "earliest"}
    conf |= {"enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer(conf, sim=sim)
    with suppress(Enough):
        consume(consumer, process)
    sim.schedule(0, f"crash {consumer.name}")  # its program is over
    sim.run(0.01)
    return _colleague(sim, enough, worked)


def _colleague(sim: Simulation, enough: int, worked: list[str]) -> Left:
    """A second worker of the group: what it reads, and how long it waited for the first."""
    conf = {**SERVERS, "group.id": "shop", "auto.offset.reset": "earliest"}
    consumer = Consumer({**conf, "enable.auto.commit": False}, sim=sim)
    consumer.subscribe(["orders"])
    began, seen, waited = sim.now, [], 0.0
    while sim.now - began < _WAIT_LIMIT_S * 1000:
        message: Message | None = consumer.poll(5)
        if message is None or message.error():
            continue
        waited = waited or (sim.now - began) / 1000
        seen.append(_text(message.value()))
        if seen[-1] == "order 11":
            break
    consumer.close()
    return Left(sim, enough, worked, seen, waited or _WAIT_LIMIT_S)


# --- addresses


class Client(NamedTuple):
    """Where a client runs, which listener it comes in by, which names it can reach there."""

    place: str
    listener: str
    reaches: tuple[str, ...]


CLIENTS: Final = (
    Client("in the Docker network", "INSIDE", ("kafka",)),
    Client("on the host", "HOST", ("localhost", "127.0.0.1", "192.168.1.20")),
    Client("on another machine", "LAN", ("192.168.1.20",)),
)
#: Where the broker listens, and which of its ports the host passes on.
PORTS: Final[Mapping[str, int]] = {"INSIDE": 29092, "HOST": 9092, "LAN": 9094}


def reached(advertised: Mapping[str, str], client: Client) -> str:
    """What becomes of a client: "" if it gets to the broker, else what stops it, in words."""
    said = str(advertised.get(client.listener, ""))
    match = re.fullmatch(r"([\w.-]+):(\d+)", said)
    if match is None:
        return f"{client.listener} advertises {said!r}: give host:port"
    host, port = match[1], int(match[2])
    if host in ("localhost", "127.0.0.1") and host not in client.reaches:
        return f"{client.place}, {host} is the client's own machine: nobody listens there"
    if host not in client.reaches:
        return f"{client.place}, the name {host} leads nowhere"
    if port != PORTS[client.listener]:
        wanted = PORTS[client.listener]
        return f"the client {client.place} is sent to port {port}, {client.listener} is on {wanted}"
    return ""


def addresses(metadata: Any) -> dict[int, str]:
    """The brokers in a client's metadata: id and address."""
    return {one.id: f"{one.host}:{one.port}" for one in metadata.brokers.values()}


def event(number: int) -> dict[str, Any]:
    """An order for the samples."""
    return {"order": number, "total": 10 + number}


def order_of(value: bytes) -> int:
    """Its number."""
    found: int = json.loads(value)["order"]
    return found
