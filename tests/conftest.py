"""What collecting the tests has made is there for good: the collector need not look at it again."""

import gc


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
