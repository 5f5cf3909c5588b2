"""`RecordLens(sim, "orders", 0, offset=40)`: a batch's real bytes, to be changed and sent again.

A click chooses a byte, a click on a bit flips it, and the leader says what it thinks of the changed
batch.  The same by Python: `flip`, `set`, `undo`, `send`.

Of a live cluster the bytes are shown; what is changed goes to a frozen copy: nobody is disturbed.

Read next: `lab.scenes.record_lens`, which draws.
"""

from dataclasses import replace
from typing import Any

from kafkalab import Simulation
from kafkalab.errors import ErrorCode, LearnerError
from kafkalab.frames.compressed import decompressed, records_in
from kafkalab.live import LiveCluster
from kafkalab.record.anatomy import dissect
from kafkalab.world.batches import as_sent, batch_at, send_batch
from lab.scenes.record_lens import Lens, draw_lens, finding
from lab.widgets.player_widget import Message, ScenePlayer
from lab.widgets.still_view import in_a_cell


class RecordLens:
    """See the module's docstring.  `LearnerError` if there is no such partition or offset."""

    def __init__(
        self, world: Simulation | LiveCluster, topic: str, partition: int = 0, offset: int = 0
    ) -> None:
        self._world = world
        self._topic, self._partition = topic, partition
        data = self._read(offset)
        anatomy = dissect(data)
        last = anatomy.fields[0].value, anatomy.fields[6].value
        assert isinstance(last[0], int)
        assert isinstance(last[1], int)
        where = f"{topic}-{partition}, offset {last[0]}"
        if last[1]:
            where = f"{topic}-{partition}, offsets {last[0]} to {last[0] + last[1]}"
        inside = decompressed(anatomy) or anatomy
        shown = next((one.part for one in inside.fields if one.note == f"offset {offset}"), 0)
        self._lens = Lens(anatomy, data, where, part=shown)
        self.widget = ScenePlayer(draw_lens(self._lens), name="record-lens")
        self.widget.on_message(self._handle)

    def _read(self, offset: int) -> bytes:
        if isinstance(self._world, LiveCluster):
            with self._world.locked() as world:
                return batch_at(world, self._topic, self._partition, offset)
        with self._world.driver.locked() as world:
            return batch_at(world, self._topic, self._partition, offset)

    @property
    def data(self) -> bytes:
        """The bytes as they are now, from the base offset on."""
        return self._lens.anatomy.data

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return finding(self._lens)

    def flip(self, place: int, bit: int = 0) -> "RecordLens":
        """Flip one bit (0 is the lowest) of the byte at `place`.  IndexError beyond the end."""
        if not 0 <= bit <= 7:
            raise IndexError(f"a byte has bits 0 to 7, not {bit}")
        return self.set(place, self.data[place] ^ (1 << bit))

    def set(self, place: int, byte: int) -> "RecordLens":
        """Put a byte (0 to 255) at `place`.  IndexError beyond the end, ValueError for no byte."""
        changed = bytearray(self.data)
        changed[place] = byte
        place %= len(changed)
        anatomy = dissect(bytes(changed))
        part = self._lens.part if self._lens.part < records_in(anatomy) else 0
        return self._show(replace(self._lens, anatomy=anatomy, chosen=place, part=part))

    def undo(self) -> "RecordLens":
        """Put all bytes back."""
        lens = replace(self._lens, anatomy=dissect(self._lens.original), chosen=None)
        return self._show(lens)

    def send(self) -> str:
        """Send the batch to the partition's leader; the name of Kafka's error code, or NONE.

        Base offset and leader epoch go as a producer sends them (0, none), unless changed here.
        Of a live cluster a frozen copy takes it: the live log stays as it is.
        """
        sim, leader = self._world, "The leader"
        if isinstance(sim, LiveCluster):
            sim, leader = sim.freeze(), "In a frozen copy of the cluster the leader"
            sim.close()  # `kafka:9092` goes on to mean what it meant
        try:
            answer = send_batch(sim.driver, self._topic, self._partition, self._to_send())
        except LearnerError as error:
            self._show(replace(self._lens), str(error), is_refused=True)
            return "NO_ANSWER"
        code = ErrorCode(answer.error_code)
        if code is ErrorCode.NONE:
            words = f"{leader} took it: its first record has offset {answer.base_offset}."
        else:
            why = f": {answer.error_message}" if answer.error_message else ""
            words = f"{leader} refused it with {code.name}{why}."
        self._show(self._lens, words, is_refused=code is not ErrorCode.NONE)
        return code.name

    def _to_send(self) -> bytes:
        data, original = self.data, self._lens.original
        sent = as_sent(data)
        base = data[:8] if data[:8] != original[:8] else sent[:8]
        epoch = data[12:16] if data[12:16] != original[12:16] else sent[12:16]
        return base + data[8:12] + epoch + data[16:]

    def _show(self, lens: Lens, answer: str = "", *, is_refused: bool = False) -> "RecordLens":
        self._lens = replace(lens, answer=answer, is_refused=is_refused)
        self.widget.show(draw_lens(self._lens))
        self.widget.renew()
        return self

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self._show_same(replace(self._lens, width=round(width)))
            return
        match str(message.get("action", "")).split():
            case ["byte", place]:
                self._show_same(replace(self._lens, chosen=int(place)))
            case ["bit", bit] if self._lens.chosen is not None:
                self.flip(self._lens.chosen, int(bit))
            case ["record", which]:
                step = 1 if which == "next" else -1
                part = (self._lens.part + step) % max(records_in(self._lens.anatomy), 1)
                self._show_same(replace(self._lens, part=part, chosen=None))
            case ["undo"]:
                self.undo()
            case ["send"]:
                self.send()

    def _show_same(self, lens: Lens) -> None:
        self._show(lens, lens.answer, is_refused=lens.is_refused)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return in_a_cell(self.widget, draw_lens(replace(self._lens, width=960)), repr(self))

    def __repr__(self) -> str:
        """The fields as lines of text."""
        anatomy = self._lens.anatomy
        lines = [f"Record batch · {self._lens.where} · {len(anatomy.data)} bytes", self.say, ""]
        for field in anatomy.fields:
            raw = anatomy.data[field.offset : field.offset + field.size]
            shown = raw[:8].hex(" ") + (" …" if field.size > 8 else "")
            value = "" if field.about == "broken" else repr(field.value)
            lines.append(
                f"{field.offset:6}  {shown:<26} {field.name:<22}{value} {field.note}".rstrip()
            )
        return "\n".join(lines)
