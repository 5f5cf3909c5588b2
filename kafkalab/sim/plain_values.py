"""Arguments of actions as text, and back: what `saved` writes.

    b"order 0"          {"bytes": "order 0"}            or {"base64": …} if it is no text
    (1, 2)              {"tuple": [1, 2]}               a list stays a list
    CreateTopicsRequest {"class": "kafkalab.…:CreateTopicsRequest", "fields": {…}}
    a function          {"code": "pay"}                 by reference: see `saved`

Only classes of this package are made again, and only plain ones (dataclasses, named tuples,
enums): a file can build data, never run code.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any, Final

from kafkalab.errors import LearnerError

_PACKAGE: Final = "kafkalab."


def write(value: Any, code: Callable[[Any], str]) -> Any:
    """As JSON has it.  `code` names a function.  `LearnerError` for what cannot be written."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        is_text = text.isprintable() and text.encode() == value
        return {"bytes": text} if is_text else {"base64": b64encode(value).decode()}
    if isinstance(value, Enum):
        return {"class": _name(type(value)), "member": value.name}
    if isinstance(value, list):
        return [write(each, code) for each in value]
    if isinstance(value, dict):
        return {"dict": [[write(key, code), write(each, code)] for key, each in value.items()]}
    if hasattr(value, "_fields") and isinstance(value, tuple):
        return _made(value, getattr(value, "_fields", ()), code)
    if isinstance(value, tuple):
        return {"tuple": [write(each, code) for each in value]}
    if is_dataclass(value) and not isinstance(value, type):
        return _made(value, [field.name for field in fields(value)], code)
    if callable(value):
        return {"code": code(value)}
    raise LearnerError(f"{value!r} cannot be saved: only plain values and functions can")


def read(text: Any, code: Callable[[str], Any]) -> Any:
    """The value again.  `code` finds a function by its name."""
    if isinstance(text, list):
        return [read(each, code) for each in text]
    if not isinstance(text, dict):
        return text
    match text:
        case {"bytes": str(words)}:
            return words.encode()
        case {"base64": str(words)}:
            return b64decode(words)
        case {"dict": list(pairs)}:
            return {read(key, code): read(each, code) for key, each in pairs}
        case {"tuple": list(items)}:
            return tuple([read(each, code) for each in items])
        case {"code": str(name)}:
            return code(name)
        case {"class": str(name), "member": str(member)}:
            return _class(name)[member]
        case {"class": str(name), "fields": dict(given)}:
            return _class(name)(**{key: read(each, code) for key, each in given.items()})
    raise LearnerError(f"this file holds what no simulation writes: {text}")


def _made(value: Any, names: Any, code: Callable[[Any], str]) -> dict[str, Any]:
    given = {name: write(getattr(value, name), code) for name in names}
    return {"class": _name(type(value)), "fields": given}


def _name(class_of: type) -> str:
    name = f"{class_of.__module__}:{class_of.__qualname__}"
    if not name.startswith(_PACKAGE):
        raise LearnerError(f"a value of {class_of.__name__} cannot be saved: it is not kafkalab's")
    return name


def _class(name: str) -> Any:
    module, _, qualified = name.partition(":")
    if not name.startswith(_PACKAGE):
        raise LearnerError(f"{name} is no class of kafkalab: this file was not written by it")
    found: Any = import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    is_plain = isinstance(found, type) and (
        is_dataclass(found) or hasattr(found, "_fields") or issubclass(found, Enum)
    )
    if not is_plain:
        raise LearnerError(f"kafkalab has no {name} any more: the file is of another version")
    return found
