"""The network: how long messages take, where they stall, and what breaks.

    send ──▶ pipe ──(latency)──▶ take ──▶ a node        held: the link is partitioned

Latency is one millisecond (none in a live cluster: real sockets have their own), or what `delay`
says of a link.  A partition stalls messages, as lost packets do that TCP sends again and again:
they wait, the news that a connection has ended too, and arrive after `heal`.  Whoever waits for an
answer sees only silence, and times out by itself.

With `wire`, every message goes through the codec and back before it is sent, which changes
nothing that can be seen: the digest of the run stays the same.

Invariants: a message on a held link is owed, never lost; nothing overtakes on one pipe.
Left out: bandwidth, and loss that TCP would not mend.
Read next: `connections`, whose rules these keep; `faults`, which calls them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Self

from kafkalab.ids import ConnectionId, NodeName
from kafkalab.node import Envelope, Kind
from kafkalab.world.connections import Connections, Pipe
from kafkalab.world.disks import SlowDisk
from kafkalab.world.intercept import Intercepts
from kafkalab.world.scheduler import Scheduler, What

LATENCY_MS: Final = 1

_DELIVER: Final = int(What.DELIVER)
_CLOSE: Final = Kind.CLOSE

Sides = tuple[tuple[NodeName, ...], ...]


class Network:
    """Connections, and the faults of the links between nodes."""

    __slots__ = (
        "_delays",
        "_latency_ms",
        "_scheduler",
        "_side_of",
        "connections",
        "intercepts",
        "is_one_way",
        "is_wire",
        "sides",
        "slow_disks",
    )

    def __init__(
        self, scheduler: Scheduler, is_wire: bool = False, latency_ms: int = LATENCY_MS
    ) -> None:
        self._scheduler = scheduler
        self._latency_ms = latency_ms
        self._delays: dict[tuple[NodeName, NodeName], int] = {}
        self._side_of: dict[NodeName, int] = {}
        self.sides: Sides = ()  # of the partition there is; () if the network is whole
        self.is_one_way = False  # from the first side to the second alone
        self.is_wire = is_wire
        self.slow_disks: dict[NodeName, SlowDisk] = {}  # of servers: what they say leaves later
        self.connections = Connections()
        self.intercepts: Intercepts | None = None

    # messages

    def send(self, source: NodeName, envelope: Envelope, cause: int, now: int) -> None:
        """Put a message into its pipe; dropped if either end has closed the connection."""
        connections = self.connections
        pipe = connections.outgoing(source, envelope)
        if pipe is None:
            return
        if envelope.kind is _CLOSE:
            self._end(pipe, cause, now)
        elif not (
            pipe.is_closed or pipe.is_cut or connections.by_number[pipe.number ^ 1].is_closed
        ):
            if self.is_wire:
                envelope = through_the_codec(envelope)
            self._put(pipe, envelope, cause, now)

    def closed(self, pipe: Pipe) -> None:
        """CLOSE has been taken from a pipe: it delivers nothing more."""
        pipe.shut()
        self.connections.forget_if_over(pipe)

    def refuse(self, pipe: Pipe, cause: int, now: int) -> None:
        """Nobody is there: say CLOSE to whoever sent the message."""
        self._end(self.connections.back(pipe), cause, now)

    def _put(self, pipe: Pipe, envelope: Envelope, cause: int, now: int) -> None:
        due = now + self._latency_ms
        if self._delays:
            due = now + self.delay_ms(pipe.source, pipe.target)
        if due < pipe.due:
            due = pipe.due
        pipe.due = due
        pipe.queue.append((envelope, cause))
        self._scheduler.plan(due, _DELIVER, pipe.number)

    def _end(self, pipe: Pipe, cause: int, now: int) -> None:
        """The source of this pipe closes the connection."""
        self.connections.back(pipe).shut()
        if not pipe.is_closed:
            self._put(pipe, Envelope(pipe.connection, Kind.CLOSE), cause, now)
        self.connections.forget_if_over(pipe)

    # faults

    def end_all(self, node: NodeName, cause: int, now: int) -> None:
        """A process has died: each of its connections is closed from its side."""
        for pipe in self.connections.of(node):
            self._end(pipe, cause, now)

    def cut(self, connection: ConnectionId, cause: int, now: int) -> bool:
        """Lose what is in flight and tell both ends at once; False if there is no such one."""
        pair = self.connections.pair(connection)
        if pair is None:
            return False
        for pipe in pair:
            if not pipe.is_closed:
                pipe.queue.clear()
                pipe.owed, pipe.due, pipe.is_cut = 0, now, True
                pipe.queue.append((Envelope(connection, Kind.CLOSE), cause))
                self._scheduler.plan(now, What.DELIVER, pipe.number)
        return True

    def is_held(self, pipe: Pipe) -> bool:
        """Whether a partition lies between the ends of a pipe."""
        sides = self._side_of
        if not sides or pipe.is_cut:
            return False
        source, target = sides.get(pipe.source), sides.get(pipe.target)
        if source is None or target is None:
            return False
        return source < target if self.is_one_way else source != target

    @property
    def cut_in_words(self) -> str:
        """`broker-1 | broker-2, broker-3`, or with → if only that way is cut; "" for none."""
        between = " → " if self.is_one_way else " | "
        return between.join(", ".join(side) for side in self.sides)

    def partition(self, sides: Sides, now: int, *, is_one_way: bool = False) -> None:
        """Hold every link between two sides; () heals.  A node on no side reaches all.

        `is_one_way`: only from the first side to the second.
        """
        self.sides, self.is_one_way = sides, is_one_way
        self._side_of = {node: number for number, side in enumerate(sides) for node in side}
        self.release(self.connections.pipes(), now)

    def release(self, pipes: Sequence[Pipe], now: int) -> None:
        """Deliver now what is owed on these pipes, as far as nothing holds them."""
        for pipe in pipes:
            if pipe.owed and not self.is_held(pipe):
                owed, pipe.owed = pipe.owed, 0
                for _ in range(owed):
                    self._scheduler.plan(now, What.DELIVER, pipe.number)

    def delay(self, source: NodeName, target: NodeName, delay_ms: int) -> None:
        """How long messages from one node to another take from now on."""
        self._delays[source, target] = delay_ms

    @property
    def delays(self) -> dict[tuple[NodeName, NodeName], int]:
        """What `delay` has set, in ms, by (source, target)."""
        return self._delays.copy()

    @property
    def latency_ms(self) -> int:
        """How long messages take where no `delay` was set."""
        return self._latency_ms

    def delay_ms(self, source: NodeName, target: NodeName) -> int:
        """How long a message from one node to another takes."""
        return self._delays.get((source, target), self._latency_ms)

    def set_latency(self, latency_ms: int) -> None:
        """How long messages take from now on where no `delay` was set."""
        self._latency_ms = latency_ms

    def fork(self, scheduler: Scheduler) -> Self:
        other = type(self)(scheduler, self.is_wire, self._latency_ms)
        other._delays = self._delays.copy()
        other.slow_disks = {name: slow.fork() for name, slow in self.slow_disks.items()}
        other._side_of = self._side_of  # replaced, never changed
        other.sides, other.is_one_way = self.sides, self.is_one_way
        other.intercepts = self.intercepts.fork() if self.intercepts is not None else None
        other.connections = self.connections.fork()
        return other


def through_the_codec(envelope: Envelope) -> Envelope:
    """The same envelope, with its message written to bytes and read again."""
    from kafkalab.protocol import api_keys, codec

    if envelope.message is None:
        return envelope
    is_request = envelope.kind is Kind.REQUEST
    class_of = api_keys.request_class if is_request else api_keys.response_class
    version = envelope.api_version
    buffers = codec.encode(envelope.message, version)
    message = codec.decode(class_of(envelope.api_key), version, memoryview(b"".join(buffers)))
    return replace(envelope, message=message)
