"""Lesson 12, real clients: reports, leaving, addresses; the same code on every cluster."""

from typing import Any, Final

from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.stories_12 import CLIENTS, leaving, reached, sending

COVERS: Final = {
    "producer: sample": "2. The producer",
    "consumer: sample": "3. The consumer",
}
_FLUSH: Final = "a program that ends takes its queue with it"
_WHOSE: Final = "a report is about the record in its message, not about the one sent last"
_REPORT: Final = "only the delivery report says what became of a record"
_CRIES: Final = "an order that was delivered is not a failure"
_CLOSE: Final = "a consumer that just stops is a member until its session ends"
_ERROR: Final = "a message may be an error"
_NONE: Final = "None means nothing has come yet, not that all is done"
_COMMIT: Final = "what is not committed will be done again"
_TOO_SOON: Final = "commit what is processed, not what is to come"
_PORT: Final = "each listener is on a port of its own"
_LOCALHOST: Final = "the client must reach what is advertised, and localhost is its own machine"
_MAY_WAIT_S: Final = 10.0
_SEND: Final = (
    "from lab import Bench\nfrom lab.exercises.stories_12 import sending\n"
    "sent = sending(send, {seed})\n"
    'print("not in the log:", sent.missing)\nprint("said to have failed:", sent.said)\n'
    "Bench(sent.sim)"
)
_LEAVE: Final = (
    "from lab import Bench\nfrom lab.exercises.stories_12 import leaving\n"
    "left = leaving(consume, {seed})\n"
    'print("worked:", left.worked)\nprint("colleague:", left.colleague, "after", left.waited_s, '
    '"s")\nBench(left.sim)'
)


def _judge_send(answer: Any) -> Right:
    calm = sending(answer, 0)
    if set(calm.said) - set(calm.missing):
        words = f"nothing crashed, all orders are in the log, and it returned {calm.said[:3]} …"
        raise Wrong(_CRIES, words, replay=_SEND.format(seed=0))

    ideas: dict[int, str] = {}

    def story(seed: int) -> None:
        sent = calm if seed == 0 else sending(answer, seed)
        if silent := [order for order in sent.missing if order not in sent.said]:
            words = f"{len(silent)} orders are not in the log and nobody was told, the first:"
            words = f"{words} {silent[0]}."
            ideas[seed] = _REPORT
            if sent.waiting:
                ideas[seed] = _FLUSH
                words += f" {sent.waiting} were still in the queue when the program ended."
            elif len(sent.said) == len(sent.missing):
                ideas[seed] = _WHOSE
                words += f" It returned {sent.said[:3]} …"
            raise Broken(words, sent.sim.now)

    survey = under_faults(story)
    idea = ideas[survey.shortest.seed] if survey.shortest else ""
    return survey.verdict("Whatever did not arrive was told.", idea, _SEND)


def _judge_consume(answer: Any) -> Right:
    ideas: dict[int, str] = {}

    def story(seed: int) -> None:
        try:
            left = leaving(answer, seed)
        except TypeError as error:
            if "no order" not in str(error):
                raise
            ideas[seed] = _ERROR
            raise Broken(f"process got what is no order. {error}") from error
        done = {*left.worked, *left.colleague}
        twice = [order for order in left.worked if order in left.colleague]
        if len(left.worked) < left.enough:
            ideas[seed] = _NONE
            raise Broken(f"it ended after {len(left.worked)} orders, and nobody had said enough.")
        if left.waited_s > _MAY_WAIT_S:
            ideas[seed] = _CLOSE
            raise Broken(f"the colleague waited {left.waited_s:.0f} s for its first order.")
        if len(twice) > 1:
            ideas[seed] = _COMMIT
            raise Broken(f"{len(twice)} orders were processed twice, the first: {twice[0]}.")
        if len(done) < 12:
            ideas[seed] = _TOO_SOON
            raise Broken(f"{12 - len(done)} orders were processed by nobody.")

    survey = under_faults(story, range(10))
    idea = ideas[survey.shortest.seed] if survey.shortest else ""
    return survey.verdict("The colleague took over at once.", idea, _LEAVE)


def _judge_advertised(answer: Any) -> Right:
    names = [client.listener for client in CLIENTS]
    if not isinstance(answer, dict) or set(answer) != set(names):
        raise Wrong("an address for each listener", f"give a dict with {', '.join(names)}")
    for client in CLIENTS:
        if words := reached(answer, client):
            host = str(answer[client.listener]).partition(":")[0]
            idea = "each listener has an address of its own"
            if host in client.reaches:
                idea = _PORT
            elif host in ("localhost", "127.0.0.1"):
                idea = _LOCALHOST
            raise Wrong(idea, f"{words}.")
    return Right("All three are told an address that leads to the broker.")


