"""What each request is answered when it cannot be done: the same error, in many shapes.

In Kafka: `…Request.getErrorResponse`, `GroupCoordinatorService.handleOperationException`.
"""

from typing import Any

from kafkalab.errors import ErrorCode
from kafkalab.groups.committing import CommitPlan, committed
from kafkalab.groups.fetching import GroupFetch, fetch_refused
from kafkalab.groups.forgetting import DeletePlan
from kafkalab.groups.liveness import leaving, left
from kafkalab.groups.transactional import TxnCommitPlan, transactional_answer
from kafkalab.protocol.messages.classic_groups import (
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberResponse,
    SyncGroupRequest,
    SyncGroupResponse,
)
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from kafkalab.protocol.messages.group_admin import DeletableGroupResult
from kafkalab.protocol.messages.group_offsets import OffsetDeleteResponse


def refused(operation: Any, version: int, error: ErrorCode, reason: str = "") -> Any:
    """The answer to an operation of `GroupShard` that fails as a whole."""
    match operation:
        case ConsumerGroupHeartbeatRequest():
            return ConsumerGroupHeartbeatResponse(
                error_code=error,
                error_message=reason or None,
                member_id=None,
                member_epoch=0,
                heartbeat_interval_ms=0,
            )
        case JoinGroupRequest():
            return JoinGroupResponse(error_code=error, member_id=operation.member_id)
        case SyncGroupRequest():
            return SyncGroupResponse(error_code=error)
        case HeartbeatRequest():
            return HeartbeatResponse(error_code=_for_heartbeat(error))
        case LeaveGroupRequest():
            return _refused_leave(operation, version, error)
        case CommitPlan():
            return committed(operation, error)
        case TxnCommitPlan():
            return transactional_answer(operation, error, version=version)
        case GroupFetch():
            return fetch_refused(operation, version, error)
        case DeletePlan():
            return OffsetDeleteResponse(error_code=error)
        case str():
            return DeletableGroupResult(group_id=operation, error_code=error)
    raise AssertionError(operation)


def _for_heartbeat(error: ErrorCode) -> ErrorCode:
    """A coordinator that still loads keeps every session: nobody is to leave for that."""
    is_loading = error is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    return ErrorCode.NONE if is_loading else error


def _refused_leave(
    request: LeaveGroupRequest, version: int, error: ErrorCode
) -> LeaveGroupResponse:
    if error is not ErrorCode.UNKNOWN_MEMBER_ID:
        return LeaveGroupResponse(error_code=error)
    members = tuple(
        MemberResponse(
            member_id=identity.member_id,
            group_instance_id=identity.group_instance_id,
            error_code=error,
        )
        for identity in leaving(request, version)
    )
    return left(version, members)
