"""The case of lesson 13: some orders were never billed, and four things could be to blame.

Read next: `lesson_13`, which judges the verdict.
"""

from typing import Any, Final

from kafkalab import Simulation

SERVERS: Final = {"bootstrap.servers": "kafka:9092"}
SAFE: Final = {"min.insync.replicas": 2}


async def till(app: Any) -> None:
    """Thirty orders, with acks=all."""
    producer = app.producer({**SERVERS, "acks": "all", "enable.idempotence": True})
    for number in range(30):
        producer.produce("orders", f"order {number}", partition=0)
        await app.sleep(0.5)
    await producer.flush()


async def auditor(app: Any) -> None:
    """Opens a transaction on the same topic, and forgets it."""
    producer = app.producer({**SERVERS, "transactional.id": "audit"})
    await producer.init_transactions()
    await app.sleep(1)
    producer.begin_transaction()
    producer.produce("orders", "audit begins", partition=0)
    await producer.flush()
    await app.sleep(1_000)


async def biller(app: Any) -> None:
    """Bills orders, three at most at a time, one each 300 ms."""
    consumer, producer = _clients_of_biller(app)
    while True:
        orders = [each for each in await consumer.consume(3, 1.0) if each.error() is None]
        if orders:
            await consumer.commit(asynchronous=False)
        for order in orders:
            await app.sleep(0.3)
            producer.produce("bills", b"bill for " + order.value(), partition=0)
        await producer.flush()


async def patient_biller(app: Any) -> None:
    """The same, but it notes its position when the bills are written."""
    consumer, producer = _clients_of_biller(app)
    while True:
        orders = [each for each in await consumer.consume(3, 1.0) if each.error() is None]
        for order in orders:
            await app.sleep(0.3)
            producer.produce("bills", b"bill for " + order.value(), partition=0)
        await producer.flush()
        if orders:
            await consumer.commit(asynchronous=False)


def _clients_of_biller(app: Any) -> tuple[Any, Any]:
    conf = {"group.id": "billing", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    levels = {"isolation.level": "read_uncommitted", "session.timeout.ms": 6_000}
    consumer = app.consumer({**SERVERS, **conf, **levels})
    consumer.subscribe(["orders"])
    return consumer, app.producer({**SERVERS, "acks": "all", "enable.idempotence": True})


def case(seed: int = 1) -> Simulation:
    """A minute in which much happens at once, and at whose end some orders have no bill."""
    sim = Simulation(brokers=3, seed=seed)
    unclean = {**SAFE, "unclean.leader.election.enable": True}
    sim.create_topic("orders", 1, 3, unclean)
    sim.create_topic("bills", 1, 3, SAFE)
    leader = sim.leader("orders", 0)
    sim.app(till, "till")
    sim.app(auditor, "auditor")
    worker = sim.app(biller, "biller")
    sim.schedule(5 + sim.draw("leader", 0, 900) / 1000, f"crash {leader}")
    sim.schedule(22, f"restart {leader}")
    _run_to_a_bill(sim)
    worker.crash()
    sim.run(1)
    worker.restart()
    sim.run(60)
    return sim


def _run_to_a_bill(sim: Simulation) -> None:
    """To the middle of a round of the biller, some time after the leader has crashed."""
    sim.run_to(15_000 + sim.draw("biller", 0, 2_000))
    bills = len(_bills_begun(sim))
    sim.run_until(lambda: len(_bills_begun(sim)) > bills, limit_ms=20_000, what="a bill is written")
    sim.run(0.1)


def _bills_begun(sim: Simulation) -> list[Any]:
    return [each for each in sim.trace.of("RecordProduced") if each.event[1] == "bills"]


def unbilled(sim: Simulation) -> list[str]:
    """Orders with a receipt and without a bill."""
    bills = {record.value for record in sim.records("bills")}
    told = [fate.value or b"" for fate in sim.ledger("orders").acknowledged]
    return [
        each.decode() for each in told if each[:5] == b"order" and b"bill for " + each not in bills
    ]
