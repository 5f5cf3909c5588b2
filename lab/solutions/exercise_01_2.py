"""Only within one partition does the log say."""


def was_first(a, b):
    if a.partition != b.partition:
        return None
    return a.offset < b.offset
