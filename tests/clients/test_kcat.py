"""kcat (Debian's package), where it is installed."""

import shutil
import subprocess
from typing import Any

import pytest

pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group("kcat"),
    pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed"),
]


def kcat(served: Any, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        ["kcat", "-b", served.bootstrap_servers, *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=40,
        check=True,
    )
    return done.stdout


def test_lists_produces_and_reads(served: Any) -> None:
    topic = served.new_topic()
    kcat(served, "-P", "-t", topic, given="one\ntwo\nthree\n")
    assert kcat(served, "-C", "-t", topic, "-e", "-o", "beginning").split() == [
        "one",
        "two",
        "three",
    ]
    listed = kcat(served, "-L")
    assert "3 brokers" in listed
    assert topic in listed
