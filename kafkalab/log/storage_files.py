"""Files, and the one place in the engine that touches them: write, read, rename, say what failed.

Every error of the operating system becomes a `StorageFailure` that names the file.

Small files are written beside the old one, flushed, and renamed over it, so they are old or new and
never half.  `SegmentFile` is a segment's `.log`: batches go in by one `writev` each.

Read next: `storage_log`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kafkalab.log.storage import StorageFailure


@contextmanager
def naming(path: Path, doing: str = "cannot be written") -> Iterator[None]:
    """Turn what the operating system says into a sentence about `path`."""
    try:
        yield
    except OSError as error:
        raise StorageFailure(f"{path} {doing}: {error.strerror or error}") from error


def write_whole(path: Path, data: bytes, *, is_durable: bool = True) -> None:
    """Replace a small file; when it can be made again from others it need not be durable."""
    beside = path.with_name(f"{path.name}.tmp")
    with naming(path):
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            if is_durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        beside.replace(path)


def read_whole(path: Path) -> bytes | None:
    """All of a small file; None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageFailure(f"{path} cannot be read: {error.strerror or error}") from error


def sync_directory(path: Path) -> None:
    """Make what was created, renamed or removed in a directory durable.  It may be gone."""
    with naming(path), suppress(FileNotFoundError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def remove(path: Path) -> None:
    """Gone already is well."""
    with naming(path, "cannot be removed"), suppress(FileNotFoundError):
        path.unlink()


class SegmentFile:
    """The `.log` file of a segment, opened when it is first used.  Implements `ByteSource`."""

    __slots__ = ("_fd", "_is_shared", "_is_spared", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1
        self._is_shared = False
        self._is_spared = False

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def size_in_bytes(self) -> int:
        with naming(self.path, "cannot be read"):
            return self.path.stat().st_size

    def append(self, buffers: list[bytes], position: int) -> None:
        """Write one batch at the end, which is `position`: all of it, or nothing."""
        fd = self._fd if self._fd >= 0 else self._open()
        size = sum(map(len, buffers))
        try:
            written = os.pwritev(fd, buffers, position)
            if written == size:
                return
            rest = memoryview(b"".join(buffers))
            while written < size:
                written += os.pwrite(fd, rest[written:], position + written)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(fd, position)
            message = f"{self.path} cannot be written: {error.strerror or error}"
            raise StorageFailure(message) from error

    def read(self, position: int, size: int) -> bytes:
        fd = self._fd if self._fd >= 0 else self._open()
        with naming(self.path, "cannot be read"):
            return os.pread(fd, size, position)

    def flush(self) -> None:
        """Returns when the bytes are on the disk."""
        with naming(self.path, "cannot be flushed"):
            os.fdatasync(self._fd if self._fd >= 0 else self._open())

    def flushing(self) -> Callable[[], None]:
        """Something to call, in any thread, that flushes what is in the file by now."""
        with naming(self.path, "cannot be opened"):
            fd = os.dup(self._fd if self._fd >= 0 else self._open())

        def flush() -> None:
            try:
                with naming(self.path, "cannot be flushed"):
                    os.fdatasync(fd)
            finally:
                os.close(fd)

        return flush

    def truncate(self, size: int) -> "SegmentFile":
        """Cut the file; the one to use from now on.

        If others share this one, they keep it as it is, and the new one is a copy of its head.
        """
        if self.is_shared:
            write_whole(self.path, self.read(0, size) if size else b"")
            return SegmentFile(self.path)
        with naming(self.path):
            os.ftruncate(self._fd if self._fd >= 0 else self._open(), size)
        return self

    @property
    def is_shared(self) -> bool:
        """Whether others read it: here, or where it was open before its process ended."""
        return self._is_shared or self._is_spared

    def spare(self) -> None:
        """Who opened it before this, and shared it, still reads it: it must not be cut."""
        self._is_spared = True

    def share(self) -> None:
        self._is_shared = True
        if self._fd < 0 and self.path.exists():
            self._open()

    def close(self) -> None:
        """A later use opens it again."""
        if self._fd >= 0 and not self._is_shared:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> int:
        with naming(self.path, "cannot be opened"):
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self._fd

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)
