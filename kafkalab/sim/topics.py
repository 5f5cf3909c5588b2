"""Topics of a simulation, made and deleted as its operator asks for it, over the network.

Read next: `world.operator`.
"""

from collections.abc import Mapping
from typing import Any

from kafkalab.protocol.schema import Message
from kafkalab.sim import cluster
from kafkalab.world import Driver
from kafkalab.world.operator import (
    OPERATOR,
    Operator,
    create_topic_request,
    delete_topic_request,
    raise_refused,
)


def create_topic(
    driver: Driver,
    name: str,
    partitions: int,
    replication_factor: int,
    config: Mapping[str, Any] | None,
) -> None:
    """Create a topic and wait until every broker in service knows its leaders."""
    request = create_topic_request(name, partitions, replication_factor, config)
    raise_refused(_ask(driver, request, f"{name} is created").topics)
    world = driver.world
    driver.wait(lambda: cluster.knows_topic(world, name), None, f"every broker knows {name}")


def delete_topic(driver: Driver, name: str) -> None:
    """Delete a topic and wait until every broker in service knows."""
    raise_refused(_ask(driver, delete_topic_request(name), f"{name} is deleted").responses)
    world = driver.world
    driver.wait(
        lambda: all(name not in node.image.topics for node in cluster.in_service(world)),
        None,
        f"every broker knows that {name} is deleted",
    )


def _ask(driver: Driver, request: Message, what: str) -> Any:
    """Send a request to a broker in service until it is answered; returns the answer."""
    world = driver.world
    operator = world.nodes[OPERATOR]
    assert isinstance(operator, Operator)
    answer = None
    while answer is None:
        driver.wait(lambda: cluster.in_service(world), None, "a broker is in service")
        driver.act(OPERATOR, "ask", cluster.in_service(world)[0].name, request)
        driver.wait(lambda: operator.is_done, None, what)
        answer = operator.answer
    return answer
