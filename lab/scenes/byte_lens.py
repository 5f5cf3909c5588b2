"""One byte of a batch, bit by bit, and what can be done with a changed batch.

Read next: `record_lens`, whose part this is.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from lab.scenes.metrics import wrap
from lab.scenes.shapes import Shape, chip, chip_width, group, text

_PLAIN: Final = ("card", "rule", "ink")
_HINT: Final = (
    "Click a byte (by keyboard: Tab, arrow keys, Enter) to see its bits; click a bit to flip it. "
    "Then send the batch, and see what the broker says."
)


def draw_byte(
    data: bytes,
    original: bytes,
    chosen: int | None,
    width: float,
    *,
    hint: str = _HINT,
    send: str = "Send to the leader",
    is_always_sent: bool = False,
    reads: Sequence[str] = (),
) -> tuple[list[Shape], float]:
    """The shapes from 0, 0 on, and their height.  `chosen`: the byte's place, or None.

    `send`: the words of the button, "" for none; `is_always_sent`: unchanged bytes too; `reads`:
    how the number is read of which the byte is a part.
    """
    shapes: list[Shape] = [text("title", 0, 4, "A byte, bit by bit", "h2")]
    if chosen is None:
        rows = wrap(hint, "note", width)
        shapes += [text(f"hint{n}", 0, 30 + 18 * n, row, "note") for n, row in enumerate(rows)]
        y = 30.0 + 18 * len(rows)
    else:
        bits = _bits(data[chosen], original[chosen], chosen)
        shapes.append(group("bits", bits, label="Bits", arrows="line"))
        y = 62.0
        rows = [row for words in reads for row in wrap(words, "note", width)]
        shapes += [text(f"reads{n}", 0, y + 4 + 18 * n, row, "note") for n, row in enumerate(rows)]
        y += 18 * len(rows) + (10 if rows else 0)
    is_changed, x = data != original, 0.0
    if is_changed:
        undo = "put the bytes back"
        shapes.append(chip("undo", (0, y), "Undo", _PLAIN, width=64, action="undo", label=undo))
        x = 72
    if send and (is_changed or is_always_sent):
        tones, wide = ("card", "comm", "comm-t"), max(150, chip_width(send))
        shapes.append(chip("send", (x, y), send, tones, width=wide, action="send", label=send))
    if is_changed or (send and is_always_sent):
        y += 34
    return shapes, y


def _bits(byte: int, before: int, place: int) -> Iterator[Shape]:
    yield text("place", 0, 34, f"byte {place}", "body")
    for index in range(8):
        bit = 7 - index
        is_on, is_new = byte >> bit & 1, (byte ^ before) >> bit & 1
        tones = (
            ("out-s", "out", "out-t") if is_new else ("comm-s" if is_on else "card", "rule", "ink")
        )
        label = f"bit {bit} is {is_on}: flip it"
        at = (76 + 30 * index, 20)
        yield chip(
            f"bit{index}", at, str(is_on), tones, width=26, action=f"bit {bit}", label=label,
            is_tab_stop=False,
        )  # fmt: skip
    words = f"0x{byte:02x} = {byte}" + (f", was 0x{before:02x}" if byte != before else "")
    yield text("said", 76 + 30 * 8 + 6, 34, words, "num")
