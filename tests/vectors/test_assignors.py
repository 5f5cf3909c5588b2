"""Our assignors against the answers of Apache Kafka's own (`assignors/README.md`)."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kafkalab.client.assignors import ASSIGNORS, Subscriber
from kafkalab.groups.assignors import SERVER_ASSIGNORS, GroupSpec, MemberSpec
from kafkalab.ids import TopicPartition

CASES = Path(__file__).parent / "assignors" / "cases.jsonl"


def cases(side: str, assignor: str, path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        case = json.loads(line)
        if (case["side"], case["assignor"]) == (side, assignor):
            yield case


@pytest.fixture
def path() -> Path:
    """`ASSIGNOR_CASES=FILE` names more answers than are kept here."""
    return Path(os.environ.get("ASSIGNOR_CASES", CASES))


def subscriber(member: dict[str, Any], assignor: str) -> Subscriber:
    generation = member["generation"] if member["generation"] >= 0 else None
    owned = tuple(TopicPartition(*each) for each in member["owned"])
    if assignor == "sticky" and generation is None:
        owned = ()  # it has no note of what it had
    return Subscriber(
        member["id"], tuple(member["topics"]), member["instance"], owned, generation, member["rack"]
    )


@pytest.mark.parametrize("assignor", ASSIGNORS)
def test_clients_assign_as_kafka_does(assignor: str, path: Path) -> None:
    seen = 0
    for case in cases("client", assignor, path):
        topics = {
            name: tuple(frozenset(racks) for racks in partitions)
            for name, partitions in case["topics"].items()
        }
        members = [subscriber(member, assignor) for member in case["members"]]
        got = ASSIGNORS[assignor](topics, members)
        wanted = {
            member: sorted(TopicPartition(*each) for each in partitions)
            for member, partitions in case["result"].items()
        }
        assert {member: sorted(owned) for member, owned in got.items()} == wanted, case
        seen += 1
    assert seen > 20


@pytest.mark.parametrize("assignor", SERVER_ASSIGNORS)
def test_the_coordinator_assigns_as_kafka_does(assignor: str, path: Path) -> None:
    seen = 0
    for case in cases("server", assignor, path):
        targets = {member["id"]: _assignment(member["target"]) for member in case["members"]}
        spec = GroupSpec(
            members={
                member["id"]: MemberSpec(
                    tuple(bytes.fromhex(topic) for topic in member["topics"]),
                    targets[member["id"]],
                    member["instance"],
                )
                for member in case["members"]
            },
            partitions={bytes.fromhex(topic): count for topic, count in case["topics"].items()},
            owners={
                (topic, number): member
                for member, target in targets.items()
                for topic, numbers in target.items()
                for number in numbers
            },
            is_homogeneous=case["same"],
        )
        wanted = {member: _assignment(given) for member, given in case["result"].items()}
        assert SERVER_ASSIGNORS[assignor](spec) == wanted, case
        seen += 1
    assert seen > 20


def _assignment(given: dict[str, list[int]]) -> dict[bytes, tuple[int, ...]]:
    return {bytes.fromhex(topic): tuple(numbers) for topic, numbers in given.items()}
