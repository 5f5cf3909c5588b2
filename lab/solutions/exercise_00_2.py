"""A promise is broken if what was promised is gone."""


def worthless(receipts, kept):
    return [value for value in receipts if value not in kept]
