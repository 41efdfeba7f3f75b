"""Local acts for tests: a value of a dated rule for the small region, as an office would load it."""

from __future__ import annotations

import datetime as dt
import hashlib

import yaml
from django.utils import timezone

from tirek.access.scope import loading
from tirek.decisions.models import LocalRule
from tirek.decisions.rules import shipped_file

REGION_CODE = "470000000"


def set_rule(name: str, short: str, value, *, since: str = "2021-01-01") -> LocalRule:
    """``name`` is ``assessment.calibration``; from that day on the region follows this act."""
    rule = yaml.safe_load(shipped_file(name).read_text(encoding="utf-8"))[short]
    rule["act"] = {"kk": "Бұйрық 7", "ru": "Приказ 7", "en": "Order 7"}
    rule["values"] = [{"from": dt.date.fromisoformat(since), "value": value, "territory": REGION_CODE}]
    body = yaml.safe_dump({short: rule}, allow_unicode=True)
    with loading():
        return LocalRule.objects.create(
            name=name, body=body, sha256=hashlib.sha256(body.encode()).hexdigest(), org_lo=10_000_000, org_hi=19_999_999,
            in_force_from=dt.date.fromisoformat(since), loaded_by=None, loaded_by_name="test", loaded_at=timezone.now(),
        )  # fmt: skip
