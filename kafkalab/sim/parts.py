"""A broker, a controller, an app, the network: as a learner calls them.

Each is a name and a driver, nothing more, so it stays right whatever happens to what it names.
"""

from collections.abc import Iterable

from kafkalab.errors import LearnerError
from kafkalab.ids import ConnectionId, NodeId, NodeName
from kafkalab.node import Node
from kafkalab.world import Driver, actions
from kafkalab.world.clocks import clock_of, wrong_clocks
from kafkalab.world.faults import name_of
from kafkalab.world.holds import Flight, Message, flights
from kafkalab.world.servers import state_of

#: A message in flight, as `Network.in_flight` has it, or its name alone.
Held = Flight | Message


class Server:
    """A broker or controller of a simulation."""

    def __init__(self, driver: Driver, name: NodeName, node_id: NodeId) -> None:
        self._driver = driver
        self.name = name
        self.id = node_id

    @property
    def node(self) -> Node:
        """The state machine itself, to be read."""
        return self._driver.node(self.name)

    def crash(self, *, power: bool = False) -> None:
        """End the process at once; its disk stays.  `CommandError` if it is down already.

        `power`: the machine loses power, and what was written but not flushed is gone.
        """
        self._driver.command(f"{'power-off' if power else 'crash'} {self.name}")

    def restart(self) -> None:
        """Start a new process on the disk of the crashed one.  `CommandError` if it runs."""
        self._driver.command(f"restart {self.name}")

    def shutdown(self) -> None:
        """Let it leave in order: it hands over what it leads, and its process ends when it may.

        It takes some virtual time; `restart` brings it back.  `CommandError` if it is down.
        """
        self._driver.command(f"shutdown {self.name}")

    def pause(self, seconds: float) -> None:
        """For so many virtual seconds it handles nothing; messages and timers wait."""
        self._driver.command(f"pause {self.name} {round(seconds * 1000)}")

    def slow_disk(self, ms: int) -> None:
        """Let each write take so many virtual ms before what follows from it is said."""
        self._driver.command(f"slow-disk {self.name} {ms}")

    def full_disk(self) -> None:
        """No space is left: the next write ends the process, as it does in Kafka."""
        self._driver.command(f"full-disk {self.name}")

    def fail_disk(self) -> None:
        """Input/output errors: the next use of its only log directory ends the process."""
        self._driver.command(f"fail-disk {self.name}")

    def mend_disk(self) -> None:
        """There is space again, the disk is well and fast; `restart` a process that has ended."""
        self._driver.command(f"mend-disk {self.name}")

    def set_clock(self, ahead_ms: int, gains_ms: int = 0) -> None:
        """Let its clock show so many ms too much (negative: too little), and gain some each second.

        0 sets it right; `sim.network.heal()` sets every clock right.
        """
        Clocks(self._driver).set(self.name, ahead_ms, gains_ms)

    @property
    def state(self) -> str:
        """online, crashed, stopped (shut down), paused, fenced (out of service), starting."""
        return state_of(self._driver.world, self.name, self.id)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.state}>"


