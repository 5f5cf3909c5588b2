"""Twins and ledgers in plain words: for screen readers, terminals, `print` and nbval.

Read next: `twins`, `ledger`, the same as pictures.
"""

from kafkalab.frames.twins import TwinsFrame
from lab.scenes.clock import seconds
from lab.scenes.shapes import plain


def write_text(frame: TwinsFrame) -> str:
    """Title, finding, marks, fates in both runs, outcomes."""
    lines = [frame["title"], frame["settings"], frame["say"], ""]
    lines.append(f"  {seconds(frame['change']):>9} s  the change")
    lines += [f"  {seconds(m['at']):>9} s  {m['words']}{_of(m['run'])}" for m in frame["marks"]]
    for run in frame["runs"]:
        counts: dict[str, int] = {}
        for record in run["records"]:
            counts[record["fate"]] = counts.get(record["fate"], 0) + 1
        said = ", ".join(f"{count} {fate}" for fate, count in sorted(counts.items()))
        lines.append(f"{run['name']}, {run['words']}: {said or 'no records'}")
    for name, steps in zip("AB", frame["chains"], strict=True):
        if steps:
            lines.append(f"What led {name} to where they part")
            lines += [f"  {seconds(s['at']):>9} s  {s['words']}" for s in steps]
    for outcome in frame["outcomes"]:
        verdict = "" if outcome["verdict"] == "same" else f"  B is {outcome['verdict']}"
        a, b, unit = outcome["a"], outcome["b"], outcome["unit"]
        lines.append(f"  {outcome['name']:<18} A {a}{unit}   B {b}{unit}{verdict}")
    return "\n".join(plain(line).rstrip() for line in lines)


def _of(run: str) -> str:
    return f" ({run})" if run else ""
