"""Whether an answer says "I am not the active controller".

Requests that any controller may refuse so say it as a whole, or for each topic or resource.

In Kafka: `NodeToControllerRequestThread.handleResponse`, which asks again the next controller that
it hears of.
"""

from typing import Any, Final

from kafkalab.errors import ErrorCode

_LISTS: Final = ("topics", "responses", "results")


def is_not_controller(response: Any) -> bool:
    """True if the response, or anything in it, has the code NOT_CONTROLLER."""
    code = getattr(response, "error_code", None)
    if code is not None:
        return bool(code == ErrorCode.NOT_CONTROLLER)
    return any(
        getattr(each, "error_code", None) == ErrorCode.NOT_CONTROLLER
        for name in _LISTS
        for each in getattr(response, name, ())
    )
