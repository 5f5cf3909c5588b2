"""Transactions a second through replication factor 3, beside librdkafka's mock cluster.

    python -m tests.benchmarks.transactions [transactions]

One confluent_kafka producer: begin, ten records of 100 B, commit, one after the other.  The CPU
time is the server's own (its process, all threads), since wall time on a shared machine says less.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.__main__ import MOCK, SERVE, client, served

COUNT = 300
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process: "subprocess.Popen[str]") -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(rounds: int, count: int = COUNT) -> dict[str, list[tuple[float, float]]]:
    """(transactions a second, server's CPU ms a transaction) of each round, by whom."""
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for who, command in (("kafkalab", SERVE), ("mock", MOCK)):
            process, servers, _ = served(command)
            try:
                client(servers, ("transactions", 10, 20))  # the topics and the coordinator
                before = cpu_seconds(process)
                rate = client(servers, ("transactions", 10, count))
                spent_ms = (cpu_seconds(process) - before) * 1000 / count
                found.setdefault(who, []).append((rate, spent_ms))
            finally:
                process.terminate()
                process.wait(10)
    return found


def table(rounds: int, count: int = COUNT) -> str:
    """Medians, as Markdown."""
    found = measure(rounds, count)
    lines = ["| transactions of ten records | kafkalab | mock |", "| --- | --- | --- |"]
    for place, what in enumerate(("a second", "server's CPU ms each")):
        each = [statistics.median(run[place] for run in found[who]) for who in ("kafkalab", "mock")]
        lines.append(f"| {what} | {each[0]:.1f} | {each[1]:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(1, int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
