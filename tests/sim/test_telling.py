"""Every kind of event is told in plain words: any can be where twins part."""

import re
from typing import Any

import pytest

from kafkalab.events import FIELDS
from kafkalab.sim.divergence import _sentence
from kafkalab.sim.telling import tell
from kafkalab.world import Entry

#: Of fields that are no number; the rest are 1.
_GIVEN: dict[str, Any] = {
    "topic": "orders", "group": "billing", "member": "consumer-1", "client_id": "consumer-1",
    "client": "producer-1", "server": "broker-1", "source": "broker-1", "target": "broker-2",
    "what": "request", "api": "FETCH", "how": "full", "reason": "a reason",
    "before": "Empty", "after": "Ongoing",
    "method": "poll", "arguments": (), "sides": (("broker-1",), ("broker-2",)), "app": "biller",
    "partitions": (("orders", 0), ("orders", 1)), "policy": "latest", "result": "commit",
    "transactional_id": "t", "record": "PartitionChangeRecord", "detail": "NOT_LEADER",
}  # fmt: skip
_LISTS = {"isr", "wanted"}


def entry_of(kind: str) -> Entry:
    given = {**_GIVEN, **({"error": 1} if kind == "RecordFailed" else {"error": "NONE"})}
    if kind == "IsrChanged":
        given |= {"before": (1, 2, 3), "after": (1, 2)}
    if kind == "TopicCreated":
        given["partitions"] = 3
    fields = [(1, 2) if name in _LISTS else given.get(name, 1) for name in FIELDS[kind]]
    return Entry(7, 1_000, 1, "broker-2", (kind, *fields))


@pytest.mark.parametrize("kind", FIELDS)
def test_every_kind_of_event_is_told_in_plain_words(kind: str) -> None:
    said = tell(entry_of(kind))
    assert kind not in said
    of_kafka = r"\b[A-Z]+(_[A-Z]+)+\b"  # its errors keep their names
    assert not re.search(r"\w+=|TopicPartition|[()]{2}|_", re.sub(of_kafka, "", said)), said
    assert len(said.split()) >= 2
    parted = _sentence(1_000, entry_of(kind), None, 0)
    assert parted.startswith("Equal until 1.000 s; there in A ")
    assert said in parted
    assert kind not in parted


def test_partitions_are_counted_when_they_are_many() -> None:
    many = tuple(("orders", number) for number in range(4))
    lost = Entry(7, 1_000, 1, "consumer-1", ("PartitionsLost", "billing", many))
    assert tell(lost) == "consumer-1 has lost orders-0 and 3 more"
    none = Entry(7, 1_000, 1, "consumer-1", ("PartitionsLost", "billing", ()))
    assert tell(none) == "consumer-1 has lost nothing"
