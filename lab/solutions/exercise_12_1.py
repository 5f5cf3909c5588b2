"""The report says it, and `flush` waits until there is one for every order."""


def send(producer, orders):
    failed = []

    def report(error, message):
        if error is not None:
            failed.append(message.value().decode())

    for order in orders:
        producer.produce("orders", order, on_delivery=report)
        producer.poll(0)
    producer.flush()
    return failed
