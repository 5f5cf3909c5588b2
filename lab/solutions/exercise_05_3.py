"""Up to the first that is not done: an offset speaks for everything before it."""


def may_commit(committed, done):
    while committed in done:
        committed += 1
    return committed
