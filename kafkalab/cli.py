"""The command line: `kafkalab serve`, a live cluster in a process of its own; `kafkalab sim`.

    kafkalab serve --brokers 3 --port 9092
    bootstrap.servers=127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094

    kafkalab sim --seeds 1000 --seconds 5       the swarm (`sim.swarm`), over all cores
    kafkalab sim --seed 29 --seconds 5          one of them, told in full

    kafkalab dump-log FILE …                    what is in the files of a log, Kafka's or ours

`serve` prints one line on standard output, when every broker answers; it ends cleanly on SIGINT
and SIGTERM.  `--data DIR` keeps logs there, laid out as Kafka's; a later `serve` goes on from them.
With `--control` it reads one command a line from standard input and answers each with one line
of JSON: `crash 2`, `restart 2`, `pause 2 3000`, `partition 1 | 2,3`, `heal`, `state`.
"""

import argparse
import contextlib
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.live import LiveCluster

#: Collections are rare and short: answers within microseconds matter more than a few megabytes.
_GC_THRESHOLD: Final = (50_000, 20, 20)
_USAGE_ERROR: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code.  2 for what the caller can put right."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (LearnerError, OSError) as error:
        print(f"kafkalab: {error}", file=sys.stderr)
        return _USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kafkalab", description="A compact, working Kafka.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_sim(commands.add_parser("sim", help="break simulated clusters, and see what they lose"))
    _add_dump_log(commands.add_parser("dump-log", help="show what is in the files of a log"))
    serve = commands.add_parser("serve", help="serve a cluster to real Kafka clients, on 127.0.0.1")
    serve.add_argument("--brokers", type=int, default=3, help="how many (3)")
    serve.add_argument("--controllers", type=int, default=1, help="how many (1)")
    serve.add_argument(
        "--combined", action="store_true", help="every broker is a controller too, no others"
    )
    serve.add_argument(
        "--port", type=int, default=9092, help="of the first broker (9092); 0: any free ones"
    )
    serve.add_argument("--seed", type=int, default=0, help="decides what chance decides (0)")
    serve.add_argument(
        "--data", metavar="DIR", help="keep logs there, and go on from what is there (memory)"
    )
    serve.add_argument(
        "--racks", metavar="A,B,…", default="", help="racks, dealt out to the brokers in turn"
    )
    serve.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a broker setting by Kafka's own name; may be repeated",
    )
    serve.add_argument(
        "--schema-registry",
        type=int,
        metavar="PORT",
        help="run a schema registry too, on this port; 0: any free one",
    )
    serve.add_argument(
        "--control", action="store_true", help="read commands from standard input, answer in JSON"
    )
    serve.set_defaults(run=_serve)
    return parser


def _add_dump_log(dump_log: argparse.ArgumentParser) -> None:
    dump_log.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="*.log, *.index, *.timeindex, *.txnindex, *.snapshot, *.checkpoint; Kafka's too",
    )
    dump_log.set_defaults(run=_dump_log)


def _dump_log(options: argparse.Namespace) -> int:
    from kafkalab.log.storage_dump import dump
    from kafkalab.metadata.serde import described

    for path in options.files:
        print(f"Dumping {path}")
        is_metadata = path.absolute().parent.name == "__cluster_metadata-0"
        for line in dump(path, described if is_metadata else None):
            print(line)
    return 0


def _add_sim(sim: argparse.ArgumentParser) -> None:
    sim.add_argument("--seeds", type=int, default=0, help="how many (100), from --seed on")
    sim.add_argument("--seed", type=int, help="one seed; with --seeds, the first of them")
    sim.add_argument("--seconds", type=float, default=5.0, help="virtual, with faults, each (5)")
    sim.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (cores)")
    sim.set_defaults(run=_sim)


def _sim(options: argparse.Namespace) -> int:
    from kafkalab.sim.fleet import run_fleet

    first = 0 if options.seed is None else options.seed
    count = options.seeds or (100 if options.seed is None else 1)
    seeds = range(first, first + count)
    return 1 if run_fleet(seeds, options.seconds, min(options.workers, count)) else 0


def _serve(options: argparse.Namespace) -> int:
    gc.set_threshold(*_GC_THRESHOLD)
    _allow_many_files()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with LiveCluster(
        options.brokers,
        options.controllers,
        options.seed,
        combined=options.combined,
        config=_settings(options.config),
        port=options.port,
        data=options.data,
        racks=[rack.strip() for rack in options.racks.split(",") if rack.strip()],
        schema_registry=False if options.schema_registry is None else options.schema_registry,
    ) as cluster:
        for note in cluster.notes:
            print(f"kafkalab: {note}", file=sys.stderr)
        print(f"bootstrap.servers={cluster.bootstrap_servers}", flush=True)
        if options.schema_registry is not None:
            print(f"schema.registry.url={cluster.schema_registry_url}", flush=True)
        if options.control:
            reader = threading.Thread(target=_control, args=(cluster, over), daemon=True)
            reader.start()
        over.wait()
    return 0


def _allow_many_files() -> None:
    """A connection is a file: take as many as the system allows without asking."""
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _settings(pairs: list[str]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, is_given, value = pair.partition("=")
        if not is_given:
            raise LearnerError(f"--config {pair}: write it as key=value")
        settings[name.strip()] = value.strip()
    return settings


def _control(cluster: LiveCluster, over: threading.Event) -> None:
    """Obey standard input until it ends; then the cluster goes on without."""
    for line in sys.stdin:
        if over.is_set():
            return
        if line.strip():
            print(json.dumps(_obey(cluster, line.strip())), flush=True)


def _obey(cluster: LiveCluster, words: str) -> dict[str, object]:
    try:
        if words == "state":
            with cluster.locked():
                return {"ok": True, "state": cluster_frame(cluster)}
        cluster.command(words)
    except LearnerError as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True}
