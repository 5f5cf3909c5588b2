"""`kafkalab serve` as a process: what it prints, what it obeys, how it ends."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def serve() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "kafkalab", "serve", "--port", "0", "--control"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_line_then_commands_then_a_clean_end(
    serve: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    assert serve.stdin is not None and serve.stdout is not None and serve.stderr is not None
    name, _, servers = serve.stdout.readline().strip().partition("=")
    assert name == "bootstrap.servers"
    assert len(servers.split(",")) == 3

    def command(words: str) -> dict[str, object]:
        assert serve.stdin is not None and serve.stdout is not None
        serve.stdin.write(f"{words}\n")
        serve.stdin.flush()
        return json.loads(serve.stdout.readline())  # type: ignore[no-any-return]

    assert command("crash 2") == {"ok": True}
    refused = command("crash 2")
    assert refused["ok"] is False
    assert "restart it first" in str(refused["error"])
    state = command("state")["state"]
    assert isinstance(state, dict)
    assert [broker["state"] for broker in state["brokers"]] == ["online", "crashed", "online"]
    assert command("restart 2") == {"ok": True}
    assert command("pause 1 50") == {"ok": True}
    assert command("delay 1 2 5") == {"ok": True}
    assert command("partition 1 | 2,3") == {"ok": True}
    assert command("heal") == {"ok": True}
    assert command("sing")["ok"] is False
    serve.send_signal(number)
    assert serve.wait(10) == 0
    assert serve.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "num.partition=3"], "did you mean num.partitions"),
        (["--config", "num.partitions"], "key=value"),
        (["--brokers", "0"], "1 to 100 brokers"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(arguments: list[str], words: str) -> None:
    command = [sys.executable, "-m", "kafkalab", "serve", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "kafkalab", "serve", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr
