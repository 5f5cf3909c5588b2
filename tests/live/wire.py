"""A raw connection to one broker of a live cluster: any bytes out, answers in."""

import socket
from typing import Any

from kafkalab import LiveCluster
from kafkalab.protocol.connection import SIZE_BYTES, frame_size, read_response, request_frame


class Wire:
    """One TCP connection."""

    def __init__(self, cluster: LiveCluster, broker: int = 1) -> None:
        host, port = cluster.bootstrap_servers.split(",")[broker - 1].split(":")
        self.sock = socket.create_connection((host, int(port)), timeout=5)
        self._asked = 0

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def request(self, message: Any, version: int) -> bytes:
        """The frame of a request, its size first."""
        self._asked += 1
        return b"".join(request_frame(message, version, self._asked, "wire"))

    def ask(self, message: Any, version: int) -> Any:
        """The answer to a request."""
        self.send(self.request(message, version))
        return self.answer(message.API_KEY, version)

    def answer(self, api_key: int, version: int) -> Any:
        size = frame_size(memoryview(self.receive(SIZE_BYTES)), 1 << 30)
        correlation_id, message = read_response(api_key, version, memoryview(self.receive(size)))
        assert correlation_id == self._asked
        return message

    def receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionError(f"closed after {data!r}")
            data += more
        return data

    def is_closed(self) -> bool:
        """Whether the server ends the connection without a word, within five seconds."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True
