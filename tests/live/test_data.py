"""`LiveCluster(data=…)`, `kafkalab serve --data`, `kafkalab dump-log`: what is on a disk stays."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confluent_kafka as ck
import pytest

from kafkalab import LiveCluster
from kafkalab.log import StorageFailure

QUIET = {"log_level": 0}
#: A broker's id is free again only when its session has ended (9 s, else).
QUICK = {"broker.session.timeout.ms": 1500, "broker.heartbeat.interval.ms": 300}
PARTITIONS = 2
DUMP = "org.apache.kafka.tools.DumpLogSegments"


def producer(servers: str, **conf: Any) -> ck.Producer:
    return ck.Producer(
        {"bootstrap.servers": servers, "acks": "all", "enable.idempotence": True, **QUIET, **conf}
    )


def read_all(servers: str, topic: str = "orders") -> list[bytes]:
    consumer = ck.Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "reader",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            **QUIET,
        }
    )
    consumer.assign([ck.TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    values: list[bytes] = []
    ended: set[int] = set()
    limit = time.monotonic() + 30
    while len(ended) < PARTITIONS and time.monotonic() < limit:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error() is None:
            values.append(message.value())
        elif message.error().code() == ck.KafkaError._PARTITION_EOF:
            ended.add(message.partition())
    consumer.close()
    assert len(ended) == PARTITIONS
    return values


def test_what_a_cluster_knew_the_next_one_on_its_directory_knows(tmp_path: Path) -> None:
    with LiveCluster(data=tmp_path, config={**QUICK, "log.segment.bytes": 2_000}) as cluster:
        cluster.create_topic("orders", PARTITIONS, 3)
        one = producer(cluster.bootstrap_servers)
        for number in range(200):
            one.produce("orders", f"{number}".encode())
        assert one.flush(20) == 0
        consumer = ck.Consumer(
            {"bootstrap.servers": cluster.bootstrap_servers, "group.id": "billing", **QUIET}
        )
        consumer.commit(offsets=[ck.TopicPartition("orders", 0, 17)], asynchronous=False)
        consumer.close()
        with cluster.locked() as world:
            epochs = {name: node.lifecycle.broker_epoch for name, node in brokers(world)}
            known = producers_of(world)
    with LiveCluster(data=tmp_path, config=QUICK) as cluster:
        assert cluster.notes == []
        assert sorted(map(int, read_all(cluster.bootstrap_servers))) == list(range(200))
        consumer = ck.Consumer(
            {"bootstrap.servers": cluster.bootstrap_servers, "group.id": "billing", **QUIET}
        )
        (committed,) = consumer.committed([ck.TopicPartition("orders", 0)], timeout=20)
        consumer.close()
        assert committed.offset == 17
        with cluster.locked() as world:
            for name, node in brokers(world):
                assert node.lifecycle.broker_epoch > epochs[name]
            again = producers_of(world)
        assert {key: entry.batches[-1] for key, entry in again.items()} == {
            key: entry.batches[-1] for key, entry in known.items()
        }


def brokers(world: Any) -> list[tuple[str, Any]]:
    return [(name, node) for name, node in world.nodes.items() if name.startswith("broker")]


def producers_of(world: Any) -> dict[Any, Any]:
    return {
        (name, log_name, producer_id): entry
        for name, node in brokers(world)
        for log_name, log in node.disk.logs.items()
        if log_name.topic == "orders"
        for producer_id, entry in log.producers.entries.items()
    }


def test_a_broker_that_crashes_reads_its_directory_again(tmp_path: Path) -> None:
    with LiveCluster(data=tmp_path, config=QUICK) as cluster:
        cluster.create_topic("orders", PARTITIONS, 3, config={"min.insync.replicas": 2})
        one = producer(cluster.bootstrap_servers)
        faults: list[Callable[[], None]] = [
            lambda: cluster.broker(2).crash(),
            lambda: cluster.broker(2).crash(power=True),
            lambda: cluster.broker(2).full_disk(),
        ]
        for turn, fault in enumerate(faults):
            for number in range(50):
                one.produce("orders", f"{turn}-{number}".encode())
            assert one.flush(20) == 0
            frozen = cluster.freeze()
            fault()
            one.produce("orders", f"{turn}-last".encode())
            assert one.flush(20) == 0
            cluster.wait(lambda: cluster.broker(2).state == "crashed", 20, "it has ended")
            cluster.broker(2).mend_disk()
            cluster.broker(2).restart()
            cluster.wait(lambda: cluster.broker(2).state == "online", 20, "it is back")
            frozen.run(30)
            assert frozen.isr("orders", 0) == (1, 2, 3) or len(frozen.isr("orders", 0)) == 3
        assert len(read_all(cluster.bootstrap_servers)) == 153


def test_a_directory_that_is_used_or_another_size_is_refused(tmp_path: Path) -> None:
    with LiveCluster(brokers=1, data=tmp_path):
        arguments = ["serve", "--brokers", "1", "--port", "0", "--data", str(tmp_path)]
        done = kafkalab(*arguments)
        assert done.returncode == 2
        assert ".lock is held by another process" in done.stderr
        assert done.stderr.count("\n") == 1
    with pytest.raises(StorageFailure, match="broker-1"):
        (tmp_path / "broker-1" / "meta.properties").write_text("version=1\nnode.id=5\n")
        LiveCluster(brokers=1, data=tmp_path)


def kafkalab(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kafkalab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("rounds", [int(os.environ.get("KAFKALAB_KILLS", "3"))])
def test_killed_while_producing_it_loses_nothing_acknowledged(tmp_path: Path, rounds: int) -> None:
    """kill -9 of the whole cluster, again and again; the consumer at the end finds all.

    KAFKALAB_KILLS=50 for a longer run.
    """
    acknowledged: set[bytes] = set()
    chance = random.Random(9)  # noqa: TID251
    sent = 0

    def report(error: Any, message: Any) -> None:
        if error is None:
            acknowledged.add(message.value())

    for turn in range(rounds):
        process, servers = serve(tmp_path)
        if turn == 0:
            create(servers)
        one = producer(servers, **{"linger.ms": 1})
        wanted = len(acknowledged) + chance.randint(30, 300)
        limit = time.monotonic() + 20
        while len(acknowledged) < wanted and time.monotonic() < limit:
            if len(one) > 1_000:
                one.poll(0.01)
                continue
            value = b"%d:" % sent + b"." * chance.randint(1, 600)
            one.produce("orders", value, on_delivery=report)
            sent += 1
            one.poll(0.0005)
        process.kill()  # with some in flight
        process.wait()
        one.poll(0.1)
        one.purge()
        one.flush(2)
    process, servers = serve(tmp_path)
    found = read_all(servers)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert len(acknowledged) > 30 * rounds
    assert acknowledged <= set(found)
    assert len(found) == len(set(found)), "an idempotent producer's records came twice"


def serve(data: Path) -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "kafkalab", "serve", "--port", "0", "--data", str(data)),
            *("--config", "log.segment.bytes=100000"),
            *(word for key, value in QUICK.items() for word in ("--config", f"{key}={value}")),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        return process, process.stdout.readline().strip().removeprefix("bootstrap.servers=")


def create(servers: str) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": servers, **QUIET})
    topic = NewTopic("orders", PARTITIONS, 3, config={"min.insync.replicas": "2"})
    admin.create_topics([topic])["orders"].result(20)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a partition that a served cluster has left."""
    root = tmp_path_factory.mktemp("data")
    config = {"log.segment.bytes": 30_000}
    with LiveCluster(brokers=1, data=root, config=config) as cluster:
        cluster.create_topic("orders", 1, 1)
        for kind in ("none", "gzip", "snappy", "lz4", "zstd"):
            one = producer(cluster.bootstrap_servers, **{"compression.type": kind, "linger.ms": 5})
            for number in range(100):
                one.produce(
                    "orders", f"{kind} {number} {'.' * 200}".encode(), f"k{number}".encode()
                )
            assert one.flush(20) == 0
    return root / "broker-1"


