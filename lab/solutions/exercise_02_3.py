"""120 MB/s in a year, 4 MB/s for one consumer: 30, and a little to spare."""

partitions = 36
