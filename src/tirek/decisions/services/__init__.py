"""What can be done with decisions: record, publish, withdraw, verify."""

from tirek.decisions.services.checking import verify
from tirek.decisions.services.publishing import (
    AlreadyPublished,
    InputsMoved,
    NotADraft,
    NotAllowed,
    publish,
    withdraw,
)
from tirek.decisions.services.recording import record

__all__ = [
    "AlreadyPublished", "InputsMoved", "NotADraft", "NotAllowed", "publish", "record", "verify", "withdraw",
]  # fmt: skip
