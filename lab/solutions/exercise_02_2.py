"""A key moves if the producer computes another partition for it."""


def moved(keys, before, after, partition_of):
    return [key for key in keys if partition_of(key, before) != partition_of(key, after)]
