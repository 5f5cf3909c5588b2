"""Kafka's own console tools, unmodified, where their jars are: KAFKA_JARS is the directory."""

import os
import shutil
import subprocess
from typing import Any

import pytest

JARS = os.environ.get("KAFKA_JARS", "")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group("java"),
    pytest.mark.skipif(
        not JARS or shutil.which("java") is None,
        reason="KAFKA_JARS does not name a directory with Apache Kafka's jars, or there is no java",
    ),
]
TOOLS = "org.apache.kafka.tools"


def run(tool: str, *arguments: str, given: str = "") -> str:
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", tool, *arguments]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_topics_records_groups_and_configs(served: Any) -> None:
    topic = served.new_topic()
    at = ("--bootstrap-server", served.bootstrap_servers)
    named = (*at, "--topic", topic)
    size = ("--partitions", "3", "--replication-factor", "3")
    run(f"{TOOLS}.TopicCommand", *named, "--create", *size)
    assert "PartitionCount: 3" in run(f"{TOOLS}.TopicCommand", *named, "--describe")
    run(f"{TOOLS}.ConsoleProducer", *named, given="one\ntwo\nthree\n")
    group = ("--group", f"g-{topic}")
    limits = ("--from-beginning", "--max-messages", "3", "--timeout-ms", "30000")
    got = run(f"{TOOLS}.consumer.ConsoleConsumer", *named, *group, *limits)
    assert {"one", "two", "three"} <= set(got.split())
    groups = f"{TOOLS}.consumer.group.ConsumerGroupCommand"
    assert topic in run(groups, *at, *group, "--describe")
    entity = ("--entity-type", "topics", "--entity-name", topic)
    run("kafka.admin.ConfigCommand", *at, *entity, "--alter", "--add-config", "retention.ms=12345")
    assert "retention.ms=12345" in run("kafka.admin.ConfigCommand", *at, *entity, "--describe")
    run(f"{TOOLS}.TopicCommand", *named, "--delete")
