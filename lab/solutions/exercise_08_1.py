"""Two of five voters leave a majority; two of four copies leave two."""

shape = {"controllers": 5, "brokers": 4, "replication_factor": 4}
