"""Logs in memory have a ceiling: the oldest segments go, and nothing that is not committed."""

import os
from pathlib import Path

import pytest

from kafkalab import LiveCluster, Simulation
from kafkalab.live import cluster as live_cluster

confluent_kafka = pytest.importorskip("confluent_kafka")

MB = 1_000_000


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def produce(cluster: LiveCluster, megabytes: int) -> None:
    conf = {"bootstrap.servers": cluster.bootstrap_servers, "linger.ms": 5, "log_level": 0}
    producer = confluent_kafka.Producer({**conf, "queue.buffering.max.kbytes": 20_000})
    value = os.urandom(10_000)
    for _ in range(megabytes * 100):
        while True:
            try:
                producer.produce("orders", value)
                break
            except BufferError:
                producer.poll(0.05)
    assert producer.flush(60) == 0


def test_a_long_produce_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 20 * MB
    monkeypatch.setattr(live_cluster, "MEMORY_BYTES_MAX", most)
    monkeypatch.setattr(live_cluster, "_LOOK_EVERY_BYTES", most // 16)
    with LiveCluster(brokers=3) as cluster:
        cluster.create_topic("orders", 3, 3)
        produce(cluster, 40)
        before = resident_mb()
        produce(cluster, 150)
        assert resident_mb() < before + 40
        sim = cluster.freeze()
        sim.run(2)
        held = sum(len(record.value or b"") for record in sim.records("orders"))
        assert most / 2 < held < 1.3 * most
        for broker in (1, 2, 3):
            node = sim.broker(broker).node
            sizes = [log.size_in_bytes for log in node.disk.logs.values()]  # type: ignore[attr-defined]
            assert sum(sizes) < 1.3 * most
        reasons = {entry.fields["reason"] for entry in sim.trace.of("SegmentsDeleted")}
        assert reasons == {"memory"}


def test_what_is_not_committed_stays() -> None:
    sim = Simulation(brokers=3)
    sim.create_topic("orders", 1, 3, config={"segment.bytes": 1000})
    from kafkalab import Producer

    producer = Producer({"bootstrap.servers": "kafka:9092", "batch.num.messages": 1})
    for number in range(20):
        producer.produce("orders", bytes(400), partition=0, key=f"{number}")
    producer.flush()
    leader = sim.leader("orders", 0)
    name = f"broker-{leader}"
    log = sim.broker(leader).node.replicas.partition(("orders", 0)).log  # type: ignore[attr-defined]
    segments = len(log.segments)
    assert segments > 3
    log.high_watermark, kept = log.segments[2].base_offset, log.high_watermark
    sim.driver.act(name, "drop_oldest", 0)
    assert log.log_start_offset == log.high_watermark
    log.high_watermark = kept
    assert [record.offset for record in sim.records("orders")][-1] == 19
