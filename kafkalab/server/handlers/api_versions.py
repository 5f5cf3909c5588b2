"""ApiVersions 0-4: what this server offers.

An unknown version of ApiVersions itself is answered in version 0 with UNSUPPORTED_VERSION; that is
the business of whoever reads the bytes (`protocol.connection`).

In Kafka: `KafkaApis.handleApiVersionsRequest`, KIP-35, KIP-511, KIP-584.
"""

import re
from typing import TYPE_CHECKING, Any

from kafkalab.errors import ErrorCode
from kafkalab.node import Ticket
from kafkalab.protocol.messages.api_versions import (
    ApiVersion,
    ApiVersionsRequest,
    ApiVersionsResponse,
    FinalizedFeatureKey,
    SupportedFeatureKey,
)
from kafkalab.server.apis import versions_of
from kafkalab.server.lifecycle import SUPPORTED_FEATURES

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker
    from kafkalab.server.controller import Controller

_SOFTWARE = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")


def handle_api_versions(
    server: "Broker | Controller", ticket: Ticket, request: ApiVersionsRequest, now: int
) -> ApiVersionsResponse:
    """Every API with its versions, and the features that are finalized."""
    if ticket.api_version >= 3 and not (
        _SOFTWARE.fullmatch(request.client_software_name)
        and _SOFTWARE.fullmatch(request.client_software_version)
    ):
        return ApiVersionsResponse(error_code=ErrorCode.INVALID_REQUEST)
    return api_versions(server)


def api_versions(server: Any, error: ErrorCode = ErrorCode.NONE) -> ApiVersionsResponse:
    """The answer, whoever asked."""
    keys = []
    for key in sorted(server.offered):
        offered = versions_of(server.offered, key)
        assert offered is not None
        keys.append(ApiVersion(api_key=key, min_version=offered.low, max_version=offered.high))
    image = server.image
    return ApiVersionsResponse(
        error_code=error,
        api_keys=tuple(keys),
        supported_features=tuple(
            SupportedFeatureKey(
                name=feature.name,
                # version 3 cannot say 0 (KIP-1022): the level 0 is implied
                min_version=max(1, feature.min_supported_version),
                max_version=feature.max_supported_version,
            )
            for feature in SUPPORTED_FEATURES
        ),
        finalized_features_epoch=image.offset,
        finalized_features=tuple(
            FinalizedFeatureKey(name=name, max_version_level=level, min_version_level=level)
            for name, level in image.features.items()
            if level > 0
        ),
    )
