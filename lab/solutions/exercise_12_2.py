"""`close` tells the group, whatever the loop ends of."""


def consume(consumer, process):
    consumer.subscribe(["orders"])
    try:
        while True:
            msg = consumer.poll(timeout=1.0)
            if msg is None or msg.error():
                continue
            process(msg.value())
            consumer.commit(asynchronous=False)
    finally:
        consumer.close()
