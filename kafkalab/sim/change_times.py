"""The times of a change as the clock shows them: a live cluster, frozen, began in Unix time.

Read next: `changes`; `instants.instant_ms`, the rule.
"""

from dataclasses import replace

from kafkalab.sim.changes import Call, Change, Fault, Several


def since(change: Change, began: int) -> Change:
    """With times of the clock, where they were given from when the world began (`instant_ms`)."""
    if isinstance(change, Several):
        return Several(tuple(since(each, began) for each in change.changes))
    if not began or not isinstance(change, Fault | Call):
        return change
    at, to = change.at, change.to if isinstance(change, Fault) else None
    at = at + began if at is not None and at < began else at
    if isinstance(change, Call):
        return replace(change, at=at or 0, began=began)
    to = to + began if to is not None and to < began else to
    return replace(change, at=at, to=to, began=began)
