"""What the tests of each real client exercised: their names, and every request the brokers saw.

python -m tests.clients.exercised      writes the second part of docs/clients.md

Each client's tests run in a pytest of their own.  What they are served (`conftest`) is then this
module again, which notes each request at the door: client id, API, version.  Requests by another
client that a test uses as a tool (an admin client, say) are told by their client id, and left out.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from kafkalab.cli import main as serve
from kafkalab.live import listener
from kafkalab.protocol.connection import ReceivedRequest

from .recording import ROOT, TABLE, Used, table

#: What `conftest` runs instead of `kafkalab`, and where that writes what it has seen.
SERVED_BY: Final = "KAFKALAB_SERVED_BY"
SEEN: Final = "KAFKALAB_SEEN"
HERE: Final = "tests/clients"
MARK: Final = "\n## "


class Tests(NamedTuple):
    """The tests of one client: files, and words to choose among what they hold (`pytest -k`)."""

    files: tuple[str, ...]
    words: str = ""
    strangers: tuple[str, ...] = ()  # how other clients' ids begin


CLIENTS: Final = {
    "confluent-kafka": Tests(
        (
            "test_confluent_kafka.py",
            "test_groups_confluent_kafka.py",
            "test_partitioners.py",
            "test_transactions.py",
        ),
        "not kafka_python and not aiokafka",
    ),
    "kafka-python": Tests(
        ("test_kafka_python.py", "test_groups_python.py", "test_transactions.py"),
        "kafka_python and not confluent",
        ("rdkafka",),
    ),
    "aiokafka": Tests(
        ("test_aiokafka.py", "test_groups_python.py", "test_transactions.py"),
        "aiokafka",
        ("rdkafka", "kafka-python"),
    ),
    "kcat": Tests(("test_kcat.py",)),
    "java": Tests(("test_java.py",)),
}
_PASSED: Final = re.compile(r"::test_(\w+)(?:\[([^\]]*)\])? PASSED")

TITLE: Final = "What their tests exercise"
HEAD: Final = f"""{MARK}{TITLE}

The same, asked by all tests of each client in `{HERE}` against `kafkalab serve`: groups of each
protocol, static members, coordinators and leaders that die, transactions. Written by
`python -m tests.clients.exercised`. What versions a request has is between client and broker;
which requests there are depends a little on time (a heartbeat is sent only by who stays).

"""


def served() -> int:
    """`kafkalab …`, and what was asked of it in a file of its own."""
    seen: dict[tuple[str, int, int], None] = {}
    read_request = listener.read_request

    def read(frame: memoryview) -> ReceivedRequest:
        request = read_request(frame)
        seen[request.client_id or "", request.api_key, request.api_version] = None
        return request

    listener.read_request = read  # type: ignore[assignment]
    try:
        return serve()
    finally:
        path = Path(os.environ[SEEN]) / f"{os.getpid()}.json"
        path.write_text(json.dumps(list(seen)))


def exercise(client: str) -> tuple[Used, dict[str, list[str]]]:
    """Run a client's tests: (API key, version) of all that was asked; test → its parameters."""
    files, words, strangers = CLIENTS[client]
    with tempfile.TemporaryDirectory() as directory:
        environment = os.environ | {SERVED_BY: __spec__.name, SEEN: directory}
        command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"]
        chosen = [f"{HERE}/{file}" for file in files]
        done = subprocess.run(
            [*command, *(["-k", words] if words else []), *chosen],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        used: Used = {}
        for path in Path(directory).iterdir():
            for client_id, key, number in json.loads(path.read_text()):
                if not client_id.startswith(strangers):
                    used[key, number] = []
    passed: dict[str, list[str]] = {}
    for name, parameters in _PASSED.findall(done.stdout):
        passed.setdefault(name, [])
        passed[name] += [parameters] if parameters else []
    return used, passed


def named(client: str) -> str:
    """The client, with its version as far as it tells it."""
    if client == "kcat":
        done = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=True)
        found = re.search(r"Version (\S+) .*librdkafka (\S+)", done.stdout)
        return f"kcat {found[1]} (librdkafka {found[2]})" if found else "kcat"
    if client == "java":
        jars = Path(os.environ.get("KAFKA_JARS", "")).glob("kafka-clients-*.jar")
        return f"Apache Kafka's tools {next(jars).stem.removeprefix('kafka-clients-')}"
    if client == "confluent-kafka":
        import confluent_kafka

        return f"{client} {version(client)} (librdkafka {confluent_kafka.libversion()[0]})"
    return f"{client} {version(client)}"


def told(passed: dict[str, list[str]]) -> Iterable[str]:
    """A line for each test."""
    for name, parameters in passed.items():
        more = f" ({', '.join(parameters)})" if parameters else ""
        yield f"- {name.replace('_', ' ')}{more}"


def main() -> None:
    found: dict[str, Used] = {}
    lists: list[str] = []
    for client in CLIENTS:
        used, passed = exercise(client)
        if not passed:
            print(f"{client}: its tests were skipped", file=sys.stderr)
            continue
        name = named(client)
        found[name] = used
        lists += ["", f"**{name}**", "", *told(passed)]
        print(name, len(passed), "tests", len(used), "kinds of request", flush=True)
    first = TABLE.read_text().partition(MARK)[0]
    TABLE.write_text(first + HEAD + table(found) + "\n" + "\n".join(lists) + "\n")


if __name__ == "__main__":
    if "serve" in sys.argv:
        sys.exit(served())
    main()
