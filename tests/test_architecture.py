"""The shape of the code, held by tests: layers, sizes, hidden inputs.

The rows are those of ARCHITECTURE.md.  A package may import from rows above its own, and from
itself; siblings in a row do not know each other.  `EXCEPTIONS` may only shrink.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: One worker reads every file once.
pytestmark = pytest.mark.xdist_group("architecture")

ROWS: tuple[tuple[str, ...], ...] = (
    ("ids", "values"),
    ("errors", "events"),
    ("config", "chance", "timers", "java_hash", "wall_clock"),
    ("node",),
    ("protocol", "record"),
    ("log", "metadata"),
    ("raft", "coordination"),
    ("controller", "replica", "groups", "transactions", "client"),
    ("server",),
    ("world", "schema_registry"),
    ("sim",),
    ("live",),
    ("handles", "frames"),
    ("cli",),
    ("__main__",),
)
LAB_ROWS: tuple[tuple[str, ...], ...] = (
    ("experiments",),
    ("scenes",),
    ("playback",),
    ("reader",),
    ("player", "loops"),
    ("widgets",),
    ("bench", "graphs"),
    ("checking",),
    ("exercises",),
    ("solutions",),
    ("coverage", "grade", "launch", "release"),
)

#: (importer, imported) pairs that break the rows, each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}

HIDDEN_INPUTS = frozenset({"time", "random", "uuid", "asyncio", "threading", "socket", "secrets"})
STORAGE = "kafkalab/log/storage_"
MAY_READ_THE_WORLD = ("kafkalab/live/", "kafkalab/cli.py", "kafkalab/world/driver.py", STORAGE)
FILE_MODULES = frozenset({"os", "io", "pathlib", "shutil", "tempfile", "fcntl", "mmap"})
#: The rows of servers and clients; above them, runs are saved and goldens written.
NO_FILES_UP_TO = "server"

LINES_MAX = 400
FUNCTION_LINES_MAX = 50


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def unit(path: Path, package: str) -> str:
    """`kafkalab/log/disk.py` belongs to `log`, `kafkalab/node.py` to `node`."""
    return path.relative_to(ROOT / package).parts[0].removesuffix(".py")


class Source:
    """What these tests ask of a file, found in one walk."""

    def __init__(self, path: Path) -> None:
        text = path.read_text()
        tree = ast.parse(text)
        self.lines = text.count("\n")
        self.is_silent = bool(text.strip()) and not ast.get_docstring(tree)
        self.imports: list[str] = []
        self.functions: list[tuple[str, int]] = []  # name and lines
        self.urandom: list[int] = []  # the lines that name it
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self.imports += (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                self.imports.append(node.module)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                self.functions.append((node.name, node.end_lineno - node.lineno + 1))
            elif isinstance(node, ast.Attribute) and node.attr == "urandom":
                self.urandom.append(node.lineno)


@cache
def source(path: Path) -> Source:
    return Source(path)


def imports(path: Path) -> list[str]:
    """Every module a file imports, inside functions and under TYPE_CHECKING too."""
    return source(path).imports


def row_of(name: str, rows: tuple[tuple[str, ...], ...]) -> int:
    for number, row in enumerate(rows):
        if name in row:
            return number
    raise AssertionError(f"{name} stands in no row: give it one here and in ARCHITECTURE.md")


@pytest.mark.parametrize(
    ("package", "rows"), [("kafkalab", ROWS), ("lab", LAB_ROWS)], ids=["kafkalab", "lab"]
)
def test_packages_import_only_from_rows_above(
    package: str, rows: tuple[tuple[str, ...], ...]
) -> None:
    broken = []
    for path in sources(package):
        importer = unit(path, package)
        if importer == "__init__":
            continue
        for module in imports(path):
            parts = module.split(".")
            if parts[0] != package or len(parts) == 1 or parts[1] == importer:
                continue
            imported = parts[1]
            above = row_of(imported, rows) < row_of(importer, rows)
            if not above and (importer, imported) not in EXCEPTIONS:
                broken.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not broken, "\n".join(broken)


def test_the_engine_knows_nothing_of_the_lab() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in sources("kafkalab")
        if any(module.split(".")[0] == "lab" for module in imports(path))
    ]
    assert not guilty, guilty


def test_no_exception_is_left_over() -> None:
    used = {
        (unit(path, "kafkalab"), module.split(".")[1])
        for path in sources("kafkalab")
        for module in imports(path)
        if module.startswith("kafkalab.")
    }
    assert set(EXCEPTIONS) <= used, set(EXCEPTIONS) - used


def test_the_engine_reads_no_clock_no_chance_and_no_socket() -> None:
    guilty = []
    for path in sources("kafkalab"):
        name = str(path.relative_to(ROOT))
        if name.startswith(MAY_READ_THE_WORLD):
            continue
        hidden = {module.split(".")[0] for module in imports(path)} & HIDDEN_INPUTS
        guilty += [f"{name} imports {module}" for module in sorted(hidden)]
        guilty += [f"{name}:{line} calls os.urandom" for line in source(path).urandom]
    assert not guilty, "\n".join(guilty)


def test_only_storage_touches_files() -> None:
    """`recovery` goes through `storage_…`, which turns errors into sentences."""
    guilty = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources("kafkalab")
        if unit(path, "kafkalab") != "__init__"
        and row_of(unit(path, "kafkalab"), ROWS) <= row_of(NO_FILES_UP_TO, ROWS)
        and not str(path.relative_to(ROOT)).startswith(STORAGE)
        for module in imports(path)
        if module.split(".")[0] in FILE_MODULES
    ]
    assert not guilty, "\n".join(guilty)


def test_no_peer_is_used_inside_the_product() -> None:
    peers = {"confluent_kafka", "kafka", "aiokafka", "kio"}
    guilty = [
        f"{path.relative_to(ROOT)} imports {module}"
        for package in ("kafkalab", "lab")
        for path in sources(package)
        for module in imports(path)
        if module.split(".")[0] in peers
    ]
    assert not guilty, "\n".join(guilty)


def test_files_and_functions_stay_short() -> None:
    long = []
    for path in [*sources("kafkalab"), *sources("lab"), *sources("tests")]:
        file, name = source(path), path.relative_to(ROOT)
        if file.lines > LINES_MAX:
            long.append(f"{name}: {file.lines} lines")
        long += [
            f"{name}: {function} has {length} lines"
            for function, length in file.functions
            if length > FUNCTION_LINES_MAX
        ]
    assert not long, "\n".join(long)


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for package in ("kafkalab", "lab")
        for path in sources(package)
        if source(path).is_silent
    ]
    assert not silent, "\n".join(silent)


def test_nothing_names_the_machine_it_was_written_on() -> None:
    words = ("/" + "work/", "/" + "farm", "farm" + "-")
    guilty = [
        f"{path.relative_to(ROOT)}: {word}"
        for pattern in ("*.py", "*.md", "*.toml", "*.js", "*.ipynb", "Makefile", "run", "postBuild")
        for path in ROOT.rglob(pattern)
        if ".venv" not in path.parts and path.is_file()
        for word in words
        if word in path.read_text(errors="replace")
    ]
    assert not guilty, "\n".join(guilty)
