"""Java hashes with murmur2, and so can librdkafka."""

conf = {"partitioner": "murmur2_random"}
