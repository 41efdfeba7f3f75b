"""Institutions: opening, changing from a day on, correcting what was wrong, closing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry import identifiers, names
from tirek.registry.models import (
    Building,
    Employment,
    Enrolment,
    Institution,
    InstitutionKind,
    InstitutionState,
    Room,
    Territory,
)
from tirek.registry.services.refusals import (
    Closed,
    NotFound,
    Overlap,
    RegistryRefusal,
    WrongDate,
    check_date,
    check_right,
    ended,
    shown,
    starts,
)

STEP = 10
CHANGEABLE = (
    "name_kk", "name_ru", "name_en", "settlement_kind", "is_public", "languages", "address", "longitude", "latitude",
    "capacity", "connectivity", "speed_mbps", "heating", "is_support_school",
)  # fmt: skip


def open_institution(
    *, code: str, kind: str, territory_id: int, opens_on: dt.date, state: Mapping[str, object], by: Scope,
    now: dt.datetime, bin: str = "",
) -> Institution:  # fmt: skip
    """Open an institution in a territory, under the next free number there."""
    check_date(opens_on, now)
    with loading():
        territory = Territory.objects.select_for_update().filter(pk=territory_id).first()
        if territory is None:
            raise NotFound(_("There is no such territory."))
        check_right(by, "registry.change", territory.org_lo, territory.org_hi)
        _check_new(code, kind, bin)
        org_no = _free_number(territory)
        institution = Institution.objects.create(
            code=code, org_no=org_no, bin=bin, kind=kind, open_period=starts(opens_on)
        )
        values = _checked(state, needed=True)
        values.setdefault("settlement_kind", territory.settlement_kind or "urban")
        InstitutionState.objects.create(
            institution=institution, org_no=org_no, territory=territory, valid=starts(opens_on), **values
        )
        return institution


def _check_new(code: str, kind: str, bin: str) -> None:
    if kind not in InstitutionKind.values:
        raise RegistryRefusal(_("There is no kind of institution “{kind}”.").format(kind=kind), code="unknown_kind")
    if bin and not identifiers.check_bin(bin).is_valid:
        raise RegistryRefusal(_("The BIN {bin} is wrong: check its digits.").format(bin=bin), code="bad_bin", bin=bin)
    if Institution.objects.filter(code=code).exists() or (bin and Institution.objects.filter(bin=bin).exists()):
        raise Overlap(_("An institution with this code or BIN exists already. Change that one instead."), code="exists")


def _free_number(territory: Territory) -> int:
    """The next number in tree order; the territory's row is locked, so two openings do not meet."""
    below = Territory.objects.filter(parent=territory).order_by("org_lo").values_list("org_lo", flat=True).first()
    end = territory.org_hi if below is None else below - 1
    used = Institution.objects.filter(org_no__gte=territory.org_lo, org_no__lte=end)
    last = used.order_by("-org_no").values_list("org_no", flat=True).first()
    number = territory.org_lo if last is None else (last // STEP + 1) * STEP
    if number > end:
        raise RegistryRefusal(
            _("{territory} has no free numbers left. An administrator must renumber it first.").format(
                territory=territory.name_kk
            ),
            code="territory_full",
        )
    return number


def _checked(values: Mapping[str, object], *, needed: bool = False) -> dict[str, object]:
    unknown = set(values) - set(CHANGEABLE)
    if unknown:
        raise RegistryRefusal(
            _("These cannot be changed here: {names}.").format(names=", ".join(sorted(unknown))), code="unknown_field"
        )
    made = {column: names.clean(value) if isinstance(value, str) else value for column, value in values.items()}
    if (needed or "name_kk" in made) and not names.clean(str(made.get("name_kk", ""))):
        raise RegistryRefusal(_("Enter the name in Kazakh."), code="name_missing")
    if "name_kk" in made:
        made["sort_key"] = names.sort_key(str(made["name_kk"]))
    if needed:
        made.setdefault("languages", ["kk"])
    return made


def change_institution(
    *, institution_id: int, from_date: dt.date, changes: Mapping[str, object], by: Scope, now: dt.datetime
) -> InstitutionState:
    """Something is different from a day on. The state before stays as it was."""
    check_date(from_date, now)
    with loading():
        current = _open_state(institution_id, by)
        if current.valid.lower is not None and from_date <= current.valid.lower:
            raise WrongDate(
                _("The last change is of {day}. Choose a later day, or correct that state instead.").format(
                    day=shown(current.valid.lower)
                ),
                day=current.valid.lower.isoformat(),
            )
        values = _checked(changes)
        InstitutionState.objects.filter(pk=current.pk).update(valid=ended(current.valid, from_date))
        current.pk, current.valid, current._state.adding = None, starts(from_date), True
        for column, value in values.items():
            setattr(current, column, value)
        current.save(force_insert=True)
        return current


def correct_institution(
    *, state_id: int, changes: Mapping[str, object], by: Scope, now: dt.datetime
) -> InstitutionState:
    """A state was recorded wrongly: the same period is rewritten. What stood there is kept by the audit."""
    with loading():
        state = InstitutionState.objects.select_for_update().filter(pk=state_id).first()
        if state is None:
            raise NotFound(_("There is no such state."))
        check_right(by, "registry.change", state.org_no)
        for column, value in _checked(changes).items():
            setattr(state, column, value)
        state.save()
        return state


def close_institution(*, institution_id: int, on: dt.date, by: Scope, now: dt.datetime) -> None:
    """Close an institution that nobody learns or works in any more."""
    check_date(on, now)
    with loading():
        state = _open_state(institution_id, by)
        check_empty(institution_id, on)
        end(state, on)


def check_closing(*, institution_id: int, on: dt.date, by: Scope, now: dt.datetime) -> int:
    """What :func:`close_institution` would refuse, without closing. Gives the number of rooms that would close too."""
    check_date(on, now)
    with loading():
        state = _open_state(institution_id, by)
        check_empty(institution_id, on)
        ended(state.valid, on)
        return Room.objects.filter(institution_id=institution_id, valid__upper_inf=True).count()


def check_empty(institution_id: int, on: dt.date) -> None:
    pupils = Enrolment.objects.filter(institution_id=institution_id, valid__contains=on).count()
    staff = Employment.objects.filter(institution_id=institution_id, valid__contains=on).count()
    if pupils or staff:
        raise RegistryRefusal(
            _(
                "On {day} the institution still has {pupils} pupils and {staff} members of staff. Transfer them first, "
                "or merge the institution with another."
            ).format(day=shown(on), pupils=pupils, staff=staff),
            code="not_empty", pupils=pupils, staff=staff,
        )  # fmt: skip


def end(state: InstitutionState, on: dt.date) -> None:
    """End the institution, its last state, its buildings and rooms on a day."""
    InstitutionState.objects.filter(pk=state.pk).update(valid=ended(state.valid, on))
    institution = state.institution
    Institution.objects.filter(pk=institution.pk).update(open_period=ended(institution.open_period, on))
    for model in (Room, Building):
        for thing in model.objects.filter(institution=institution, valid__upper_inf=True, valid__startswith__lt=on):
            model.objects.filter(pk=thing.pk).update(valid=DateRange(thing.valid.lower, on))


def _open_state(institution_id: int, by: Scope) -> InstitutionState:
    """The last state, locked, after the right has been checked."""
    found = InstitutionState.objects.select_for_update(of=("self",)).select_related("institution")
    state = found.filter(institution_id=institution_id, valid__upper_inf=True).first()
    if state is None:
        raise Closed(_("The institution is closed or does not exist."))
    check_right(by, "registry.change", state.org_no)
    return state
