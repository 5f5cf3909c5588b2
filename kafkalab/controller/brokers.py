"""The life of brokers: registered, fenced, unfenced, shut down in order, forgotten.

    register ──▶ fenced ──caught up──▶ active ──wants to go──▶ shutting down ──▶ fenced
                   ▲                     │                          │
                   └──── silence ◀───────┴──────────────────────────┘

The controller is the only judge.  A broker that is fenced leads nothing and is in no ISR; one that
comes back under a new incarnation begins fenced, and what its old one held is settled first.

Each decision returns the records; `broker_changes` says what they mean for partitions.

In Kafka: `ClusterControlManager`, `ReplicationControlManager.handleBroker…`; KIP-631.
Left out: log directories, and features beyond whether a broker knows what the cluster uses.
Read next: `heartbeats`, which calls most of this.
"""

from typing import Any, Final

from kafkalab.controller.elections import (
    broker_changes,
    with_in_elr,
    with_in_isr,
    without_leader,
)
from kafkalab.controller.written_state import Decision, WrittenState
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import CLUSTER_ID, NodeId
from kafkalab.metadata import BrokerImage
from kafkalab.metadata import records as r
from kafkalab.protocol.messages.brokers import (
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
    ControllerRegistrationRequest,
    ControllerRegistrationResponse,
    Feature,
    UnregisterBrokerRequest,
    UnregisterBrokerResponse,
)

METADATA_VERSION_FEATURE: Final = "metadata.version"
FENCE: Final = 1
UNFENCE: Final = -1
IN_CONTROLLED_SHUTDOWN: Final = 1


def register_broker(state: WrittenState, request: BrokerRegistrationRequest, now: int) -> Decision:
    """A process says it is broker n; it gets its broker epoch."""
    if request.cluster_id != CLUSTER_ID:
        raise KafkaError(
            ErrorCode.INCONSISTENT_CLUSTER_ID,
            f"Expected cluster ID {CLUSTER_ID}, but got cluster ID {request.cluster_id}",
        )
    old = state.image.brokers.get(request.broker_id)
    is_same = old is not None and old.incarnation_id == request.incarnation_id
    if old is not None and not is_same and state.sessions.is_valid(old.id, old.epoch):
        raise KafkaError(
            ErrorCode.DUPLICATE_BROKER_REGISTRATION,
            "Another broker is registered with that broker id, and its session is alive",
        )
    _check_features(state, request)
    records: list[Any] = []
    if old is not None and not is_same:
        records += _settle_old_incarnation(state, old, request.previous_broker_epoch)
    epoch = old.epoch if old is not None and is_same else state.next_offset
    records.append(_registration(request, epoch, old if is_same else None))
    return Decision(records, BrokerRegistrationResponse(broker_epoch=epoch))


def _settle_old_incarnation(
    state: WrittenState, old: BrokerImage, previous_epoch: int
) -> list[r.PartitionChangeRecord]:
    """After an unclean shutdown its disk may lack what it had: out of ISR and ELR (R13)."""
    image = state.image
    if state.is_elr_enabled and previous_epoch != old.epoch:
        places = with_in_isr(image, old.id) + with_in_elr(image, old.id)
        return broker_changes(state, places, uncleanly_shut_down=old.id)
    return broker_changes(state, with_in_isr(image, old.id), leaving=old.id)


def _registration(
    request: BrokerRegistrationRequest, epoch: int, same: BrokerImage | None
) -> r.RegisterBrokerRecord:
    return r.RegisterBrokerRecord(
        broker_id=request.broker_id,
        incarnation_id=request.incarnation_id,
        broker_epoch=epoch,
        end_points=tuple(
            r.BrokerEndpoint(
                name=listener.name,
                host=listener.host,
                port=listener.port,
                security_protocol=listener.security_protocol,
            )
            for listener in request.listeners
        ),
        features=tuple(
            r.BrokerFeature(
                name=feature.name,
                min_supported_version=feature.min_supported_version,
                max_supported_version=feature.max_supported_version,
            )
            for feature in request.features
        ),
        rack=request.rack,
        fenced=same.fenced if same is not None else True,
        in_controlled_shutdown=same.in_controlled_shutdown if same is not None else False,
        log_dirs=request.log_dirs,
    )


