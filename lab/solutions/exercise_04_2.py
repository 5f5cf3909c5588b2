"""The next to read."""


def resume_at(message):
    return message.offset() + 1
