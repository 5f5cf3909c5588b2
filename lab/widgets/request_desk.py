"""What can be done at the request lens, without its widget: look, change, send, open a batch.

    bytes ──▶ dissect ──▶ WireLens ──▶ scene          a batch within is open: the record lens
      ▲ flip, set, change, in_version, undo  │ send ──▶ the answer, a lens of its own

Invariants: `data` is what is shown and what is sent; a click and a call do the same.
Read next: `request_lens`, the widget; `lab.experiments.resending`, which sends.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.compressed import records_in
from kafkalab.frames.wire import OnTheWire
from kafkalab.frames.wire_fields import (
    WireAnatomy,
    batches_in,
    dissect_request,
    dissect_response,
    words_of,
)
from kafkalab.ids import NodeId, NodeName, server_name
from kafkalab.protocol.connection import (
    read_request,
    read_response,
    request_frame,
    response_frame,
)
from kafkalab.protocol.primitives import MalformedMessage
from kafkalab.record.anatomy import HEADER_BYTES, dissect
from lab.experiments.resending import Reply, resend, verdict
from lab.scenes.record_lens import Lens, draw_lens
from lab.scenes.record_lens import finding as batch_finding
from lab.scenes.request_lens import WIDE, WireLens, draw_request, finding, pages_of
from lab.scenes.request_rows import value_words
from lab.scenes.shapes import Scene

_HEADER: Final = ("correlation_id", "client_id")
_STEP: Final = re.compile(r"([a-z_0-9]+)|\[(\d+)\]")


class RequestDesk:
    """See the module's docstring.

    A view of the past is only read: what is sent goes to a branch of it, made by `branch` (its
    fork by default) with the first thing sent.
    """

    def __init__(
        self,
        sim: Simulation,
        wire: OnTheWire,
        branch: Callable[[], Simulation] | None = None,
    ) -> None:
        self._sim = sim
        self._branch = branch or sim.fork
        self._wire = wire
        self._is_answer = not wire.is_request
        self._key, self._version = wire.api_key, wire.api_version
        self.reply: Reply | None = None
        self._batch: int | None = None  # the number of the batch that is open
        self._part = 0  # its record
        self._lens = WireLens(
            self._dissect(wire.data),
            wire.data,
            wire.told,
            wire.server,
            is_answer=self._is_answer,
            branch_at=sim.now - sim.world.began if sim.driver.is_view else None,
        )
        self._request = self._lens  # while the answer is looked at
        self._lens = replace(self._lens, verdict=self._verdict(wire.data))

    # what there is

    @property
    def data(self) -> bytes:
        """The frame as it is now, its size first."""
        return self._lens.anatomy.data

    @property
    def lens(self) -> WireLens:
        return self._lens

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return batch_finding(self._batch_lens()) if self._batch is not None else finding(self._lens)

    @property
    def message(self) -> Any:
        """The message as the parser reads it; `LearnerError` if it does not."""
        return self._read()[2]

    def scene(self) -> Scene:
        if self._batch is not None:
            return draw_lens(self._batch_lens())
        return draw_request(self._lens)

    # changes

    def set(self, place: int, byte: int) -> None:
        changed = bytearray(self.data)
        changed[place] = byte
        self._put(bytes(changed), place % len(changed))

    def flip(self, place: int, bit: int = 0) -> None:
        if not 0 <= bit <= 7:
            raise IndexError(f"a byte has bits 0 to 7, not {bit}")
        self.set(place, self.data[place] ^ (1 << bit))

    def change(self, path: str, value: Any) -> None:
        """A field by its path; lengths and size follow.  `LearnerError` for what does not fit."""
        if path in ("request_api_key", "request_api_version") and not self._is_answer:
            at = 4 if path == "request_api_key" else 6
            self._put(self.data[:at] + _int16(path, value) + self.data[at + 2 :], at)
            return
        id, client, message = self._read()
        if path == "correlation_id":
            id = value
        elif path == "client_id" and not self._is_answer:
            client = value
        else:
            message = _changed(message, [a or int(b) for a, b in _STEP.findall(path)], value, path)
        self._put(self._encoded(message, self._lens.anatomy.api_version, id, client, path, value))

    def in_version(self, version: int) -> None:
        """The same message as an older or newer version writes it."""
        id, client, message = self._read()
        valid = type(message).VERSIONS.valid
        if self._is_answer or version not in valid:
            raise LearnerError(
                "an answer has the version that was asked for"
                if self._is_answer
                else f"{self._lens.what} has versions {valid.low} to {valid.high}, not {version}"
            )
        self._put(self._encoded(message, version, id, client, "version", version))

    def undo(self) -> None:
        self._put(self._lens.original)

    # sending

    def send(self, to: NodeId | NodeName | None = None) -> str:
        """Send what is shown; the first error's name, NONE, CLOSED, WAITING or SILENT."""
        if self._is_answer:
            raise LearnerError("an answer goes to a client; send the request that it answers")
        server = self._lens.server if to is None else _server(to)
        if server != self._lens.server:
            self._sim.driver.node(server)  # an error that names what there is
        if self._sim.driver.is_view:
            self._sim = self._branch()
        self.reply = resend(self._sim, server, self.data)
        self._lens = replace(
            self._lens,
            branch_at=None,
            server=server,
            verdict=verdict(self._sim, server, self.data),
            said=self.reply.words,
            is_refused=self.reply.is_refused,
            has_answer=bool(self.reply.frame),
            sent_by=self.reply.sent_by,
        )
        return self.reply.code

    def turn(self) -> None:
        """To the answer's bytes, and back."""
        if self._lens.is_answer and not self._wire.is_request:
            return
        if self._lens.is_answer:
            self._lens = replace(self._request, width=self._lens.width)
        elif self.reply is not None and self.reply.frame:
            self._request = self._lens
            key, frame = self._request.anatomy.api_key, self.reply.frame
            told = f"{self._lens.server} to the operator, who sent it"
            anatomy = dissect_response(frame, key, self.reply.version)
            self._lens = WireLens(
                anatomy, frame, told, self._lens.server, said=self.reply.words,
                is_refused=self.reply.is_refused, is_answer=True, has_answer=True,
                width=self._lens.width,
            )  # fmt: skip
        self._is_answer = self._lens.is_answer
        self._batch = None

    # batches within

    def open(self, number: int = 0) -> None:
        """The batch of that number in the record lens.  `LearnerError` if there are fewer."""
        found = self._batches()
        if not 0 <= number < len(found):
            raise LearnerError(f"there is no batch {number}: this message has {len(found)}")
        if found[number][1] < HEADER_BYTES:
            raise LearnerError(f"batch {number} is cut short: {found[number][1]} bytes")
        self._batch, self._part = number, 0

    def back(self) -> None:
        """From a batch to the message."""
        self._batch = None

    def _batches(self) -> list[tuple[int, int, str]]:
        return [
            (at, size, words_of(one.path))
            for one in self._lens.anatomy.fields
            for at, size in batches_in(one)
        ]

    def _batch_lens(self) -> Lens:
        assert self._batch is not None
        at, size, path = self._batches()[self._batch]
        lens, data = self._lens, self.data
        is_same_size = len(lens.original) == len(data)
        original = (lens.original if is_same_size else data)[at : at + size]
        anatomy = dissect(data[at : at + size])
        chosen = None if lens.chosen is None else lens.chosen - at
        return Lens(
            anatomy,
            original,
            f"{lens.what}, {path}, bytes {at} to {at + size - 1}",
            part=self._part if self._part < records_in(anatomy) else 0,
            chosen=chosen if chosen is not None and 0 <= chosen < size else None,
            answer=lens.said,
            is_refused=lens.is_refused,
            width=lens.width,
            within="‹ Back to the message",
            send=lens.send,
        )

    # clicks

    def at_width(self, width: float) -> None:
        self._lens = replace(self._lens, width=round(width))

    def obey(self, words: list[str]) -> bool:
        """Do what a click or key says; whether it was understood."""
        match words:
            case ["byte", which]:
                self._choose(which)
            case ["bit", bit] if self._lens.chosen is not None:
                self.flip(self._lens.chosen, int(bit))
            case ["page", which]:
                pages = len(pages_of(self._lens, is_wide=self._lens.width >= WIDE))
                page = min(self._lens.page, pages - 1) + (1 if which == "next" else -1)
                self._lens = replace(self._lens, page=page % pages)
            case ["record", which] if self._batch is not None:
                lens = self._batch_lens()
                step = 1 if which == "next" else -1
                self._part = (lens.part + step) % max(records_in(lens.anatomy), 1)
            case ["open", number]:
                self.open(int(number))
            case ["back"]:
                self.back()
            case ["undo"]:
                self.undo()
            case ["send"]:
                self.send()
            case ["answer"]:
                self.turn()
            case _:
                return False
        return True

    def _choose(self, which: str) -> None:
        at, size = 0, len(self.data)
        if self._batch is not None:
            at, size, _ = self._batches()[self._batch]
        chosen = self._lens.chosen
        if which in ("next", "before"):
            step = 1 if which == "next" else -1
            place = at if chosen is None else at + (chosen - at + step) % size
        else:
            place = at + int(which)
        self._lens = replace(self._lens, chosen=place)

    # inside

    def _dissect(self, data: bytes) -> WireAnatomy:
        if self._is_answer:
            return dissect_response(data, self._key, self._version)
        return dissect_request(data)

    def _verdict(self, data: bytes) -> str:
        if not self._is_answer:
            return verdict(self._sim, self._lens.server, data)
        try:
            read_response(self._key, self._version, memoryview(data)[4:])
        except MalformedMessage as error:
            return f"The client would close the connection: {error.message}."
        return ""

    def _put(self, data: bytes, chosen: int | None = None) -> None:
        self._lens = replace(
            self._lens, anatomy=self._dissect(data), chosen=chosen, said="", is_refused=False,
            verdict=self._verdict(data), has_answer=False, sent_by="",
        )  # fmt: skip
        if self._batch is not None:
            found = self._batches()
            if self._batch >= len(found) or found[self._batch][1] < HEADER_BYTES:
                self._batch = None

    def _read(self) -> tuple[int, str | None, Any]:
        """Correlation id, client id and message."""
        frame = memoryview(self.data)[4:]
        try:
            if self._is_answer:
                anatomy = self._lens.anatomy
                id, message = read_response(anatomy.api_key, anatomy.api_version, frame)
                return id, None, message
            request = read_request(frame)
        except MalformedMessage as error:
            raise LearnerError(
                f"no message can be read here ({error.message}): undo() first"
            ) from None
        if request.message is None:
            raise LearnerError("no message of a version that is known: undo() first")
        return request.correlation_id, request.client_id, request.message

    def _encoded(
        self, message: Any, version: int, id: int, client: str | None, path: str, value: Any
    ) -> bytes:
        try:
            if self._is_answer:
                return b"".join(response_frame(message, version, id))
            return b"".join(request_frame(message, version, id, client))
        except (struct.error, AttributeError, TypeError, ValueError, MalformedMessage) as error:
            raise LearnerError(f"{path} = {value!r} does not fit there: {error}") from None

    def text(self) -> str:
        """The fields as lines of text."""
        anatomy = self._lens.anatomy
        lines = [f"{self._lens.what} · {self._lens.told} · {len(anatomy.data)} bytes", self.say, ""]
        for field in anatomy.fields:
            raw = anatomy.data[field.offset : field.end]
            shown = raw[:8].hex(" ") + (" …" if field.size > 8 else "")
            name = words_of(field.path) or field.name
            value = value_words(field) if field.name != "?" else ""
            note = field.note or field.kind
            lines.append(f"{field.offset:6}  {shown:<26} {name:<40} {value}  {note}".rstrip())
        return "\n".join(lines)


def _server(to: NodeId | NodeName) -> NodeName:
    return to if isinstance(to, str) else server_name(to)


def _int16(path: str, value: Any) -> bytes:
    if not isinstance(value, int) or not -(1 << 15) <= value < 1 << 15:
        raise LearnerError(f"{path} = {value!r} does not fit there: a whole number of 16 bits")
    return value.to_bytes(2, "big", signed=True)


def _changed(message: Any, steps: list[str | int], value: Any, path: str) -> Any:
    """The message with one field replaced."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        if not isinstance(message, tuple) or step >= len(message):
            count = len(message) if isinstance(message, tuple) else 0
            raise LearnerError(f"{path}: there are {count} there, counted from 0")
        return (*message[:step], _changed(message[step], rest, value, path), *message[step + 1 :])
    names = [one.name for one in fields(message)] if is_dataclass(message) else []
    if step not in names:
        there_are = ", ".join(names) or "none: it is a value"
        hint = "" if names else "; items are numbered, topics[0]"
        raise LearnerError(f"{path}: no field {step!r}; there are {there_are}{hint}")
    return replace(message, **{step: _changed(getattr(message, step), rest, value, path)})
