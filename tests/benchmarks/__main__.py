"""`make bench`: the budgets, side by side with librdkafka's mock cluster and kfake in one run.

    python -m tests.benchmarks [rounds]

All serve the same client code in a process of its own, one after the other in each round, so that
what else the machine does falls on all.  Prints medians and spread, and writes RESULTS.md.
The mock and kfake keep one copy and replicate nothing; ours replicates to three brokers, acks=all.
kfake (franz-go) is built where Go is found; elsewhere its column is missing, and that is said.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import groups, simulation

HERE = Path(__file__).parent
SERVE = [
    *(sys.executable, "-m", "kafkalab", "serve", "--port", "0"),
    *("--config", "min.insync.replicas=2", "--config", "default.replication.factor=3"),
    *("--config", "num.partitions=3", "--config", "broker.session.timeout.ms=60000"),
]
MOCK = [sys.executable, str(HERE / "mock.py")]
CASES = {
    "produce 1 KB, linger 5 ms (MB/s)": ("produce", 1024, 5, 120_000),
    "consume the same back (MB/s)": ("consume", 1024, 5, 120_000),
    "produce 100 B, linger 0, a stream of 1,000,000 (MB/s)": ("produce", 100, 0, 1_000_000),
    "produce 100 B, linger 0, a burst of 60,000 (MB/s)": ("produce", 100, 0, 60_000),
    "one in flight, linger 0, p50 (µs)": ("latency", 100, 0, 2_000),
    "one in flight, linger 0, p99 (µs)": ("latency", 100, 0, 2_000, 99),
}


IMPORT = "import time; t = time.perf_counter(); import kafkalab; print(time.perf_counter() - t)"


def peers(folder: str) -> dict[str, list[str]]:
    """Who is measured beside us, and how each is started."""
    found = {"mock": MOCK}
    if shutil.which("go") is None:
        print("no Go here, so kfake is not measured")
        return found
    program = str(Path(folder) / "kfake")
    build = ["go", "build", "-o", program, "."]
    built = subprocess.run(build, cwd=HERE / "kfake", capture_output=True, text=True, check=False)
    if built.returncode:
        print(f"kfake does not build here, so it is not measured: {built.stderr.strip()}")
    else:
        found["kfake"] = [program]
    return found


def import_ms() -> float:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True
    )
    return float(done.stdout) * 1000


def served(command: list[str]) -> tuple["subprocess.Popen[str]", str, float]:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    return process, line.removeprefix("bootstrap.servers="), time.perf_counter() - began


def client(servers: str, case: tuple[Any, ...]) -> float:
    command = [sys.executable, str(HERE / "client.py"), servers, json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return float(done.stdout)


def resident_mb(process: "subprocess.Popen[str]") -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(rounds: int, others: dict[str, list[str]]) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {name: {} for name in CASES}
    found["three brokers answering, from process start (ms)"] = {}
    found["resident memory, idle (MB)"] = {}
    start, memory = list(found)[-2:]
    silent: set[str] = set()  # who did not serve librdkafka
    found["import kafkalab (ms)"] = {"kafkalab": [import_ms() for _ in range(rounds)]}
    for number in range(rounds):
        for who, command in {"kafkalab": SERVE, **others}.items():
            if who in silent:
                continue
            process, servers, started = served(command)
            try:
                found[start].setdefault(who, []).append(started * 1000)
                found[memory].setdefault(who, []).append(resident_mb(process))
                for name, case in CASES.items():
                    if who == "mock" and case[0] == "consume":
                        continue  # it keeps 5 MB only
                    found[name].setdefault(who, []).append(client(servers, case))
            except subprocess.SubprocessError as error:
                if who == "kafkalab":
                    raise
                print(f"{who} is not measured further: {type(error).__name__} in {name!r}")
                silent.add(who)
            finally:
                process.terminate()
                process.wait(10)
        print(f"round {number + 1} of {rounds} done", flush=True)
    return found


def table(found: dict[str, dict[str, list[float]]], others: list[str]) -> str:
    names = ["kafkalab", *others]
    lines = [f"| what | {' | '.join(names)} | ratio to mock |", f"|{' --- |' * (len(names) + 2)}"]
    for what, by_whom in found.items():
        ours, mock = by_whom["kafkalab"], by_whom.get("mock")
        ratio = f"{statistics.median(ours) / statistics.median(mock):.2f}" if mock else ""
        cells = [spread(by_whom[name]) if by_whom.get(name) else "" for name in names]
        lines.append(f"| {what} | {' | '.join(cells)} | {ratio} |")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    """`median (lowest-highest)`."""
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    from tests.benchmarks import restart, transactions  # which use what is above

    with tempfile.TemporaryDirectory() as folder:
        others = peers(folder)
        text = table(measure(rounds, others), list(others))
    print(text, flush=True)
    more = (
        simulation.table(rounds),
        transactions.table(rounds),
        groups.table(),
        restart.table(rounds),
    )
    text = "\n\n".join((text, *more))
    print(text)
    head = (
        "# Measured\n\nMedians (lowest-highest) of interleaved rounds; `make bench` writes this.\n"
        "The mock keeps 5 MB of one copy, unchecked; kfake keeps one copy and checks it.\n"
        "What a browser takes: `tests/browser/RESULTS.md`.\n"
    )
    (HERE / "RESULTS.md").write_text(
        f"{head}\n{rounds} rounds, {os.cpu_count()} cores.\n\n{text}\n"
    )


if __name__ == "__main__":
    main()
