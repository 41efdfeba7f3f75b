"""Requests to teachers: recorded with purpose and legal basis, withdrawn, and objected to by teachers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.models import Demand, Flag
from tirek.cpd.queries.demands import forbidden
from tirek.cpd.refusals import BadValue, NotAllowed, NotThere, WrongState, must, must_cover, own_range


def record_demand(*, facts: Mapping[str, Any], by: User, now: dt.datetime) -> Demand:
    """An office writes down what it asks of teachers, what for, and by which act. Without an act nothing is asked."""
    must("tasks.assign")
    if len(facts["legal_basis"].strip()) < 5:
        raise BadValue(
            _("Name the act and the clause: nothing may be asked of teachers that no act provides for."),
            code="basis_missing", field="legal_basis",
        )  # fmt: skip
    lo, hi = own_range()
    with connection.cursor() as cursor:
        cursor.execute("select nextval('cpd_demand_number')")
        number = f"R-{now.year}-{cursor.fetchone()[0]:05d}"
    return Demand.objects.create(number=number, org_lo=lo, org_hi=hi, asked_by_id=by.pk, asked_at=now, **facts)


@transaction.atomic
def withdraw_demand(*, number: str, text: str, by: User, now: dt.datetime) -> Demand:
    must("tasks.assign")
    found = Demand.objects.filter(number=number).first()
    if found is None:
        raise NotThere(_("There is no such request."))
    must_cover(found.org_lo, found.org_hi)
    found = Demand.objects.select_for_update().get(pk=found.pk)
    if found.withdrawn_at:
        raise WrongState(_("This request is withdrawn already."))
    if not text.strip():
        raise BadValue(_("Say why, in a few words."), code="reason_missing", field="text")
    found.withdrawn_at, found.withdrawn_because = now, text.strip()[:300]
    found.save(update_fields=["withdrawn_at", "withdrawn_because"])
    return found


@transaction.atomic
def object_to(*, number: str, rule: str, note: str, by: User, now: dt.datetime) -> Flag:
    """A teacher says which rule a request breaks. The asker sees how many said so and why, never who."""
    must("growth.own")
    demand = Demand.objects.filter(number=number).first()
    if demand is None:
        raise NotThere(_("There is no such request."))
    scope = current_scope()
    if scope.lo is not None and not demand.org_lo <= scope.lo <= demand.org_hi:
        raise NotAllowed(_("This request was not made to teachers of your territory."))
    if demand.withdrawn_at:
        raise WrongState(_("This request is withdrawn already."))
    if rule not in {entry.code for entry in forbidden(now.date(), demand)}:
        raise BadValue(_("Choose the rule that the request breaks."), code="no_such_rule", field="rule")
    try:
        with loading():
            return Flag.objects.create(
                demand=demand, user_id=by.pk, org_lo=demand.org_lo, org_hi=demand.org_hi, rule=rule,
                note=note.strip()[:500], at=now,
            )  # fmt: skip
    except IntegrityError:
        raise WrongState(_("You have objected to this request already."), code="flagged_already") from None
