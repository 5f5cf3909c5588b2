"""What can go wrong, as commands in words, and schedules of them drawn beforehand.

    crash 2              the process dies; its disk stays.  Its connections are closed
    restart 2            a new process on that disk
    shutdown 2           it leaves in order: hands over what it leads, then ends
    pause 2 3000         for 3,000 ms it handles nothing; messages and timers wait
    partition 1 | 2,3    messages between the sides wait (they are not lost) until …
    partition 1 > 2,3    only messages from the left to the right wait
    heal                 … the network is whole again, and every clock is right
    delay 1 2 300        messages between them take 300 ms, each way
    cut 1 2              the connections between them break, with what is in flight
    cut producer-1 2 1   the client's connection number 1 to the server breaks
    clock 2 +5000        its clock is 5,000 ms ahead; so with drift (`clocks`)
    drop Produce 2       the next Produce to broker 2 is lost; so with stall, answer (`intercept`)
    hold producer-1 2    what goes from one to the other waits in flight until `release` (`holds`)

A number is a broker's or controller's `node.id` (controllers begin at 101); a client is called by
its name.  A node that no side names reaches both sides: so a partition of brokers leaves them all
in touch with clients and controllers, unless those are named too (`partition 1 | 2,3,101`).

`disks` has more, about disks and power.

Left out: messages lost one by one (TCP would send them again).
Read next: `world`, whose methods these call; `network`, for what a partition does; `disks`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from kafkalab.chance import Stream
from kafkalab.errors import LearnerError
from kafkalab.ids import ConnectionId, NodeName, server_name
from kafkalab.world import clocks, disks, holds, shutdown
from kafkalab.world.intercept import Intercepts, Rule, rule_of

if TYPE_CHECKING:
    from kafkalab.world.world import World

#: Whose events those are that belong to no node.
WORLD: Final[NodeName] = "world"

_FORMS: Final = (
    "crash N, restart N, shutdown N, pause N MS, partition A,B | C, partition A > B, heal, "
    f"delay A B MS, cut A B [NUMBER], {disks.FORMS}, {clocks.FORMS}, drop API N, stall API N MS, "
    f"answer API N ERROR (these three also 'from A'), {holds.FORMS} (N, A, B: numbers of brokers "
    "or controllers, or names of clients)"
)


class CommandError(LearnerError, ValueError):
    """Words that are no command, or name a node that does not exist."""


@dataclass(frozen=True, slots=True)
class Command:
    """One fault, ready to be done.  `words` is the text it was read from."""

    verb: str
    nodes: tuple[NodeName, ...] = ()
    ms: int = 0
    sides: tuple[tuple[NodeName, ...], ...] = ()
    words: str = ""
    is_one_way: bool = False
    rule: Rule | None = None
    what: str = ""  # of a message held: request or response …
    numbers: tuple[int, ...] = ()  # … and its connection's and its own


def parse(words: str) -> Command:
    """Read a command.  `CommandError` shows the forms there are."""
    verb, _, rest = words.strip().partition(" ")
    given = rest.split()
    try:
        match verb, given:
            case (("crash" | "restart" | "shutdown"), [node]):
                return Command(verb, (name_of(node),), words=words)
            case _, [node] if verb in disks.VERBS:
                return Command(verb, (name_of(node),), words=words)
            case (("pause" | disks.SLOW), [node, ms]):
                return Command(verb, (name_of(node),), _ms(ms), words=words)
            case _, [node, ms] if verb in clocks.VERBS:
                return Command(verb, (name_of(node),), clocks.signed_ms(verb, ms), words=words)
            case "delay", [source, target, ms]:
                return Command(verb, (name_of(source), name_of(target)), _ms(ms), words=words)
            case "cut", [one, other]:
                return Command(verb, (name_of(one), name_of(other)), words=words)
            case "cut", [client, server, number] if number.isdigit():
                nodes = (name_of(client), name_of(server))
                return Command(verb, nodes, words=words, numbers=(int(number),))
            case "heal", []:
                return Command(verb, words=words)
            case _ if verb in holds.VERBS:
                return _holding(verb, given, words)
            case "partition", _ if ">" in rest:
                sides = _sides(rest.split(">"))
                if len(sides) > 2:
                    raise ValueError("one way is from one side to one other")
                return Command(verb, sides=sides, words=words, is_one_way=True)
            case (("drop" | "stall" | "answer"), [api, node, *more]):
                return _intercepting(verb, api, name_of(node), more, words)
            case "partition", _ if "|" in rest:
                return Command(verb, sides=_sides(rest.split("|")), words=words)
    except ValueError as error:
        raise CommandError(f"{words!r}: {error}; what there is: {_FORMS}") from None
    raise CommandError(f"{words!r} is not a command; what there is: {_FORMS}")


def name_of(node: int | str) -> NodeName:
    """`2` or "2" is broker-2, 101 is controller-101; other words are names already."""
    if isinstance(node, int) or node.isdigit():
        return server_name(int(node))
    if not node:
        raise ValueError("a node is missing")
    return node


def sides_of(sides: Iterable[Iterable[int | str]]) -> tuple[tuple[NodeName, ...], ...]:
    """Sides of a partition by name, each sorted; ValueError if a node stands on two."""
    named = tuple(tuple(sorted({name_of(node) for node in side})) for side in sides)
    everyone = [node for side in named for node in side]
    if len(named) < 2 or not all(named):
        raise ValueError("a partition needs two sides or more, none of them empty")
    if len(set(everyone)) < len(everyone):
        raise ValueError("a node stands on two sides")
    return named


def apply(world: "World", command: Command, cause: int = 0) -> None:
    """Do it now.  `CommandError` if it does not apply (a crash of what has crashed already)."""
    check_known(world, command)
    match command.verb:
        case "crash":
            world.crash(command.nodes[0], cause)
        case "restart":
            world.restart(command.nodes[0], cause)
        case "shutdown":
            shutdown.begin(world, command.nodes[0], cause)
        case "pause":
            world.pause(command.nodes[0], command.ms, cause)
        case disks.SLOW | "power-off" | "full-disk" | "fail-disk" | "mend-disk":
            disks.apply(world, command.verb, command.nodes[0], command.ms, cause)
        case "clock" | "drift":
            clocks.apply(world, command.verb, command.nodes[0], command.ms, cause)
        case "partition":
            _note(world, cause, "Partitioned", command.sides, command.is_one_way)
            world.network.partition(command.sides, world.now, is_one_way=command.is_one_way)
        case "drop" | "stall" | "answer":
            assert command.rule is not None, command
            if world.network.intercepts is None:
                world.network.intercepts = Intercepts()
            world.network.intercepts.add(command.rule, world.now)
        case "hold" | "release":
            _hold(world, command, cause)
        case "heal":
            id = _note(world, cause, "Healed")
            world.network.partition((), world.now)
            clocks.mend_all(world, id)
        case "delay":
            one, other = command.nodes
            _note(world, cause, "Delayed", one, other, command.ms)
            world.network.delay(one, other, command.ms)
            world.network.delay(other, one, command.ms)
        case "cut" if command.numbers:
            client, server = command.nodes
            cut(world, ConnectionId(client, server, command.numbers[0]), cause)
        case "cut":
            for connection in world.network.connections.ids():
                if {connection.client, connection.server} == set(command.nodes):
                    cut(world, connection, cause)
        case _:
            raise AssertionError(command)


def check_known(world: "World", command: Command) -> None:
    """`LearnerError` if it names a node that is not there, or that cannot have such a fault."""
    for node in (*command.nodes, *(node for side in command.sides for node in side)):
        world.check_known(node)
    if command.verb in clocks.VERBS:
        clocks.clock_of(world, command.nodes[0])
    elif command.verb in disks.VERBS or command.verb == disks.SLOW:
        disks.disk_of(world, command.nodes[0])


def cut(world: "World", connection: ConnectionId, cause: int = 0) -> None:
    """Break one connection; what is in flight on it is lost.  `CommandError` if it is gone."""
    if connection not in world.network.connections.ids():
        raise CommandError(f"there is no connection {connection}")
    id = _note(world, cause, "ConnectionCut", *connection)
    world.network.cut(connection, id, world.now)


def _hold(world: "World", command: Command, cause: int) -> None:
    try:
        holds.apply(world, command.verb, command.what, command.nodes, command.numbers, cause)
    except LearnerError as error:
        raise CommandError(str(error)) from None


def _note(world: "World", cause: int, *event: Any) -> int:
    return world.trace.add(world.now, cause, WORLD, event)


def _intercepting(verb: str, api: str, server: NodeName, more: list[str], words: str) -> Command:
    source = ""
    if more[-2:-1] == ["from"]:
        source, more = name_of(more[-1]), more[:-2]
    if len(more) != (verb != "drop"):
        raise ValueError(f"{verb} takes an API, a server{' alone' if verb == 'drop' else ''} …")
    last = str(_ms(more[0])) if verb == "stall" else "".join(more)
    nodes = (server, source) if source else (server,)
    return Command(verb, nodes, words=words, rule=rule_of(verb, api, server, source, last))


def _holding(verb: str, given: list[str], words: str) -> Command:
    names, numbers = holds.parse(given)
    if not names and verb == "hold":
        raise ValueError("which message, or which link?")
    what = names[0] if numbers else ""
    nodes = tuple(name_of(name) for name in names[len(names) - 2 :])
    return Command(verb, nodes, words=words, what=what, numbers=numbers)


def _ms(text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"{text!r} is not a number of milliseconds")
    return int(text)


def _sides(sides: list[str]) -> tuple[tuple[NodeName, ...], ...]:
    return sides_of([node.strip() for node in side.split(",")] for side in sides)


@dataclass(frozen=True, slots=True)
class Faults:
    """A schedule: (milliseconds from the start, words), in order of time."""

    commands: tuple[tuple[int, str], ...] = ()

    @classmethod
    def random(cls, seed: int, brokers: int = 3, until_ms: int = 60_000) -> Self:
        """Crashes (restarted later), pauses and partitions, one at a time, drawn from a seed.

        At most one broker is down at once, and all is well again at `until_ms`.
        """
        chance = Stream(seed, "faults")
        commands: list[tuple[int, str]] = []
        at = chance.between(500, 5_000)
        while True:
            lasts = chance.between(500, 15_000)
            if at + lasts >= until_ms:
                return cls(tuple(commands))
            broker = chance.between(1, brokers)
            others = ",".join(str(each) for each in range(1, brokers + 1) if each != broker)
            match chance.below(3):
                case 0:
                    commands += [(at, f"crash {broker}"), (at + lasts, f"restart {broker}")]
                case 1 if others:
                    commands += [(at, f"partition {broker} | {others}"), (at + lasts, "heal")]
                case _:
                    commands.append((at, f"pause {broker} {lasts}"))
            at += lasts + chance.between(500, 10_000)
