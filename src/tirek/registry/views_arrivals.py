"""Who comes and who goes: pupils, staff, guardians. Who is known already is offered instead of being recorded again."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.registry.forms_arrivals import (
    EmployKnown,
    Ending,
    EnrolKnown,
    Newcomer,
    NewGuardian,
    NewPupil,
    NewStaff,
)
from tirek.registry.queries import known, people
from tirek.registry.services import arrivals, staff
from tirek.registry.services import people as ties
from tirek.registry.views_changes import one_institution, own_frame, person_to_change, tried
from tirek.registry.views_people import rows_of

NEW = "new"


@gate(permission="people.change")
@never_cache
def add_pupil(request: HttpRequest, code: str) -> HttpResponse:
    """A pupil comes to this institution."""
    context = own_frame(request, code, "classes")
    form = NewPupil(request.POST or None, classes=_classes(context))
    where = {"institution_id": context["institution"].pk, "by": request.scope, "now": timezone.now()}
    made = _arrived(request, form, context, lambda who: arrivals.admit(who=who, **form.rest(), **where))
    if made:
        messages.success(request, _("%(person)s is enrolled.") % {"person": made.person})
        return redirect("registry:person", public_id=made.person.public_id)
    context |= {"form": form, "title": _("Enrol a pupil"), "submit": _("Enrol")}
    return render(request, "registry/arrival.html", context)


def _classes(context: dict) -> list[tuple[int, str]]:
    year = people.school_year(on=context["on"])
    groups = people.class_groups(context["institution"].pk, year=year) if year else ()
    return [(group.pk, str(group)) for group in groups]


@gate(permission="people.change")
@never_cache
def add_staff(request: HttpRequest, code: str) -> HttpResponse:
    """Somebody begins to work at this institution."""
    context = own_frame(request, code, "staff")
    form = NewStaff(request.POST or None)
    where = {"institution_id": context["institution"].pk, "by": request.scope, "now": timezone.now()}
    made = _arrived(request, form, context, lambda who: arrivals.take_on(who=who, **form.rest(), **where))
    if made:
        messages.success(request, _("%(person)s is recorded as working here.") % {"person": made.person})
        return redirect("registry:person", public_id=made.person.public_id)
    context |= {"form": form, "title": _("Record a member of staff"), "submit": _("Record")}
    return render(request, "registry/arrival.html", context)


@gate(permission="people.change")
@never_cache
def add_guardian(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Somebody answers for this child and will see the child's record."""
    child = person_to_change(request, public_id)
    form, context = NewGuardian(request.POST or None), {"person": child}
    ties_to = {"child_id": child.pk, "by": request.scope, "now": timezone.now()}
    if _arrived(request, form, context, lambda who: arrivals.entrust(who=who, **form.rest(), **ties_to)):
        messages.success(request, _("The guardian is recorded and may see the child's record from that day."))
        return redirect("registry:person", public_id=public_id)
    context |= {"form": form, "title": _("Add a guardian"), "submit": _("Add the guardian")}
    return render(request, "registry/arrival_person.html", context)


def _arrived(request: HttpRequest, form: Newcomer, context: dict, save: Callable):
    """What the service made; None while the form is wrong, or while it is asked who of the known people is meant."""
    if not (form.is_bound and form.is_valid()):
        return None
    chosen = request.POST.get("person", "")
    if not chosen and (offers := _offers(request, form)):
        context |= offers
        return None
    who: int | dict = form.facts()
    if chosen and chosen != NEW:
        found = people.person(request.scope, chosen)
        if found is None:
            raise Http404
        who = found.pk
    return tried(request, form, lambda: save(who))


def _offers(request: HttpRequest, form: Newcomer) -> dict:
    """People of the asker's scope whom the form may mean."""
    values = {name: form.cleaned_data[name] for name in ("family_name", "given_name", "birth_date", "iin")}
    owner, namesakes = known.alike(request.scope, **values)
    found = [owner] if owner else namesakes
    if found:
        record_many_read(request, rows=len(found), query="known already")
    return {"offers": rows_of(found), "owns_number": owner is not None} if found else {}


