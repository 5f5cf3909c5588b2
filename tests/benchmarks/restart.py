"""`kafkalab serve --data` with 1 GB of log on disk: from the start of the process to its answer.

    python -m tests.benchmarks.restart [rounds]

Three brokers, RF 3, 1 KB records, 1 GB in all their directories together, in segments of Kafka's
default size, so that none is sealed: after a kill -9 every byte is read again and checked.
"""

import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.__main__ import SERVE, client, served
from tests.benchmarks.transactions import cpu_seconds

BYTES = 1_000_000_000
_COPIES = 3
_ENDS = {"a clean end": signal.SIGINT, "kill -9": signal.SIGKILL}


def measure(rounds: int, size: int = BYTES) -> dict[str, dict[str, list[float]]]:
    """Wall and CPU seconds to the line that says where it serves, by how the process ended."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*SERVE, "--data", folder]
        process, servers, _ = served(command)
        client(servers, ("produce", 1024, 5, size // _COPIES // 1024))
        on_disk = sum(path.stat().st_size for path in Path(folder).rglob("*.log"))
        found: dict[str, dict[str, list[float]]] = {}
        for _ in range(rounds):
            for end, number in _ENDS.items():
                process.send_signal(number)
                process.wait(60)
                process, _, wall = served(command)
                times = found.setdefault(f"{end}, {on_disk / 1e6:.0f} MB of log", {})
                times.setdefault("wall", []).append(wall)
                times.setdefault("CPU", []).append(cpu_seconds(process))
        _end(process)
    return found


def table(rounds: int, size: int = BYTES) -> str:
    """As Markdown."""
    lines = [
        "| restart of `kafkalab serve --data` after | wall (s) | CPU (s) | budget |",
        "| --- | --- | --- | --- |",
    ]
    for end, times in measure(rounds, size).items():
        wall, cpu = (
            f"{statistics.median(times[kind]):.2f} ({min(times[kind]):.2f}-{max(times[kind]):.2f})"
            for kind in ("wall", "CPU")
        )
        lines.append(f"| {end} | {wall} | {cpu} | ≤ 5 |")
    return "\n".join(lines)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.wait(60)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
