"""Conversations of a quorum, written down: commands, and what its members then did.

`REWRITE=1 pytest tests/raft/test_conversations.py` writes the answers anew; keep what you
understand.  A line is: milliseconds, node, event.
"""

import os
from pathlib import Path

import pytest
from quorum_bench import Quorum

from kafkalab.ids import NodeId

FILES = sorted(Path(__file__).with_name("conversations").glob("*.txt"))


class Conversation:
    """Obeys commands; each gives the lines of what happened since the last."""

    def __init__(self) -> None:
        self.quorum = Quorum(3)
        self.told = 0

    def obey(self, words: str) -> list[str]:
        verb, *given = words.split()
        match verb:
            case "quorum":
                self.quorum = Quorum(int(given[0]), int(given[1]))
                self.told = 0
            case "settle":
                self.quorum.run(3_000)
                self.told = len(self.quorum.log)
            case "run":
                self.quorum.run(int(given[0]))
            case "append":
                self.quorum.append(self.node(given[0]))
            case "crash":
                self.quorum.crash(self.node(given[0]))
            case "restart":
                self.quorum.restart(self.node(given[0]))
            case "leave":
                node = self.node(given[0])
                self.quorum.raft(node).begin_shutdown(self.quorum.now)
                self.quorum._after(node)
            case "cut-off":
                self.quorum.cut_off(*[self.node(name) for name in given])
            case "lose":
                for message in [m for m in self.quorum.messages if self.quorum.is_held(m)]:
                    self.quorum.lose(message)
            case "heal":
                self.quorum.cut.clear()
            case "status":
                return self.status()
            case _:
                raise AssertionError(words)
        new = self.quorum.log[self.told :]
        self.told = len(self.quorum.log)
        return new

    def node(self, name: str) -> NodeId:
        """`101`, or `leader`: the one of the highest epoch."""
        if name == "leader":
            return max(self.quorum.leaders, key=lambda node: self.quorum.raft(node).epoch)
        return int(name)

    def status(self) -> list[str]:
        lines = []
        for node, process in self.quorum.processes.items():
            raft = process.raft
            what = raft.role if process.is_up else "down"
            lines.append(
                f"{node}  {what}, epoch {raft.epoch}, leader {raft.leader_id}, "
                f"high watermark {raft.high_watermark} of {raft.log_end_offset}"
            )
        return lines


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation(path: Path) -> None:
    written, conversation = path.read_text(), Conversation()
    spoken = []
    for line in written.splitlines():
        if line.startswith(">"):
            spoken += [line, *(f"    {each}" for each in conversation.obey(line[1:].strip()))]
        elif not line.startswith("    "):
            spoken.append(line)
    text = "\n".join(spoken) + "\n"
    if os.environ.get("REWRITE"):
        path.write_text(text)
    assert text == written
