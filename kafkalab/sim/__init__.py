"""Virtual time: a cluster that runs as far as it is told, the same way each time.

Reading order: `simulation` (the façade a learner holds), `cluster` (what it is built from),
`parts` (a broker, a controller, an app, the network, as a learner calls them), `clients` (nodes for
producers and consumers).  The time machine: `branches`, `saved`, `instants`, `ledger` and `fate`,
`changes` and `twins`, `why`.

The proof: `invariants` (what must hold after each step), `checker` (what clients may see), `plan`
and `swarm` (runs drawn from seeds), `fleet` (many of them), `search` (every order of a few things).
"""

from kafkalab.sim.changes import also, config, move, swap, without
from kafkalab.sim.open_simulations import current
from kafkalab.sim.simulation import Simulation

__all__ = ["Simulation", "also", "config", "current", "move", "swap", "without"]