def _check_features(state: WrittenState, request: BrokerRegistrationRequest) -> None:
    """A broker must know every feature at the level the cluster has it."""
    offered = {feature.name: feature for feature in request.features}
    if METADATA_VERSION_FEATURE not in offered:
        raise KafkaError(
            ErrorCode.INVALID_REGISTRATION,
            f"Request features do not contain '{METADATA_VERSION_FEATURE}'",
        )
    for name, level in state.image.features.items():
        feature = offered.get(name, Feature(name=name))
        low, high = feature.min_supported_version, feature.max_supported_version
        if not low <= level <= high:
            raise KafkaError(
                ErrorCode.UNSUPPORTED_VERSION,
                f"Unable to register because the broker does not support finalized version "
                f"{level} of {name}. The broker wants a version between {low} and {high}, "
                "inclusive.",
            )


def fence(state: WrittenState, broker: BrokerImage) -> list[Any]:
    """It leads nothing and is in no ISR until it is heard again."""
    changes = broker_changes(state, with_in_isr(state.image, broker.id), leaving=broker.id)
    return [*changes, _change(broker, fenced=FENCE)]


def unfence(state: WrittenState, broker: BrokerImage) -> list[Any]:
    """It may lead again, first of all what nobody leads."""
    changes = broker_changes(state, without_leader(state.image), returning=broker.id)
    return [_change(broker, fenced=UNFENCE), *changes]


def shut_down_in_order(state: WrittenState, broker: BrokerImage) -> list[Any]:
    """Move its leaderships away before it goes."""
    records: list[Any] = []
    if not broker.in_controlled_shutdown:
        records.append(_change(broker, in_controlled_shutdown=IN_CONTROLLED_SHUTDOWN))
    places = with_in_isr(state.image, broker.id)
    return records + broker_changes(state, places, leaving=broker.id)


def _change(
    broker: BrokerImage, *, fenced: int = 0, in_controlled_shutdown: int = 0
) -> r.BrokerRegistrationChangeRecord:
    return r.BrokerRegistrationChangeRecord(
        broker_id=broker.id,
        broker_epoch=broker.epoch,
        fenced=fenced,
        in_controlled_shutdown=in_controlled_shutdown,
    )


def fence_silent(state: WrittenState, broker_id: NodeId) -> list[Any]:
    """A session has ended; nothing to do if the broker is fenced or gone anyway."""
    broker = state.image.brokers.get(broker_id)
    if broker is None or broker.fenced:
        return []
    records = fence(state, broker)
    state.sessions.touch(broker_id, state.sessions[broker_id].metadata_offset, fenced=True)
    return records


def unregister_broker(state: WrittenState, request: UnregisterBrokerRequest, now: int) -> Decision:
    """Forget a broker that will not come back."""
    broker = state.image.brokers.get(request.broker_id)
    if broker is None:
        raise KafkaError(
            ErrorCode.BROKER_ID_NOT_REGISTERED,
            f"Broker ID {request.broker_id} is not currently registered",
        )
    places = with_in_isr(state.image, broker.id) + with_in_elr(state.image, broker.id)
    changes = broker_changes(state, places, leaving=broker.id)
    gone = r.UnregisterBrokerRecord(broker_id=broker.id, broker_epoch=broker.epoch)
    return Decision([*changes, gone], UnregisterBrokerResponse(error_message=None))


def register_controller(
    state: WrittenState, request: ControllerRegistrationRequest, now: int
) -> Decision:
    """A controller makes itself known (KIP-919)."""
    record = r.RegisterControllerRecord(
        controller_id=request.controller_id,
        incarnation_id=request.incarnation_id,
        end_points=tuple(
            r.ControllerEndpoint(
                name=listener.name,
                host=listener.host,
                port=listener.port,
                security_protocol=listener.security_protocol,
            )
            for listener in request.listeners
        ),
        features=tuple(
            r.ControllerFeature(
                name=feature.name,
                min_supported_version=feature.min_supported_version,
                max_supported_version=feature.max_supported_version,
            )
            for feature in request.features
        ),
    )
    return Decision([record], ControllerRegistrationResponse(error_message=None))
