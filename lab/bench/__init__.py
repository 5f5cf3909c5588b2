"""The bench: every picture of a world, its controls, branches and a command line, in one place.

    Bench(sim)                       as the last line of a cell
    bench.show("log")                what a tab does
    bench.branch("what if")          a run from the instant shown, beside the one it left
    bench.run("describe topic orders")    what the command line does

Read next: `bench`; `commands`, what can be typed.
"""

from lab.bench.bench import Bench

__all__ = ["Bench"]
