"""Changing what the register says: forms in, one call of a service, a refusal back in the form."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from functools import partial

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from tirek.access.gates import gate
from tirek.access.services.reads import record_read
from tirek.registry.forms_changes import (
    CORRECT,
    InstitutionChange,
    Leaving,
    Merger,
    PersonCorrection,
    RollOver,
    Transfer,
)
from tirek.registry.queries import institutions, labels, people, territories
from tirek.registry.services import enrolments, succession, year
from tirek.registry.services import institutions as changing
from tirek.registry.services import people as correcting
from tirek.registry.views_institution import frame
from tirek_engines.errors import Refusal

CANDIDATES = 5


def tried(request: HttpRequest, form: forms.Form, act: Callable[[], object]) -> object | None:
    """Whatever the service gives; None when it refused, and the form then says why."""
    try:
        return act() or True
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return None


@gate(permission="registry.change")
def change_institution(request: HttpRequest, code: str) -> HttpResponse:
    """Something about an institution changed, or was recorded wrongly."""
    context = own_frame(request, code)
    state = context["state"]
    known = {name: getattr(state, name) for name in InstitutionChange.base_fields if hasattr(state, name)}
    form = InstitutionChange(request.POST or None, initial=known)
    if form.is_bound and form.is_valid() and tried(request, form, lambda: _save_institution(request, state, form)):
        messages.success(request, _("The change is saved."))
        return redirect("registry:institution", code=code)
    return render(request, "registry/change_institution.html", context | {"form": form})


def _save_institution(request: HttpRequest, state, form: InstitutionChange):
    common = {"changes": form.state(), "by": request.scope, "now": timezone.now()}
    if form.cleaned_data["how"] == CORRECT:
        return changing.correct_institution(state_id=state.pk, **common)
    return changing.change_institution(
        institution_id=state.institution_id, from_date=form.cleaned_data["from_date"], **common
    )


def own_frame(request: HttpRequest, code: str, here: str = "institution") -> dict:
    """The institution's frame; only for one inside the asker's scope, and in its present state."""
    context = frame(request, code, here)
    if not context["in_scope"] or not context["is_open"]:
        raise Http404
    return context


@gate(permission="people.change")
@never_cache
def correct_person(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A person's name, date of birth, sex or number was recorded wrongly."""
    found = person_to_change(request, public_id)
    fields = ("family_name", "given_name", "patronymic", "birth_date", "sex")
    form = PersonCorrection(request.POST or None, initial={name: getattr(found, name) for name in fields})
    if form.is_bound and form.is_valid() and tried(request, form, lambda: _save_person(request, found, form)):
        messages.success(request, _("The correction is saved."))
        return redirect("registry:person", public_id=public_id)
    context = {"person": found, "form": form, "title": _("Correct a record"), "submit": _("Save the correction")}
    return render(request, "registry/change_person.html", context)


def _save_person(request: HttpRequest, found, form: PersonCorrection):
    changes = dict(form.cleaned_data)
    if not changes["iin"]:
        del changes["iin"]
    return correcting.correct_person(person_id=found.pk, changes=changes, by=request.scope, now=timezone.now())


@gate(permission="people.change")
@never_cache
def transfer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A learner goes to another institution, or to another class of the same one."""
    found = person_to_change(request, public_id)
    form = Transfer(request.POST or None, classes=_classes_here(found), initial=_where_now(found))
    if form.is_bound and form.is_valid():
        target = one_institution(request, form)
        if target and tried(request, form, lambda: _save_transfer(request, found, target, form)):
            messages.success(request, _("The transfer is saved."))
            return redirect("registry:person", public_id=public_id)
    context = {"person": found, "form": form, "title": _("Transfer"), "submit": _("Transfer")}
    return render(request, "registry/change_person.html", context)


def _save_transfer(request: HttpRequest, found, target, form: Transfer):
    values = {"class_group_id": form.cleaned_data["class_group_id"], "on": form.cleaned_data["on"]}
    return enrolments.transfer(
        person_id=found.pk, institution_id=target.institution_id, by=request.scope, now=timezone.now(), **values
    )


def _where_now(person) -> dict:
    state = institutions.state_by_org_no(person.org_no, on=timezone.localdate())
    return {"institution": state.institution.code if state else ""}


def _classes_here(person) -> list[tuple[int, str]]:
    """Classes of the institution that answers for the person; another one's are chosen there."""
    on = timezone.localdate()
    state, this_year = institutions.state_by_org_no(person.org_no, on=on), people.school_year(on=on)
    if state is None or this_year is None:
        return []
    return [(group.pk, str(group)) for group in people.class_groups(state.institution_id, year=this_year)]


