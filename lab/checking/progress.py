"""What a learner has done, in a file of their own: the landing page reads it.

`~/.local/state/kafkalab/progress.json`, or where `KAFKALAB_PROGRESS` says.  A file that cannot be
read or written is no reason to stop a lesson: it is begun anew, or done without.
"""

import json
import os
from pathlib import Path

_DEFAULT = Path("~/.local/state/kafkalab/progress.json")


def path() -> Path:
    """Where it is kept."""
    return Path(os.environ.get("KAFKALAB_PROGRESS", _DEFAULT)).expanduser()


def load() -> dict[str, float]:
    """The best score (0 to 1) by exercise id, and predictions made (1.0 if they came true)."""
    try:
        stored = json.loads(path().read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(stored, dict):
        return {}
    return {key: float(value) for key, value in stored.items() if isinstance(value, int | float)}


def note(id: str, score: float) -> None:
    """Remember a score, if it is the best so far."""
    scores = load()
    if scores.get(id, -1.0) >= score:
        return
    scores[id] = score
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        path().write_text(json.dumps(scores, indent=0, sort_keys=True))
    except OSError:
        return
