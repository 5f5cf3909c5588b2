"""Links that open the lab on Binder: one for each lesson, made from one address.

    python -m lab.launch          writes them into README.md, between the two marks

Read next: `lab.exercises.lessons`, the lessons; `binder/`, what Binder builds.
"""

from pathlib import Path
from typing import Final
from urllib.parse import quote

from lab.exercises.lessons import LESSONS

#: Where this repository is published: set it, run `python -m lab.launch`, commit both.
REPOSITORY: Final = "OWNER/kafkalab"
UNSET: Final = "OWNER"
BADGE: Final = "https://mybinder.org/badge_logo.svg"
BEGIN: Final = "<!-- binder: written by python -m lab.launch -->"
END: Final = "<!-- /binder -->"
README: Final = Path(__file__).resolve().parents[1] / "README.md"


def link(file: str) -> str:
    """Opens `notebooks/<file>` in JupyterLab, on Binder."""
    place = quote(f"lab/tree/notebooks/{file}", safe="")
    return f"https://mybinder.org/v2/gh/{REPOSITORY}/HEAD?urlpath={place}"


def block() -> str:
    """What stands between the marks: the badge, and a row for each lesson."""
    lines = [BEGIN, f"[![Binder]({BADGE})]({link('index.ipynb')})", ""]
    if REPOSITORY.startswith(f"{UNSET}/"):
        lines += [
            f"(**`{UNSET}`** in these links stands for the account that publishes this repository: "
            "set `REPOSITORY` in",
            "`lab/launch.py` and run `python -m lab.launch`.)",
            "",
        ]
    lines += ["| | lesson | about | |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {each.number} | [{each.title}](notebooks/{each.file}) | {each.about} "
        f"| [on Binder]({link(each.file)}) |"
        for each in LESSONS
    ]
    return "\n".join([*lines, END])


def written(text: str) -> str:
    """The README with the block as it is now.  ValueError without its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no place for the links: {BEGIN} … {END}")
    return before + block() + after


def main() -> None:
    """Write the README."""
    README.write_text(written(README.read_text()))


if __name__ == "__main__":
    main()