EXERCISES: Final = (
    Exercise(
        id="12.1",
        title="What did not arrive?",
        question=(
            "Write `send(producer, orders)`: send every order (a str) to the topic `orders`, and "
            "return those that were **not** delivered. When it returns, the program ends. The "
            "leader may crash, for a second or for long; the producer gives up a record after 5 "
            "s. 20 runs."
        ),
        stub="def send(producer, orders):\n    raise NotImplementedError   # your code here",
        answer="send",
        judge=_judge_send,
        hints=(
            "`produce` puts a record into a queue and returns. Who says what became of it, and "
            "when?",
            "Give `produce` a function as `on_delivery`: it is called with an error or None, and "
            "the message, but only inside `poll` and `flush`.",
            "In it, `message.value().decode()` is the order. And what is in your list if you "
            "return before the queue is empty?",
        ),
        tempting={
            (
                "def send(producer, orders):\n    for order in orders:\n"
                '        producer.produce("orders", order)\n    producer.flush()\n    return []'
            ): _REPORT,
            (
                "def send(producer, orders):\n    failed = []\n"
                "    def report(error, message):\n"
                "        if error is not None:\n            failed.append(message.value())\n"
                "    for order in orders:\n"
                '        producer.produce("orders", order, on_delivery=report)\n'
                "        producer.poll(0)\n    return failed"
            ): _FLUSH,
            (
                "def send(producer, orders):\n    failed = []\n    for order in orders:\n"
                '        producer.produce("orders", order,\n'
                "            on_delivery=lambda e, m: e and failed.append(order))\n"
                "    producer.flush()\n    return failed"
            ): _WHOSE,
            (
                "def send(producer, orders):\n    failed = []\n"
                "    def report(error, message):\n        failed.append(message.value())\n"
                "    for order in orders:\n"
                '        producer.produce("orders", order, on_delivery=report)\n'
                "    producer.flush()\n    return failed"
            ): _CRIES,
        },
        concepts=("producer: sample",),
        is_behaviour=True,
    ),
    Exercise(
        id="12.2",
        title="Leave the door open",
        question=(
            "Write `consume(consumer, process)`: read the topic `orders`, give each value to "
            "`process`, commit after each. When `process` raises an exception, that order is not "
            "done and the worker goes home: a colleague of the same group must get the order "
            "within 10 s, and at most one may be done twice. The consumer also reports the end of "
            "a partition, as an error. 10 runs."
        ),
        stub=(
            "def consume(consumer, process):\n    consumer.subscribe(['orders'])\n"
            "    raise NotImplementedError   # your code here"
        ),
        answer="consume",
        judge=_judge_consume,
        hints=(
            "Begin with the loop of section 3: `poll`, None, `error()`, `process`, `commit`.",
            "How does the group know that a member has gone? Who tells it?",
            "`try: … finally: …`: what stands in the second part happens however the first was "
            "left.",
        ),
        tempting={
            (
                "def consume(consumer, process):\n    consumer.subscribe(['orders'])\n"
                "    while True:\n        msg = consumer.poll(1.0)\n"
                "        if msg is None or msg.error():\n            continue\n"
                "        process(msg.value())\n        consumer.commit(asynchronous=False)"
            ): _CLOSE,
            (
                "def consume(consumer, process):\n    consumer.subscribe(['orders'])\n"
                "    try:\n        while True:\n            msg = consumer.poll(1.0)\n"
                "            if msg is None:\n                continue\n"
                "            process(msg.value())\n"
                "            consumer.commit(asynchronous=False)\n"
                "    finally:\n        consumer.close()"
            ): _ERROR,
            (
                "def consume(consumer, process):\n    consumer.subscribe(['orders'])\n"
                "    try:\n        while (msg := consumer.poll(0.5)) is not None:\n"
                "            if msg.error():\n                continue\n"
                "            process(msg.value())\n"
                "            consumer.commit(asynchronous=False)\n"
                "    finally:\n        consumer.close()"
            ): _NONE,
            (
                "def consume(consumer, process):\n    consumer.subscribe(['orders'])\n"
                "    try:\n        while True:\n            msg = consumer.poll(1.0)\n"
                "            if msg is None or msg.error():\n                continue\n"
                "            process(msg.value())\n"
                "    finally:\n        consumer.close()"
            ): _COMMIT,
            (
                "def consume(consumer, process):\n    consumer.subscribe(['orders'])\n"
                "    try:\n        while True:\n            msg = consumer.poll(1.0)\n"
                "            if msg is None or msg.error():\n                continue\n"
                "            consumer.commit(asynchronous=False)\n"
                "            process(msg.value())\n"
                "    finally:\n        consumer.close()"
            ): _TOO_SOON,
        },
        concepts=("consumer: sample",),
        is_behaviour=True,
    ),
    Exercise(
        id="12.3",
        title="An address for everyone",
        question=(
            "A broker runs in Docker under the name `kafka`, on a host that others know as "
            "`192.168.1.20`. It has three listeners: `INSIDE` on port 29092, for clients in the "
            "Docker network; `HOST` on 9092, for programs on the host; `LAN` on 9094, for other "
            "machines. The host passes 9092 and 9094 on. What does each advertise?"
        ),
        stub='advertised = ...   # such as {"INSIDE": "name:1", "HOST": "name:2", "LAN": "name:3"}',
        answer="advertised",
        judge=_judge_advertised,
        hints=(
            "Put yourself where the client is. Which name leads to the broker from there?",
            "In its own container, `localhost` is the client's container. On another machine, it "
            "is that machine.",
            "Three places, three addresses. One is a name that only containers know, one is right "
            "on the host alone. Which is the third?",
        ),
        tempting={
            (
                'advertised = {"INSIDE": "localhost:29092", "HOST": "localhost:9092", '
                '"LAN": "localhost:9094"}'
            ): _LOCALHOST,
            (
                'advertised = {"INSIDE": "kafka:29092", "HOST": "kafka:9092", "LAN": "kafka:9094"}'
            ): "each listener has an address of its own",
            (
                'advertised = {"INSIDE": "kafka:29092", "HOST": "localhost:9094", '
                '"LAN": "192.168.1.20:9092"}'
            ): _PORT,
        },
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="12.crash",
        question=(
            "A real producer sends an order every 100 ms for 3 s. After half a second the leader "
            "of its partition dies. What do the delivery reports say?"
        ),
        choices=(
            Choice(
                key="a",
                words="Some orders fail: those sent until there is a new leader.",
                because=(
                    "The producer keeps them, asks who leads now, and sends them again, until "
                    "`delivery.timeout.ms` (two minutes, or five in librdkafka) is over."
                ),
            ),
            Choice(key="b", words="None fails. Some are reported a good deal later."),
            Choice(
                key="c",
                words="None fails, and none is late: there are two more replicas.",
                because=(
                    "Only the leader takes orders, and the controller names another only when it "
                    "has missed the broker's heartbeats."
                ),
            ),
        ),
        judge=lambda failed, slowest: "a" if failed else ("b" if slowest > 0.5 else "c"),
        evidence="{failed} orders failed; the slowest report took {slowest:.1f} s.",
    ),
    Prediction(
        id="12.one",
        question=(
            "A client is given the address of one broker of three. To how many can it send in the "
            "end?"
        ),
        choices=(
            Choice(
                key="a",
                words="One: it knows no other.",
                because="The first answer it asks for is the list of all brokers.",
            ),
            Choice(key="b", words="Three."),
            Choice(
                key="c",
                words="One, which passes on what is not for itself.",
                because=(
                    "Brokers pass no records on: who is not the leader answers "
                    "NOT_LEADER_OR_FOLLOWER. The client goes to the leader itself."
                ),
            ),
        ),
        judge=lambda brokers: "b" if brokers == 3 else "a",
        evidence="Its metadata has {brokers} brokers.",
    ),
    Prediction(
        id="12.frozen",
        question=(
            "The live cluster is copied into virtual time while a real consumer reads. What "
            "becomes of the consumer in the copy?"
        ),
        choices=(
            Choice(
                key="a",
                words="It reads on, in both.",
                because="A real process cannot be copied, and has one socket.",
            ),
            Choice(
                key="b",
                words="It is a member without a process, and is put out when its session ends.",
            ),
            Choice(
                key="c",
                words="The group is empty in the copy from the first instant.",
                because="The group's state is copied as it is, and nobody said goodbye.",
            ),
        ),
        judge=lambda before, after: "a" if after else ("b" if before else "c"),
        evidence="Members in the copy at first: {before}; a minute later: {after}.",
    ),
)
