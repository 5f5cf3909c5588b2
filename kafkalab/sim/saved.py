"""A simulation as text: seed, options, actions, code by reference; from that the run again.

    save ──▶ {"kafkalab simulation": 1, "engine": …, "options": …, "actions": […], "code": {…},
              "now": …, "steps": …, "digest": …}
    load ──▶ make it from seed and options, do the actions again, compare the digest

Nothing of the state is written: a run is its causes.  So a file of a few kilobytes brings back
hours, byte for byte, or says that it cannot.  A learner's functions are named, with their source
shown; they are never run from the file: whoever loads has them, or is shown what is missing.

Invariants: what is loaded has the digest that was saved.
Left out: handles (a loaded simulation has their nodes; make new handles), the learner's variables.
Read next: `plain_values`; `world.actions.replay`.
"""

import inspect
import json
import sys
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kafkalab import __version__
from kafkalab.errors import LearnerError
from kafkalab.sim import plain_values
from kafkalab.world.actions import replay
from kafkalab.world.world import Action

if TYPE_CHECKING:
    from kafkalab.sim.simulation import Simulation

Sim = TypeVar("Sim", bound="Simulation")

FORMAT: Final = 1
_MARK: Final = "kafkalab simulation"
_PARTS: Final[Mapping[str, type]] = {
    "engine": str,
    "name": str,
    "options": dict,
    "code": dict,
    "now": int,
    "steps": int,
    "digest": str,
    "actions": list,
}
_LINK: Final = "kafkalab-1-"

Code = Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]]


class CannotLoad(LearnerError):
    """A file or link that does not lead to the run it was made from; says why."""


def write(sim: "Simulation", *, has_source: bool = True) -> dict[str, Any]:
    """Everything that makes this run again, as JSON has it."""
    world = sim.world
    if not sim.options:
        raise LearnerError(
            f"{sim.name!r} cannot be saved: it began as a live cluster, which no seed repeats"
        )
    code: dict[str, dict[str, str]] = {}

    def name_of(function: Any) -> str:
        name: str = function.__qualname__
        source = _source(function)
        known = code.setdefault(name, {"module": function.__module__, "hash": _hash(source)})
        if known["hash"] != _hash(source):
            raise LearnerError(f"two functions are called {name}: give one another name, then save")
        if has_source:
            known["source"] = source
        return name

    actions = [
        [each.at, each.step, each.node, each.method, plain_values.write(each.arguments, name_of)]
        for each in world.actions.since(0)
    ]
    return {
        _MARK: FORMAT,
        "engine": __version__,
        "name": sim.name,
        "options": plain_values.write(sim.options, name_of),
        "code": code,
        "now": world.now,
        "steps": world.steps,
        "digest": world.trace.digest(),
        "actions": actions,
    }


def text(sim: "Simulation") -> str:
    """A file's text: one action a line, so that two files can be compared."""
    found = write(sim)
    actions = found.pop("actions")
    head = json.dumps(found, indent=1, ensure_ascii=False).removesuffix("\n}")
    lines = ",\n".join(f"  {json.dumps(each, ensure_ascii=False)}" for each in actions)
    return f'{head},\n "actions": [\n{lines}\n ]\n}}\n'


def write_link(sim: "Simulation") -> str:
    """The same as a short text without spaces, for a chat or a URL; sources are left out."""
    text = json.dumps(write(sim, has_source=False), separators=(",", ":"), ensure_ascii=False)
    packed = urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    return f"{_LINK}{packed}"


def read_link(link: str) -> dict[str, Any]:
    """What `write_link` packed.  `CannotLoad` if it is cut short, or none of ours."""
    packed = link.strip()
    if not packed.startswith(_LINK):
        raise CannotLoad(f"this is no link of a simulation: it would begin with {_LINK}")
    packed = packed.removeprefix(_LINK)
    try:
        unpacker = zlib.decompressobj()
        data = urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        text = unpacker.decompress(data, 1 << 28)
        found = json.loads(text)
    except (ValueError, zlib.error):
        raise CannotLoad("this link is damaged: was it copied to its end?") from None
    return checked(found)


