"""A zero byte, then four bytes of id, the highest first."""


def schema_id(value):
    if len(value) < 5 or value[0] != 0:
        return None
    return int.from_bytes(value[1:5], "big")
