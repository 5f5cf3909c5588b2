"""The picture of one key's records: what is read too early, and that its words fit its shapes."""

import pytest

from kafkalab import AdminClient, NewPartitions, Producer, Simulation
from lab.exercises.stories_02 import bank, follow, follow_user, visit
from lab.scenes.passing import Passage, Stop, draw_passing, finding
from lab.scenes.svg import write_svg


def stop(number: int, partition: int, offset: int, turn: int | None) -> Stop:
    return Stop(number, partition, offset, turn, "+", is_followed=True)


def test_the_one_that_overtakes_is_early_not_the_one_overtaken() -> None:
    passage = Passage("k", (stop(0, 1, 0, 2), stop(1, 0, 0, 0), stop(2, 1, 1, 3)), 2)
    assert passage.early == {1}
    assert finding(passage) == (
        "k: 3 records, in P0 and P1; 1 of them read before one that was made earlier."
    )


def test_what_was_not_read_overtakes_nobody_and_has_no_cell_below() -> None:
    passage = Passage("k", (stop(0, 0, 0, None), stop(1, 0, 1, 0)), 1)
    assert not passage.early
    keys = draw_passing(passage).flat()
    assert "/kept 0" in keys
    assert "/read 0" not in keys


@pytest.mark.parametrize("width", [100, 700, 960, 1600])
def test_all_cells_are_inside(width: int) -> None:
    sim, _ = bank(lambda entry: None, 0)
    passage = follow(sim, "account-6")._passage
    scene = draw_passing(Passage(passage.name, passage.stops, passage.partitions, width))
    cells = [flat for key, flat in scene.flat().items() if key.startswith(("/made", "/read"))]
    rects = [flat.attributes for flat in cells if flat.tag == "rect"]
    assert all(float(each["x"]) + float(each["width"]) <= scene.width for each in rects)
    assert write_svg(scene).count("<line") == 16  # eight entries, two legs each


def test_a_bank_without_keys_shows_what_it_refused() -> None:
    sim, refused = bank(lambda entry: None, 0)
    early = follow(sim, "account-6").early
    assert {25, 31} <= early
    assert sum("account-6" in line for line in refused) == 2


@pytest.mark.parametrize("key", ["account", None])
def test_one_partition_or_one_key_has_no_crossing(key: str | None) -> None:
    partitions = 2 if key else 1
    sim, refused = bank(lambda entry: entry[key] if key else None, 0, partitions)
    assert not refused
    for number in range(8):
        picture = follow(sim, f"account-{number}")
        assert not picture.early
        assert "read in the order in which they were made" in repr(picture)


def test_a_user_who_moved() -> None:
    sim = Simulation(brokers=1, seed=5)
    sim.create_topic("visits", partitions=3)
    conf = {"bootstrap.servers": sim.bootstrap_servers}
    users = [f"user-{number}" for number in range(12)]
    first = visit(Producer(conf, sim=sim), users, "first visit")
    AdminClient(conf, sim=sim).create_partitions([NewPartitions("visits", 4)])["visits"].result()
    second = visit(Producer(conf, sim=sim), users, "second visit")
    moved = next(user for user in users if first[user] != second[user])
    assert f"P{first[moved]}" in repr(follow_user(sim, moved))
