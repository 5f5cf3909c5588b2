"""One past the last place: counting would be wrong, for some places hold no letter."""


def next_offset(offsets):
    return offsets[-1] + 1
