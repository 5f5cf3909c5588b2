"""What lesson 13 asks before its runs: of the search, and of each incident.

Read next: `stories_13`, which plays them.
"""

from typing import Final

from lab.checking.definitions import Choice, Prediction
from lab.exercises import misconceptions

PREDICTIONS: Final = (
    Prediction(
        id="13.search",
        question=(
            "Three copies, `acks=all`, `min.insync.replicas=2`, and one broker may crash, whenever "
            "it likes. Is there an order of events that loses a record with a receipt?"
        ),
        choices=(
            Choice(
                key="a",
                words="Yes, some very unlucky one: we only never saw it.",
                because="Every order within the scope was tried, and none does it.",
            ),
            Choice(
                key="b",
                words="None.",
                because="The search found one.",
            ),
        ),
        judge=lambda found, states: "a" if found else "b",
        evidence="{states} states were seen.",
    ),
    Prediction(
        id="13.cut",
        question=(
            "All three brokers have the record on disk. Two of them, one after the other, lead and "
            "crash; then both come back, and no disk was lost. In Kafka 0.10: can it be read?"
        ),
        choices=(
            Choice(
                key="a",
                words="Yes, all the time: the third has it.",
                because="It had it. Then it followed a new leader, and cut its log first.",
                misconception=misconceptions.RF_SURVIVES,
            ),
            Choice(
                key="b",
                words="Yes, as soon as one of the two is back: they have it on disk.",
                because="They had. But a follower's log is made to match its leader's.",
            ),
            Choice(
                key="c",
                words="No, never again.",
                because="It can be read.",
            ),
        ),
        judge=lambda meanwhile, end: "a" if meanwhile else ("b" if end else "c"),
        evidence="Records that can be read while both are down: {meanwhile}; in the end: {end}.",
    ),
    Prediction(
        id="13.last",
        question=(
            "Two brokers left in order, with the record on their disks. The last one lost power, "
            "and its copy. All are back. In Kafka 3: can the record be read?"
        ),
        choices=(
            Choice(
                key="a",
                words="Yes: two of three disks have it.",
                because="The controller did not count disks. It counted who was in sync last.",
                misconception=misconceptions.RF_SURVIVES,
            ),
            Choice(
                key="b",
                words="Not yet: the partition waits until somebody chooses a leader by hand.",
                because="It waited only for the last one in sync, and that one is back.",
            ),
            Choice(
                key="c",
                words="No: the last one leads, and it is empty.",
                because="One that has the record leads.",
            ),
        ),
        judge=lambda readable, leader: "a" if readable else ("b" if leader is None else "c"),
        evidence="Records that can be read: {readable}. The leader: broker {leader}.",
    ),
    Prediction(
        id="13.late",
        question=(
            "Kafka 3.5. A transaction is aborted; a second later one more of its requests arrives, "
            "correct in producer, epoch and sequence. What does the leader make of it?"
        ),
        choices=(
            Choice(
                key="a",
                words="It refuses it: the transaction is over.",
                because="Who keeps count of transactions is the coordinator, and nobody asked it.",
            ),
            Choice(
                key="b",
                words="It writes it, and readers skip it like the rest of the transaction.",
                because="The marker stands before it. Readers wait for one behind it.",
            ),
            Choice(
                key="c",
                words="It writes it, and readers wait for the end of its transaction.",
                because="They do not wait.",
            ),
        ),
        judge=lambda said, read: "a" if said != "NONE" else ("b" if read else "c"),
        evidence="The leader says {said}; of what came later, `read_committed` readers got {read}.",
    ),
    Prediction(
        id="13.storm",
        question=(
            "Three workers send heartbeats faithfully. A poll brings five orders, each takes 2.5 "
            "seconds; `max.poll.interval.ms` is ten seconds. What becomes of sixty orders?"
        ),
        choices=(
            Choice(
                key="a",
                words="Each is done once: nobody dies.",
                because="Who does not poll in time is taken for dead, however his heart beats.",
                misconception=misconceptions.HEARTBEAT_IS_LIFE,
            ),
            Choice(
                key="b",
                words="Some are done again and again, others never.",
                because="Each was done once.",
            ),
            Choice(
                key="c",
                words="Each is done, some of them twice.",
                because="Who has been thrown out cannot note a position. It never ends.",
            ),
        ),
        judge=lambda times, words: "a" if times == {1: 60} else ("b" if 0 in times else "c"),
        evidence="Handed to a worker: {words}.",
    ),
)
