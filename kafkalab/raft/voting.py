"""Elections: who asks for votes, who grants them, how an epoch begins and ends.

    Prospective ──Vote(pre-vote)──▶ voters     "would you?"      changes nothing, binds nobody
    Candidate   ──Vote───────────▶ voters      once per epoch, to a log as long as one's own
    Leader      ──BeginQuorumEpoch▶ voters     until they fetch
    Resigned    ──EndQuorumEpoch──▶ voters     the one with most of the log tries at once

A log is as good as another if its last entry is of a higher epoch, or of the same and it is as
long.  Of any majority one voter has all that is committed, so whoever is elected has it too (Q3).

In Kafka: `KafkaRaftClient.handleVoteRequest`, `handleVoteResponse`, `handleBeginQuorumEpoch…`,
`handleEndQuorumEpoch…`.
"""

from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, NodeId
from kafkalab.log.leader_epoch_cache import EpochEnd
from kafkalab.protocol.messages import quorum as q
from kafkalab.raft import messages
from kafkalab.raft.quorum import Quorum
from kafkalab.raft.roles import Candidate, Follower, Leader, Prospective, Resigned

# --- requests from others


def handle_vote(quorum: Quorum, request: q.VoteRequest, now: int) -> q.VoteResponse:
    """Grant or reject.  A higher epoch is taken over first, whatever becomes of the vote."""
    asked: q.VoteRequestPartitionData | None = messages.only_partition(request)
    if asked is None:
        return q.VoteResponse(error_code=ErrorCode.INVALID_REQUEST)
    last = EpochEnd(asked.last_offset_epoch, asked.last_offset)
    # A candidate has raised its epoch above that of its log; a prospective has not yet.
    epoch_max = asked.replica_epoch if asked.pre_vote else asked.replica_epoch - 1
    if last.end_offset < 0 or not 0 <= last.epoch <= epoch_max:
        return messages.vote_response(quorum.leader_and_epoch, error=ErrorCode.INVALID_REQUEST)
    error = _refused(quorum, asked.replica_id, asked.replica_epoch)
    if error is not None:
        return messages.vote_response(quorum.leader_and_epoch, error=error)
    if asked.replica_epoch > quorum.epoch:
        quorum.become_unattached(asked.replica_epoch, now)
    if request.voter_id not in (NO_NODE, quorum.node_id):
        return messages.vote_response(quorum.leader_and_epoch, error=ErrorCode.INVALID_VOTER_KEY)
    own = EpochEnd(quorum.log.last_epoch, quorum.log.end_offset)
    granted = quorum.role.can_grant(
        asked.replica_id, is_up_to_date=last >= own, pre_vote=asked.pre_vote
    )
    if granted and not asked.pre_vote:
        quorum.vote_for(asked.replica_id, now)
    if not quorum.is_only_voter:
        quorum.effects.emit(
            "VoteAnswered", asked.replica_id, asked.replica_epoch, asked.pre_vote, granted
        )
    return messages.vote_response(quorum.leader_and_epoch, granted=granted)


def handle_begin_epoch(
    quorum: Quorum, request: q.BeginQuorumEpochRequest, now: int
) -> q.BeginQuorumEpochResponse:
    """Somebody leads an epoch: follow, unless a newer one is known."""
    asked: q.BeginQuorumEpochRequestPartitionData | None = messages.only_partition(request)
    if asked is None:
        return q.BeginQuorumEpochResponse(error_code=ErrorCode.INVALID_REQUEST)
    error = _refused(quorum, asked.leader_id, asked.leader_epoch)
    if error is None:
        learn_leader(quorum, asked.leader_id, asked.leader_epoch, now)
        if request.voter_id not in (NO_NODE, quorum.node_id):
            error = ErrorCode.INVALID_VOTER_KEY
    return messages.begin_response(quorum.leader_and_epoch, error or ErrorCode.NONE)


def handle_end_epoch(
    quorum: Quorum, request: q.EndQuorumEpochRequest, now: int
) -> q.EndQuorumEpochResponse:
    """The leader of an epoch has resigned: look for another, the sooner the more one has."""
    asked: q.EndQuorumEpochRequestPartitionData | None = messages.only_partition(request)
    if asked is None:
        return q.EndQuorumEpochResponse(error_code=ErrorCode.INVALID_REQUEST)
    error = _refused(quorum, asked.leader_id, asked.leader_epoch)
    if error is not None:
        return messages.end_response(quorum.leader_and_epoch, error)
    learn_leader(quorum, asked.leader_id, asked.leader_epoch, now)
    role = quorum.role
    if isinstance(role, Follower) and role.leader_id == asked.leader_id and quorum.is_voter:
        successors = tuple(node.candidate_id for node in asked.preferred_candidates)
        role.fetch_due = now + quorum.end_epoch_backoff_ms(successors)
    return messages.end_response(quorum.leader_and_epoch)


def _refused(quorum: Quorum, node: NodeId, epoch: int) -> ErrorCode | None:
    """Yesterday's epoch, or nobody's request."""
    if epoch < quorum.epoch:
        return ErrorCode.FENCED_LEADER_EPOCH
    return ErrorCode.INVALID_REQUEST if node < 0 else None


# --- what answers, and requests, tell of epoch and leader


