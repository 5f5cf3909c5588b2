"""Later records win; a record without a value says: forget this key."""


def table(log):
    rows = {}
    for _, key, value in log:
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
    return rows
