"""Lesson 11, guarantees: what holds when an answer is lost, a worker dies, a mail goes out.

Read next: `stories_11`, what is played.
"""

from typing import Any, Final

from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises import misconceptions
from lab.exercises.stories_11 import Slot, drawn_log, mail_night, night, read, slots, yours

_DEATHS: Final = (0, 2, 5, 8, 10, 12, 13, 14, 15, 18, 22, 28)  # ms after the first bill

_SPLIT: Final = "two commits can come apart: between them somebody dies"
_SKIPS: Final = "a position committed first skips what is not written yet"


def _judge_round(answer: Any) -> Right:
    yours["11.1"] = answer
    first = night(answer, 60)
    if "NotImplementedError" in first.error:
        raise NotImplementedError
    if first.error:
        raise Wrong("the worker stopped by itself", f"nobody killed it, and yet: {first.error}")
    if not first.bills:
        words = "a reader of what is committed finds no bill at all: was the transaction committed?"
        raise Wrong("what is not committed nobody reads", words)

    def story(ms: int) -> None:
        done = night(answer, ms)
        if done.missing:
            raise Broken(f"{done.missing} orders were never billed: {done.bills}.", ms)
        if done.repeated:
            raise Broken(f"{done.repeated} orders were billed twice: {done.bills}.", ms)

    survey = under_faults(story, _DEATHS)
    is_lost = any("never" in each.words for each in survey.failures)
    replay = (
        "from lab import LedgerView\nfrom lab.exercises.stories_11 import night, yours\n"
        'sim, bills, error = night(yours["11.1"], {seed})   # it dies after so many ms\n'
        'LedgerView(sim, "bills")'
    )
    right = "Each order was billed once, whenever the worker died."
    return survey.verdict(right, _SKIPS if is_lost else _SPLIT, replay)


_HANDS: Final = (
    (
        "an aborted record is never read",
        ((0, "A", "a"), (1, "A", "ABORT"), (2, None, "x"), (3, "B", "b"), (4, "B", "COMMIT")),
        ["x", "b"],
    ),
    (
        "a marker takes an offset, and is no record",
        ((0, "A", "a"), (1, "A", "COMMIT"), (2, None, "x")),
        ["a", "x"],
    ),
    (
        "one producer's abort does not touch its other transactions",
        ((0, "A", "a"), (1, "A", "ABORT"), (2, "A", "b"), (3, "A", "COMMIT")),
        ["b"],
    ),
    (
        "an open transaction holds back all that comes after it",
        ((0, None, "x"), (1, "A", "a"), (2, None, "y"), (3, "B", "b"), (4, "B", "COMMIT")),
        ["x"],
    ),
)


def _judge_visible(answer: Any) -> Right:
    for idea, log, wanted in _HANDS:
        found = answer([Slot(*each) for each in log])
        if list(found) != wanted:
            words = f"of the log {list(log)} a read_committed reader gets {wanted}, not {found!r}"
            raise Wrong(idea, words)

    def story(seed: int) -> None:
        sim = drawn_log(seed)
        log, wanted = slots(sim, "orders"), read(sim, "orders")
        found = list(answer(list(log)))
        if found != wanted:
            raise Broken(f"the reader got {wanted}, not {found}.", len(log))

    replay = (
        "from lab.exercises.readers import readers\n"
        "from lab.exercises.stories_11 import drawn_log\nreaders(drawn_log({seed}))"
    )
    right = "Your reader and the engine's read the same."
    return under_faults(story, range(12)).verdict(right, "the rule is not whole yet", replay)


_ANEW: Final = "a key that is made anew each time is no key"
_ALIKE: Final = "two orders may look alike and are two"
_OF_ITS_PARTITION: Final = "an offset names a record within its partition"


def _judge_key(answer: Any) -> Right:
    yours["11.3"] = answer
    ideas: list[str] = []

    def story(ms: int) -> None:
        done, post = mail_night(answer, ms)
        if done.error:
            if "NotImplementedError" in done.error:
                raise NotImplementedError
            raise Wrong("your function stopped", done.error)
        if post.mistaken:
            one, other = post.mistaken
            ideas.append(_ALIKE if one.value() == other.value() else _OF_ITS_PARTITION)
            raise Broken(
                f"the mail for {_place(other)} was dropped, for its key is that of {_place(one)}.",
                ms,
            )
        if len(post.mails) != 6:
            ideas.append(misconceptions.EXACTLY_ONCE_ANYWHERE if post.has_none else _ANEW)
            raise Broken(f"6 orders, and {len(post.mails)} mails: {post.mails}.", ms)

    survey = under_faults(story, _DEATHS[::3])
    replay = (
        "from lab.exercises.stories_11 import mail_night, yours\n"
        'after, post = mail_night(yours["11.3"], {seed})   # it dies after so many ms\n'
        "print(*post.mails, sep='\\n')"
    )
    right = "One mail for each order, whenever the worker died."
    return survey.verdict(right, ideas[0] if ideas else "", replay)


