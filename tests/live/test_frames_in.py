"""Frames cut from a stream, whatever the pieces they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkalab.live.frames_in import SHARED_BYTES, FramesIn
from kafkalab.protocol.primitives import MalformedMessage

SIZES = (1, 2, 100, SHARED_BYTES - 4, SHARED_BYTES, 200_000)


def feed(frames: FramesIn, data: bytes, piece: int) -> list[bytes]:
    """Write as an event loop does: as much as there is room for."""
    got: list[bytes] = []
    while data:
        room = frames.room()
        count = min(len(room), piece, len(data))
        room[:count] = data[:count]
        data = data[count:]
        got += [bytes(frame) for frame in frames.received(count)]
    return got


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@given(
    sizes=st.lists(
        st.sampled_from([1, 2, 100, SHARED_BYTES - 4, SHARED_BYTES, 200_000]), max_size=6
    ),
    piece=st.sampled_from([1000, 4096, 65_536, 1 << 20]),
)
def test_frames_come_out_as_they_went_in(sizes: list[int], piece: int) -> None:
    bodies = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    stream = b"".join(framed(body) for body in bodies)
    assert feed(FramesIn(1 << 20), stream, piece) == bodies


def test_one_byte_at_a_time() -> None:
    bodies = [b"a", b"bcd", b"e" * 70]
    stream = b"".join(framed(body) for body in bodies)
    assert feed(FramesIn(1 << 20), stream, 1) == bodies


def test_the_buffer_of_a_large_frame_grows_with_what_comes() -> None:
    body = bytes(range(256)) * 12_000
    assert feed(FramesIn(4 << 20), framed(body) + framed(b"x"), 100_000) == [body, b"x"]
    frames = FramesIn(100 << 20)
    frames.room()[:5] = (90 << 20).to_bytes(4, "big") + b"a"
    assert frames.received(5) == []
    assert len(frames.room()) < 2 << 20


def test_a_frame_handed_over_is_not_written_over() -> None:
    frames = FramesIn(1 << 20)
    frames.room()[:6] = framed(b"ab")
    (first,) = frames.received(6)
    frames.room()[:6] = framed(b"xy")
    frames.received(6)
    assert bytes(first) == b"ab"


@pytest.mark.parametrize("size", [-1, 0, 101, 0x47455420])
def test_a_size_that_cannot_be_is_malformed(size: int) -> None:
    with pytest.raises(MalformedMessage):
        feed(FramesIn(100), size.to_bytes(4, "big", signed=True) + b"abc", 7)
