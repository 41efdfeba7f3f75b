"""Noting what others said in public."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from tirek.access.scope import loading
from tirek.indicators.models import Claim


def record_claim(
    *,
    topic: str,
    texts: dict[str, str],
    source: str,
    said_on: date | None,
    value: Decimal,
    by: object,
    now: datetime,
    said_by: str = "",
    unit: str = "",
    bound: str = "exact",
    base_value: Decimal | None = None,
    said_times: Decimal | None = None,
    indicator: str = "",
) -> Claim:
    """Keep a claim as it was said; the same claim twice is one."""
    with loading():
        claim, _new = Claim.objects.get_or_create(
            topic=topic,
            source=source,
            said_on=said_on,
            value=value,
            defaults={
                "text_kk": texts["kk"],
                "text_ru": texts["ru"],
                "text_en": texts["en"],
                "said_by": said_by,
                "unit": unit,
                "bound": bound,
                "base_value": base_value,
                "said_times": said_times,
                "indicator": indicator,
                "recorded_at": now,
                "recorded_by_name": str(by or ""),
            },
        )
    return claim
