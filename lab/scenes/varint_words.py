"""How a varint reads, in words, byte by byte.

Read next: `byte_lens`, which shows it for the byte that is chosen.
"""

from typing import Literal

#: zigzag: signed, as in records; plain: unsigned; length: unsigned, one more than it says, 0 none.
Kind = Literal["zigzag", "plain", "length"]


def varint_words(data: bytes, kind: Kind) -> list[str]:
    """Two lines: its bytes as bits, and what number they are.  Empty for what is none."""
    if not data or any(byte < 0x80 for byte in data[:-1]) or data[-1] >= 0x80:
        return []
    raw = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(data))
    bits = " ".join(f"{byte:08b}" for byte in data)
    if len(data) == 1:
        first = (
            f"A varint: {data.hex()} = {bits} = {raw}. A top bit of 1 would mean: one more byte."
        )
    else:
        groups = " ".join(f"{byte & 0x7F:07b}" for byte in reversed(data))
        first = (
            f"A varint: {data.hex(' ')} = {bits}. A top bit of 1 means: another byte follows. "
            f"Without it, the last byte first: {groups} = {raw}."
        )
    if kind == "plain":
        return [first]
    if kind == "length":
        second = "Lengths and counts are written one higher, so that 0 can say: not there. " + (
            f"{raw} − 1 = {raw - 1}." if raw else "Here it is not there."
        )
        return [first, second]
    if raw % 2:
        return [first, f"Zigzag: odd numbers are negative, −({raw} + 1) / 2 = −{(raw + 1) // 2}."]
    return [first, f"Zigzag: even numbers are not negative, {raw} / 2 = {raw // 2}."]
