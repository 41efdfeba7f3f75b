"""Release items: a decision after which schools may read their wording. What was read cannot be made secret again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

import polars as pl
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.assessment.kinds_release import RELEASE
from tirek.assessment.models import BankItem, Item, Release, ReleaseState, TestState
from tirek.assessment.refusals import NotAllowed, WrongState, must
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.storage.database import LOADER
from tirek.storage.sealed import digest_of
from tirek_engines.assessment.release import RELEASED


@transaction.atomic
def release_items(*, item_ids: Sequence[int], by: User | None, now: datetime):
    """The published decision; items that the rules keep secret stay so, each with its reason."""
    must("figures.publish")
    items = list(BankItem.objects.select_for_update().filter(pk__in=list(item_ids)).order_by("code"))
    if not items or len(items) < len(set(item_ids)):
        raise WrongState(_("Choose items of your own bank."))
    spans = {(item.org_lo, item.org_hi) for item in items}
    scope = current_scope()
    inside = scope.database_role == LOADER or all(scope.covers(lo) and scope.covers(hi) for lo, hi in spans)
    if len(spans) > 1 or not inside:
        raise NotAllowed(_("This item is not yours to change. Ask the office that holds it."))
    org, day = spans.pop(), timezone.localdate(now).isoformat()
    with loading():
        inputs = _inputs(items)
    digest = hashlib.sha256(json.dumps([day, *(digest_of(frame) for frame in inputs.values())]).encode()).hexdigest()
    decision = decisions.record(
        kind=RELEASE, inputs=inputs, parameters={"day": day, "org_lo": org[0], "org_hi": org[1]}, org=org, by=by, now=now,
        idempotency_key=f"release:{org[0]}:{digest[:24]}",
    )  # fmt: skip
    if decision.state != "published":
        decision = decisions.publish(decision.number, by=by, now=now)
    released = {
        row["subject"] for row in journal.outcome_rows(journal.table(decision, "outcomes")) if row["reason"] == RELEASED
    }
    for item in items:
        if item.code in released and item.is_secure:
            item.released_at, item.release_number = now, decision.number
            item.save(update_fields=["released_at", "release_number"])
    return decision


def _inputs(items: Sequence[BankItem]) -> dict[str, pl.DataFrame]:
    """What is known of the items and of the tests that held them."""
    uses = list(
        Item.objects.filter(version__item__in=items)
        .order_by("version__item__code", "test__code")
        .values_list("version__item__code", "test__code", "test__state", "test_id")
    )
    tests = sorted({(row[1], row[3]) for row in uses})
    published = dict(
        Release.objects.filter(test__in=[pk for _code, pk in tests], state=ReleaseState.PUBLISHED).values_list(
            "test__code", "at"
        )
    )
    rows = []
    for item in items:
        own = [row for row in uses if row[0] == item.code]
        days = [timezone.localdate(published[row[1]]).isoformat() for row in own if row[1] in published]
        running = sum(row[2] != TestState.PUBLISHED for row in own)
        rows.append((item.code, item.released_at is not None, running, max(days, default="")))
    secure = [
        (code, Item.objects.filter(test=pk, version__isnull=False, version__item__released_at=None).count())
        for code, pk in tests
    ]
    return {
        "items": _frame(rows, item=pl.String, is_released=pl.Boolean, running_tests=pl.Int64, last_published=pl.String),
        "uses": _frame([row[:2] for row in uses], item=pl.String, test=pl.String),
        "tests": _frame(secure, test=pl.String, secure=pl.Int64),
    }


def _frame(rows: list[tuple], **schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")
