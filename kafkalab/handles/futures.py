"""Results that come later: `result()` runs the world until they are there.

Of `concurrent.futures.Future`'s shape, without threads: nothing happens until somebody asks, or
time runs for another reason.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from kafkalab.client.admin_answers import Outcome
from kafkalab.client.errors import TIMED_OUT, KafkaError, KafkaException, failure
from kafkalab.handles.session import Pause, Session, Steps, limit_ms

Value = TypeVar("Value")


class Request:
    """One task of an admin node; several futures may look at different parts of its answer."""

    def __init__(self, session: Session, id: int, what: str) -> None:
        self._session = session
        self._id = id
        self._what = what
        self._outcomes: tuple[Outcome, ...] | None = None

    @property
    def is_done(self) -> bool:
        return self._outcomes is not None or bool(self._session.read("has_result", self._id))

    def outcomes(self, timeout: float | None) -> tuple[Outcome, ...]:
        """KafkaException _TIMED_OUT if they are not there in time."""
        if self._outcomes is None:
            self._session.run(self._wait(timeout))
            self._outcomes = self._session.act("take_result", self._id)
        assert self._outcomes is not None
        return self._outcomes

    def _wait(self, timeout: float | None) -> Steps[None]:
        is_done = yield Pause("has_result", self._what, limit_ms(timeout), (self._id,))
        if not is_done:
            raise failure(TIMED_OUT, f"no answer within {timeout} virtual seconds: {self._what}")

    def __str__(self) -> str:
        return self._what


class Future(Generic[Value]):
    """A part of a request's answer.  `shape` makes it what the application sees."""

    def __init__(
        self,
        request: Request,
        shape: Callable[[tuple[Outcome, ...]], Value],
    ) -> None:
        self._request = request
        self._shape = shape

    def result(self, timeout: float | None = None) -> Value:
        """Run until it is there; KafkaException if it was refused."""
        return self._shape(self._request.outcomes(timeout))

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Run until it is there; None if all is well."""
        try:
            self.result(timeout)
        except KafkaException as error:
            return error
        return None

    def done(self) -> bool:
        """Whether `result` would return at once."""
        return self._request.is_done

    def running(self) -> bool:
        return not self.done()

    def cancelled(self) -> bool:
        return False

    def cancel(self) -> bool:
        """What has been asked of a broker cannot be taken back."""
        return False

    def add_done_callback(self, callback: Callable[["Future[Value]"], Any]) -> None:
        """Called at once if it is done; there is nobody to call it later: ask `result`."""
        self.result()
        callback(self)

    def __repr__(self) -> str:
        return f"<Future: {self._request}, {'done' if self.done() else 'not yet'}>"


def of_name(name: Any, outcomes: tuple[Outcome, ...]) -> Outcome:
    """The outcome of one thing asked about; KafkaException if it was refused."""
    found = next((one for one in outcomes if one.name == name), None)
    if found is None:
        found = next((one for one in outcomes if one.name is None and one.error), None)
    if found is None:
        raise failure(-1, f"the answer says nothing about {name}")
    if found.error:
        raise KafkaException(KafkaError(found.error, found.message))
    return found
