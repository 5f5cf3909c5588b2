"""Every client does everything; the table in docs/clients.md still says what each asks."""

import re

import pytest

from kafkalab.protocol.api_keys import ApiKey
from kafkalab.server.apis import BROKER_APIS, versions_of

from . import exercised
from .recording import CLIENTS, ROOT, TABLE, record

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("sockets_left_open"),
]

TESTS = ROOT / exercised.HERE
#: Asked or not as time will have it.
_BY_CHANCE = {int(ApiKey.HEARTBEAT)}


def rows() -> dict[str, dict[int, list[int]]]:
    """client → API key → versions, as the table has them."""
    text = TABLE.read_text().partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    names = [name.strip().split(" ")[0] for name in lines[0].strip("|").split("|")[1:]]
    found: dict[str, dict[int, list[int]]] = {name: {} for name in names}
    for line in lines[2:]:
        head, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        match = re.search(r"\((\d+)\)", head)
        assert match is not None, line
        for name, cell in zip(names, cells, strict=True):
            if cell != "·":
                found[name][int(match[1])] = [int(each) for each in cell.split(",")]
    return found


@pytest.mark.parametrize(
    "client", [pytest.param(c, marks=pytest.mark.xdist_group(c)) for c in CLIENTS]
)
def test_a_client_does_everything_and_asks_what_the_table_says(client: str) -> None:
    pytest.importorskip(client.removesuffix("-python").replace("-", "_"))
    used = {key for key, _ in record(client)} - _BY_CHANCE
    told = set(rows()[client]) - _BY_CHANCE
    assert used == told, "run `python -m tests.clients.recording`, and read the difference"


def test_what_the_table_names_is_offered() -> None:
    for client, apis in rows().items():
        for key, numbers in apis.items():
            offered = versions_of(BROKER_APIS, key)
            assert offered is not None, (client, key)
            assert all(number in offered for number in numbers), (client, key, numbers)


def test_the_page_names_every_test_of_a_client() -> None:
    """`python -m tests.clients.exercised` writes it."""
    _, found, text = TABLE.read_text().partition("\n## ")
    assert found
    for client, tests in exercised.CLIENTS.items():
        for file in tests.files:
            for name in re.findall(r"^def test_(\w+)", (TESTS / file).read_text(), re.M):
                assert f"- {name.replace('_', ' ')}" in text, (client, file, name)


def test_nothing_is_offered_that_is_not_implemented() -> None:
    """Telemetry above all: a client that finds it uses it."""
    telemetry = {71, 72}
    assert not telemetry & set(BROKER_APIS)