class Network:
    """The network of a simulation: what can go wrong with it."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def partition(self, *sides: Iterable[NodeId | NodeName]) -> None:
        """Let messages between the sides wait until `heal`: `partition({1}, {2, 3})`.

        Numbers are brokers and controllers (101 …), words the names of clients.  A node that no
        side names reaches them all.  Replaces the partition there was.
        """
        texts = [",".join(str(node) for node in sorted(side, key=str)) for side in sides]
        self._driver.command(f"partition {' | '.join(texts)}")

    def partition_one_way(
        self, source: Iterable[NodeId | NodeName], target: Iterable[NodeId | NodeName]
    ) -> None:
        """Let messages from one side to the other wait until `heal`; those back arrive."""
        texts = [",".join(str(node) for node in sorted(side, key=str)) for side in (source, target)]
        self._driver.command(f"partition {' > '.join(texts)}")

    def drop(self, api: str, server: NodeId, source: NodeId | NodeName | None = None) -> None:
        """Lose the next request of an API ("Produce") to a server, and with it its connection."""
        self._driver.command(f"drop {api} {server}{_from(source)}")

    def stall(
        self, api: str, server: NodeId, ms: int, source: NodeId | NodeName | None = None
    ) -> None:
        """Let the next request of an API to a server come so many virtual ms later."""
        self._driver.command(f"stall {api} {server} {ms}{_from(source)}")

    def answer(
        self, api: str, server: NodeId, error: str, source: NodeId | NodeName | None = None
    ) -> None:
        """Answer the next request of an API with an error of Kafka's, before the server sees it."""
        self._driver.command(f"answer {api} {server} {error}{_from(source)}")

    def heal(self) -> None:
        """End the partition: what waited arrives.  Clocks that are wrong are set right, too."""
        self._driver.command("heal")

    def delay(self, one: NodeId | NodeName, other: NodeId | NodeName, ms: int) -> None:
        """Let messages between two nodes take so many virtual ms, each way (1 is usual)."""
        self._driver.command(f"delay {one} {other} {ms}")

    def hold(self, one: NodeId | NodeName | Held, other: NodeId | NodeName = "") -> None:
        """Let one of `in_flight` wait until `release`, and what is behind it on its connection.

        With two nodes, all that goes from the first to the other: `hold("producer-1", 2)`.
        """
        self._driver.command(f"hold {_message_or_link(one, other)}")

    def release(self, one: NodeId | NodeName | Held = "", other: NodeId | NodeName = "") -> None:
        """What was held so arrives now, in its order; by default all that is held."""
        self._driver.command(f"release {_message_or_link(one, other)}".strip())

    def cut(
        self, one: NodeId | NodeName | ConnectionId | Held, other: NodeId | NodeName = ""
    ) -> None:
        """Break a connection (a message's own too), or all between two nodes.

        What is in flight on it is lost.
        """
        if isinstance(one, Flight | Message):
            one = _message(one).connection
        if isinstance(one, ConnectionId):
            connection = one
            self._driver.call("cut", lambda world: actions.cut(world, *connection))
        else:
            self._driver.command(f"cut {_message_or_link(one, other)}")

    @property
    def connections(self) -> list[ConnectionId]:
        """Those there are, oldest first."""
        return self._driver.world.network.connections.ids()

    @property
    def in_flight(self) -> list[Flight]:
        """The messages on their way, oldest connection first; `flight.message` names one."""
        with self._driver.locked() as world:
            return flights(world)

    @property
    def sides(self) -> tuple[tuple[NodeName, ...], ...]:
        """Of the partition there is; () when the network is whole."""
        return self._driver.world.network.sides

    def __repr__(self) -> str:
        return f"<Network: {self._driver.world.network.cut_in_words or 'whole'}>"


def _message_or_link(one: NodeId | NodeName | Held, other: NodeId | NodeName) -> str:
    if isinstance(one, Flight | Message):
        return _message(one).words
    if not all(isinstance(each, int | str) for each in (one, other)):
        raise LearnerError(
            "which message, or which two nodes?  one of sim.network.in_flight, or "
            f'"producer-1", 2; not {type(one).__name__} {type(other).__name__}'.strip()
        )
    return f"{one} {other}".strip()


def _message(one: Held) -> Message:
    return one.message if isinstance(one, Flight) else one


class Clocks:
    """The clocks of a simulation's machines: what they show, and how to set them wrong."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def set(self, node: NodeId | NodeName, ahead_ms: int, gains_ms: int = 0) -> None:
        """Let a broker's (2), controller's (101) or producer's ("producer-1") clock be so wrong.

        `gains_ms`: so many each second from now on.  0 sets it right; so does a heal, all of them.
        """
        self._driver.command(f"clock {node} {ahead_ms:+d}")
        if gains_ms:
            self._driver.command(f"drift {node} {gains_ms:+d}")

    def shows(self, node: NodeId | NodeName) -> int:
        """What a node's clock shows now, in ms; `sim.now` if it is right."""
        world, name = self._driver.world, name_of(node)
        world.check_known(name)
        return clock_of(world, name).at(world.now)

    def __repr__(self) -> str:
        world = self._driver.world
        wrong = {name: f"{clock.error_ms(world.now):+d} ms" for name, clock in wrong_clocks(world)}
        return f"<Clocks: {', '.join(f'{n} {by}' for n, by in wrong.items()) or 'all right'}>"


def _from(source: NodeId | NodeName | None) -> str:
    return "" if source is None else f" from {source}"


class AppHandle:
    """An app that runs inside the world."""

    def __init__(self, driver: Driver, name: str) -> None:
        self._driver = driver
        self.name = name

    @property
    def state(self) -> str:
        """running, finished or crashed."""
        return self._driver.world.apps.processes[self.name].state.name.lower()

    @property
    def error(self) -> str:
        """What it crashed of; empty if it did not."""
        return self._driver.world.apps.processes[self.name].error

    @property
    def clients(self) -> tuple[NodeName, ...]:
        """The nodes of its producers and consumers."""
        return tuple(self._driver.world.apps.processes[self.name].nodes)

    def crash(self) -> None:
        """End it where it stands, with its clients.  `LearnerError` if it does not run."""
        self._driver.call("crash", lambda world: actions.crash_app(world, self.name))

    def restart(self) -> None:
        """Run its function again from the start.  `LearnerError` if it runs."""
        self._driver.call("restart", lambda world: actions.restart_app(world, self.name))

    def __repr__(self) -> str:
        return f"<{self.name}: {self.state}{f' ({self.error})' if self.error else ''}>"
