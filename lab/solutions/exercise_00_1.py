"""The receipt waits for every in-sync replica, and there is more than one."""

settings = {"acks": "all", "replication_factor": 3}
