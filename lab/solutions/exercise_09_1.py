"""The CRC stands in bytes 17 to 20 and covers what follows."""

from kafkalab.record.crc32c import crc32c


def seal(batch):
    return batch[:17] + crc32c(batch[21:]).to_bytes(4, "big") + batch[21:]
