"""The ledger at one instant after another of a run: what lies between two is all that is told anew.

    told at t ── touched between t and t′, either way ─▶ told anew of the world at t′
                 the others ───────────────────────────▶ as told at t

Lives are read once, from the whole run; a life of then is cut out of them (`record_past`).  The
rest is the rule of `ledger_kept`, which holds in both directions: a record that no event between
two instants is about is told the same at both, unless it was fleeting at the earlier one.  Going
back, nobody has told what was fleeting there; what may have been is fleeting still, or its
transaction has ended since.

Invariants: what is told equals what would be told from nothing of the world at that instant.
Read next: `ledger_kept`.
"""

from collections.abc import Iterable

from kafkalab.sim import ledger_kept
from kafkalab.sim.fate import Fate
from kafkalab.sim.ledger import Ledger, ledger
from kafkalab.sim.ledger_kept import KeptLedger, Seen
from kafkalab.sim.record_now import Now
from kafkalab.sim.record_past import LivesUntil, fate_until
from kafkalab.world import World


class LedgerPast:
    """Of one run, which is given with every call.  For one looking back at a time."""

    def __init__(self) -> None:
        self._kept: KeptLedger | None = None
        self._until = 0  # the last entry of the instant told
        self._told: list[Fate] = []
        self._seen = Seen({}, {})
        self._fleeting: set[int] = set()
        self._ended: dict[int, int] = {}  # of those in a transaction: the marker that ended it

    def at(self, world: World, then: World) -> Ledger:
        """As of `then`, an earlier instant of `world`."""
        kept = ledger_kept.of(world)
        if not kept.has_read(world.trace, then.trace):
            return ledger(then)
        if kept is not self._kept:
            self.__init__()  # type: ignore[misc]
            self._kept = kept
        until = then.trace.next_id - 1
        due = self._due(kept, until, then)
        count = kept.count_until(until)
        del self._told[count:]
        self._told += kept.lives[len(self._told) : count]  # each is due: it was touched
        self._tell(kept, then, until, (number for number in due if number < count))
        return Ledger(self._told.copy(), then.now - then.began, "Ledger")

    def _due(self, kept: KeptLedger, until: int, then: World) -> set[int]:
        low, high = sorted((self._until, until))
        seen, before = ledger_kept.seen(then), self._seen
        if seen != before or kept.is_loud(low, high):
            due = set(range(len(kept.lives)))
        else:
            due = kept.touched(low, high) | self._fleeting
            if until < self._until:
                due |= {number for number, by in self._ended.items() if by > until}
        self._seen, self._until = seen, until
        return due

    def _tell(self, kept: KeptLedger, then: World, until: int, numbers: Iterable[int]) -> None:
        now = Now(then, LivesUntil(kept.all_lives, until))
        for number in numbers:
            fate = now.tell(fate_until(kept.lives[number], until))
            if fate != self._told[number]:
                self._told[number] = fate
            self._fleeting.discard(number)
            if now.is_fleeting(fate):
                self._fleeting.add(number)
            self._ended.pop(number, None)
            ends = [place.marker.id for place in fate.places if place.marker is not None]
            if ends:
                self._ended[number] = max(ends)