def _place(message: Any) -> str:
    return f"{message.value().decode()!r} (orders-{message.partition()}@{message.offset()})"


COVERS: Final = {
    "guarantee": "8. The guarantees, and what is left to you",
    "guarantee: ordering": "3. Two requests on their way",
    "guarantee: durability": "8. The guarantees, and what is left to you",
    "guarantee: delivery": "1. The receipt that got lost",
    "guarantee: exactly once": "6. Take, transform, write, and die anywhere",
    "offset: transactional": "6. Take, transform, write, and die anywhere",
}

_ROUND: Final = """\
from lab.exercises.stories_11 import positions_after

async def one_round(consumer, producer, orders, member):
    producer.begin_transaction()
    for order in orders:
        producer.produce("bills", b"bill for " + order.value())
    raise NotImplementedError   # your code: the end of the round"""

EXERCISES: Final = (
    Exercise(
        id="11.1",
        title="A worker that may die anywhere",
        question=(
            "Finish the round of the billing worker. `orders` are messages of the topic `orders`; "
            "`positions_after(orders)` is where to go on after them; `member` says who the "
            "consumer is in its group. `consumer.commit(offsets=…, asynchronous=False)` and the "
            "producer's calls are awaited. The worker dies at twelve instants, one night each."
        ),
        stub=_ROUND,
        answer="one_round",
        judge=_judge_round,
        hints=(
            "What must become true at one and the same instant?",
            "The position is a record too, of the topic `__consumer_offsets`: it can be part of "
            "the transaction.",
            "The producer has a call for it: section 6, in the third worker. It has to be "
            "awaited, and to come before the end.",
        ),
        tempting={
            _ROUND.replace(
                "    raise NotImplementedError   # your code: the end of the round",
                "    await producer.commit_transaction()\n"
                "    await consumer.commit(offsets=positions_after(orders), asynchronous=False)",
            ): _SPLIT,
            _ROUND.replace(
                "    raise NotImplementedError   # your code: the end of the round",
                "    await consumer.commit(offsets=positions_after(orders), asynchronous=False)\n"
                "    await producer.commit_transaction()",
            ): _SKIPS,
            _ROUND.replace(
                "    raise NotImplementedError   # your code: the end of the round",
                "    await producer.send_offsets_to_transaction(positions_after(orders), member)",
            ): "the worker stopped by itself",
        },
        concepts=("guarantee: exactly once", "offset: transactional"),
        is_behaviour=True,
    ),
    Exercise(
        id="11.2",
        title="Be a read_committed reader",
        question=(
            "`log` is a list of slots, one for each offset: `slot.producer` is None outside a "
            "transaction, `slot.what` is the text of a record, or `'COMMIT'` or `'ABORT'` where a "
            "marker ends the transaction of `slot.producer`. Return the texts that a "
            "`read_committed` reader gets, in the order of the log. Twelve logs that the engine "
            "wrote are read by you and by its own consumer."
        ),
        stub="def visible(log):\n    raise NotImplementedError   # your code here",
        answer="visible",
        judge=_judge_visible,
        hints=(
            "Go through the log once for the markers, and once for the records.",
            "Which is the first offset of a transaction that no marker has ended? Nothing from "
            "there on is read, not even what was written outside of any transaction.",
            "For each record: its marker is the next one of the same producer. It says COMMIT or "
            "ABORT, or there is none: three cases.",
        ),
        tempting={
            (
                "def visible(log):\n"
                "    aborted = {s.producer for s in log if s.what == 'ABORT'}\n"
                "    return [s.what for s in log if s.producer not in aborted"
                " and s.what not in ('COMMIT', 'ABORT')]"
            ): "one producer's abort does not touch its other transactions",
            (
                "def visible(log):\n"
                "    def end(s):\n"
                "        later = [t.what for t in log if t.producer == s.producer"
                " and t.offset > s.offset]\n"
                "        return next((w for w in later if w in ('COMMIT', 'ABORT')), '')\n"
                "    return [s.what for s in log if s.what not in ('COMMIT', 'ABORT')\n"
                "            and (s.producer is None or end(s) == 'COMMIT')]"
            ): "an open transaction holds back all that comes after it",
            "def visible(log):\n    return [s.what for s in log]": (
                "an aborted record is never read"
            ),
        },
        concepts=("guarantee: exactly once",),
    ),
    Exercise(
        id="11.3",
        title="One mail for each order",
        question=(
            "The worker of a café bills in transactions and sends a mail for each order. The mail "
            "service drops a mail whose key it has seen before. Return that key for a message "
            "(`message.topic()`, `.partition()`, `.offset()`, `.value()`)."
        ),
        stub="def key_of(message):\n    raise NotImplementedError   # your code here",
        answer="key_of",
        judge=_judge_key,
        hints=(
            "When the worker comes back it gets the same message again. What is the same about it?",
            "Two customers may order one coffee each. What tells their orders apart?",
            "What names one record of a cluster for good? Lesson 01, section 2.",
        ),
        tempting={
            "def key_of(message):\n    return None": misconceptions.EXACTLY_ONCE_ANYWHERE,
            "import uuid\ndef key_of(message):\n    return uuid.uuid4().hex": _ANEW,
            "def key_of(message):\n    return message.value()": _ALIKE,
            "def key_of(message):\n    return message.offset()": _OF_ITS_PARTITION,
            "def key_of(message):\n    return message.offset(), message.value()": _ALIKE,
        },
        concepts=("guarantee: delivery", "guarantee: exactly once"),
        is_behaviour=True,
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="11.ack",
        question="How often is the payment in the log when the producer has its receipt?",
        choices=(
            Choice(
                key="a",
                words="Once: the broker sees that it has it already.",
                because="This producer gives its records no number by which a broker could see it.",
                misconception=misconceptions.EXACTLY_ONCE_ANYWHERE,
            ),
            Choice(key="b", words="Twice.", because="The broker knew the second for the first."),
            Choice(
                key="c",
                words="Not at all: the producer reports an error.",
                because="It sends again for as long as `message.timeout.ms` allows.",
            ),
        ),
        judge=lambda copies: {0: "c", 1: "a"}.get(copies, "b"),
        evidence="Copies in the log: {copies}.",
    ),
    Prediction(
        id="11.retry",
        question="The first of two requests in flight is refused and sent again. What can happen?",
        choices=(
            Choice(
                key="a",
                words="Nothing: the deposit is first, as it was sent.",
                because="The second was on its way when the first was refused, and was accepted.",
                misconception=misconceptions.RETRIES_ONLY_REPEAT,
            ),
            Choice(
                key="b",
                words="The deposit may be in the log twice.",
                because="It was refused, not written: there is no first copy.",
                misconception=misconceptions.RETRIES_ONLY_REPEAT,
            ),
            Choice(
                key="c",
                words="The withdrawal may come before the deposit.",
                because="The broker refused what did not follow in sequence.",
            ),
        ),
        judge=lambda values: (
            "c"
            if values == ["withdraw 80", "deposit 100"]
            else ("a" if values == ["deposit 100", "withdraw 80"] else "b")
        ),
        evidence="The log reads {values}.",
    ),
    Prediction(
        id="11.atomic",
        question="The transaction is open. Who gets its record?",
        choices=(
            Choice(
                key="a",
                words="Nobody, until it is committed.",
                because="It is in the log like any other; a `read_uncommitted` reader takes it.",
                misconception=misconceptions.ATOMIC_FOR_ALL,
            ),
            Choice(
                key="b",
                words="A `read_uncommitted` reader does, a `read_committed` one does not.",
                because="Both saw the same.",
            ),
            Choice(
                key="c",
                words="Everybody: in the end it is in the log.",
                because="A `read_committed` reader waits before the first open transaction.",
            ),
        ),
        judge=lambda uncommitted, committed: "c" if committed else ("b" if uncommitted else "a"),
        evidence="Reads of it: `read_uncommitted` {uncommitted}, `read_committed` {committed}.",
    ),
    Prediction(
        id="11.gap",
        question=(
            "The usual worker writes its bills, then notes its position. Killed at 24 instants, "
            "one a night, and started again: what goes wrong?"
        ),
        choices=(
            Choice(
                key="a",
                words="Nothing: the group knows what was read.",
                because="The group knows what was *committed*, and that comes after the bills.",
            ),
            Choice(
                key="b",
                words="In some nights orders are billed twice, in none is one missing.",
                because="Nothing stood between the bills and the position.",
            ),
            Choice(
                key="c",
                words="In some nights orders are missing, in none is one billed twice.",
                because="That is so where the position is noted before the bills are written.",
            ),
        ),
        judge=lambda signs: "c" if "0" in signs else ("b" if "2" in signs else "a"),
        evidence="The 24 nights: {signs}",
    ),
    Prediction(
        id="11.mail",
        question="Six orders, billed in transactions; the worker dies once. How many mails go out?",
        choices=(
            Choice(
                key="a",
                words="Six, whenever it dies: it is exactly once.",
                because="The transaction takes back its records. It cannot take back a mail.",
                misconception=misconceptions.EXACTLY_ONCE_ANYWHERE,
            ),
            Choice(key="b", words="Six or more.", because="No death repeated a mail."),
            Choice(
                key="c",
                words="Six or fewer.",
                because="What is aborted is read again, and mailed again.",
            ),
        ),
        judge=lambda counts: "b" if max(counts) > 6 else ("c" if min(counts) < 6 else "a"),
        evidence="Dying at different instants, it sent {counts} mails.",
    ),
)
