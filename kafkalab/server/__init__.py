"""Servers: a broker and a controller, each composed of parts that know nothing of each other.

Reading order: `broker` (what it is made of), `serve` (the loop that drives it), `apis` (what is
offered), `handlers/` (one file a family of requests); then `endpoint`, `channels` and `peers`, the
network side; `lifecycle`, how a broker lives in the eyes of the controller; `combined`, a broker
that is a controller too.
"""

from kafkalab.server.broker import Broker
from kafkalab.server.combined import CombinedServer
from kafkalab.server.controller import Controller

__all__ = ["Broker", "CombinedServer", "Controller"]
