"""What can be typed: Kafka's own questions in short, and every fault.

    topics                             describe topic orders
    groups                             describe group billing
    brokers · controllers              describe broker 2
    records orders [0]                 config orders
    create topic NAME [PARTITIONS [REPLICATION_FACTOR]]
    delete topic NAME
    produce orders [KEY] VALUE         run 5  (virtual seconds)
    consume orders [GROUP]             leave consumer-2  (a member more, one less)
    reset offsets billing [orders] earliest   (or latest, current, 41, +10, -10, a date)
    crash 2 · restart 2 · pause 2 3000 · partition 1 | 2,3 · heal · …

Whoever types `kafka-topics --describe --topic orders` is understood too.

Read next: `kafkalab.world.faults`, which knows the faults; `offset_reset`.
"""

import shlex
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from kafkalab.live import LiveCluster
from kafkalab.metadata import TOPIC_RESOURCE
from kafkalab.world import clocks, disks, holds, servers
from kafkalab.world.faults import CommandError
from lab.bench import asking, lenses, offset_reset
from lab.bench.listings import describe_broker, describe_group, describe_topic, table
from lab.playback.live import SENT
from lab.playback.sources import source_of
from lab.scenes.clock import seconds as clock

Cluster = Simulation | LiveCluster
HELP: Final = __doc__.split("\n\n")[1] if __doc__ else ""
_DONE: Final = {"consume": "one member more", "leave": "one member less"}
_RECORDS_MAX: Final = 50
_RUN_MAX_S: Final = 3600
_FAULTS: Final = (
    "crash", "restart", "shutdown", "pause", "partition", "heal", "delay", "cut", "drop", "stall",
    "answer", *disks.VERBS, disks.SLOW, *clocks.VERBS, *holds.VERBS,
)  # fmt: skip


def run(world: Cluster, line: str) -> str:
    """Run one line; its answer as text.  `LearnerError` says what was not understood."""
    try:
        given = shlex.split(line)
    except ValueError:
        raise LearnerError(f"a quotation is opened and not closed: {line}") from None
    if "--reset-offsets" in given:
        return offset_reset.command(_virtual(world), given[1:])
    words = _kafka_words(given)
    if not words:
        return ""
    for length in (2, 1):
        command = _COMMANDS.get(" ".join(words[:length]))
        if command is not None and len(words) >= length:
            return command(world, words[length:])
    if words[:1] == ["describe"]:
        raise LearnerError("describe what?  describe topic orders, group billing or broker 2")
    try:
        came_of_it = source_of(world).command(line)
    except CommandError as error:
        raise CommandError(f"{_misread(words[0], error)}.  For what can be typed: help") from None
    return came_of_it or _DONE.get(words[0], "done")


def _misread(verb: str, error: CommandError) -> str:
    """What was wrong with a line, and the command that was perhaps meant."""
    if verb in _FAULTS:
        return str(error)
    known = (*(name.split()[0] for name in _COMMANDS), *asking.WORDS, *_FAULTS)
    near = get_close_matches(verb, known, n=1, cutoff=0.7)
    return f"there is no command {verb!r}" + (f"; was it {near[0]!r}" if near else "")


def _kafka_words(words: list[str]) -> list[str]:
    """`kafka-topics.sh --describe --topic orders` as `describe topic orders`."""
    if not words or not words[0].startswith("kafka-"):
        return words
    tool = words[0].removesuffix(".sh")
    flags: dict[str, str] = {}
    for index, word in enumerate(words[1:], 1):
        if word.startswith("--"):
            following = words[index + 1] if index + 1 < len(words) else ""
            flags[word] = "" if following.startswith("--") else following
    about, singular = {
        "kafka-topics": ("--topic", "topic"),
        "kafka-consumer-groups": ("--group", "group"),
    }.get(tool, ("", ""))
    if not singular:
        raise LearnerError(f"{words[0]} is not known here; try: help")
    name = flags.get(about, "")
    if "--list" in flags or not name:
        return [f"{singular}s"]
    if "--create" in flags:
        partitions = flags.get("--partitions", "1")
        return ["create", "topic", name, partitions, flags.get("--replication-factor", "1")]
    if "--delete" in flags:
        return ["delete", singular, name]
    if "--describe" not in flags:
        raise LearnerError(f"of {tool} there are --list, --describe, --create, --delete here")
    return ["describe", singular, name]


def _virtual(world: Cluster) -> Simulation:
    if isinstance(world, LiveCluster):
        raise LearnerError(
            "a live cluster's groups belong to its clients: reset them with Kafka's own "
            "kafka-consumer-groups, or alter_consumer_group_offsets; or freeze it, and try it there"
        )
    return world


def _frame(world: Cluster) -> Frame:
    if isinstance(world, LiveCluster):
        with world.locked():
            return cluster_frame(world, internal=True)
    with world.driver.locked():
        return cluster_frame(world, internal=True)


def _one(words: list[str], what: str) -> str:
    if len(words) != 1:
        raise LearnerError(f"which {what}?  give one name")
    return words[0]


def _topics(world: Cluster, words: list[str]) -> str:
    rows = [
        (t["name"], len(t["partitions"]), t["replication_factor"], t["min_insync_replicas"])
        for t in _frame(world)["topics"]
    ]
    return table(("topic", "partitions", "copies", "min.insync.replicas"), rows) or "no topics"


