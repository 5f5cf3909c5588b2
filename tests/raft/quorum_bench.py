"""A quorum without a cluster: voters and observers, a network that is a list, and chance.

Every step is one thing: a message arrives or its connection breaks, timers fire, a leader appends,
a process dies or starts, a link is cut or mended.  After each, `sim.quorum_invariants` are asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kafkalab.chance import Stream
from kafkalab.config import Config, broker_config
from kafkalab.ids import ConnectionId, NodeId
from kafkalab.log import Disk
from kafkalab.metadata import MetadataImage
from kafkalab.metadata import records as r
from kafkalab.node import Effects, Ticket
from kafkalab.raft import RaftClient, replay
from kafkalab.sim.quorum_invariants import Member, QuorumMemory

OBSERVER = 1
Make = Callable[..., RaftClient]


class Broken(AssertionError):
    """A promise of the quorum does not hold."""

    def __init__(self, promise: str, complaint: str) -> None:
        super().__init__(f"{promise}: {complaint}")
        self.promise = promise


@dataclass
class Process:
    """A member: what runs, and what would be left if it did not."""

    raft: RaftClient
    effects: Effects
    disk: Disk
    number: int = 0
    is_up: bool = True
    image: MetadataImage = MetadataImage.EMPTY


@dataclass(frozen=True)
class Message:
    """A request (`ticket` None) or an answer on its way."""

    source: NodeId
    target: NodeId
    what: Any
    key: Any  # of the caller
    is_answer: bool = False


class Quorum:
    """See the module's docstring.  `make` builds a RaftClient; a planted bug is another one."""

    def __init__(
        self,
        voters: int = 3,
        seed: int = 0,
        make: Make = RaftClient,
        observers: int = 1,
        **settings: Any,
    ) -> None:
        self.voters = tuple(range(101, 101 + voters))
        self.seed = seed
        self.chance = Stream(seed, "bench")
        self.make = make
        self.config: Config = broker_config(
            {key.replace("_", "."): value for key, value in settings.items()}
        )
        self.now = 0
        self.messages: list[Message] = []
        self.tickets: dict[Ticket, Message] = {}
        self.cut: set[frozenset[NodeId]] = set()
        self.memory = QuorumMemory()
        self.appended = 0
        self.processes: dict[NodeId, Process] = {}
        self.log: list[str] = []  # what was said, as the conversations show it
        for node in (*self.voters, *range(OBSERVER, OBSERVER + observers)):
            self._start(node, Disk(), 0)
        self.check()

    def _start(self, node: NodeId, disk: Disk, number: int) -> None:
        effects = Effects()
        raft = self.make(node, self.voters, disk, self.config, effects, self.seed, self.now)
        self.processes[node] = Process(raft, effects, disk, number)
        self._after(node)

    def raft(self, node: NodeId) -> RaftClient:
        return self.processes[node].raft

    @property
    def leaders(self) -> list[NodeId]:
        """Who thinks it leads."""
        return [n for n, p in self.processes.items() if p.is_up and p.raft.is_leader]

    def check(self) -> None:
        """`Broken` if a promise does not hold."""
        members = [
            Member(f"node-{node}", p.number, p.is_up, p.raft, p.disk)
            for node, p in self.processes.items()
        ]
        for promise, complaint in self.memory.look(members):
            raise Broken(promise, f"seed {self.seed}, {self.now} ms: {complaint}")

    # --- what a member says

    def _after(self, node: NodeId) -> None:
        process = self.processes[node]
        for batch in process.raft.take_committed():
            process.image = replay(process.image, batch)
        process.raft.maybe_snapshot(process.image, self.now)
        effects = process.effects
        for call in effects.calls:
            self.messages.append(Message(node, call.target, call.request, call.key))
        for ticket, answer in effects.replies:
            asked = self.tickets.pop(ticket, None)
            if asked is not None:
                back = Message(node, asked.source, answer, asked.key, is_answer=True)
                self.messages.append(back)
        for event in effects.events:
            self.log.append(f"{self.now:5d}  {node}  {' '.join(map(str, event))}")
        effects.calls, effects.replies, effects.events = [], [], []

    # --- steps

    def deliver(self, message: Message) -> None:
        """One message arrives; at a dead process its connection breaks."""
        self.messages.remove(message)
        target = self.processes[message.target]
        if message.is_answer:
            if target.is_up:
                target.raft.on_response(message.key, message.what, self.now)
                self._after(message.target)
        elif not target.is_up:
            self.messages.append(
                Message(message.target, message.source, None, message.key, is_answer=True)
            )
        else:
            number = len(self.log) << 20 | self.chance.counter
            ticket = Ticket(ConnectionId(str(message.source), "", number), len(self.tickets), 0, 0)
            self.tickets[ticket] = message
            target.raft.handle(ticket, message.what, self.now)
            self._after(message.target)
        self.check()

    def lose(self, message: Message) -> None:
        """Its connection breaks: the caller hears nothing more."""
        self.messages.remove(message)
        caller = message.target if message.is_answer else message.source
        if self.processes[caller].is_up:
            self.processes[caller].raft.on_response(message.key, None, self.now)
            self._after(caller)
        self.check()

    def fire(self) -> None:
        """Time passes to the next timer of anyone, and it goes off."""
        due = [
            (due, node)
            for node, process in self.processes.items()
            if process.is_up and (due := process.raft.next_timer()) is not None
        ]
        if not due:
            return
        at, node = min(due)
        self.now = max(self.now, at)
        self.processes[node].raft.on_timer(self.now)
        self._after(node)
        self.check()

    def crash(self, node: NodeId) -> None:
        """The process dies: whoever waits for it hears that the connection broke."""
        self.processes[node].is_up = False
        waiting = [m for m in self.tickets.values() if m.target == node]
        for message in self.messages:
            if message.target == node and not message.is_answer:
                waiting.append(message)
            elif message.source == node and message.is_answer:
                waiting.append(Message(message.target, node, None, message.key))
        self.tickets = {t: m for t, m in self.tickets.items() if node not in (m.source, m.target)}
        self.messages = [m for m in self.messages if node not in (m.source, m.target)]
        for message in waiting:
            if message.source != node:
                back = Message(node, message.source, None, message.key, is_answer=True)
                self.messages.append(back)

    def restart(self, node: NodeId) -> None:
        process = self.processes[node]
        self._start(node, process.disk.after_crash(), process.number + 1)
        self.check()

    def append(self, node: NodeId) -> None:
        """The leader writes a record that nothing else has."""
        self.appended += 1
        name = f"t{self.appended}"
        record = r.TopicRecord(name=name, topic_id=name.encode().rjust(16, b"\0"))
        self.raft(node).append([record], self.now)
        self._after(node)
        self.check()

    # --- by chance, and in order

    def is_held(self, message: Message) -> bool:
        return frozenset((message.source, message.target)) in self.cut

    def step(self, faults: int = 60) -> None:
        """Something happens; `faults` times in a thousand something bad."""
        chance = self.chance
        if chance.chance(faults):
            self._fault(chance.below(5))
        elif self.leaders and chance.chance(60):
            leaders = self.leaders
            self.append(leaders[chance.below(len(leaders))])
        else:
            moving = [m for m in self.messages if not self.is_held(m)]
            if moving and chance.chance(850):
                self.now += chance.below(3)
                self.deliver(moving[chance.below(len(moving))])
            else:
                self.fire()

    def _fault(self, kind: int) -> None:
        chance = self.chance
        node = self.voters[chance.below(len(self.voters))]
        if kind == 0 and self.processes[node].is_up:
            self.crash(node)
        elif kind <= 1 and not self.processes[node].is_up:
            self.restart(node)
        elif kind == 2 and self.messages:
            self.lose(self.messages[chance.below(len(self.messages))])
        elif kind == 3:
            other = [*self.processes][chance.below(len(self.processes))]
            if other != node:
                self.cut.add(frozenset((node, other)))
        elif kind == 4:
            self.cut.clear()

    def run(self, ms: int) -> None:
        """In order: messages arrive a millisecond after they were sent, timers when due."""
        until = self.now + ms
        while True:
            moving = [m for m in self.messages if not self.is_held(m)]
            if moving:
                self.now = max(self.now, min(self.now + 1, until))
                for message in moving:
                    if message in self.messages:
                        self.deliver(message)
                continue
            due = [
                due
                for process in self.processes.values()
                if process.is_up and (due := process.raft.next_timer()) is not None
            ]
            if not due or min(due) > until:
                self.now = until
                return
            self.fire()

    def heal(self) -> None:
        """All run, all can talk."""
        self.cut.clear()
        for node, process in self.processes.items():
            if not process.is_up:
                self.restart(node)

    def settle(self) -> None:
        """Heal, and wait until it must work again (Q9)."""
        self.heal()
        self.run(20_000)
        (leader,) = self.leaders
        self.append(leader)
        self.run(2_000)
        ends = {p.raft.high_watermark for p in self.processes.values()}
        assert ends == {self.raft(leader).log_end_offset}, ends

    def cut_off(self, *nodes: NodeId, from_: Sequence[NodeId] | None = None) -> None:
        """No message between these and the others."""
        others = from_ if from_ is not None else [n for n in self.processes if n not in nodes]
        for node in nodes:
            for other in others:
                self.cut.add(frozenset((node, other)))
