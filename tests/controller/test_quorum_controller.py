"""The log is the state: restarts, forks, producer ids, settings, refusals."""

from dataclasses import replace
from typing import Any

import pytest

from kafkalab.controller.quorum_controller import DECISIONS
from kafkalab.controller.refusals import refusal
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.node import Effects
from kafkalab.protocol.api_keys import ApiKey, request_class, response_class
from kafkalab.protocol.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsRequestAlterableConfig,
    AlterConfigsRequestAlterConfigsResource,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsRequestAlterConfigsResource,
)
from kafkalab.protocol.messages.metadata import DescribeClusterRequest
from kafkalab.protocol.messages.producer_ids import AllocateProducerIdsRequest

E = ErrorCode


def test_a_restart_replays_to_the_same_image(three: Any, topic: Any) -> None:
    three.create(topic("orders", 5, 3))
    three.make("solo", (1,), min_insync_replicas="1")
    three.lose(1)
    three.alter_isr("orders", three.partition("orders").leader, three.partition("orders").isr[:1])
    before = three.image
    three.restart()
    after = three.image
    assert after.offset == before.offset + 1  # the new epoch's control record
    assert after.epoch == before.epoch + 1
    assert replace(after, offset=0, epoch=0) == replace(before, offset=0, epoch=0)


def test_the_bootstrap_records_are_written_once(bench: Any) -> None:
    offset = bench.image.offset
    bench.restart()
    assert bench.image.offset == offset + 1


def test_the_same_seed_decides_the_same(bench_with: Any, topic: Any) -> None:
    def run(seed: int) -> Any:
        bench = bench_with(seed).join(1, 2, 3, 4)
        bench.create(topic("orders", 8, 2))
        return bench.image

    assert run(5) == run(5)
    assert run(5) != run(6)


def test_a_fork_goes_its_own_way(three: Any, topic: Any) -> None:
    effects, disk = Effects(), three.disk.fork()
    fork = three.controller.fork(effects, three.raft.fork(effects, disk))
    before = three.image
    three.make("here", (1,))
    assert fork.image is before
    here, three.controller, three.effects = three.controller, fork, effects
    three.create(topic("there", 1, 1))
    assert list(fork.image.topics) == ["there"]
    assert list(here.image.topics) == ["here"]
    three.run_until(60_000)
    assert all(broker.fenced for broker in fork.image.brokers.values())
    assert not any(broker.fenced for broker in here.image.brokers.values())


def test_producer_ids_come_in_blocks_that_outlive_a_restart(three: Any) -> None:
    epoch = three.image.brokers[1].epoch
    request = AllocateProducerIdsRequest(broker_id=1, broker_epoch=epoch)
    answers = [three.ask(request) for _ in range(2)]
    three.restart()
    answers.append(three.ask(request))
    assert [(a.producer_id_start, a.producer_id_len) for a in answers] == [
        (0, 1000),
        (1000, 1000),
        (2000, 1000),
    ]
    stale = AllocateProducerIdsRequest(broker_id=1, broker_epoch=epoch + 1)
    assert three.ask(stale).error_code == E.STALE_BROKER_EPOCH


def test_the_controller_describes_the_quorum(three: Any) -> None:
    answer = three.ask(DescribeClusterRequest(endpoint_type=2))
    assert (answer.controller_id, [b.host for b in answer.brokers]) == (101, ["controller-101"])
    answer = three.ask(DescribeClusterRequest())
    assert answer.error_code == E.MISMATCHED_ENDPOINT_TYPE


@pytest.mark.parametrize("key", [*DECISIONS, ApiKey.DESCRIBE_CLUSTER])
def test_every_request_can_be_refused_in_its_own_shape(key: int) -> None:
    answer = refusal(request_class(key)(), KafkaError(E.NOT_CONTROLLER))
    assert isinstance(answer, response_class(key))


# --- settings


def change(bench: Any, resource: tuple[int, str], *changes: tuple[int, str, str | None]) -> int:
    request = IncrementalAlterConfigsRequest(
        resources=(
            IncrementalAlterConfigsRequestAlterConfigsResource(
                resource_type=resource[0],
                resource_name=resource[1],
                configs=tuple(
                    IncrementalAlterConfigsRequestAlterableConfig(
                        name=name, config_operation=operation, value=value
                    )
                    for operation, name, value in changes
                ),
            ),
        )
    )
    code: int = bench.ask(request).responses[0].error_code
    return code