# a person who is known


@gate(permission="people.change")
@never_cache
def enrol(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Somebody who learns nowhere now is enrolled."""
    found = person_to_change(request, public_id)
    form = EnrolKnown(request.POST or None)
    if _placed(request, form, found, arrivals.admit):
        messages.success(request, _("The enrolment is saved."))
        return redirect("registry:person", public_id=public_id)
    return _person_form(request, found, form, _("Enrol"))


@gate(permission="people.change")
@never_cache
def employ(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Somebody who is known begins to work somewhere."""
    found = person_to_change(request, public_id)
    form = EmployKnown(request.POST or None)
    if _placed(request, form, found, arrivals.take_on):
        messages.success(request, _("The employment is saved."))
        return redirect("registry:person", public_id=public_id)
    return _person_form(request, found, form, _("Record an employment"))


def _placed(request: HttpRequest, form: forms.Form, found, service: Callable) -> bool:
    if not (form.is_bound and form.is_valid()):
        return False
    target = one_institution(request, form, on=form.cleaned_data["from_date"])
    if target is None:
        return False
    values = {name: value for name, value in form.cleaned_data.items() if name != "institution"}
    where = {"institution_id": target.institution_id, "by": request.scope, "now": timezone.now()}
    return bool(tried(request, form, lambda: service(who=found.pk, **values, **where)))


@gate(permission="people.change")
@never_cache
def end_employment(request: HttpRequest, public_id: uuid.UUID, pk: int) -> HttpResponse:
    """Somebody stops working at an institution; what the person teaches there ends too."""
    found = person_to_change(request, public_id)
    history = people.history(request.scope, found.pk)
    _open_one(history.employments, pk)
    form = Ending(request.POST or None)
    common = {"by": request.scope, "now": timezone.now()}
    if _ended(request, form, lambda: staff.end_employment(employment_id=pk, on=form.cleaned_data["on"], **common)):
        messages.success(request, _("The employment has ended, with what the person taught there."))
        return redirect("registry:person", public_id=public_id)
    return _person_form(request, found, form, _("End the employment"))


@gate(permission="people.change")
@never_cache
def end_guardianship(request: HttpRequest, public_id: uuid.UUID, pk: int) -> HttpResponse:
    """Somebody no longer answers for this child and no longer sees the child's record."""
    child = person_to_change(request, public_id)
    tie = _open_one(people.history(request.scope, child.pk).guardians, pk)
    form = Ending(request.POST or None)
    common = {"by": request.scope, "now": timezone.now()}
    if _ended(request, form, lambda: ties.end_guardianship(guardianship_id=pk, on=form.cleaned_data["on"], **common)):
        messages.success(request, _("The guardianship has ended. %(guardian)s no longer sees the record.")
                         % {"guardian": tie.guardian})  # fmt: skip
        return redirect("registry:person", public_id=public_id)
    told = _("From that day on %(guardian)s no longer answers for the child and no longer sees the record.")
    return _person_form(request, child, form, _("End the guardianship"), told % {"guardian": tie.guardian})


def _open_one(rows: list, pk: int):
    """The tie, if it is one of this person's and still open."""
    found = next((row for row in rows if row.pk == pk and row.valid.upper is None), None)
    if found is None:
        raise Http404
    return found


def _ended(request: HttpRequest, form: forms.Form, act: Callable) -> bool:
    return bool(form.is_bound and form.is_valid() and tried(request, form, act))


def _person_form(request: HttpRequest, found, form: forms.Form, title: str, told: str = "") -> HttpResponse:
    context = {"person": found, "form": form, "title": title, "submit": title, "told": told}
    return render(request, "registry/change_person.html", context)
