"""Looking back: checkpoints of a world, and what lay between them made again.

    checkpoints   |────────|────────|────────|── now
    at(t)                  └─▶ fork, replay actions and steps up to t

A checkpoint is a fork, taken every so many steps; when there are too many every second one goes,
and they are taken half as often.  So a long session costs no more memory than a short one, and any
instant is at most two gaps of steps away.  At each what has grown old is packed: events, actions
and the logs of apps, which go back to the beginning, so that any answer about the past stays what
it was (`packing`).

Invariants: a checkpoint is never run, only forks of it; checkpoints rise in steps.
Left out: the trace's deliveries before the checkpoint (its significant events are all there).
"""

from typing import Final, Self

from kafkalab.errors import LearnerError
from kafkalab.world.actions import replay
from kafkalab.world.garbage import rarely_collected
from kafkalab.world.world import World

_CHECKPOINTS_MAX: Final = 200  # 350 KB each, in a run with traffic
#: What is not packed, in chunks of 1,024: of events, as far back as pictures of now look (40,000) …
_TRACE_CHUNKS: Final = 64
_LOG_CHUNKS: Final = 16  # … and of actions and each app's log
_EVERY_STEPS: Final = 1_000  # twice that: 2 % faster runs, but twice as long to look back


class History:
    """The checkpoints of one world, from the instant it begins to be kept."""

    __slots__ = ("_checkpoints", "_every", "due")

    def __init__(self, world: World) -> None:
        self._checkpoints = [world.fork(forget_recent=True)]
        self._every = _EVERY_STEPS
        self.due = world.steps + self._every  # the step after which `keep` is to be called

    @property
    def begins_at(self) -> int:
        """The earliest instant that can be seen, in virtual ms."""
        return self._checkpoints[0].now

    def keep(self, world: World) -> None:
        """Take a checkpoint.  Only between steps."""
        _pack(world)
        self._checkpoints.append(world.fork(forget_recent=True))
        if len(self._checkpoints) > _CHECKPOINTS_MAX:
            del self._checkpoints[1::2]
            self._every *= 2
        self.due = world.steps + self._every

    def at(self, world: World, ms: int) -> World:
        """`world` as it was at the end of that millisecond.  `LearnerError` if out of range."""
        if not self.begins_at <= ms <= world.now:
            first, last, asked = (
                f"{(each - world.began) / 1000:.3f} s" for each in (self.begins_at, world.now, ms)
            )
            raise LearnerError(f"only {first} … {last} can be seen here, not {asked}")
        start = max(
            (each for each in self._checkpoints if each.now < ms),
            key=lambda each: each.steps,
            default=self._checkpoints[0],
        )
        past = start.fork()
        past.apps.echo(past, world.apps)
        with rarely_collected():
            replay(past, list(world.actions.since(len(past.actions))), ms)
        past.apps.end_echoes()
        return past

    def before(self, ms: int) -> World:
        """A fork of the last checkpoint in which nothing of that millisecond has happened."""
        earlier = [each for each in self._checkpoints if each.now < ms]
        return (earlier[-1] if earlier else self._checkpoints[0]).fork()

    def fork(self, world: World) -> Self:
        """The history of a fork or a view of its origin: what lies behind it."""
        other = type(self).__new__(type(self))
        other._checkpoints = [each for each in self._checkpoints if each.steps <= world.steps]
        other._every = self._every
        other.due = min(self.due, world.steps + self._every)
        return other


def _pack(world: World) -> None:
    world.trace.pack(_TRACE_CHUNKS)
    world.actions.pack(_LOG_CHUNKS)
    for process in world.apps.processes.values():
        process.log.pack(_LOG_CHUNKS)
