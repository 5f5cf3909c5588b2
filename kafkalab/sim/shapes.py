"""A few runs have a shape: what comes together in them would hardly ever do so by chance.

    LATE     producers that abort before what they gave up has arrived (Java's, TV1), and requests
             that are stuck on their way for longer than those wait: leaders must verify (KIP-890)
    BALLOT   elections all the time, between voters that hear late of one another, die and are back
             within an election: what they have promised must be on their disks

A shape is drawn from a stream of its own and laid over the plan: other runs are as they were.
Read next: `plan`, of which this is a part.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from kafkalab.chance import Stream
from kafkalab.sim.fault_plan import Fault, Place
from kafkalab.sim.transaction_plan import BOOTSTRAP, TRANSACTIONS_MAX, TransactionPlan

_SHARE: Final = 50  # of a thousand runs, for each shape
_STORM_MS: Final = 6_000  # ballots, from the beginning


class Shape(Enum):
    """See the module's docstring."""

    PLAIN = "plain"
    LATE = "late requests"
    BALLOT = "ballots"


def shape_of(seed: int) -> Shape:
    """Which of them a run has."""
    drawn = Stream(seed, "swarm/which").below(1000)
    if drawn < _SHARE:
        return Shape.LATE
    return Shape.BALLOT if drawn < 2 * _SHARE else Shape.PLAIN


# --- late requests

#: The other producers of such a run: they go on in a new epoch (KIP-360).
IMPATIENT: Final[Mapping[str, Any]] = {
    "acks": -1,
    "enable.idempotence": True,
    "message.timeout.ms": 800,
}


def impatient(seed: int, topics: tuple[str, ...], until_ms: int) -> tuple[TransactionPlan, ...]:
    """Producers that give a record up soon, abort, and go on."""
    chance = Stream(seed, "swarm/shape/producers")
    return tuple(
        TransactionPlan(
            {
                **BOOTSTRAP,
                "client.profile": "java",
                "transactional.id": f"t-{number}",
                "transaction.timeout.ms": 60_000,
                "lab.transaction.version": 1,
                "linger.ms": (0, 20)[chance.below(2)],
                "message.timeout.ms": (300, 800)[chance.below(2)],
            },
            topics,
            max(100, until_ms // TRANSACTIONS_MAX),
            chance.between(2, 6),
            0,
        )
        for number in range(chance.between(1, 2))
    )


def stuck(seed: int, place: Place, transactional: int, until_ms: int) -> tuple[Fault, ...]:
    """Requests of producers that arrive long after they were given up.

    The last producers are the transactional ones, which are struck most.
    """
    chance = Stream(seed, "swarm/shape/stuck")
    faults: list[Fault] = []
    at = chance.below(500)
    while at < until_ms:
        broker = place.brokers[chance.below(len(place.brokers))]
        among = place.producers if chance.chance(300) else place.producers[-transactional:]
        who, ms = among[chance.below(len(among))], chance.between(500, 3_000)
        faults.append((at, f"stall Produce {broker} {ms} from {who}"))
        at += chance.between(100, 1_000)
    return tuple(faults)


# --- ballots


def restless(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Voters that soon think that their leader is gone."""
    soon = {
        "controller.quorum.election.timeout.ms": 100,
        "controller.quorum.fetch.timeout.ms": 400,
        "controller.quorum.election.backoff.max.ms": 200,
    }
    return {**config, **soon}


def ballots(seed: int, place: Place, until_ms: int) -> tuple[Fault, ...]:
    """Voters hear late of one another, and die for a moment."""
    chance = Stream(seed, "swarm/shape/ballots")
    voters = place.voters
    faults: list[Fault] = [
        (0, f"delay {one} {other} {chance.between(1, 30)}")
        for one in voters
        for other in voters
        if one < other
    ]
    at = chance.below(300)
    while at < until_ms:
        voter = voters[chance.below(len(voters))]
        faults += [(at, f"crash {voter}"), (at + chance.between(1, 20), f"restart {voter}")]
        at += chance.between(10, 60)
    return tuple(faults)


def laid_over(
    shape: Shape,
    seed: int,
    place: Place,
    transactional: int,
    until_ms: int,
    drawn: tuple[Fault, ...],
) -> tuple[Fault, ...]:
    """The faults of a shape with those drawn before, in order of time.

    Ballots are all there is while they last.
    """
    if shape is Shape.BALLOT:
        faults = ballots(seed, place, min(until_ms, _STORM_MS))
        faults += tuple(fault for fault in drawn if fault[0] > _STORM_MS)
    else:
        faults = drawn + stuck(seed, place, transactional, until_ms)
    return tuple(sorted(faults, key=lambda fault: fault[0]))
