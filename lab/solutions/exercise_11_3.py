"""Its place in the log names a record, however often it is read."""


def key_of(message):
    return f"{message.topic()}-{message.partition()}@{message.offset()}"
