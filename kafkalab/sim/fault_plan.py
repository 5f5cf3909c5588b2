"""The faults of one run, drawn from its seed beforehand: (ms from the start, words).

The words are those of `world.faults`.  Faults overlap: a broker can crash while another is cut
off, the last member of an ISR can go, all controllers can be down at once.  Nothing need work
meanwhile, but nothing that was promised may be lost.  The end of all faults is not in the schedule:
`swarm` heals what is broken then.

Read next: `plan`.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

from kafkalab.chance import Stream

Fault = tuple[int, str]
T = TypeVar("T")

#: What servers may say at any time, and clients and peers must bear.
_ERRORS: Final[Mapping[str, tuple[str, ...]]] = {
    "Produce": ("NOT_LEADER_OR_FOLLOWER", "REQUEST_TIMED_OUT", "NOT_ENOUGH_REPLICAS"),
    "Fetch": ("NOT_LEADER_OR_FOLLOWER", "UNKNOWN_LEADER_EPOCH"),
    "AlterPartition": ("NOT_CONTROLLER",),
    "BrokerHeartbeat": ("NOT_CONTROLLER",),
    "JoinGroup": ("COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "UNKNOWN_MEMBER_ID"),
    "SyncGroup": ("REBALANCE_IN_PROGRESS", "NOT_COORDINATOR"),
    "Heartbeat": ("REBALANCE_IN_PROGRESS", "NOT_COORDINATOR", "ILLEGAL_GENERATION"),
    "OffsetCommit": ("COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"),
    "OffsetFetch": ("COORDINATOR_LOAD_IN_PROGRESS",),
    "FindCoordinator": ("COORDINATOR_NOT_AVAILABLE",),
    "InitProducerId": ("COORDINATOR_LOAD_IN_PROGRESS",),
}


class Place(NamedTuple):
    """Whom faults can strike: servers by number, clients by name; no controllers: combined."""

    brokers: tuple[int, ...]
    controllers: tuple[int, ...]
    producers: tuple[str, ...]
    consumers: tuple[str, ...]

    @property
    def servers(self) -> tuple[int, ...]:
        return self.brokers + self.controllers

    @property
    def voters(self) -> tuple[int, ...]:
        return self.controllers or self.brokers


def drawn_faults(seed: int, place: Place, until_ms: int) -> tuple[Fault, ...]:
    """Faults between 0 and `until_ms`, in order of time.

    Each run favours some kinds and leaves others out, so that rare combinations are tried too.
    """
    chance = Stream(seed, "swarm/faults")
    chosen = [make for make in _KINDS if chance.chance(600)]
    if not chosen:
        return ()
    mean_ms = (300, 1_000, 3_000, 10_000)[chance.below(4)]
    faults: list[Fault] = []
    at = chance.between(0, mean_ms)
    while at < until_ms:
        faults += chosen[chance.below(len(chosen))](chance, place, at)
        at += chance.between(1, 2 * mean_ms)
    return tuple(sorted((fault for fault in faults if fault[0] < until_ms), key=lambda it: it[0]))


def _lasts(chance: Stream) -> int:
    """Mostly short, now and then longer than every timeout."""
    return chance.between(1, (200, 3_000, 20_000)[chance.below(3)])


def _one(chance: Stream, among: tuple[T, ...]) -> T:
    return among[chance.below(len(among))]


def _crash(chance: Stream, place: Place, at: int) -> list[Fault]:
    server = _one(chance, place.servers if chance.chance(200) else place.brokers)
    return [(at, f"crash {server}"), (at + _lasts(chance), f"restart {server}")]


def _crash_many(chance: Stream, place: Place, at: int) -> list[Fault]:
    """One after the other, back in another order."""
    faults: list[Fault] = []
    for server in place.brokers:
        if chance.chance(600):
            down = at + chance.below(300)
            faults += [(down, f"crash {server}"), (down + _lasts(chance), f"restart {server}")]
    return faults


def _pause(chance: Stream, place: Place, at: int) -> list[Fault]:
    return [(at, f"pause {_one(chance, place.servers)} {_lasts(chance)}")]


def _pause_client(chance: Stream, place: Place, at: int) -> list[Fault]:
    """Long enough, often, for others to give it up; then it goes on as if nothing had been."""
    everyone = (*place.producers, *place.consumers)
    return [(at, f"pause {_one(chance, everyone)} {_lasts(chance)}")]


def _depose(chance: Stream, place: Place, at: int) -> list[Fault]:
    """A broker that leads hears nothing for longer than its session lasts, and is back."""
    broker, ms = _one(chance, place.brokers), chance.between(1_000, 5_000)
    others = ",".join(str(each) for each in place.servers if each != broker)
    if not others or chance.chance(500):
        return [(at, f"pause {broker} {ms}")]
    return [(at, f"partition {broker} | {others}"), (at + ms, "heal")]


def _ballot(chance: Stream, place: Place, at: int) -> list[Fault]:
    """Voters that hear late of one another elect, and die and are back while they do."""
    voters = place.voters
    if len(voters) < 3:
        return _crash(chance, place, at)
    ms, until = chance.between(10, 400), at + chance.between(1_000, 6_000)
    faults: list[Fault] = [
        (at, f"delay {one} {other} {ms}")
        for one in voters
        for other in voters
        if one < other and chance.chance(700)
    ]
    faults += [(until, f"{words.rpartition(' ')[0]} 1") for _, words in faults]
    then = at
    while (then := then + chance.between(20, 800)) < until:
        voter = _one(chance, voters)
        how = ("crash", "crash", "power-off")[chance.below(3)]
        faults += [(then, f"{how} {voter}"), (then + chance.between(1, 60), f"restart {voter}")]
    return faults


def _leave(chance: Stream, place: Place, at: int) -> list[Fault]:
    """In order, and back; before it has gone, if it takes long."""
    server = _one(chance, place.servers)
    back = at + _lasts(chance)
    return [(at, f"shutdown {server}"), (back, f"crash {server}"), (back, f"restart {server}")]


def _power(chance: Stream, place: Place, at: int) -> list[Fault]:
    """A machine loses power, and what it had not flushed."""
    server = _one(chance, place.servers if chance.chance(200) else place.brokers)
    return [(at, f"power-off {server}"), (at + _lasts(chance), f"restart {server}")]


def _blackout(chance: Stream, place: Place, at: int) -> list[Fault]:
    """Several at the same instant: what only they had is gone."""
    dark = [server for server in place.servers if chance.chance(600)]
    faults: list[Fault] = [(at, f"power-off {server}") for server in dark]
    return faults + [(at + _lasts(chance), f"restart {server}") for server in dark]


def _bad_disk(chance: Stream, place: Place, at: int) -> list[Fault]:
    """Full or failing, which ends the process at its next write; it comes back on a sound disk."""
    server = _one(chance, place.servers if chance.chance(200) else place.brokers)
    how = ("full-disk", "fail-disk")[chance.below(2)]
    back = at + _lasts(chance)
    return [(at, f"{how} {server}"), (back, f"mend-disk {server}"), (back, f"restart {server}")]


def _slow_disk(chance: Stream, place: Place, at: int) -> list[Fault]:
    server = _one(chance, place.servers)
    ms = chance.between(1, (20, 400)[chance.below(2)])
    return [(at, f"slow-disk {server} {ms}"), (at + _lasts(chance), f"mend-disk {server}")]


def _clock(chance: Stream, place: Place, at: int) -> list[Fault]:
    """A machine's clock is wrong at once, or more and more."""
    broker = _one(chance, place.brokers)
    if chance.chance(500):
        ms = chance.between(1, (300, 5_000, 30_000)[chance.below(3)])
        words = f"clock {broker} {'+-'[chance.below(2)]}{ms}"
    else:
        words = f"drift {broker} {'+-'[chance.below(2)]}{chance.between(1, 500)}"
    return [(at, words), (at + _lasts(chance), f"clock {broker} 0")]


