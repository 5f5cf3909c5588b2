"""Groups at scale: 500 members share 1,000 partitions, under each protocol; and commits.

    python -m tests.benchmarks.groups [members] [partitions]

Virtual time and requests are the same in every run; CPU time is this machine's.  *Partition-seconds
stopped* adds up, over the time from when half of the members come in until all is level, how long
each partition was nobody's: what a rebalance costs those who wait for their records.
"""

import sys
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from kafkalab.client.consumer.node import ConsumerNode
from kafkalab.sim import Simulation
from kafkalab.world import World

PROTOCOLS: Mapping[str, Mapping[str, Any]] = {
    "classic, range": {"partition.assignment.strategy": "range"},
    "classic, cooperative-sticky": {"partition.assignment.strategy": "cooperative-sticky"},
    "consumer (KIP-848)": {"group.protocol": "consumer"},
}
_STEP_MS = 100
_LIMIT_MS = 600_000


class Found(NamedTuple):
    """How the second half of the members came in."""

    virtual_s: float
    cpu_s: float
    requests: int
    stopped: float  # partition-seconds


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    partitions = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    print(table(members, partitions))


def table(members: int = 500, partitions: int = 1_000) -> str:
    """Markdown, for RESULTS.md."""
    lines = [
        f"{members} members, {partitions:,} partitions; half of them come to the other half.",
        "",
        "| protocol | virtual time to stable | CPU time | requests | partition-seconds stopped |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, conf in PROTOCOLS.items():
        found = join(conf, members, partitions)
        lines.append(
            f"| {name} | {found.virtual_s:.1f} s | {found.cpu_s:.1f} s | {found.requests:,} "
            f"| {found.stopped:,.0f} |"
        )
    lines += ["", f"Commits, one consumer, RF 3: {commits():,.0f} a CPU second."]
    return "\n".join(lines)


def join(conf: Mapping[str, Any], members: int, partitions: int) -> Found:
    """Half of the members are stable; then the others come, all at once."""
    with Simulation(brokers=3, seed=1) as sim:
        world = sim.world
        sim.create_topic("orders", partitions=partitions, replication_factor=1)
        _start(world, conf, 0, members // 2)
        _until_stable(world, partitions)
        began, cpu, sent = world.now, time.process_time(), _requests(world)
        _start(world, conf, members // 2, members)
        stopped = _until_stable(world, partitions)
        return Found(
            (world.now - began) / 1000,
            time.process_time() - cpu,
            _requests(world) - sent,
            stopped,
        )


def _start(world: World, conf: Mapping[str, Any], first: int, last: int) -> None:
    given = {"group.id": "billing", "auto.offset.reset": "earliest", **conf}
    for number in range(first, last):
        name = f"consumer-{number}"
        bootstrap = ("broker-1", "broker-2", "broker-3")
        world.add(ConsumerNode(name, given, world.seed, bootstrap))
        world.act(name, "subscribe", ("orders",), False)
        world.act(name, "begin_poll")


def _until_stable(world: World, partitions: int) -> float:
    """Run until each partition has one reader and readers are level; partition-seconds stopped."""
    nodes = [node for node in world.nodes.values() if isinstance(node, ConsumerNode)]
    stopped, end = 0.0, world.now + _LIMIT_MS
    while world.now < end:
        until = world.now + _STEP_MS
        while world.step(until):
            pass
        world.pass_time(until)
        sizes = [len(node.assignment()) for node in nodes]
        owned = {one for node in nodes for one in node.assignment()}
        stopped += (partitions - len(owned)) * _STEP_MS / 1000
        if sum(sizes) == len(owned) == partitions and max(sizes) - min(sizes) <= 1:
            return stopped
    raise TimeoutError("the group has not become stable")


def _requests(world: World) -> int:
    """Sent by consumers so far."""
    nodes = (node for node in world.nodes.values() if isinstance(node, ConsumerNode))
    return sum(node._context.connections._correlation_id for node in nodes)


def commits(count: int = 2_000) -> float:
    """Synchronous commits of one partition, one after the other."""
    with Simulation(brokers=3, seed=1) as sim:
        world = sim.world
        sim.create_topic("orders", partitions=1, replication_factor=3)
        _start(world, {}, 0, 1)
        _until_stable(world, 1)
        cpu = time.process_time()
        for offset in range(count):
            id = world.act("consumer-0", "commit", (("orders", 0, offset),))
            node = world.nodes["consumer-0"]
            assert isinstance(node, ConsumerNode)
            while not node.has_result(id):
                world.step(world.now + 1_000)
            world.act("consumer-0", "take_result", id)
        return count / (time.process_time() - cpu)


if __name__ == "__main__":
    main()
