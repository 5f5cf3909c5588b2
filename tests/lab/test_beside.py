"""`beside`: the same faults in two worlds, in the order of time, with what differs in bold."""

from kafkalab import Simulation
from lab.exercises.beside import beside


def world(*, restarts: bool) -> Simulation:
    sim = Simulation(brokers=3, seed=1)
    sim.create_topic("orders", replication_factor=3)
    sim.schedule(2, "crash 3")
    if restarts:
        sim.schedule(9.5, "restart 3")
        sim.schedule(10.5, "crash 2")
    sim.run(12)
    return sim


def test_what_differs_is_bold_and_marked_in_its_world_and_later_is_below() -> None:
    worlds = {"one": world(restarts=False), "two": world(restarts=True)}
    table = beside(worlds, "Crashed", "Restarted", read=lambda sim: sim.alive()[2:]).markdown
    head, _, *rows = table.splitlines()
    assert head == "| | what happened | one | two |"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [cell[1:] for cell in cells] == [
        ["broker 3 crashes", "●", "●"],
        ["**broker 3 restarts**", "", "●"],
        ["**broker 2 crashes**", "", "●"],
        ["can be read in the end", "`nothing`", "`nothing`"],
    ]
    assert [cell[0][:4] for cell in cells[1:3]] == ["`9.5", "`10."]  # by time, not by letters
