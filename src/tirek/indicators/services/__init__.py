"""What can be done with figures: take a snapshot, compute, publish, verify, note a claim."""

from tirek.indicators.services.checking import verify
from tirek.indicators.services.claiming import record_claim
from tirek.indicators.services.publishing import (
    AlreadyPublished,
    NotAllowed,
    RegisterMoved,
    draft,
    publish,
    withdraw,
)
from tirek.indicators.services.snapshotting import take_snapshot

__all__ = [
    "AlreadyPublished", "NotAllowed", "RegisterMoved", "draft", "publish", "record_claim", "take_snapshot", "verify",
    "withdraw",
]  # fmt: skip