TOPIC = (2, "orders")


def test_settings_are_set_deleted_and_list_items_added_and_removed(three: Any) -> None:
    three.make("orders", (1, 2))
    assert change(three, TOPIC, (0, "retention.ms", "7"), (0, "segment.bytes", "99")) == E.NONE
    assert three.image.configs[TOPIC] == {"retention.ms": "7", "segment.bytes": "99"}
    assert change(three, TOPIC, (1, "retention.ms", None)) == E.NONE
    assert change(three, TOPIC, (2, "cleanup.policy", "compact")) == E.NONE
    assert three.image.configs[TOPIC] == {
        "segment.bytes": "99",
        "cleanup.policy": "delete,compact",
    }
    assert change(three, TOPIC, (3, "cleanup.policy", "delete")) == E.NONE
    assert three.image.configs[TOPIC]["cleanup.policy"] == "compact"


@pytest.mark.parametrize(
    ("resource", "operation", "error"),
    [
        (TOPIC, (0, "retention.ms", "soon"), E.INVALID_CONFIG),
        (TOPIC, (0, "no.such.key", "1"), E.INVALID_CONFIG),
        (TOPIC, (0, "retention.ms", None), E.INVALID_REQUEST),
        (TOPIC, (2, "retention.ms", "1"), E.INVALID_CONFIG),
        (TOPIC, (9, "retention.ms", "1"), E.INVALID_REQUEST),
        ((2, "nowhere"), (0, "retention.ms", "1"), E.UNKNOWN_TOPIC_OR_PARTITION),
        ((4, "9"), (0, "log.retention.ms", "1"), E.BROKER_ID_NOT_REGISTERED),
        ((4, "one"), (0, "log.retention.ms", "1"), E.INVALID_REQUEST),
        ((4, "1"), (0, "num.partitions", "1"), E.INVALID_REQUEST),
        ((4, "1"), (0, "min.insync.replicas", "2"), E.INVALID_CONFIG),
        ((4, ""), (1, "min.insync.replicas", None), E.INVALID_CONFIG),
        ((64, "x"), (0, "retention.ms", "1"), E.INVALID_REQUEST),
    ],
)
def test_bad_changes_are_refused(three: Any, resource: Any, operation: Any, error: E) -> None:
    three.make("orders", (1, 2))
    before = three.image
    assert change(three, resource, operation) == error
    assert three.image is before


def test_a_cluster_setting_is_every_topics_default(three: Any) -> None:
    three.make("orders", (1, 2))
    assert change(three, (4, ""), (0, "min.insync.replicas", "2")) == E.NONE
    three.lose(2)
    assert three.partition("orders").elr == (2,)


def test_a_new_min_isr_clears_the_elr(three: Any) -> None:
    three.make("orders", (1, 2), min_insync_replicas="2")
    three.make("other", (1, 2), min_insync_replicas="2")
    three.lose(2)
    assert change(three, TOPIC, (0, "min.insync.replicas", "1")) == E.NONE
    assert (three.partition("orders").elr, three.partition("other").elr) == ((), (2,))
    assert change(three, (4, ""), (0, "min.insync.replicas", "1")) == E.NONE
    assert three.partition("other").elr == ()


def test_the_old_request_replaces_all_settings(three: Any) -> None:
    three.make("orders", (1,), retention_ms="7", segment_bytes="99")
    config = AlterConfigsRequestAlterableConfig(name="retention.ms", value="8")
    request = AlterConfigsRequest(
        resources=(
            AlterConfigsRequestAlterConfigsResource(
                resource_type=2, resource_name="orders", configs=(config,)
            ),
        )
    )
    assert three.ask(replace(request, validate_only=True)).responses[0].error_code == E.NONE
    assert len(three.image.configs[TOPIC]) == 2
    assert three.ask(request).responses[0].error_code == E.NONE
    assert three.image.configs[TOPIC] == {"retention.ms": "8"}
