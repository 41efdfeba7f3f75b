"""Draft the index of a range of institutions; a person publishes it on the page of the decision."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.facilities.decided.sealing import inputs_for
from tirek.facilities.kinds import CONDITION
from tirek.facilities.refusals import NotFound, must
from tirek.registry.models import Territory, TerritoryLevel


def draft_index(
    *, org_lo: int, org_hi: int, day: dt.date, by: User | None, now: dt.datetime, parameters: dict | None = None
):
    """Compute rooms and schools of a range as they stand on a day; the draft supersedes what was published of it."""
    with loading():
        inputs = inputs_for(org_lo, org_hi, day)
        last = journal.published_of(CONDITION, {"org_lo": org_lo, "org_hi": org_hi}).first()
    told = {"day": day.isoformat(), "org_lo": org_lo, "org_hi": org_hi} | (parameters or {})
    return decisions.record(
        kind=CONDITION, inputs=inputs, parameters=told, org=(org_lo, org_hi), on=day, by=by, now=now,
        supersedes=last.number if last else None,
    )  # fmt: skip


def index_territory(*, code: str, day: dt.date, by: User | None, now: dt.datetime):
    """The draft of a whole territory, with its districts named, so that figures can be made of it."""
    with loading():
        territory = Territory.objects.filter(code=code, valid__contains=day).first()
        if territory is None:
            raise NotFound(_("There is no such territory."))
        inside = Territory.objects.filter(
            level=TerritoryLevel.DISTRICT,
            valid__contains=day,
            org_lo__gte=territory.org_lo,
            org_hi__lte=territory.org_hi,
        )
        districts = {code: [lo, hi] for code, lo, hi in inside.values_list("code", "org_lo", "org_hi")}
    must("decisions.publish", territory.org_lo, territory.org_hi)
    told = {"territory": territory.code, "level": territory.level, "districts": districts}
    return draft_index(org_lo=territory.org_lo, org_hi=territory.org_hi, day=day, by=by, now=now, parameters=told)
