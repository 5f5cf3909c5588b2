"""What collecting the tests has made is there for good: the collector need not look at it again.

Property tests do without hypothesis's explanations: these trace every line (`sys.settrace`), and
CPython 3.11 spins for ever in a traced call while an exception raised into a thread that has ended
since (`lab.background`, an interrupt) is still pending.
"""

import gc

from hypothesis import Phase, settings

settings.register_profile("untraced", phases=[each for each in Phase if each is not Phase.explain])
settings.load_profile("untraced")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