@gate(permission="people.change")
@never_cache
def leave(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A learner leaves without going to another institution."""
    found = person_to_change(request, public_id)
    form = Leaving(request.POST or None)
    if form.is_bound and form.is_valid() and tried(request, form, lambda: _save_leaving(request, found, form)):
        messages.success(request, _("The end of the enrolment is saved."))
        return redirect("registry:person", public_id=public_id)
    context = {"person": found, "form": form, "title": _("End the enrolment"), "submit": _("End the enrolment")}
    return render(request, "registry/change_person.html", context)


def _save_leaving(request: HttpRequest, found, form: Leaving):
    return enrolments.leave(person_id=found.pk, by=request.scope, now=timezone.now(), **form.cleaned_data)


def person_to_change(request: HttpRequest, public_id: uuid.UUID):
    found = people.person(request.scope, public_id)
    if found is None:
        raise Http404
    record_read(request, found)
    return found


def one_institution(request: HttpRequest, form: forms.Form, *, on: dt.date | None = None):
    """The one institution that the text means; else the form says which ones it might mean."""
    typed, on = form.cleaned_data["institution"].strip(), on or form.cleaned_data["on"]
    exact = institutions.state_by_code(typed, on=on)
    found = [exact] if exact else list(institutions.listed(on=on, text=typed)[: CANDIDATES + 1])
    if len(found) == 1:
        return found[0]
    if not found:
        form.add_error("institution", _("No institution that is open on that day matches."))
    else:
        names = "; ".join(f"{state.institution.code}: {territories.local_name(state)}" for state in found[:CANDIDATES])
        form.add_error("institution", _("Several match. Write the code of one of them: %(names)s") % {"names": names})
    return None


@gate(permission="registry.change")
def merge(request: HttpRequest, code: str) -> HttpResponse:
    """An institution closes and everybody goes on in another: first what would happen, then doing it."""
    context = own_frame(request, code)
    form = Merger(request.POST or None)
    if form.is_bound and form.is_valid() and (target := one_institution(request, form)):
        fits = tried(request, form, partial(succession.check_kinds, context["institution"], target.institution))
        if fits and "confirm" not in request.POST:
            context |= {
                "target": target,
                "target_name": territories.local_name(target),
                "preview": _moving(request, context, form),
            }
        elif fits and tried(request, form, lambda: _save_merger(request, context, target, form)):
            messages.success(request, _("The institutions are merged."))
            return redirect("registry:institution", code=target.institution.code)
    steps = [
        (_("Which and when"), "done" if "preview" in context else "now"),
        (_("Look and confirm"), "now" if "preview" in context else "later"),
    ]
    return render(request, "registry/merge.html", context | {"form": form, "steps": steps})


def _save_merger(request: HttpRequest, context: dict, target, form: Merger):
    values = {
        "on": form.cleaned_data["on"],
        "act": form.cleaned_data["act"],
        "by": request.scope,
        "now": timezone.now(),
    }
    return succession.merge(before_ids=[context["institution"].pk], after_id=target.institution_id, **values)


def _moving(request: HttpRequest, context: dict, form: Merger) -> dict:
    on, org_no = form.cleaned_data["on"], context["state"].org_no
    pupils = people.pupils(request.scope, on=on, org_no=org_no)
    return {
        "pupils": pupils.count(),
        "staff": people.staff(request.scope, on=on, org_no=org_no).count(),
        "classes": pupils.order_by().values("class_group_id").distinct().count(),
    }


@gate(permission="registry.change")
def roll_over(request: HttpRequest) -> HttpResponse:
    """The turn of the school year: first what would happen, then doing it."""
    territory = territories.of_scope(request.scope)
    years = [(row.pk, str(row)) for row in people.school_years()]
    form = RollOver(request.POST or None, years=years)
    context = {"form": form, "territory": territory, "name": _whose(request, territory)}
    if form.is_bound and form.is_valid():
        where = _where(request, territory) | {"to_year_id": form.cleaned_data["to_year"], "by": request.scope}
        if "confirm" not in request.POST:
            context["preview"] = tried(request, form, lambda: year.preview_roll_over(**where, now=timezone.now()))
        elif done := tried(request, form, lambda: year.roll_over_year(**where, now=timezone.now())):
            messages.success(request, _("The year is rolled over: %(n)s pupils moved up.") % {"n": done.promoted})
            return redirect("registry:here")
    seen = bool(context.get("preview"))
    context["steps"] = [
        (_("School year"), "done" if seen else "now"),
        (_("Look and confirm"), "now" if seen else "later"),
    ]
    return render(request, "registry/roll_over.html", context)


def _whose(request: HttpRequest, territory) -> str:
    """What is rolled over, in the reader's language."""
    if (number := request.scope.lo) is not None and number == request.scope.hi:
        return labels.names_by_org_no([number], on=timezone.localdate()).get(number, request.scope.label)
    return territories.local_name(territory) if territory else request.scope.label


def _where(request: HttpRequest, territory) -> dict:
    """A head rolls the own institution over, an officer the territory."""
    scope = request.scope
    alone = scope.lo is not None and scope.lo == scope.hi
    return {
        "territory_id": None if alone or territory is None else territory.pk,
        "institution_no": scope.lo if alone else None,
    }
