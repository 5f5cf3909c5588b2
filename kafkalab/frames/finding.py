"""The finding: one sentence that says what matters most in a frame.

What cannot be written comes before what could be lost, that before what is merely slow.  The
sentence counts, it never guesses at reasons; the feed has what happened.

Read next: `cluster`.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from kafkalab.frames.shape import DOWN, BrokerFrame, Frame, PartitionFrame


class _Partition(NamedTuple):
    topic: str
    min_insync: int
    wanted: int
    it: PartitionFrame

    def __str__(self) -> str:
        return f"{self.topic}-{self.it['id']}"


def finding(frame: Frame, *, is_partitioned: bool = False, is_one_way: bool = False) -> str:
    """The first of the rules below that has something to say; a broken network before it."""
    for rule in _RULES:
        words = rule(frame)
        if words:
            break
    else:
        words = "All replicas are in sync." if frame["topics"] else "There are no topics yet."
    broken = "The network is cut one way. " if is_one_way else "The network is partitioned. "
    return f"{broken}{words}" if is_partitioned else words


def _partitions(frame: Frame) -> Iterator[_Partition]:
    for topic in frame["topics"]:
        for partition in topic["partitions"]:
            yield _Partition(
                topic["name"], topic["min_insync_replicas"], topic["replication_factor"], partition
            )


def _some(partitions: list[_Partition]) -> str:
    """`orders-0`, `orders-0 and orders-1`, `orders-0 and 3 more`."""
    first, *others = map(str, partitions)
    if not others:
        return first
    return f"{first} and {others[0]}" if len(others) == 1 else f"{first} and {len(others)} more"


def _verb(partitions: list[_Partition], one: str, many: str) -> str:
    return one if len(partitions) == 1 else many


def _down(frame: Frame) -> list[str]:
    return [str(broker["id"]) for broker in frame["brokers"] if broker["state"] in DOWN]


def _no_controller(frame: Frame) -> str:
    if frame["controller"]["leader"] is None:
        return "No controller is active: nothing in the cluster can change."
    return ""


def _leaderless(frame: Frame) -> str:
    found = [each for each in _partitions(frame) if each.it["leader"] is None]
    return f"{_some(found)} {_verb(found, 'has', 'have')} no leader." if found else ""


def _leader_down(frame: Frame) -> str:
    down = _down(frame)
    found = [each for each in _partitions(frame) if str(each.it["leader"]) in down]
    if not found:
        return ""
    is_, partitions = _verb(found, "is", "are"), _some(found)
    brokers = [b for b in frame["brokers"] if b["id"] in {each.it["leader"] for each in found}]
    ids = " and ".join(str(each["id"]) for each in brokers)
    who = f"broker {ids}, which is down" if len(brokers) == 1 else f"brokers {ids}, which are down"
    ends = [each["session_ends"] for each in brokers if "session_ends" in each]
    if not ends:
        return f"{partitions} {is_} led by {who}, until the controller notices."
    what = "its session ends" if len(brokers) == 1 else "the first of their sessions ends"
    when = _seconds(min(ends))
    return f"{partitions} {is_} led by {who}; the controller acts when {what}, at {when}."


def _below_min_insync(frame: Frame) -> str:
    found = [each for each in _partitions(frame) if len(each.it["isr"]) < each.min_insync]
    if not found:
        return ""
    return (
        f"{_some(found)} {_verb(found, 'has', 'have')} fewer in-sync replicas than "
        "min.insync.replicas: acks=all is refused."
    )


def _diverged(frame: Frame) -> str:
    """A replica that has records where the leader has others, or none: it will cut them off."""
    for each in _partitions(frame):
        for broker, count in _cut_off(each.it):
            records = "a record" if count == 1 else f"{count} records"
            them = "it" if count == 1 else "them"
            return (
                f"Broker {broker} has {records} of {each} that the leader has not: "
                f"it will cut {them} off when it follows again."
            )
    return ""


def _cut_off(partition: PartitionFrame) -> Iterator[tuple[str, int]]:
    """(broker, records that will go), as far as the frame's windows show."""
    leader = partition["replicas"].get(str(partition["leader"]))
    if leader is None:
        return
    epochs = {cell["offset"]: cell["epoch"] for cell in leader["cells"]}
    if not epochs:
        return
    for broker, replica in partition["replicas"].items():
        count = sum(
            epochs[cell["offset"]] != cell["epoch"]
            if cell["offset"] in epochs
            else cell["offset"] >= leader["end"]
            for cell in replica["cells"]
        )
        if count and replica is not leader:
            yield broker, count


def _brokers_down(frame: Frame) -> str:
    down = _down(frame)
    if not down:
        return ""
    who = f"Broker {down[0]} is" if len(down) == 1 else f"Brokers {' and '.join(down)} are"
    is_in_order = all(b["state"] != "crashed" for b in frame["brokers"])
    how = "shut down" if is_in_order else "down"
    short = [each for each in _partitions(frame) if len(each.it["isr"]) < each.wanted]
    rest = f"; {_some(short)} {_verb(short, 'goes', 'go')} on with fewer replicas" if short else ""
    return f"{who} {how}{rest}."


def _shrunk(frame: Frame) -> str:
    found = [each for each in _partitions(frame) if len(each.it["isr"]) < each.wanted]
    if not found:
        return ""
    behind = ", ".join(
        broker for broker in found[0].it["replicas"] if int(broker) not in found[0].it["isr"]
    )
    return f"{_some(found)} {_verb(found, 'is', 'are')} not in sync on broker {behind or '?'}."


def _paused(frame: Frame) -> str:
    still = [str(broker["id"]) for broker in frame["brokers"] if broker["state"] == "paused"]
    if not still:
        return ""
    who = f"Broker {still[0]} stands" if len(still) == 1 else f"Brokers {', '.join(still)} stand"
    ends = [each["session_ends"] for each in frame["brokers"] if _will_be_fenced(each)]
    fenced = f", and at {_seconds(min(ends))} its session ends" if ends and len(still) == 1 else ""
    return f"{who} still: messages to it wait{fenced}."


def _will_be_fenced(broker: BrokerFrame) -> bool:
    """It stands still for longer than its session lasts."""
    until, ends = broker["until"], broker.get("session_ends")
    return broker["state"] == "paused" and ends is not None and (until is None or ends < until)


def _seconds(ms: int) -> str:
    """`14.310 s`: as the clock on the page will show it, so that the words stay as time passes."""
    return f"{ms / 1000:.3f} s"


def _rebalancing(frame: Frame) -> str:
    for group in frame["groups"]:
        if group["state"] in ("PreparingRebalance", "CompletingRebalance"):
            return f"Group {group['id']} is rebalancing: its members wait."
    return ""


_RULES: Final[tuple[Callable[[Frame], str], ...]] = (
    _no_controller,
    _leaderless,
    _leader_down,
    _below_min_insync,
    _diverged,
    _brokers_down,
    _paused,
    _shrunk,
    _rebalancing,
)
