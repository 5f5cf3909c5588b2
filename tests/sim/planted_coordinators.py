"""Classic mistakes of coordinators and of transactions, for `planted`, which has all families."""

from typing import Any

import pytest

from kafkalab.groups import committing
from kafkalab.ids import TopicPartition

Patch = pytest.MonkeyPatch


# --- groups -------------------------------------------------------------------------------------


def two_owners(patch: Patch) -> None:
    """The leader of a group gives its first partition to everybody."""
    from kafkalab.client.consumer import group_protocol

    original = group_protocol.assignment_bytes
    given: list[TopicPartition] = []

    def assignment_bytes(owned: Any) -> bytes:
        owned = list(owned)
        given[:] = given or owned[:1]
        missing = [one for one in given if one not in owned]
        return original([*owned, *missing])

    patch.setattr(group_protocol, "assignment_bytes", assignment_bytes)


def commits_of_an_old_generation(patch: Patch) -> None:
    """Whoever was once a member may commit."""
    patch.setattr(committing, "_validate", lambda group, request: None)


def commits_answered_too_soon(patch: Patch) -> None:
    """A coordinator answers before its record is committed."""
    from kafkalab.coordination.hosted_partition import HostedPartition

    original = HostedPartition.run

    def run(self: Any, result: Any, asked: Any, now: int) -> None:
        kept = self.high_watermark
        self.high_watermark = 1 << 62
        try:
            original(self, result, asked, now)
        finally:
            self.high_watermark = kept

    patch.setattr(HostedPartition, "run", run)


def commits_forgotten_at_failover(patch: Patch) -> None:
    """A new coordinator begins with an empty log."""
    from kafkalab.coordination.hosted_partition import HostedPartition

    original = HostedPartition.__init__

    def init(self: Any, *rest: Any, **options: Any) -> None:
        original(self, *rest, **options)
        self._unread.clear()

    patch.setattr(HostedPartition, "__init__", init)


def revocation_not_awaited(patch: Patch) -> None:
    """A member of a KIP-848 group is given its next epoch though it has not let go yet."""
    from kafkalab.groups.consumer import reconciling

    patch.setattr(reconciling, "owns_any", lambda owned, of: False)


def lost_answers_fence(patch: Patch) -> None:
    """A heartbeat of the epoch before is refused, though its answer may have been lost."""
    from kafkalab.groups.consumer import members_in

    patch.setattr(members_in, "owns_nothing_else", lambda owned, of: False)


# --- transactions -------------------------------------------------------------------------------


def last_stable_offset_ignored(patch: Patch) -> None:
    """Who reads what is committed gets what is not decided yet."""
    from kafkalab.log import PartitionLog

    patch.setattr(PartitionLog, "last_stable_offset", property(lambda self: self.high_watermark))


def aborted_transactions_not_told(patch: Patch) -> None:
    """Who reads what is committed is not told what to leave out."""
    from kafkalab.log import PartitionLog

    patch.setattr(PartitionLog, "aborted_transactions", lambda self, offset, up_to: ())


def marker_before_decision(patch: Patch) -> None:
    """Markers are sent when the decision is written, not when it is committed."""
    from kafkalab.transactions.shard import TransactionShard

    original = TransactionShard.replay

    def replay(self: Any, record: Any, offset: int, producer_id: int) -> None:
        original(self, record, offset, producer_id)
        made = self.views.written.get(record.key.transactional_id)
        if self._is_loaded and made is not None and made.state.is_decided:
            self._decided.append(made)

    patch.setattr(TransactionShard, "replay", replay)


def transactions_not_verified(patch: Patch) -> None:
    """A leader does not ask whether the transaction of a batch goes on (before KIP-890)."""
    from kafkalab.config import Config

    original = Config.bool

    def asked(self: Any, key: str) -> bool:
        return key != "transaction.partition.verification.enable" and original(self, key)

    patch.setattr(Config, "bool", asked)


def old_producers_not_fenced(patch: Patch) -> None:
    """A leader takes batches of a producer epoch that is over."""
    from kafkalab.log import producer_state

    original = producer_state._check_data

    def check_data(entry: Any, batch: Any) -> None:
        if batch.producer_epoch >= entry.producer_epoch:
            original(entry, batch)

    patch.setattr(producer_state, "_check_data", check_data)
