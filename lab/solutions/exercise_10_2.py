"""The closed part keeps each key's last record; the active segment is left alone."""


def survivors(records, active_from):
    last = {key: offset for offset, key, _ in records if offset < active_from}
    return [o for o, key, _ in records if o >= active_from or last[key] == o]