def learn_leader(quorum: Quorum, leader_id: NodeId, epoch: int, now: int) -> None:
    """Take over an epoch that is news, or the leader of this one (`maybeTransition`)."""
    known = quorum.leader_id
    if leader_id == quorum.node_id:
        return  # an answer from before this node's restart, or about its own leadership
    assert epoch != quorum.epoch or NO_NODE in (leader_id, known) or leader_id == known, (
        f"two leaders of epoch {epoch}: {leader_id} and {known}"
    )
    if epoch > quorum.epoch:
        if leader_id == NO_NODE:
            quorum.become_unattached(epoch, now)
        else:
            quorum.become_follower(epoch, leader_id, now)
    elif epoch == quorum.epoch and leader_id != NO_NODE and known == NO_NODE:
        quorum.become_follower(epoch, leader_id, now)


def is_settled(quorum: Quorum, error: int, leader_id: NodeId, epoch: int, now: int) -> bool:
    """Whether an answer says no more than who leads; that is taken in here.

    In Kafka: `KafkaRaftClient.maybeHandleCommonResponse`.
    """
    if epoch < quorum.epoch or error == ErrorCode.UNKNOWN_LEADER_EPOCH:
        return True
    stale = (ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.NOT_LEADER_OR_FOLLOWER)
    if epoch > quorum.epoch or error in stale:
        learn_leader(quorum, leader_id, epoch, now)
        return True
    if leader_id != NO_NODE and quorum.leader_id == NO_NODE:
        learn_leader(quorum, leader_id, epoch, now)
    return bool(error)


# --- answers to this node


def take_vote(quorum: Quorum, voter: NodeId, response: q.VoteResponse, now: int) -> bool:
    """Count an answer, and move on if it decides; whether it was an answer at all."""
    answer: q.VoteResponsePartitionData | None = messages.only_partition(response)
    if response.error_code or answer is None:
        return False
    if is_settled(quorum, answer.error_code, answer.leader_id, answer.leader_epoch, now):
        return answer.error_code != ErrorCode.INVALID_REQUEST
    role = quorum.role
    if not isinstance(role, Prospective | Candidate):
        return True
    role.votes.record(voter, granted=answer.vote_granted)
    if role.votes.is_granted:
        if isinstance(role, Prospective):
            quorum.become_candidate(now)
        else:
            quorum.become_leader(now)
    elif role.votes.is_rejected and isinstance(role, Prospective):
        give_up(quorum, role, now)
    return True


def give_up(quorum: Quorum, role: Prospective, now: int) -> None:
    """No pre-votes: back to the leader that was lost, if one is known, or to nobody."""
    if role.leader_id not in (NO_NODE, quorum.node_id):
        quorum.become_follower(role.epoch, role.leader_id, now)
    else:
        quorum.become_unattached(role.epoch, now)


def take_begin_epoch(quorum: Quorum, response: q.BeginQuorumEpochResponse, now: int) -> bool:
    """A voter knows that this node leads, or of a newer epoch."""
    answer: q.BeginQuorumEpochResponsePartitionData | None = messages.only_partition(response)
    if response.error_code or answer is None:
        return False
    is_settled(quorum, answer.error_code, answer.leader_id, answer.leader_epoch, now)
    return True


def take_end_epoch(
    quorum: Quorum, voter: NodeId, response: q.EndQuorumEpochResponse, now: int
) -> bool:
    """A voter knows that this node leads no more."""
    answer: q.EndQuorumEpochResponsePartitionData | None = messages.only_partition(response)
    if response.error_code or answer is None:
        return False
    if not is_settled(quorum, answer.error_code, answer.leader_id, answer.leader_epoch, now):
        role = quorum.role
        if isinstance(role, Resigned):
            role.acknowledged(voter)
    return True


# --- what this node has to ask


def ask_for_votes(quorum: Quorum, role: Prospective | Candidate, now: int) -> None:
    """Ask the voters that have not answered, while the election can still be won."""
    if role.votes.is_rejected:
        return
    last = EpochEnd(quorum.log.last_epoch, quorum.log.end_offset)
    pre_vote = isinstance(role, Prospective)
    for voter in role.votes.unrecorded:
        if quorum.requests.is_ready(voter, now):
            request = messages.vote_request(
                quorum.node_id, role.epoch, voter, last, pre_vote=pre_vote
            )
            quorum.send(voter, request)


def announce_epoch(quorum: Quorum, leader: Leader, now: int) -> None:
    """Tell the voters that have not fetched lately that the epoch has begun."""
    interval_ms = quorum.fetch_timeout_ms // 2
    for voter in leader.others:
        fetched_at = leader.voters[voter].fetched_at
        is_silent = fetched_at < 0 or now - fetched_at >= interval_ms
        if is_silent and quorum.requests.is_ready(voter, now):
            quorum.send(voter, messages.begin_request(quorum.leader_and_epoch, voter))
    leader.begin_due = now + interval_ms


def announce_end(quorum: Quorum, role: Resigned, now: int) -> None:
    """Tell the voters that do not know it yet that this node leads no more."""
    request = messages.end_request(quorum.leader_and_epoch, role.successors)
    for voter in role.untold:
        if quorum.requests.is_ready(voter, now):
            quorum.send(voter, request)
