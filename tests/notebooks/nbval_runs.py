"""nbval on one notebook at a time, in processes that have imported it already.

To import pytest and nbval takes a second and a half, longer than most notebooks' cells.
"""

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 180

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["pytest", "nbval.plugin"])


def run_notebook(path: Path, log: Path) -> int:
    """Run it again and compare what it says; pytest's exit code, and what pytest said in `log`."""
    process = _processes.Process(target=_run, args=(path, log))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    return -1 if code is None else code


def _run(path: Path, log: Path) -> None:
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(path.parent)
    os.environ |= {"PYTEST_XDIST_WORKER": "", "PYTEST_ADDOPTS": ""}
    arguments = [
        *("--nbval", "-q", "-p", "no:cacheprovider", "-W", "ignore"),
        *("-c", os.devnull, "--rootdir", str(ROOT)),
        *("--nbval-cell-timeout", str(TIMEOUT_S), str(path)),
    ]
    sys.exit(int(pytest.main(arguments)))
