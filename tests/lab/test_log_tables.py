"""What lessons say of one log in a table: who reads which offset, and how one is found."""

import pytest

from kafkalab import Producer, Simulation
from lab.exercises.index_10 import index_picture
from lab.exercises.readers import readers

SERVERS = {"bootstrap.servers": "kafka:9092"}


def test_an_aborted_record_is_left_out_and_an_open_one_waited_for() -> None:
    sim = Simulation(brokers=1, seed=1)
    sim.create_topic("orders")
    shop = Producer({**SERVERS, "transactional.id": "shop"}, sim=sim)
    shop.init_transactions()
    for value in ("regretted", "open"):
        shop.begin_transaction()
        shop.produce("orders", value)
        shop.flush()
        if value == "regretted":
            shop.abort_transaction()
    sim.run(0.1)
    said = repr(readers(sim)).splitlines()
    assert "nothing from offset 2 on" in said[1]
    assert [line.split() for line in said[3:7]] == [
        ["the", "log", "regretted", "ABORT", "open"],
        ["transaction", "shop", "shop", "shop"],
        ["read_uncommitted", "✓", "✓"],
        ["read_committed", "–", "…"],
    ]


@pytest.mark.parametrize(("find", "said"), [(17, "→ → ✓"), (2, "→ → ✓"), (15, "✓")])
def test_an_offset_is_looked_for_from_the_row_before_it(find: int, said: str) -> None:
    shown = repr(index_picture(find)).splitlines()
    assert shown[5].split() == ["to", "find", str(find), *said.split()]
    with pytest.raises(ValueError, match="0 to 23"):
        index_picture(24)
