"""While the leader is cut off it gives receipts for what nobody can copy; then it dies."""

schedule = [(1.0, "partition {leader} | {others}"), (1.5, "crash {leader}"), (2.0, "heal")]