def _two_sides(chance: Stream, place: Place) -> tuple[str, str] | None:
    everyone = [*map(str, place.servers), *place.producers, *place.consumers]
    if chance.chance(500):
        everyone = [*map(str, place.brokers)]
    here = [each for each in everyone if chance.chance(500)]
    there = [each for each in everyone if each not in here]
    return (",".join(here), ",".join(there)) if here and there else None


def _partition(chance: Stream, place: Place, at: int) -> list[Fault]:
    sides = _two_sides(chance, place)
    if sides is None:
        return []
    return [(at, f"partition {sides[0]} | {sides[1]}"), (at + _lasts(chance), "heal")]


def _cut_off_one(chance: Stream, place: Place, at: int) -> list[Fault]:
    """One broker from all other servers; clients still reach it."""
    broker = _one(chance, place.brokers)
    others = ",".join(str(each) for each in place.servers if each != broker)
    if not others:
        return []
    return [(at, f"partition {broker} | {others}"), (at + _lasts(chance), "heal")]


def _delay(chance: Stream, place: Place, at: int) -> list[Fault]:
    one, other = _one(chance, place.servers), _one(chance, place.servers)
    if one == other:
        return []
    ms = chance.between(2, (50, 600)[chance.below(2)])
    return [(at, f"delay {one} {other} {ms}"), (at + _lasts(chance), f"delay {one} {other} 1")]


def _cut(chance: Stream, place: Place, at: int) -> list[Fault]:
    everyone = [*map(str, place.servers), *place.producers, *place.consumers]
    one, other = _one(chance, tuple(everyone)), str(_one(chance, place.servers))
    return [] if one == other else [(at, f"cut {one} {other}")]


def _one_way(chance: Stream, place: Place, at: int) -> list[Fault]:
    sides = _two_sides(chance, place)
    if sides is None:
        return []
    return [(at, f"partition {sides[0]} > {sides[1]}"), (at + _lasts(chance), "heal")]


def _intercept(chance: Stream, place: Place, at: int) -> list[Fault]:
    """The next request of some API to some server is lost, late, or refused at the door."""
    api = _one(chance, tuple(_ERRORS))
    server = _one(chance, place.servers if api in _FOR_CONTROLLERS else place.brokers)
    match chance.below(3):
        case 0:
            return [(at, f"drop {api} {server}")]
        case 1:
            return [(at, f"stall {api} {server} {_lasts(chance)}")]
        case _:
            return [(at, f"answer {api} {server} {_one(chance, _ERRORS[api])}")]


_FOR_CONTROLLERS: Final = ("AlterPartition", "BrokerHeartbeat", "Fetch")

_KINDS: Final[tuple[Callable[[Stream, Place, int], list[Fault]], ...]] = (
    _crash,
    _crash,
    _crash_many,
    _leave,
    _pause,
    _partition,
    _cut_off_one,
    _delay,
    _cut,
    _one_way,
    _intercept,
    _intercept,
    _power,
    _blackout,
    _bad_disk,
    _slow_disk,
    _pause_client,
    _depose,
    _ballot,
    _clock,
)
