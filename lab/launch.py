"""Links that open the lab on Binder: one for each lesson, made from one address.

    python -m lab.launch                  writes them into README.md, between the two marks
    python -m lab.launch somebody/lab     the same, for a clone whose `origin` is not on GitHub

The address is that of the clone's own `origin`, so whoever forks the lab runs the first line once
and commits README.md.  In the notebooks `binder_links()` needs not even that.

Read next: `lab.exercises.lessons`, the lessons; `binder/`, what Binder builds.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from lab.checking.views import Words
from lab.exercises.lessons import LESSONS

#: Where nothing says who publishes this clone.
UNSET: Final = "OWNER/kafkalab"
BADGE: Final = "https://mybinder.org/badge_logo.svg"
BEGIN: Final = "<!-- binder: written by python -m lab.launch -->"
END: Final = "<!-- /binder -->"
ROOT: Final = Path(__file__).resolve().parents[1]
README: Final = ROOT / "README.md"
_ON_GITHUB: Final = re.compile(r"(?:^|[/@])github\.com[:/]+([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


def repository(root: Path = ROOT) -> str:
    """`owner/name` on GitHub of the clone at `root`, as its `origin` says; else UNSET."""
    ask = ["git", "-C", str(root), "config", "--get", "remote.origin.url"]
    try:
        said = subprocess.run(ask, capture_output=True, text=True, check=False, timeout=5).stdout
    except (OSError, subprocess.TimeoutExpired):
        return UNSET
    found = _ON_GITHUB.search(said.strip())
    return found[1] if found else UNSET


def link(file: str, repository: str) -> str:
    """Opens `notebooks/<file>` of that repository in JupyterLab, on Binder."""
    place = quote(f"lab/tree/notebooks/{file}", safe="")
    return f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath={place}"


def binder_links(root: Path = ROOT) -> Words:
    """The links, to be shown in a notebook; or what to do, where no owner is known."""
    name = repository(root)
    if name == UNSET:
        return Words(
            "This copy of the lab does not come from GitHub (`git remote get-url origin` names no "
            "repository there), so there is no address for others yet. Publish it there, and the "
            "links stand here by themselves."
        )
    lines = [f"- [{one.number} {one.title}]({link(one.file, name)})" for one in LESSONS]
    return Words("\n".join([f"- [This page]({link('index.ipynb', name)})", *lines]))


def block(repository: str) -> str:
    """What stands between the marks: the badge, and a row for each lesson."""
    lines = [BEGIN, f"[![Binder]({BADGE})]({link('index.ipynb', repository)})", ""]
    if repository == UNSET:
        lines += [
            "(**`OWNER`** in these links stands for the account that publishes this repository. In "
            "a clone of yours",
            "from GitHub run `.venv/bin/python -m lab.launch` once: it takes the name from the "
            "clone's `origin`. Then",
            "commit README.md.)",
            "",
        ]
    lines += ["| | lesson | about | |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {each.number} | [{each.title}](notebooks/{each.file}) | {each.about} "
        f"| [on Binder]({link(each.file, repository)}) |"
        for each in LESSONS
    ]
    return "\n".join([*lines, END])


def written(text: str, repository: str) -> str:
    """The README with the block for that repository.  ValueError without its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no place for the links: {BEGIN} … {END}")
    return before + block(repository) + after


def main(arguments: Sequence[str] = ()) -> str:
    """Write the README; what was done, in words."""
    name = arguments[0] if arguments else repository()
    if not _NAME.fullmatch(name):
        return f"{name!r} is no repository: give owner/name, such as somebody/kafkalab."
    README.write_text(written(README.read_text(), name))
    if name == UNSET:
        return (
            "origin is not on GitHub, so README.md says OWNER. "
            "Give the name: python -m lab.launch somebody/kafkalab"
        )
    return f"README.md opens {name} on Binder now. Commit it."


if __name__ == "__main__":
    print(main(sys.argv[1:]))
