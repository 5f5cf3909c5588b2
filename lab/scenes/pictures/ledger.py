"""What became of every record the applications handed over, as a tab of the bench.

The choice of a reader, in words: `sort=lost first=16 open=producer-1/3`.

Read next: `lab.scenes.ledger`, which draws; `lab.bench.run_details`, which counts.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from kafkalab.frames.ledger import LedgerFrame
from lab.scenes import ledger
from lab.scenes.clock import seconds
from lab.scenes.legend import Entry
from lab.scenes.picture import Picture, Sight
from lab.scenes.pictures.spacetime import to_freeze
from lab.scenes.view import Block


def _view(sight: Sight) -> ledger.View:
    given = dict(word.split("=", 1) for word in sight.view.choice.split() if "=" in word)
    return ledger.View(
        sort=given.get("sort", "all").replace("-", " "),
        first=int(given.get("first", 0)),
        opened=given.get("open", ""),
        is_live=sight.controls is not None,
    )


def _draw(sight: Sight) -> Block:
    if sight.detail is None:
        return to_freeze(sight, "What a real client has handed over only that client knows.",
                         "follow each record produced there")  # fmt: skip
    return ledger.draw_block(sight.detail, _view(sight), sight.width)


def _obey(sight: Sight, words: list[str]) -> str | None:
    if sight.detail is None:
        return None
    turned = ledger.obey(sight.detail, _view(sight), words)
    if turned is None:
        return None
    return f"sort={turned.sort.replace(' ', '-')} first={turned.first} open={turned.opened}"


def _words(sight: Sight) -> str:
    frame = cast("LedgerFrame | None", sight.detail)
    if frame is None:
        return ""
    lines = [f"{frame['title']} · {seconds(frame['now'])} s", frame["say"], ""]
    lines += [f"  {row['words'] or '(no value)'}: {row['say']}" for row in frame["rows"][-20:]]
    return "\n".join(lines)


def _legend(sight: Sight) -> Sequence[Entry]:
    return ledger.entries() if sight.detail is not None else ()


def _keys(sight: Sight) -> Mapping[str, str]:
    keys = {"ArrowUp": "rows earlier", "ArrowDown": "rows later", "Escape": "open"}
    return keys if sight.detail is not None else {}


LEDGER = Picture(
    name="ledger", draw=_draw, detail=lambda frame, view: "ledger",
    say=lambda sight: sight.detail["say"] if sight.detail is not None else "", words=_words,
    legend=_legend, obey=_obey, keys=_keys,
)  # fmt: skip