def read_file(path: Path) -> dict[str, Any]:
    """What `write` made.  `CannotLoad` if the file is none of ours."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CannotLoad(f"{path} is no saved simulation: {error}") from None
    return checked(found, str(path))


def checked(found: Any, where: str = "this link") -> dict[str, Any]:
    """`CannotLoad` if it is of another format."""
    if not isinstance(found, dict) or _MARK not in found:
        raise CannotLoad(f"{where} is no saved simulation")
    if found[_MARK] != FORMAT:
        raise CannotLoad(
            f"{where} is of format {found[_MARK]}, this kafkalab {__version__} reads format "
            f"{FORMAT}: open it with kafkalab {found.get('engine', 'of its time')}"
        )
    for key, kind in _PARTS.items():
        if not isinstance(found.get(key), kind):
            raise CannotLoad(f"{where} is damaged: its {key!r} is missing, or not what was written")
    return found


def restored(class_of: "type[Sim]", found: Mapping[str, Any], code: Code | None) -> "Sim":
    """The simulation again, as it was saved.  `CannotLoad` if it does not come to that."""
    sim = class_of(**plain_values.read(found["options"], _no_code))
    _bring(sim, found, code)
    sim.name = sim.branch.name = str(found["name"])
    return sim


def _bring(sim: "Simulation", found: Mapping[str, Any], code: Code | None) -> None:
    """From its beginning to where the saved one was."""
    finder = _Finder(found["code"], code)
    actions = [
        Action(at, step, node, method, plain_values.read(arguments, finder.find))
        for at, step, node, method, arguments in found["actions"]
    ]
    world, history = sim.world, sim.driver.history
    assert history is not None
    try:
        replay(world, actions, found["now"], steps=found["steps"], history=history)
        digest = world.trace.digest()
    except AssertionError:
        digest = ""
    if digest == found["digest"]:
        return
    reasons = finder.changed
    if found["engine"] != __version__:
        reasons = [f"it was saved by kafkalab {found['engine']}, this is {__version__}", *reasons]
    if not reasons:
        reasons = ["an app depends on something outside the simulation, or the engine has changed"]
    raise CannotLoad("the run cannot be made again as it was saved:\n  " + "\n  ".join(reasons))


def _no_code(name: str) -> Any:
    raise CannotLoad(f"an option of this simulation names a function, {name}")


class _Finder:
    """Finds the functions a file names: given, in the notebook, or in a module."""

    def __init__(self, wanted: Mapping[str, Mapping[str, str]], given: Code | None) -> None:
        self._wanted = wanted
        self.changed: list[str] = []
        if given is None:
            self._given: dict[str, Callable[..., Any]] = {}
        elif isinstance(given, Mapping):
            self._given = dict(given)
        else:
            self._given = {each.__qualname__: each for each in given}

    def find(self, name: str) -> Any:
        """`CannotLoad`, with the source, if there is none of that name."""
        about = self._wanted[name]
        short = name.rpartition(".")[2]
        found = self._given.get(name) or self._given.get(short) or _named(about["module"], name)
        source = about.get("source", "")
        if found is None:
            shown = f":\n\n{indent(dedent(source), '    ')}" if source else ""
            raise CannotLoad(
                f"this simulation runs a function {short}, which is not here; define it and give "
                f"it: load(…, code=[{short}]){shown}"
            )
        if _hash(_source(found)) != about["hash"]:
            words = f"{short} is not the function it was"
            if source:
                words += f"; it was\n\n{indent(dedent(source), '      ')}"
            self.changed.append(words)
        return found


def _named(module: str, qualified: str) -> Any:
    found: Any = sys.modules.get(module)
    if found is None:
        try:
            found = import_module(module)
        except ImportError:
            return None
    for part in qualified.split("."):
        found = getattr(found, part, None)
    return found


def _source(function: Any) -> str:
    try:
        return dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def _hash(source: str) -> str:
    return blake2b(source.encode(), digest_size=8).hexdigest()
