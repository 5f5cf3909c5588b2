"""A JupyterLab server with folders of its own, and pages on it; for tests, and for measurements."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser

from .notebook import SIZE, Notebook


class Lab:
    """A JupyterLab server on a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url


@contextmanager
def serving(folder: Path) -> Iterator[Lab]:
    """A server on `folder`/notebooks, until the end of the block."""
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    port = _free_port()
    command = [sys.executable, "-m", "jupyter", "lab", *_options(port, notebooks)]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            env=os.environ | _own_folders(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, server, folder / "server.log")
            yield Lab(notebooks, url)
        finally:
            _end(server)


@contextmanager
def opened(browser: Browser, lab: Lab, name: str, code: str, view: str) -> Iterator[Notebook]:
    """A notebook with that code as its only cell, run; `view`: the `data-testid` of its picture."""
    path = lab.folder / f"{name}.ipynb"
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(document, path)
    page = browser.new_page(viewport=SIZE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{lab.url}/doc/workspaces/{name}/tree/{name}.ipynb?reset")
    made = Notebook(page, path, view)
    made.run_all()
    yield made
    page.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()")
    page.close()
    assert [error for error in errors if "player" in error.lower() or "lab" in error] == []


def _options(port: int, notebooks: Path) -> list[str]:
    return [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--allow-root",
        f"--ServerApp.root_dir={notebooks}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.terminals_enabled=False",
        "--LabApp.expose_app_in_browser=True",
    ]


def _own_folders(folder: Path) -> dict[str, str]:
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {name: str(folder / place) for name, place in names.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, f"JupyterLab ended:\n{log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(f"{url}/api/status", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not answer:\n{log.read_text()[-2000:]}")


def _end(server: "subprocess.Popen[bytes]") -> None:
    """The server and its kernels: they share its process group, or end with it."""
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(10)
