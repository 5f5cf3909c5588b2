"""Why?  A question about a world, answered by what caused it: a sentence, and the chain of events.

    sim.why("orders-0")            why no leader? why is its high watermark stuck?
    sim.why(entry)                 a leader changed, an ISR, a rebalance, a request refused
    sim.why(fate)                  a record is not visible
    sim.why(consumer)              a consumer is idle

An answer is derived, never guessed: what is so comes from the nodes' own state, what led there
from the causes in the trace.  One link the trace cannot hold: silence.  Where somebody acted
because he heard nothing, the fault in force between the two is looked up (`faults_in_force`).

Invariants: `Explanation.cause` is an event from outside; without it the effect is gone (the tests
take it away, seed after seed).
Reading order: `explanation`, `asking` (what may be asked), `leadership`, `watermark`, `refusals`,
`visibility`, `consuming`.
"""

from kafkalab.sim.why.asking import why
from kafkalab.sim.why.explanation import Explanation

__all__ = ["Explanation", "why"]
