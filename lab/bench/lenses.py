"""What a bench opens under its page: the bytes of a batch, where keys go, and the experiments.

    lens orders-0 12 (its batch's bytes) · lens orders-0 (the last) · lens keys orders
    lens request Produce (the last) · lens answer Fetch · lens request 1234 (by its arrival)
    lens request producer-1 broker-2 1 17 (a message by its name, under way or arrived)
    lens durability · lens rebalance · lens none

The same by Python: `bench.lens("orders", 0, 12)`, `bench.request("Produce")`, and `bench.open(…)`
for any other widget.

A request is read at the instant on screen, or that a call means.  Looking back, what is sent goes
to a branch that leaves there, as all that a message's card does: the bench turns to it.

Read next: `lab.widgets.drawer`, the place; `asking`, the other words of a bench.
"""

from typing import TYPE_CHECKING, Final

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import PartitionFrame
from kafkalab.frames.wire import Named, api_name, on_the_wire
from kafkalab.live import LiveCluster
from kafkalab.protocol.api_keys import ApiKey
from lab.bench.branch_names import branch_name
from lab.widgets.durability_grid import DurabilityGrid
from lab.widgets.partitioner_lens import PartitionerLens
from lab.widgets.rebalance_bench import RebalanceBench
from lab.widgets.request_lens import RequestLens

if TYPE_CHECKING:
    from lab.bench.bench import Bench

HELP: Final = __doc__.split("\n\n")[1] if __doc__ else ""
_KEYS_MAX: Final = 12


def run(bench: "Bench", words: list[str], at: int) -> str:
    """Do what `lens WORDS` asks, and say what came of it.  `LearnerError` shows the forms."""
    match words:
        case ["none"]:
            bench.open(None)
            return "closed"
        case ["durability"]:
            return _opened(bench, DurabilityGrid())
        case ["rebalance"]:
            return _opened(bench, RebalanceBench())
        case ["request" | "answer" | "response" as what, *name] if len(name) in (1, 4):
            return f"{request(bench, _message(what, name), at).say}  (below)"
        case ["keys", topic]:
            return _opened(bench, _of_keys(bench.world, topic))
        case [place] | [place, _] if "-" in place and (not words[1:] or words[1].isdigit()):
            topic, _, number = place.rpartition("-")
            if number.isdigit():
                offset = int(words[1]) if words[1:] else None
                return f"{bench.lens(topic, int(number), offset).say}  (below)"
    raise LearnerError(
        "what is to be opened?  lens orders-0 12 · lens orders-0 · lens request Produce · "
        "lens answer Fetch · lens keys orders · lens durability · lens rebalance · lens none"
    )


def request(bench: "Bench", message: Named, shown: int) -> RequestLens:
    """Open a message's bytes, as they are at an instant (ms since the beginning).

    `LearnerError` if it is not there then.

    Of a live cluster: of a copy that is frozen, and runs on until there are some.
    """
    world = bench.world
    if isinstance(world, LiveCluster):
        lens = RequestLens(world, message)
        bench.open(lens)
        return lens
    at = shown + world.world.began
    if at >= world.now:
        lens = RequestLens(world, on_the_wire(world, message))
    else:
        wire = on_the_wire(world, message, at)
        name = f"send {api_name(ApiKey(wire.api_key).name)}"

        def branch() -> Simulation:
            return bench.branch(branch_name(bench.worlds, name), at=shown / 1000)

        lens = RequestLens(world.at(at / 1000), wire, branch=branch)
    bench.open(lens)
    return lens


def _message(what: str, name: list[str]) -> Named:
    """As `on_the_wire` takes it: an event's id, a kind, or the words that `hold` takes."""
    if len(name) == 4:
        return " ".join(["request" if what == "request" else "response", *name])
    if name[0].isdigit():
        return int(name[0])
    return name[0] if what == "request" else f"{name[0]} answer"


def _opened(bench: "Bench", view: DurabilityGrid | PartitionerLens | RebalanceBench) -> str:
    bench.open(view)
    return f"{view.say}  (below)"


def _of_keys(world: Simulation | LiveCluster, topic: str) -> PartitionerLens:
    """The keys that came last, and where each kind of client sends them."""
    if isinstance(world, LiveCluster):
        raise LearnerError("of a live cluster give the keys by name: PartitionerLens(['user-1'])")
    known = sorted(world.records(topic), key=lambda record: record.timestamp)
    keys = tuple(dict.fromkeys(record.key for record in reversed(known)))[:_KEYS_MAX]
    if not keys:
        raise LearnerError(f"{topic} has no records, so no keys: produce some first")
    return PartitionerLens(keys[::-1], len(_partitions(world, topic)))


def _partitions(world: Simulation, topic: str) -> list[PartitionFrame]:
    with world.driver.locked():
        topics = cluster_frame(world, internal=True)["topics"]
    return next(each["partitions"] for each in topics if each["name"] == topic)
