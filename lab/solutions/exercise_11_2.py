"""A record is as good as the next marker of its producer; without one, reading ends there."""

MARKERS = ("COMMIT", "ABORT")


def visible(log):
    got = []
    for place, slot in enumerate(log):
        if slot.what in MARKERS:
            continue
        if slot.producer is not None:
            ends = [each.what for each in log[place:] if each.producer == slot.producer]
            end = next((what for what in ends if what in MARKERS), None)
            if end is None:
                return got  # this offset is the last stable one
            if end == "ABORT":
                continue
        got.append(slot.what)
    return got
