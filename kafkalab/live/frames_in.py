"""What a socket receives, cut into frames, each received into memory of its own if it is large.

    room() ──▶ the loop writes there ──▶ received(n) ──▶ [frame, frame, …]

Small frames are copied out of one buffer that is used again and again.  A large one gets a buffer
of its own, is received into it, and handed over with it: its record set is copied once, when it
is parsed, and a request that must wait behind another keeps what it needs.  That buffer grows with
what has come: a size that is only claimed costs nothing.

In Kafka: `NetworkReceive`.  Read next: `listener`.
"""

from typing import Final

from kafkalab.protocol.connection import SIZE_BYTES, frame_size

SHARED_BYTES: Final = 1 << 16
_FIRST_BYTES: Final = 1 << 20  # of a large frame's buffer


class FramesIn:
    """The receiving half of one connection."""

    __slots__ = ("_filled", "_frame", "_frame_filled", "_frame_size", "_shared", "_size_max")

    def __init__(self, size_max: int) -> None:
        self._shared = bytearray(SHARED_BYTES)
        self._filled = 0
        self._frame: bytearray | None = None  # a large frame under way
        self._frame_filled = self._frame_size = 0
        self._size_max = size_max

    def room(self) -> memoryview:
        """Where the next bytes are to be written."""
        frame = self._frame
        if frame is not None:
            if self._frame_filled == len(frame):
                larger = bytearray(min(2 * len(frame), self._frame_size))
                larger[: len(frame)] = frame
                self._frame = frame = larger
            return memoryview(frame)[self._frame_filled :]
        return memoryview(self._shared)[self._filled :]

    @property
    def is_partial(self) -> bool:
        """Whether a frame has begun and is not complete."""
        return self._frame is not None or self._filled > 0

    def received(self, count: int) -> list[memoryview]:
        """`count` more bytes are there: the frames now complete, without their sizes.

        Raises `MalformedMessage` for a size that cannot be.
        """
        if self._frame is None:
            self._filled += count
            return self._cut()
        self._frame_filled += count
        if self._frame_filled < self._frame_size:
            return []
        frame, self._frame = self._frame, None
        return [memoryview(frame)]

    def _cut(self) -> list[memoryview]:
        frames: list[memoryview] = []
        shared, at = memoryview(self._shared), 0
        while self._filled - at >= SIZE_BYTES:
            size = frame_size(shared[at:], self._size_max)
            start, end = at + SIZE_BYTES, at + SIZE_BYTES + size
            if end > self._filled:
                if SIZE_BYTES + size > SHARED_BYTES:
                    self._begin(size, shared[start : self._filled])
                    at = self._filled
                break
            frames.append(memoryview(bytes(shared[start:end])))
            at = end
        rest = self._filled - at
        if at and rest:
            self._shared[:rest] = bytes(shared[at : self._filled])
        self._filled = rest
        return frames

    def _begin(self, size: int, beginning: memoryview) -> None:
        self._frame_size = size
        self._frame = bytearray(min(size, _FIRST_BYTES))
        self._frame[: len(beginning)] = beginning
        self._frame_filled = len(beginning)
