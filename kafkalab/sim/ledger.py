"""The ledger: every record the application believes it sent, and what became of it.

    sim.ledger("orders")
    record        sent       written            copies  committed  acknowledged  read        state
    "order 0"     0.020 s    orders-2@0 0.026 s  3      0.028 s    0.029 s       shipping 1  kept

What a ledger has told stays so: it is of its instant, and the next is another.

Read next: `ledger_kept`, which makes the next from this one; `record_lives`, `record_now`, `fate`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from kafkalab.errors import LearnerError
from kafkalab.sim import fate_words, ledger_kept
from kafkalab.sim.cluster import metadata
from kafkalab.sim.fate import SURPRISES, Fate, State
from kafkalab.sim.let_go import note
from kafkalab.world import World

_SHOWN: Final = 40


class Ledger(Sequence[Fate]):
    """Fates in the order in which records were produced.  Prints as a table.

    `known_since` in ms: of records handed over earlier nothing is known; None: all are here.
    `was_live`: real clients have produced, too, before the cluster was frozen.
    """

    def __init__(
        self,
        fates: list[Fate],
        now: int,
        title: str,
        known_since: int | None = None,
        *,
        was_live: bool = False,
    ) -> None:
        self._fates = fates
        self.now = now
        self.title = title
        self.known_since = known_since
        self.was_live = was_live

    def __len__(self) -> int:
        return len(self._fates)

    def __getitem__(self, place: Any) -> Any:
        return self._fates[place]

    def __iter__(self) -> Iterator[Fate]:
        return iter(self._fates)

    def of(self, *states: State) -> list[Fate]:
        """Those in these states."""
        return [fate for fate in self._fates if fate.state in states]

    @property
    def lost(self) -> list[Fate]:
        """Acknowledged, and gone."""
        return self.of(State.LOST)

    @property
    def acknowledged(self) -> list[Fate]:
        return [fate for fate in self._fates if fate.acknowledged]

    @property
    def repeated(self) -> list[Fate]:
        """Read twice by one group, or twice in the log."""
        return [fate for fate in self._fates if fate.is_repeated]

    @property
    def say(self) -> str:
        """One sentence."""
        return fate_words.summary(self._fates, self.known_since, was_live=self.was_live)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        counts = Counter(fate.state.name.lower() for fate in self._fates)
        return {
            "title": self.title,
            "now": self.now,
            "say": self.say,
            "states": dict(sorted(counts.items())),
            "records": [fate.to_json() for fate in self._fates],
        }

    def __repr__(self) -> str:
        rows = fate_words.rows(self._shown())
        more = len(self._fates) - len(self._shown())
        tail = [f"… and {more} more records"] if more else []
        return "\n".join([self.title, self.say, "", *rows, *tail])

    def _shown(self) -> list[Fate]:
        """All of a short ledger; of a long one first what is remarkable, then the newest."""
        if len(self) <= _SHOWN:
            return self._fates
        odd = [each for each in self._fates if each.state in SURPRISES or each.is_repeated]
        shown = {id(each) for each in odd[:_SHOWN]}
        for each in reversed(self._fates):
            if len(shown) == _SHOWN:
                break
            shown.add(id(each))
        return [each for each in self._fates if id(each) in shown]


def ledger(world: World, topic: str | None = None) -> Ledger:
    """Of one topic, or of all.  `LearnerError` for a topic that never was."""
    kept = ledger_kept.of(world)
    fates = kept.all(world)
    if topic is not None:
        fates = [fate for fate in fates if fate.topic == topic]
        known = sorted(each for each in metadata(world).topics if not each.startswith("__"))
        if not fates and topic not in known:
            there_are = ", ".join(known) or "none yet"
            raise LearnerError(f"nothing was ever produced to {topic!r}; topics: {there_are}")
    title = f"Ledger of {topic}" if topic else "Ledger"
    return Ledger(fates, world.now - world.began, title, kept.since, was_live=world.began > 0)


def find(world: World, about: Any) -> Fate:
    """One record: a message, `"orders-0@41"`, or its value or key.  `LearnerError` otherwise."""
    kept = ledger_kept.of(world)
    try:
        return kept.one(world, _chosen(kept.lives, about))
    except LearnerError as error:
        if known := note(world):
            raise LearnerError(f"{error}; {known}") from None
        raise


def _chosen(lives: Sequence[Fate], about: Any) -> int:
    """Its number."""
    name = _name_of(about)
    if name is not None:
        found = [n for n, life in enumerate(lives) for at in life.places if at.name == name]
        if found:
            return found[-1]
        raise LearnerError(f"no record of an application here was ever written to {name}")
    data = about.encode() if isinstance(about, str) else about
    found = [n for n, life in enumerate(lives) if life.value == data]
    found = found or [n for n, life in enumerate(lives) if data is not None and life.key == data]
    if len(found) == 1:
        return found[0]
    if not found:
        raise LearnerError(f"no record with value or key {about!r} was produced; try sim.ledger()")
    some = [lives[number] for number in found[:4]]
    places = ", ".join(life.place.name if life.place else f"id {life.id}" for life in some)
    raise LearnerError(
        f"{len(found)} records are like that ({places} …): name one by its place, "
        f'sim.fate("orders-0@41"), or take it from sim.ledger()'
    )


def _name_of(about: Any) -> str | None:
    """`orders-0@41` of a text, a message, or (topic, partition, offset)."""
    if isinstance(about, str):
        partition, _, offset = about.rpartition("@")
        return about if offset.isdigit() and partition[-1:].isdigit() else None
    if isinstance(about, tuple) and len(about) == 3:
        return f"{about[0]}-{about[1]}@{about[2]}"
    if hasattr(about, "topic") and callable(about.topic) and about.offset() is not None:
        return f"{about.topic()}-{about.partition()}@{about.offset()}"
    return None


__all__ = ["SURPRISES", "Ledger", "find", "ledger"]
