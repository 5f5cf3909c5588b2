"""When to try to join again: at once, then later and later; and what to tell the application.

In librdkafka: the join backoff of `rd_kafka_cgrp_t`.
"""

from dataclasses import dataclass
from typing import Final, Self

from kafkalab.client.consumer.context import Context

_LASTING_MS: Final = 1_000  # after an error that will not pass by itself


@dataclass(slots=True)
class Retries:
    """Failures since it last worked."""

    attempts: int = 0
    not_before: int = 0
    told: int = 0  # the last lasting error the application was told of

    def failed(self, context: Context, now: int, error: int = 0, is_lasting: bool = False) -> None:
        """Once more; a lasting error is told once."""
        delay = context.retry_delay_ms(self.attempts - 1) if self.attempts else 0
        self.attempts += 1
        if is_lasting:
            delay = max(delay, _LASTING_MS)
            if error != self.told:
                context.buffer.add_error(error, None)
                self.told = error
        self.not_before = now + delay

    def worked(self) -> None:
        self.attempts = self.told = 0

    def fork(self) -> Self:
        return type(self)(self.attempts, self.not_before, self.told)
