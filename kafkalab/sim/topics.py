"""Topics of a simulation: made and deleted as its operator asks for it, over the network; read.

Read next: `world.operator`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.metadata.image import PartitionImage
from kafkalab.protocol.schema import Message
from kafkalab.sim import cluster
from kafkalab.sim.cluster import StoredRecord
from kafkalab.world import Driver, World
from kafkalab.world.driver import StillWaiting
from kafkalab.world.operator import (
    OPERATOR,
    Operator,
    create_topic_request,
    delete_topic_request,
    raise_refused,
)
from kafkalab.world.undecided import API_TIMEOUT_MS, why_undecided


def names(world: World) -> list[str]:
    """Names of the topics, internal ones (`__consumer_offsets`) left out, sorted."""
    return sorted(name for name in cluster.metadata(world).topics if not name.startswith("__"))


def partition(world: World, topic: str, number: int) -> PartitionImage:
    """A partition as the controllers have it.  KafkaError if there is none."""
    found = cluster.metadata(world).partition(TopicPartition(topic, number))
    if found is None:
        raise KafkaError(
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            f"there is no {topic}-{number}; topics: {', '.join(names(world)) or 'none'}",
        )
    return found


def records(world: World, topic: str, number: int | None) -> list[StoredRecord]:
    """Committed records of one partition or of all, by partition and offset.  As `partition`."""
    partition(world, topic, number or 0)
    partitions = cluster.metadata(world).topics[topic].partitions
    found: list[StoredRecord] = []
    for each in sorted(partitions) if number is None else [number]:
        found += cluster.committed_records(world, topic, each)
    return found


def create_topic(
    driver: Driver,
    name: str,
    partitions: int,
    replication_factor: int,
    config: Mapping[str, Any] | None,
) -> None:
    """Create a topic and wait until every broker in service knows its leaders."""
    request = create_topic_request(name, partitions, replication_factor, config)
    raise_refused(ask(driver, request, f"{name} is created").topics)
    world = driver.world
    _wait(driver, lambda: cluster.knows_topic(world, name), f"every broker knows {name}")


def delete_topic(driver: Driver, name: str) -> None:
    """Delete a topic and wait until every broker in service knows."""
    raise_refused(ask(driver, delete_topic_request(name), f"{name} is deleted").responses)
    world = driver.world
    _wait(
        driver,
        lambda: all(name not in node.image.topics for node in cluster.in_service(world)),
        f"every broker knows that {name} is deleted",
    )


def ask(driver: Driver, request: Message, what: str) -> Any:
    """Send a request to a broker in service until it is answered; returns the answer.

    `StillWaiting` after a virtual minute, saying what is missing.
    """
    world = driver.world
    operator = world.nodes[OPERATOR]
    assert isinstance(operator, Operator)
    answer = None
    end = world.now + API_TIMEOUT_MS
    while answer is None:
        _wait(driver, lambda: cluster.in_service(world), what, end)
        driver.act(OPERATOR, "ask", cluster.in_service(world)[0].name, request)
        _wait(driver, lambda: operator.is_done, what, end)
        answer = operator.answer
    return answer


def _wait(
    driver: Driver, condition: Callable[[], object], what: str, end: int | None = None
) -> None:
    limit_ms = API_TIMEOUT_MS if end is None else end - driver.world.now
    if not driver.wait(condition, limit_ms, what):
        raise StillWaiting(why_undecided(driver.world, what))
