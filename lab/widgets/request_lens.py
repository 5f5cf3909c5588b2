"""`RequestLens(sim, message)`: the real bytes of a request or an answer, changed and sent again.

    RequestLens(sim, "Produce")                        the last Produce request that arrived
    RequestLens(sim, "Produce answer")                 … and the last answer
    RequestLens(sim, sim.network.in_flight[0])         one on its way; or the id of an arrival
    RequestLens(sim, ProduceRequest(...), version=9)   one made by hand; or a frame's bytes
    RequestLens(sim.at(1.2), "Produce")                as it was then; sent, it makes a branch

A click chooses a byte, a click on a bit flips it, and the server's own parser says what it thinks
of the changed bytes; sent, they are answered, or the connection is closed.  The same by Python:
`flip`, `set`, `change("acks", 1)`, `in_version`, `undo`, `send`, `open`.

Of a live cluster, all happens in a frozen copy: nobody is disturbed.  A live cluster keeps no
messages, so one that is named by its kind is taken from what passes in that copy within 0.6 s.

Read next: `request_desk`, which does it; `lab.scenes.request_lens`, which draws.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.wire import Named, OnTheWire, frame_of, on_the_wire
from kafkalab.frames.wire_fields import dissect_request
from kafkalab.ids import NodeId, NodeName, TopicPartition, server_name
from kafkalab.live import LiveCluster
from kafkalab.protocol.schema import Message as Body
from kafkalab.server.apis import versions_of
from kafkalab.world import servers
from lab.scenes.request_lens import draw_request
from lab.widgets.player_widget import Message, ScenePlayer
from lab.widgets.request_desk import RequestDesk
from lab.widgets.still_view import in_a_cell

_FOLLOWED_MS: Final = 600  # a follower asks at least twice a second


class RequestLens:
    """See the module's docstring.

    `version`: of a message made by hand (the newest by default); `to`: who is asked, by number or
    name, by default the leader of its first partition, else the first server that offers the API;
    `client_id`: of its header; `branch`: makes the branch that a view of the past sends to, by
    default a fork of it.  `LearnerError` for what is no message of this run.
    """

    def __init__(
        self,
        world: Simulation | LiveCluster,
        message: Named | Body | bytes | OnTheWire,
        *,
        version: int | None = None,
        to: NodeId | NodeName | None = None,
        client_id: str | None = "lab",
        branch: Callable[[], Simulation] | None = None,
    ) -> None:
        sim = world
        if not isinstance(sim, Simulation | LiveCluster):
            raise LearnerError(f"a lens looks into a Simulation or a LiveCluster, not {sim!r}")
        if isinstance(sim, LiveCluster):
            sim = sim.freeze()
            sim.close()  # `kafka:9092` goes on to mean what it meant
            if isinstance(message, str):
                sim.driver.run_for(_FOLLOWED_MS)
        if isinstance(message, Body):
            wire = _made(sim, message, version, to, client_id)
        elif isinstance(message, bytes | bytearray | memoryview):
            wire = _given(sim, bytes(message), to)
        else:
            wire = message if isinstance(message, OnTheWire) else on_the_wire(sim, message)
            wire = wire if to is None else wire._replace(server=_name(to))
        self._desk = RequestDesk(sim, wire, branch)
        self.widget = ScenePlayer(self._desk.scene(), name="request-lens")
        self.widget.on_message(self._handle)

    @property
    def data(self) -> bytes:
        """The frame as it is now: size, header and body."""
        return self._desk.data

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return self._desk.say

    @property
    def message(self) -> Any:
        """The message as the parser reads it now.  `LearnerError` if it does not."""
        return self._desk.message

    @property
    def answer(self) -> Any:
        """What the server answered when it was last sent; None before, or if nothing came."""
        return self._desk.reply.message if self._desk.reply is not None else None

    def flip(self, place: int, bit: int = 0) -> "RequestLens":
        """Flip one bit (0 is the lowest) of the byte at `place`.  IndexError beyond the end."""
        _check_whole(place, bit)
        self._desk.flip(place, bit)
        return self._show()

    def set(self, place: int, byte: int) -> "RequestLens":
        """Put a byte (0 to 255) at `place`.  IndexError beyond the end, ValueError for no byte."""
        _check_whole(place, byte)
        self._desk.set(place, byte)
        return self._show()

    def change(self, path: str, value: Any) -> "RequestLens":
        """Change a field: `change("topic_data[0].name", "other")`; lengths and size follow.

        Names are those in the picture, header fields too.  `LearnerError` for what does not fit.
        """
        if not isinstance(path, str):
            raise LearnerError(f"a field is called by its path, such as 'acks', not {path!r}")
        self._desk.change(path, value)
        return self._show()

    def in_version(self, version: int) -> "RequestLens":
        """The same request as another version writes it.  `LearnerError` if there is none."""
        self._desk.in_version(version)
        return self._show()

    def undo(self) -> "RequestLens":
        """Put all bytes back."""
        self._desk.undo()
        return self._show()

    def send(self, to: NodeId | NodeName | None = None) -> str:
        """Send the bytes; time runs until the answer is there.

        The operator sends them, over a connection opened for it, with the header as it stands:
        client id and correlation id are those in the bytes.  Spacetime shows the exchange.
        Returns the first error of the answer, NONE, CLOSED (the connection was), WAITING (for
        bytes that the size promises) or SILENT (no answer came).  `LearnerError` for a server that
        is down, or for an answer, which cannot be sent.
        """
        code = self._desk.send(to)
        self._show()
        return code

    def open(self, batch: int = 0) -> "RequestLens":
        """Open a batch of records in the record lens, the first by default; `back` returns."""
        self._desk.open(batch)
        return self._show()

    def back(self) -> "RequestLens":
        """From a batch, or from the answer, back to the request."""
        if self._desk.lens.is_answer and self._desk.lens.has_answer:
            self._desk.turn()
        self._desk.back()
        return self._show()

    def show_answer(self) -> "RequestLens":
        """The bytes of the answer that came, field by field.  `LearnerError` if none did."""
        if self._desk.reply is None or not self._desk.reply.frame:
            raise LearnerError("there is no answer: send() first")
        if not self._desk.lens.is_answer:
            self._desk.turn()
        return self._show()

    # inside

    def _show(self) -> "RequestLens":
        self.widget.show(self._desk.scene())
        self.widget.renew()
        return self

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self._desk.at_width(width)
        else:
            self._desk.obey(str(message.get("action", "")).split())
        self._show()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return in_a_cell(self.widget, draw_request(replace(self._desk.lens, width=960)), repr(self))

    def __repr__(self) -> str:
        """The fields as lines of text."""
        return self._desk.text()


def _check_whole(*numbers: object) -> None:
    for each in numbers:
        if not isinstance(each, int):
            raise LearnerError(f"places, bytes and bits are whole numbers, not {each!r}")


def _made(
    sim: Simulation,
    message: Body,
    version: int | None,
    to: NodeId | NodeName | None,
    client_id: str | None,
) -> OnTheWire:
    valid = message.VERSIONS.valid
    if message.API_KEY < 0 or not type(message).__name__.endswith("Request"):
        raise LearnerError(
            f"a {type(message).__name__} is no request; answers are seen where they are under way, "
            "or after send()"
        )
    version = valid.high if version is None else version
    if version not in valid:
        name = type(message).__name__
        raise LearnerError(f"{name} has versions {valid.low} to {valid.high}, not {version}")
    server = _name(to) if to is not None else _whom(sim, message.API_KEY, message)
    data = frame_of(message, version, 1, client_id)
    return OnTheWire(data, True, message.API_KEY, version, server, f"made by hand, for {server}")


def _given(sim: Simulation, data: bytes, to: NodeId | NodeName | None) -> OnTheWire:
    anatomy = dissect_request(data)
    server = _name(to) if to is not None else _whom(sim, anatomy.api_key, None)
    told = f"bytes of one's own, for {server}"
    return OnTheWire(data, True, anatomy.api_key, anatomy.api_version, server, told)


def _whom(sim: Simulation, key: int, message: Any) -> NodeName:
    """Who would be asked: the leader of the first partition, or the first who offers the API."""
    with sim.driver.locked() as world:
        for topic in getattr(message, "topic_data", ()):
            for one in topic.partition_data:
                known = servers.metadata(world).partition(TopicPartition(topic.name, one.index))
                if known is not None and known.leader >= 0:
                    return server_name(known.leader)
        up = [name for name in world.nodes if hasattr(world.nodes[name], "apis")]
        up = [name for name in up if world.is_up(name)] or up
        nodes: dict[NodeName, Any] = {name: world.nodes[name] for name in sorted(up)}
        return next(
            (n for n in nodes if versions_of(nodes[n].apis, key) is not None), sorted(up)[0]
        )


def _name(to: NodeId | NodeName) -> NodeName:
    return to if isinstance(to, str) else server_name(to)
