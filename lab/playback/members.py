"""Consumers added and removed by hand: each an app inside the simulation, which polls by itself.

    consume orders billing     one more member of the group billing, that reads orders
    leave consumer-2           it closes, as close() would: its partitions are given to others

A member speaks its group's protocol.  All of it stands in the name of its app, `orders → billing
(range) 2`, so a saved run and a branch make the same one again.

Read next: `simulated`, whose words these are.
"""

import re
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.client.consumer.node import ConsumerNode
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame

_POLL_S: Final = 1.0
_BY_HAND: Final = "by-hand"  # the group, if none is named
_KIP_848: Final = "KIP-848"
_NAME: Final = re.compile(r"(.+) → (.+) \((.+)\) \d+")


async def member(app: Any) -> None:
    """Read until it is closed."""
    parts = _NAME.fullmatch(app.name)
    assert parts is not None, app.name
    topic, group, protocol = parts.groups()
    conf = {
        "bootstrap.servers": "kafka:9092",
        "group.id": group,
        "auto.offset.reset": "earliest",
    }
    if protocol == _KIP_848:
        conf["group.protocol"] = "consumer"
    else:
        conf["partition.assignment.strategy"] = protocol
    consumer = app.consumer(conf)
    consumer.subscribe([topic])
    while not consumer.is_closed:
        await consumer.poll(_POLL_S)


def add(sim: Simulation, words: list[str]) -> None:
    """`consume TOPIC [GROUP]`."""
    if len(words) not in (1, 2):
        raise LearnerError("consume TOPIC [GROUP]: one more member of that group")
    topic, group = (*words, _BY_HAND)[:2]
    if topic not in sim.topics:
        there_are = ", ".join(sim.topics) or "none"
        raise LearnerError(f"there is no topic {topic!r}; topics: {there_are}")
    begun = f"{topic} → {group} ({_protocol(sim, group)})"
    number = 1
    while f"{begun} {number}" in sim.world.apps.processes:
        number += 1
    sim.app(member, f"{begun} {number}")


def remove(sim: Simulation, words: list[str]) -> None:
    """`leave CONSUMER`."""
    names = [
        name
        for name, node in sim.world.nodes.items()
        if isinstance(node, ConsumerNode) and sim.world.is_up(name) and not node.is_closed()
    ]
    if len(words) != 1 or words[0] not in names:
        raise LearnerError(f"which consumer leaves?  there are {', '.join(names) or 'none'}")
    sim.driver.act(words[0], "close")


def _protocol(sim: Simulation, group: str) -> str:
    with sim.driver.locked():
        groups = cluster_frame(sim)["groups"]
    found = next((each for each in groups if each["id"] == group and each["members"]), None)
    if found is None:
        return "range"
    return _KIP_848 if found.get("type") == "consumer" else found["protocol"] or "range"
