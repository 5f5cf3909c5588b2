"""The same comparison on a directory: reopened, killed, torn, forked; branches read its files."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from kafkalab.config import TOPIC_KEYS, Config, broker_config
from kafkalab.ids import TopicPartition
from kafkalab.log import Disk, storage_log
from kafkalab.log.storage_directory import DirectoryStorage, reopened
from tests.log.test_against_a_list import LogAndList, Model

NAME = TopicPartition("t", 0)
CONFIG = Config(TOPIC_KEYS, {"segment.bytes": 400})
BROKER = broker_config({"log.index.interval.bytes": 100})


class DirectoryAndList(LogAndList):
    """The log of pair 0 is in a directory; the others are forks, which share its bytes."""

    @initialize()
    def start(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(storage_log, "MEMORY_BYTES", 150)
        for flush in ("fsync", "fdatasync"):  # no power is lost here, and they take long
            self.patch.setattr(os, flush, lambda fd: None)
        self.directory = tempfile.TemporaryDirectory()
        self.disk = Disk.opened(self.storage())
        log = self.disk.create_log(NAME, CONFIG, bytes(range(16)))
        self.pairs = [(log, Model())]
        self.epoch = self.number = 0

    def storage(self) -> DirectoryStorage:
        return DirectoryStorage(Path(self.directory.name) / "broker-1", 1, BROKER)

    def active(self) -> Path:
        base = self.pairs[0][0].segments.active.base_offset
        return Path(self.directory.name) / "broker-1" / "t-0" / f"{base:020d}.log"

    def reopen(self) -> None:
        log, model = self.pairs[0]
        model.restart(log)
        assert self.disk.storage is not None
        self.disk = Disk.opened(reopened(self.disk.storage))
        log = self.disk.logs[NAME]
        log.config = CONFIG
        assert log.topic_id == bytes(range(16))
        log.set_high_watermark(model.high_watermark)
        self.pairs[0] = (log, model)

    @precondition(lambda self: hasattr(self, "disk"))
    @rule()
    def end_well_and_begin_again(self) -> None:
        producers = dict(self.pairs[0][0].producers.entries)
        self.disk.shut_down(7)
        self.reopen()
        assert self.disk.storage is not None and self.disk.storage.notes == []
        assert self.disk.properties.pop("clean-shutdown") == 7
        assert dict(self.pairs[0][0].producers.entries) == producers

    @precondition(lambda self: hasattr(self, "disk"))
    @rule(is_checkpointed=st.booleans())
    def killed(self, is_checkpointed: bool) -> None:
        if is_checkpointed:
            self.disk.checkpoint_high_watermarks()
        self.disk.abandon()
        self.reopen()

    @precondition(lambda self: hasattr(self, "disk"))
    @rule(rubbish=st.binary(min_size=1, max_size=80))
    def killed_while_writing(self, rubbish: bytes) -> None:
        path = self.active()
        self.disk.abandon()
        with path.open("ab") as file:
            file.write(rubbish)
        self.reopen()
        assert self.disk.storage is not None
        assert str(path) in self.disk.storage.notes[0]

    @precondition(lambda self: hasattr(self, "disk"))
    @rule()
    def killed_and_the_indexes_lost(self) -> None:
        self.disk.checkpoint_high_watermarks()
        self.disk.abandon()
        for path in self.active().parent.glob("*index"):
            path.unlink()
        self.reopen()

    @precondition(lambda self: hasattr(self, "disk"))
    @rule(batches=st.integers(3, 12), size=st.integers(0, 60))
    def append_many(self, batches: int, size: int) -> None:
        for number in range(batches):
            self.append(0, 1 + number % 3, size)

    @precondition(lambda self: hasattr(self, "disk"))
    @rule(back=st.integers(0, 30), is_forked=st.booleans())
    def truncate_far(self, back: int, is_forked: bool) -> None:
        self.append_many(10, 40)
        if is_forked:
            self.fork(0)
        self.truncate(0, back)
        self.append_many(3, 10)

    @precondition(lambda self: hasattr(self, "disk"))
    @rule()
    def flush(self) -> None:
        self.pairs[0][0].flush()

    @rule(which=st.integers(0, 7))
    def restart(self, which: int) -> None:
        """Forks only: the log on the directory is restarted by the rules above."""
        if which % len(self.pairs):
            super().restart(which)

    def teardown(self) -> None:
        if hasattr(self, "disk"):
            self.disk.abandon()
            self.directory.cleanup()
            self.patch.undo()


TestDirectoryAndList = DirectoryAndList.TestCase
TestDirectoryAndList.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("is_flushed", [False, True])
def test_a_torn_write_behind_a_cut_within_a_batch_is_no_damage(*, is_flushed: bool) -> None:
    """The log ends at the cut, its batches before that: all that was flushed is still there."""
    log = DirectoryAndList()
    log.start()
    try:
        log.append_many(batches=3, size=0)
        log.end_well_and_begin_again()
        log.truncate(back=1, which=0)
        if is_flushed:
            log.flush()
        log.killed_while_writing(rubbish=b"\0")
        log.they_agree()
    finally:
        log.teardown()
