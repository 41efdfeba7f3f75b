"""State awards of teachers: kinds, nominations, and the decision of each level with its date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.models import AwardKind, Nomination, NominationState, NominationStep
from tirek.cpd.queries.portfolio import years_of_work
from tirek.cpd.refusals import BadValue, NotThere, WrongState, must, own_range
from tirek.cpd.services.practice import employment_of, name_of, next_number, said, users_of
from tirek.tasks.services import tell as tell_users

# state now -> (permission of who decides, state after a yes)
LEVELS = {
    NominationState.NOMINATED: ("awards.district", NominationState.DISTRICT),
    NominationState.DISTRICT: ("growth.certify", NominationState.REGION),
    NominationState.REGION: ("growth.certify", NominationState.AWARDED),
}


@transaction.atomic
def enter_kind(*, code: str, facts: Mapping[str, Any], by: User | None, now: dt.datetime) -> AwardKind:
    must("growth.manage")
    if AwardKind.objects.filter(code__iexact=code).exists():
        raise BadValue(_("This code is taken. Choose another."), code="code_taken", field="code")
    lo, hi = own_range()
    return AwardKind.objects.create(code=code, org_lo=lo, org_hi=hi, **facts)


@transaction.atomic
def nominate(*, award: str, person_id: int, grounds: str, by: User, now: dt.datetime) -> Nomination:
    """A school proposes one of its own people; years come from the register."""
    must("growth.approve")
    kind = AwardKind.objects.filter(code=award, is_active=True).first()
    if kind is None:
        raise BadValue(_("This award is not given now."), code="no_award", field="award")
    work = employment_of(person_id, now.date(), field="person")
    with loading():
        years = years_of_work(person_id, now.date())
    if years < kind.years:
        raise BadValue(
            _("Years of work: %(found)s, the award asks for %(wanted)s.") % {"found": years, "wanted": kind.years},
            code="years_few", field="person",
        )  # fmt: skip
    try:
        with loading():
            made = Nomination.objects.create(
                code=next_number("W", now), award=kind, person_id=person_id, org_no=work.org_no,
                person_name=work.person_name, grounds=said(grounds, "grounds", shortest=80, longest=4000), years=years,
                state=NominationState.NOMINATED, nominated_at=now,
            )  # fmt: skip
            _step(made, now.date(), by, now, "")
    except IntegrityError:
        raise WrongState(
            _("This person has the award, or is proposed for it already."), code="nominated_already"
        ) from None
    return made


@transaction.atomic
def decide(
    *, code: str, is_yes: bool, decided_on: dt.date, note: str = "", act: str = "", by: User, now: dt.datetime
) -> Nomination:
    """The district, then the region, then the award itself. A no ends it, with a reason that the school reads."""
    with loading():
        made = Nomination.objects.select_for_update().select_related("award").filter(code=code).first()
    scope = current_scope()
    if made is None or (scope.database_role != "tirek_loader" and (scope.is_own or not scope.covers(made.org_no))):
        raise NotThere(_("There is no such nomination in your territory."))
    if made.state not in LEVELS:
        raise WrongState(
            _("This nomination is closed: %(state)s.") % {"state": made.get_state_display()}, code="closed"
        )
    permission, after = LEVELS[NominationState(made.state)]
    must(permission)
    with loading():
        last = made.steps.order_by("-id").values_list("decided_on", flat=True).first()
    if decided_on > now.date() or (last and decided_on < last):
        raise BadValue(
            _("Choose a day since the step before, up to today."), code="bad_day", field="decided_on"
        )  # fmt: skip
    note = note.strip()[:1000] if is_yes else said(note, "note", shortest=10)
    with loading():
        made.state = after if is_yes else NominationState.REFUSED
        if made.state == NominationState.AWARDED:
            made.awarded_on, made.act = decided_on, said(act, "act", longest=200)
        if not is_yes:
            made.refused_because = note
        made.save(update_fields=["state", "awarded_on", "act", "refused_because"])
        _step(made, decided_on, by, now, note)
        if made.state == NominationState.AWARDED:
            tell_users(
                user_ids=users_of([made.person_id]), kind="practice_awarded", parameters={"title": str(made.code)},
                now=now, link=reverse("cpd:nomination", args=[made.code]),
            )  # fmt: skip
    return made


def _step(made: Nomination, day: dt.date, by: User | None, now: dt.datetime, note: str) -> None:
    NominationStep.objects.create(
        nomination=made, org_no=made.org_no, person_id=made.person_id, state=made.state, decided_on=day, at=now,
        by_name=name_of(by), note=note,
    )  # fmt: skip
