"""The difference makes the sum right; the wrong entry stays."""


def correction(log, offset, right):
    name, wrong = log[offset]
    return [(name, right - wrong)]
