"""The callback tells, for each record; and flush waits until it has told all."""


def send_all(producer, orders):
    failed = []

    def report(error, message):
        if error is not None:
            failed.append(message.value().decode())

    for order in orders:
        producer.produce("orders", order, on_delivery=report)
    producer.flush()
    return failed
