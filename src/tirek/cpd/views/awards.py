"""State awards of teachers: the register, what waits, one nomination."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read, record_read
from tirek.cpd.forms.awards import AwardKindForm, DecideForm, NominateForm, RegisterFilter
from tirek.cpd.queries import awards as queries
from tirek.cpd.queries import people
from tirek.cpd.refusals import may_here
from tirek.cpd.services import awards as services
from tirek.cpd.views.common import asked, can, paged, tell
from tirek.registry import downloads
from tirek.registry.queries import labels
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal

COLUMNS = (
    ("number", gettext_noop("Number")), ("name", gettext_noop("Name")), ("school", gettext_noop("Institution")),
    ("award", gettext_noop("Award")), ("state", gettext_noop("State")), ("awarded", gettext_noop("Awarded on")),
    ("order", gettext_noop("Order")),
)  # fmt: skip


@gate(permission="growth.read")
@require_GET
def register(request):
    """Who was awarded, and what waits for whom?"""
    form, scope = RegisterFilter(request.GET or None), request.scope
    given = asked(form)
    state = given.get("state", "") or "awarded"
    found = queries.nominations(scope, state=state, text=given.get("q", ""))
    waiting = queries.nominations(scope)
    if scope.is_own:
        own = request.user.person_id or 0
        found, waiting = found.filter(person_id=own), waiting.filter(person_id=own)
    today = timezone.localdate()
    if request.GET.get("download"):
        rows = list(found)
        record_many_read(request, rows=len(rows), query="register of awards", export=True)
        names = labels.names_by_org_no([row.org_no for row in rows], on=today)
        columns = [(name, _(head)) for name, head in COLUMNS]
        return downloads.respond("awards", request.GET["download"], columns, (_row(row, names) for row in rows))
    page, queue = paged(request, found), list(waiting[:50])
    if page.object_list or queue:
        record_many_read(request, rows=len(page.object_list) + len(queue), query="register of awards")
    names = labels.names_by_org_no([row.org_no for row in (*page, *queue)], on=today)
    context = {
        "form": form, "page": page, "rows": [{"made": n, "school": names.get(n.org_no, "")} for n in page],
        "queue": [{"made": n, "school": names.get(n.org_no, "")} for n in queue], "kinds": queries.kinds(),
        "n": page.paginator.count, "n_waiting": waiting.count(), "is_own": scope.is_own,
        "n_year": queries.awarded_since(scope, today - dt.timedelta(days=365)).count(), "may_nominate": _is_school(request), "may_manage": can(request, "growth.manage"),
    }  # fmt: skip
    return render(request, "cpd/awards/register.html", context)


def _row(row, names: dict) -> tuple:
    return (
        row.code, row.person_name, names.get(row.org_no, ""), local_name(row.award), row.get_state_display(),
        row.awarded_on.isoformat() if row.awarded_on else "", row.act,
    )  # fmt: skip


def _is_school(request) -> bool:
    return can(request, "growth.approve") and request.scope.lo is not None and request.scope.lo == request.scope.hi


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def new_kind(request):
    form = AwardKindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.enter_kind(code=form.cleaned_data["code"], facts=form.facts(), by=request.user, now=timezone.now())
        except Refusal as refusal:
            tell(form, refusal)
        else:
            return redirect("cpd:awards")
    return render(
        request, "cpd/awards/form.html", {"form": form, "title": _("A new award")}, status=422 if form.errors else 200
    )


@gate(permission="growth.approve")
@require_http_methods(["GET", "POST"])
def nominate(request):
    """A school proposes one of its own people."""
    staff = people.staff_of(request.scope.lo, timezone.localdate()) if _is_school(request) else []
    form = NominateForm(
        request.POST or None, people=staff, awards=[(k.code, local_name(k)) for k in queries.kinds(only_now=True)]
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = services.nominate(
                award=given["award"], person_id=given["person"], grounds=given["grounds"], by=request.user,
                now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Proposed as %(code)s. It waits for the district.") % {"code": made.code})
            return redirect("cpd:nomination", made.code)
    context = {"form": form, "title": _("Propose a teacher for an award")}
    return render(request, "cpd/awards/form.html", context, status=422 if form.errors else 200)


@gate(permission="growth.read")
@require_http_methods(["GET", "POST"])
def nomination(request, code: str):
    """Where does it stand, who decided what and when?"""
    found = queries.nomination(code)
    if found is None or (request.scope.is_own and found.person_id != request.user.person_id):
        raise Http404
    record_read(request, found.person)
    level = services.LEVELS.get(found.state)
    may_decide = bool(level) and may_here(level[0], found.org_no, found.org_no)
    form = DecideForm(request.POST or None, initial={"decided_on": timezone.localdate()}) if may_decide else None
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid() and _decided(request, form, code):
            return redirect("cpd:nomination", code)
    context = {
        "made": found, "steps": queries.steps(found), "form": form,
        "school": labels.names_by_org_no([found.org_no], on=timezone.localdate()).get(found.org_no, ""),
    }  # fmt: skip
    return render(
        request, "cpd/awards/nomination.html", context, status=422 if form is not None and form.errors else 200
    )


def _decided(request, form, code: str) -> bool:
    given = form.cleaned_data | {"is_yes": form.cleaned_data["is_yes"] == "yes"}
    try:
        services.decide(code=code, by=request.user, now=timezone.now(), **given)
    except Refusal as refusal:
        tell(form, refusal)
        return False
    messages.success(request, _("Saved."))
    return True
