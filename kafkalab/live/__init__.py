"""The other clock: the same world paced by the wall, with doors for real Kafka clients.

Reading order: `cluster` (what is used), `pacing` (time), `listener` (sockets), `frames_in`, `edge`
(a client outside, as a node).  Here alone the engine knows clocks, threads and sockets.
"""

from kafkalab.live.cluster import LiveCluster
from kafkalab.live.live_broker import LiveBroker

__all__ = ["LiveBroker", "LiveCluster"]
