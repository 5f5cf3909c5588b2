"""How long to wait before trying again: doubling, capped, with drawn jitter.

librdkafka adds -20 … +20 % to retries and -25 … +50 % to reconnects, so that clients which failed
together do not come back together.
"""

from kafkalab.chance import Stream


def retry_delay_ms(attempt: int, base_ms: int, most_ms: int, chance: Stream) -> int:
    """Before the retry after `attempt` failures (from 0): base, twice that …, at most `most_ms`."""
    return _jittered(attempt, base_ms, most_ms, 80, 120, chance)


def reconnect_delay_ms(attempt: int, base_ms: int, most_ms: int, chance: Stream) -> int:
    """Before connecting again after `attempt` failures in a row (from 0)."""
    return _jittered(attempt, base_ms, most_ms, 75, 150, chance)


def _jittered(attempt: int, base_ms: int, most_ms: int, low: int, high: int, chance: Stream) -> int:
    delay = min(base_ms << min(attempt, 24), most_ms)
    return min(delay * chance.between(low, high) // 100, most_ms)
