"""`PartitionerLens(keys, partitions=6)`: where the same keys go, by each kind of client.

    PartitionerLens(["user-1", "user-2", "", None])
    PartitionerLens(["user-1", "user-2"], partitions=3, then=4)        what moves
    PartitionerLens(["user-1"], keyless=False)                        no strip of keyless records
    PartitionerLens(["vip-1", "user-2"], custom=lambda key, n: 0 if key.startswith(b"vip") else 1)

Read next: `lab.experiments.partitioning`, the truth; `lab.scenes.partitioning`, the picture.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kafkalab.client.partitioners import Partitioner
from kafkalab.errors import LearnerError
from lab.experiments import partitioning
from lab.experiments.partitioning import KEYS, METHODS, Landing, Row
from lab.scenes.partitioning import Lens, draw_lens, finding, key_name
from lab.widgets.player_widget import Message, ScenePlayer
from lab.widgets.still_view import in_a_cell

_PARTITIONS_MAX = 1_000


class PartitionerLens:
    """See the module's docstring.  `keys`: str (UTF-8), bytes or None; `then`: partitions later.

    `custom(key, partition_count) -> partition` gets the key's bytes, or None.
    `LearnerError` for a key that has no bytes of its own, or for no partitions.
    """

    def __init__(
        self,
        keys: Iterable[str | bytes | None] = KEYS,
        partitions: int = 6,
        *,
        then: int | None = None,
        custom: Partitioner | None = None,
        keyless: bool = True,
        seed: int = 0,
    ) -> None:
        if isinstance(keys, str | bytes):
            raise LearnerError(f"keys are several: [{keys!r}], not {keys!r}")
        self._keys, self._seed, self._keyless = tuple(keys), seed, keyless
        if not self._keys:
            raise LearnerError("give at least one key; None is a record without one")
        self._methods = METHODS if custom is None else (*METHODS, partitioning.custom(custom))
        self._lens = self._looked(_count(partitions), None if then is None else _count(then))
        self.widget = ScenePlayer(draw_lens(self._lens), name="partitioner-lens")
        self.widget.on_message(self._handle)

    def _looked(self, partitions: int, then: int | None) -> Lens:
        rows = partitioning.land(self._keys, self._methods, partitions, then, self._seed)
        keyless = partitioning.spread(partitions, self._seed) if self._keyless else ()
        return Lens(rows, self._methods, keyless, partitions, then)

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return finding(self._lens)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Each key with a `Landing` (hash, arithmetic, partition) for each method."""
        return self._lens.rows

    def work_out(self, key: str | bytes | None) -> "PartitionerLens":
        """Show the arithmetic of this key.  `LearnerError` if it is not one of the keys."""
        if key not in self._keys:
            raise LearnerError(
                f"{key!r} is not one of the keys: {', '.join(map(repr, self._keys))}"
            )
        return self._show(replace(self._lens, chosen=self._keys.index(key)))

    def resize(self, partitions: int) -> "PartitionerLens":
        """The same keys with another number of partitions."""
        looked = self._looked(_count(partitions), self._lens.then)
        return self._show(replace(looked, chosen=self._lens.chosen, width=self._lens.width))

    def _show(self, lens: Lens) -> "PartitionerLens":
        self._lens = lens
        self.widget.show(draw_lens(lens))
        self.widget.renew()
        return self

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self._show(replace(self._lens, width=round(width)))
            return
        chosen, count = self._lens.chosen, len(self._keys)
        match str(message.get("action", "")).split():
            case ["key", number] if int(number) < count:
                self._show(replace(self._lens, chosen=int(number)))
            case ["next"]:
                self._show(replace(self._lens, chosen=(chosen + 1) % count))
            case ["before"]:
                self._show(replace(self._lens, chosen=(chosen - 1) % count))
            case ["partitions", number] if 1 <= int(number) <= _PARTITIONS_MAX:
                self.resize(int(number))

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return in_a_cell(self.widget, draw_lens(replace(self._lens, width=960)), repr(self))

    def __repr__(self) -> str:
        """A line for each key."""
        lens = self._lens
        heads = "".join(f"{method.name:<18}" for method in lens.methods)
        wide = max(14, *(len(key_name(row)) + 2 for row in lens.rows))
        lines = ["Where does a key go?", self.say, "", f"{'key':<{wide}}{heads}".rstrip()]
        for row in lens.rows:
            cells = "".join(f"{_cell(landing):<18}" for landing in row.landings)
            lines.append(f"{key_name(row):<{wide}}{cells}".rstrip())
        lines += ["", "without a key"] if lens.keyless else []
        for one in lens.keyless:
            places = " ".join(map(str, one.partitions))
            lines.append(f"{one.name:<18}{one.clients:<24}{places}")
        return "\n".join(lines)


def _cell(landing: Landing) -> str:
    if landing.problem or landing.is_drawn:
        return landing.problem or "drawn"
    if landing.then is None:
        return str(landing.partition)
    return f"{landing.partition} → {landing.then}" + (" moves" if landing.moves else "")


def _count(partitions: int) -> int:
    if not isinstance(partitions, int) or not 1 <= partitions <= _PARTITIONS_MAX:
        raise LearnerError(f"partitions are 1 to {_PARTITIONS_MAX:,}, not {partitions!r}")
    return partitions
