"""What may be done to a world from outside, recorded so that it can be done again.

    action = (at, step, node, method, arguments)

A call of a node's method names the node; what is done to the world itself (a fault, a new client,
an app) names `WORLD` and a key of `_METHODS`.  Seed, options and actions make a run: `replay`.

Read next: `history`, which uses that to look back.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from kafkalab.ids import ConnectionId, NodeName
from kafkalab.world import faults
from kafkalab.world.apps import Function
from kafkalab.world.faults import WORLD
from kafkalab.world.world import Action, World


def add_client(world: World, kind: str, conf: Mapping[str, Any]) -> NodeName:
    """A client node, "producer", "consumer" or "admin"; returns its name."""
    world.record("add_client", kind, dict(conf))
    assert world.apps.clients is not None, "this world has no clients"
    name = world.new_name(kind)
    world.add(world.apps.clients.node(kind, dict(conf), name, world.seed))
    return name


def start_app(
    world: World, function: Function, name: str | None, named_after: str | None = None
) -> str:
    """Run a function as an app; returns its name.  `named_after`: instead of the function's."""
    world.record("start_app", function, name, *([named_after] if named_after else []))
    made = name or world.new_name(named_after or function.__name__)
    world.apps.start(world, function, made)
    return made


def crash_app(world: World, name: str) -> None:
    """End an app where it stands."""
    world.apps.crash(world, name)
    world.record("crash_app", name)


def restart_app(world: World, name: str) -> None:
    """Run an app again from its start."""
    world.record("restart_app", name)
    world.apps.restart(world, name)


def cut(world: World, client: NodeName, server: NodeName, number: int) -> None:
    """Break one connection."""
    faults.cut(world, ConnectionId(client, server, number))
    world.record("cut", client, server, number)


def override(world: World, key: str, value: Any, kind: str | None) -> None:
    """From now on clients (of one kind, or all that know the key) get this setting."""
    world.record("override", key, value, kind)
    assert world.apps.clients is not None, "this world has no clients"
    world.apps.clients = world.apps.clients.overridden(key, value, kind)


def unschedule(world: World, at: int, words: str) -> None:
    """Take back a fault that is planned."""
    world.record("unschedule", at, words)
    command = faults.parse(words)
    world.scheduler.drop(lambda each: each.due == at and each.about == command)


_METHODS: Final[Mapping[str, Callable[..., object]]] = {
    "command": World.command,
    "schedule": World.schedule,
    "add_client": add_client,
    "start_app": start_app,
    "crash_app": crash_app,
    "restart_app": restart_app,
    "cut": cut,
    "override": override,
    "unschedule": unschedule,
}


class Keeper(Protocol):
    """Takes checkpoints on the way (`history.History`)."""

    due: int

    def keep(self, world: World) -> None:
        """Take one."""


def replay(
    world: World,
    actions: Iterable[Action],
    until: int,
    *,
    steps: int | None = None,
    history: Keeper | None = None,
) -> None:
    """Bring a world forward to `until` (ms) by doing again what was done to its origin.

    With `steps`, only so far: the origin may have stopped amid the events of a millisecond.
    """
    for action in actions:
        if action.at > until or (steps is not None and action.step > steps):
            break
        _run(world, action.at, action.step, history)
        assert world.steps == action.step, (world.steps, action)
        world.now = max(world.now, action.at)
        perform(world, action)
    _run(world, until, steps, history)
    if steps is None:
        world.pass_time(until)
    world.now = max(world.now, until)


def _run(world: World, until: int, steps: int | None, history: Keeper | None) -> None:
    while (steps is None or world.steps < steps) and world.step(until):
        if history is not None and world.steps >= history.due:
            history.keep(world)


def perform(world: World, action: Action) -> Exception | None:
    """Do it once more.  What it raises, it raised the first time too; that is returned."""
    try:
        if action.node == WORLD:
            _METHODS[action.method](world, *action.arguments)
        else:
            world.act(action.node, action.method, *action.arguments)
    except Exception as error:  # whoever called then was told
        return error
    return None
