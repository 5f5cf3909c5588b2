"""What there is in a world at one instant, as plain JSON, for pictures and for `--control`.

Reading order: `shape` (what a frame has), `cluster` (makes one), `logs`, `groups`, `clients`,
`feed` and `finding` (its parts).  Pure functions of a world at rest; they change nothing.
"""

from kafkalab.frames.cluster import cluster_frame

__all__ = ["cluster_frame"]
