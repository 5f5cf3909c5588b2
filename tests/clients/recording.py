"""What real clients ask, recorded at the door: API keys, versions, and the frames themselves.

python -m tests.clients.recording      writes docs/clients.md and tests/live/frames.jsonl
"""

import importlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from kafkalab import LiveCluster
from kafkalab.live import listener
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.protocol.connection import ReceivedRequest

ROOT: Final = Path(__file__).parents[2]
TABLE: Final = ROOT / "docs" / "clients.md"
FRAMES: Final = ROOT / "tests" / "live" / "frames.jsonl"
#: Distribution of each client, and the module that does everything with it.
CLIENTS: Final = {
    "confluent-kafka": "everything_confluent",
    "kafka-python": "everything_kafka_python",
    "aiokafka": "everything_aiokafka",
}
CONFIG: Final = {"group.initial.rebalance.delay.ms": 100}
_FRAMES_OF_A_KIND: Final = 2
_FRAME_MAX: Final = 2_000

Used = dict[tuple[int, int], list[bytes]]


@contextmanager
def recorded() -> Iterator[Used]:
    """While this lasts: (API key, version) → frames that came to any live cluster here."""
    used: Used = {}
    read_request = listener.read_request

    def read(frame: memoryview) -> ReceivedRequest:
        request = read_request(frame)
        used.setdefault((request.api_key, request.api_version), []).append(bytes(frame))
        return request

    listener.read_request = read  # type: ignore[assignment]
    try:
        yield used
    finally:
        listener.read_request = read_request


def record(client: str) -> Used:
    """Let one client do everything against a cluster of its own."""
    threads = threading.active_count()
    module = importlib.import_module(f".{CLIENTS[client]}", __package__)
    with recorded() as used, LiveCluster(brokers=3, config=CONFIG) as cluster:
        module.everything(cluster.bootstrap_servers)
    assert threading.active_count() <= threads + 8
    return used


def table(found: dict[str, Used]) -> str:
    """A row for each API, a column for each client, with the versions it used."""
    keys = sorted({key for used in found.values() for key, _ in used})
    lines = [f"| API | {' | '.join(found)} |", f"| --- |{' --- |' * len(found)}"]
    for key in keys:
        cells = []
        for used in found.values():
            versions = sorted(v for k, v in used if k == key)
            cells.append(", ".join(map(str, versions)) or "·")
        name = ApiKey(key).name.title().replace("_", "")
        lines.append(f"| {name} ({key}) | {' | '.join(cells)} |")
    return "\n".join(lines)


HEAD: Final = """# What real clients ask

Which APIs, at which versions, each client used while it did what `tests/clients/everything_*.py`
do: topics, partitions and configurations, produce with every acks and compression, assign, seek,
offsets by time, a group with commits, describe, list, delete. Recorded at the listener by
`python -m tests.clients.recording`; `tests/clients/test_versions.py` notices when it is stale.
A dot: not used.

"""


def main() -> None:
    found: dict[str, Used] = {}
    with FRAMES.open("w") as frames:
        for client in CLIENTS:
            used = found[f"{client} {version(client)}"] = record(client)
            for key, number in sorted(used):
                small = sorted({frame for frame in used[key, number] if len(frame) < _FRAME_MAX})
                for frame in small[:_FRAMES_OF_A_KIND]:
                    line = {"client": client, "api": key, "version": number, "hex": frame.hex()}
                    frames.write(json.dumps(line) + "\n")
    _, mark, second = TABLE.read_text().partition("\n## ")  # `exercised` writes that part
    TABLE.write_text(f"{HEAD}{table(found)}\n{mark}{second}")
    print(table(found))


if __name__ == "__main__":
    main()