def _groups(world: Cluster, words: list[str]) -> str:
    rows = [
        (g["id"], g["state"], g["generation"], len(g["members"]), f"broker {g['coordinator']}")
        for g in _frame(world)["groups"]
    ]
    return table(("group", "state", "generation", "members", "coordinator"), rows) or "no groups"


def _brokers(world: Cluster, words: list[str]) -> str:
    rows = [(b["id"], b["state"], b["rack"] or "-") for b in _frame(world)["brokers"]]
    return table(("broker", "state", "rack"), rows)


def _controllers(world: Cluster, words: list[str]) -> str:
    quorum = _frame(world)["controller"]
    rows = [
        (node["id"], node["state"], "active" if node["id"] == quorum["leader"] else "")
        for node in quorum["nodes"]
    ]
    return f"epoch {quorum['epoch']}\n" + table(("controller", "state", ""), rows)


def _records(world: Cluster, words: list[str]) -> str:
    if isinstance(world, LiveCluster):
        raise LearnerError("of a live cluster, read with a consumer; or freeze it, and look there")
    if not words:
        raise LearnerError("of which topic?  records orders, or records orders 0")
    if len(words) > 2 or not all(word.isdigit() for word in words[1:]):
        raise LearnerError("records orders, or of one partition: records orders 0")
    partition = int(words[1]) if len(words) > 1 else None
    found = world.records(words[0], partition)
    rows = [(r.partition, r.offset, _text(r.key), _text(r.value)) for r in found[-_RECORDS_MAX:]]
    head = f"the last {_RECORDS_MAX} of {len(found)}\n" if len(found) > _RECORDS_MAX else ""
    return head + (table(("partition", "offset", "key", "value"), rows) or "no records")


def _text(data: bytes | None) -> str:
    return "null" if data is None else data.decode(errors="backslashreplace")


def _create_topic(world: Cluster, words: list[str]) -> str:
    if not words or not all(word.isdigit() for word in words[1:3]):
        raise LearnerError("create topic NAME [PARTITIONS [REPLICATION_FACTOR]]")
    partitions, copies = (int(word) for word in (*words[1:3], "1", "1")[:2])
    world.create_topic(words[0], partitions, copies)
    return f"created {words[0]}: {partitions} partitions, {copies} copies of each"


def _delete_topic(world: Cluster, words: list[str]) -> str:
    if isinstance(world, LiveCluster):
        raise LearnerError(
            "delete topics of a live cluster with an AdminClient; or freeze it first"
        )
    name = _one(words, "topic")
    world.delete_topic(name)
    return f"deleted {name}"


def _produce(world: Cluster, words: list[str]) -> str:
    if len(words) == 1:
        return source_of(world).command(f"produce {words[0]}")
    if len(words) not in (2, 3):
        raise LearnerError("produce TOPIC [KEY] VALUE")
    topic, key, value = words[0], words[1] if len(words) == 3 else None, words[-1]
    if isinstance(world, LiveCluster):
        world.produce(topic, None if key is None else key.encode(), value.encode())
        return SENT
    told: list[str] = []

    def report(error: Any, message: Any) -> None:
        told.append(
            str(error) if error else f"partition {message.partition()}, offset {message.offset()}"
        )

    if topic not in world.topics:
        there_are = ", ".join(world.topics) or "none yet"
        raise LearnerError(f"there is no topic {topic!r}; topics: {there_are}")
    producer = Producer({"bootstrap.servers": world.bootstrap_servers}, sim=world)
    producer.produce(topic, value, key, on_delivery=report)
    producer.flush()
    return told[0] if told else "no answer"


def _run(world: Cluster, words: list[str]) -> str:
    try:
        seconds = float(_one(words, "number of seconds"))
    except ValueError:
        raise LearnerError("run 5: that many virtual seconds") from None
    if isinstance(world, LiveCluster):
        raise LearnerError("a live cluster's time passes by itself")
    if seconds > _RUN_MAX_S:
        raise LearnerError(
            f"up to {_RUN_MAX_S} s a line: nothing here could stop it.  sim.run({seconds:g}) in a "
            "cell can be interrupted"
        )
    world.run(seconds)
    return f"now {clock(world.now - world.world.began)} s"


def _config(world: Cluster, words: list[str]) -> str:
    name = _one(words, "topic")
    if name not in servers.metadata(world.world).topics:
        raise LearnerError(f"there is no topic {name!r}")
    set_here = servers.metadata(world.world).configs.get((TOPIC_RESOURCE, name), {})
    return "\n".join(f"{key} = {set_here[key]}" for key in sorted(set_here)) or "all as the brokers"


_COMMANDS: Final[Mapping[str, Callable[[Cluster, list[str]], str]]] = {
    "help": lambda world, words: f"{HELP}\n{asking.HELP}\n{lenses.HELP}",
    "topics": _topics,
    "groups": _groups,
    "brokers": _brokers,
    "controllers": _controllers,
    "records": _records,
    "config": _config,
    "create topic": _create_topic,
    "delete topic": _delete_topic,
    "produce": _produce,
    "run": _run,
    "reset offsets": lambda world, words: offset_reset.in_short(_virtual(world), words),
    "describe topic": lambda world, words: describe_topic(_frame(world), _one(words, "topic")),
    "describe group": lambda world, words: describe_group(_frame(world), _one(words, "group")),
    "describe broker": lambda world, words: describe_broker(_frame(world), _one(words, "broker")),
}
