"""A live cluster, frozen, in the hands of a learner: which instant a time means, wherever given."""

import pytest
from on_screen import until

from kafkalab import LiveCluster
from kafkalab.errors import LearnerError
from kafkalab.sim import also
from lab import Bench


def test_one_rule_says_which_instant_is_meant_wherever_one_is_given() -> None:
    with LiveCluster(brokers=3) as cluster:
        cluster.create_topic("orders", 1, 3)
        sim = cluster.freeze()
    began, first = sim.world.began, sim.now - sim.world.began
    bench = Bench(sim)
    sim.run_to(first + 500)
    assert sim.now == began + first + 500
    sim.run_to(began + first + 700)
    assert sim.now == began + first + 700
    sim.run_to(first + 600)
    assert sim.now == began + first + 700, "it is later already"
    seconds, ms = f"{first / 1000:.3f} s", rf"run_to\({first / 1000:g}\) is 0\.\d+ s, and .* begins"
    with pytest.raises(LearnerError, match=f"{ms} at {seconds}; it takes ms"):
        sim.run_to(first / 1000)
    with pytest.raises(LearnerError, match=r"at takes seconds, at\(.*\), and .* are ms"):
        sim.at(first + 500)
    with pytest.raises(LearnerError, match=r"how many seconds\? .* \(is that ms\?"):
        sim.at(sim.now)
    bench.end()
    until(lambda: bench.shown_at == first + 700)
    for instant in (first / 1000 + 0.2, (began + first) / 1000 + 0.2):
        assert bench.branch(at=instant).now == began + first + 200
        bench.turn_to("the run")
        bench.end().seek(instant)
        until(lambda: bench.shown_at == first + 200)
    assert bench.run(f"then {first + 100} crash 2").startswith("a branch at")
    assert bench.world.now == began + first + 100
    assert float(bench.run("run 1").split()[1]) * 1000 == first + 1100
    bench.run("rewind 0")
    until(lambda: bench.shown_at < first + 1100)
    bench.run("rewind")
    until(lambda: bench.shown_at == first + 1100)
    bench.close()


def test_a_branch_from_an_instant_gone_by_of_a_live_cluster_is_refused_not_made_now() -> None:
    with LiveCluster(brokers=3) as cluster:
        bench = Bench(cluster)
        for ask in (lambda: bench.branch(at=0.1), lambda: bench.run("then 100 crash 2")):
            with pytest.raises(LearnerError, match="a live cluster cannot go back: freeze"):
                ask()
        assert bench.worlds == {"the run": cluster}
        frozen = bench.branch()
        assert bench.world is frozen and frozen.alive() == [1, 2, 3]
        with pytest.raises(LearnerError, match="can be run again from"):
            frozen.twins(also("crash 2", at=0))  # before it was frozen
        bench.close()
