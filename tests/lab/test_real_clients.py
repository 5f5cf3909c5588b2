"""What lesson 12 says where real clients cannot run, its tunnel, and its picture of waits."""

import importlib.util
import socket
from typing import Any

import pytest

from lab.exercises import stories_12
from lab.exercises.stories_12 import CannotRun, Tunnel, real_clients, waits_picture


def test_without_the_client_or_without_sockets_one_plain_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(stories_12, "find_spec", lambda name: None)
        with pytest.raises(CannotRun, match="no confluent_kafka") as met:
            real_clients()
    assert met.value._render_traceback_() == [str(met.value)]

    class Refused:
        def __enter__(self) -> None:
            raise PermissionError(13, "Permission denied")

        def __exit__(self, *_: Any) -> None: ...

    monkeypatch.setattr(stories_12, "find_spec", importlib.util.find_spec)
    monkeypatch.setattr(stories_12.socket, "socket", Refused)
    with pytest.raises(CannotRun, match=r"\(Permission denied\).*exercises need neither"):
        real_clients()


def test_a_tunnel_passes_both_ways_and_counts_what_the_client_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        tunnel = Tunnel(f"127.0.0.1:{broker.getsockname()[1]}")
        host, _, port = tunnel.address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as client:
            served, _ = broker.accept()
            with served:
                client.sendall(b"hello")
                assert served.recv(10) == b"hello"
                served.sendall(b"and back")
                assert client.recv(10) == b"and back"
        assert tunnel.bytes_sent == 5
        tunnel.close()
        with pytest.raises(OSError):
            socket.create_connection((host, int(port)), timeout=5).close()


def test_waits_are_told_in_seconds() -> None:
    said = repr(waits_picture({4: 0.01, 5: 3.4, 6: 2.0}, [6]))
    assert "1 of 3 failed; the slowest took 3.4 s." in said
    assert "reports  0 3 ✕" in said
