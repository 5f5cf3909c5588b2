"""What must stay in order shares a key: the entries of one account."""


def key_of(entry):
    return entry["account"]
