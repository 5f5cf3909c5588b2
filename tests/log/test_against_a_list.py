"""The partition log against a plain list: whatever is done to both, they agree; forks too."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.log.restarting import restarted
from kafkalab.record import Record, build_batch


@dataclass
class Model:
    """(offset, leader epoch, value) of every record, by batch."""

    batches: list[list[tuple[int, int, bytes]]] = field(default_factory=list)
    start: int = 0
    end: int = 0
    high_watermark: int = 0

    def records(self) -> list[tuple[int, int, bytes]]:
        return [one for batch in self.batches for one in batch if one[0] >= self.start]

    def restart(self, log: PartitionLog) -> int:
        """Its end is then that of its batches, which is returned, or its start if that is more."""
        found = log.segments.active.next_offset
        self.end = max(found, self.start)
        self.high_watermark = max(self.start, min(self.high_watermark, self.end))
        return found

    def copy(self) -> "Model":
        return Model(
            [list(batch) for batch in self.batches], self.start, self.end, self.high_watermark
        )


def contents(log: PartitionLog) -> list[tuple[int, int, bytes]]:
    return [
        (record.offset, entry.leader_epoch, record.value or b"")
        for entry in log.entries_from(log.log_start_offset)
        for record in entry.records()
        if record.offset >= log.log_start_offset
    ]


class LogAndList(RuleBasedStateMachine):
    """Tiny segments, so that every operation crosses them."""

    pairs: list[tuple[PartitionLog, Model]]

    @initialize()
    def start(self) -> None:
        config = Config(TOPIC_KEYS, {"segment.bytes": 200})
        self.pairs = [(PartitionLog(TopicPartition("t", 0), config, bytes(16)), Model())]
        self.epoch = 0
        self.number = 0

    @rule(which=st.integers(0, 7), count=st.integers(1, 4), size=st.integers(0, 60))
    def append(self, which: int, count: int, size: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        values = [f"{self.number + i}:".encode().ljust(size, b".") for i in range(count)]
        self.number += count
        result = log.append_as_leader(
            build_batch([Record(key=None, value=value, timestamp=self.number) for value in values]),
            self.epoch,
            self.number,
        )
        assert (result.base_offset, result.last_offset) == (model.end, model.end + count - 1)
        model.batches.append([(model.end + i, self.epoch, value) for i, value in enumerate(values)])
        model.end += count

    @rule()
    def elect(self) -> None:
        self.epoch += 1

    @rule(which=st.integers(0, 7), back=st.integers(0, 12))
    def truncate(self, which: int, back: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        offset = max(model.start, model.end - back)
        removed = log.truncate_to(offset)
        before = model.end
        model.batches = [batch for batch in model.batches if batch[-1][0] < offset]
        model.end = offset
        model.start = min(model.start, model.end)
        model.high_watermark = max(model.start, min(model.high_watermark, model.end))
        assert removed == before - model.end

    @rule(which=st.integers(0, 7), ahead=st.integers(0, 9))
    def advance(self, which: int, ahead: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        wanted = min(model.high_watermark + ahead, model.end)
        assert log.advance_high_watermark(model.high_watermark + ahead) == (
            wanted > model.high_watermark
        )
        model.high_watermark = wanted

    @rule(which=st.integers(0, 7), share=st.integers(0, 100))
    def delete_records(self, which: int, share: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        offset = model.start + (model.high_watermark - model.start) * share // 100
        log.delete_records_before(offset)
        model.start = offset

    @rule(which=st.integers(0, 7))
    def fork(self, which: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        if len(self.pairs) < 4:
            self.pairs.append((log.fork(), model.copy()))

    @rule(which=st.integers(0, 7))
    def restart(self, which: int) -> None:
        place = which % len(self.pairs)
        log, model = self.pairs[place]
        again = restarted(log, model.high_watermark)
        found = model.restart(log)
        rows = [row[0] for row in log.epochs.rows if row[1] < found]
        assert [row[0] for row in again.epochs.rows] == (rows if found >= model.start else [])
        self.pairs[place] = (again, model)

    @rule(which=st.integers(0, 7), share=st.integers(0, 100), most=st.integers(1, 600))
    def read(self, which: int, share: int, most: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        offset = model.start + (model.end - model.start) * share // 100
        got = log.read(offset, most, model.high_watermark)
        end = 0
        for place, entry in enumerate(got):
            end = entry.next_offset
            assert entry.next_offset <= model.high_watermark or offset >= model.high_watermark
            assert place == 0 or entry.base_offset >= got.entries[place - 1].next_offset
        if got.entries:
            assert offset < end
            assert got.size_in_bytes <= most or len(got) == 1
        else:
            fits = [batch for batch in model.batches if batch[-1][0] >= offset]
            assert not fits or fits[0][-1][0] >= model.high_watermark

    @invariant()
    def they_agree(self) -> None:
        for log, model in getattr(self, "pairs", []):
            assert contents(log) == model.records()
            assert log.log_end_offset == model.end
            assert log.log_start_offset == model.start
            assert log.high_watermark == model.high_watermark
            epochs = {offset: epoch for offset, epoch, _ in model.records()}
            assert all(log.epochs.epoch_for(offset) == epoch for offset, epoch in epochs.items())


TestLogAndList = LogAndList.TestCase
TestLogAndList.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
