"""Two copies before each receipt, a third to spare, and no leader that was not in sync."""

settings = {
    "acks": "all",
    "min.insync.replicas": 2,
    "unclean.leader.election.enable": False,
}