def test_dump_log_prints_batches_records_and_rows(files: Path) -> None:
    paths = sorted((files / "orders-0").glob("0*"))
    done = kafkalab("dump-log", *map(str, paths))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert sum(line.startswith("| offset: ") for line in lines) == 500
    batches = [line for line in lines if line.startswith("baseOffset: ")]
    assert all("isvalid: true" in line for line in batches)
    assert any("compresscodec: zstd" in line for line in batches)
    assert any(line.startswith("timestamp: ") for line in lines)
    assert any(line.startswith("offset: ") and "position: " in line for line in lines)
    log = next((files / "__cluster_metadata-0").glob("*.log"))
    assert "TopicRecord(name='orders'" in kafkalab("dump-log", str(log)).stdout
    done = kafkalab("dump-log", str(files / "nothing.log"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.peer
@pytest.mark.skipif(
    not os.environ.get("KAFKA_JARS") or not shutil.which("java"),
    reason="KAFKA_JARS names the directory of Apache Kafka's jars",
)
def test_apache_kafka_reads_our_files(files: Path) -> None:
    paths = [path for path in sorted((files / "orders-0").glob("0*")) if path.stat().st_size]
    paths += sorted((files / "__cluster_metadata-0").glob("0*.log"))
    command = ["java", "-cp", f"{os.environ['KAFKA_JARS']}/*", DUMP, "--deep-iteration"]
    done = subprocess.run(
        [*command, "--print-data-log", "--files", ",".join(map(str, paths))],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert sum("key: k" in line and "payload: " in line for line in lines) == 500
    assert "isvalid: false" not in done.stdout
    assert not [line for line in lines if "rror" in line or "Mismatches" in line or "Found" in line]
    assert any(line.startswith("producerId: ") for line in lines)
