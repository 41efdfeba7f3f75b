"""Who asked teachers for what, with which right?"""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.cpd.forms.demands import DemandFilter, DemandForm, ObjectionForm
from tirek.cpd.forms.lessons import TextForm
from tirek.cpd.queries import demands as queries
from tirek.cpd.refusals import may_here
from tirek.cpd.services import demands as services
from tirek.cpd.views.common import asked, can, keeps, paged, tell
from tirek.registry import downloads
from tirek_engines.errors import Refusal

COLUMNS = (
    ("number", gettext_noop("Number")), ("asker", gettext_noop("Who asks")), ("what", gettext_noop("What is asked")),
    ("purpose", gettext_noop("What for")), ("basis", gettext_noop("Legal basis")),
    ("minutes", gettext_noop("Minutes for one teacher")), ("repeats", gettext_noop("Repeats")), ("due", gettext_noop("Due")),
    ("objections", gettext_noop("Objections")), ("withdrawn", gettext_noop("Withdrawn on")),
)  # fmt: skip


@gate(permission="growth.read")
@require_GET
def demands(request):
    form = DemandFilter(request.GET or None)
    given = asked(form)
    found = queries.demands(request.scope, repeats=True if given.get("repeats") else None, text=given.get("q", ""))
    if request.GET.get("download"):
        rows = list(found)
        counts = queries.objection_counts([d.pk for d in rows])
        columns = [(name, _(head)) for name, head in COLUMNS]
        return downloads.respond("requests", request.GET["download"], columns, (_row(d, counts) for d in rows))
    page = paged(request, found)
    counts = queries.objection_counts([d.pk for d in page])
    standing = [d for d in found if d.withdrawn_at is None]
    context = {
        "form": form, "page": page, "rows": [{"demand": d, "objections": counts.get(d.pk, 0)} for d in page],
        "minutes": sum(d.minutes for d in standing), "n_standing": len(standing), "n_repeats": sum(bool(d.repeats) for d in standing),
        "forbidden": queries.forbidden(timezone.localdate(), scope=request.scope), "may_record": can(request, "tasks.assign"),
        "unrecorded": list(queries.tasks_for_teachers(request.scope)[:20]) if not request.scope.is_own else [],
    }  # fmt: skip
    return render(request, "cpd/requests/list.html", context)


def _row(d, counts: dict) -> tuple:
    return (
        d.number, d.office, d.title, d.purpose, d.legal_basis, d.minutes, d.get_repeats_display() if d.repeats else "",
        d.due_date.isoformat() if d.due_date else "", counts.get(d.pk, 0),
        d.withdrawn_at.date().isoformat() if d.withdrawn_at else "",
    )  # fmt: skip


@gate(permission="tasks.assign")
@require_http_methods(["GET", "POST"])
def record(request):
    """Write down what is asked of teachers. What Tirek holds already is said before it is asked again."""
    form = DemandForm(request.POST or None)
    repeats = ""
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        found = queries.held_already(f"{facts['title']} {facts['purpose']}")
        if found and not facts["repeats"] and request.POST.get("sure") != "yes":
            repeats = dict(form.fields["repeats"].choices).get(found, found)
        else:
            facts["repeats"] = facts["repeats"] or found
            try:
                made = services.record_demand(facts=facts, by=request.user, now=timezone.now())
            except Refusal as refusal:
                tell(form, refusal)
            else:
                messages.success(request, _("Recorded as %(number)s. Everybody can read it.") % {"number": made.number})
                return redirect("cpd:demand", made.number)
    context = {
        "form": form,
        "repeats": repeats,
        "forbidden": queries.forbidden(timezone.localdate(), scope=request.scope),
    }
    return render(request, "cpd/requests/record.html", context, status=422 if form.errors or repeats else 200)


@gate(permission="growth.read")
@require_GET
def demand(request, number: str):
    return _page(request, _found(request, number))


def _page(request, found, **bound):
    """One request; ``bound`` are forms that were sent and refused."""
    rules = queries.forbidden(timezone.localdate(), found)
    titles = {rule.code: rule.words for rule in rules}
    context = {
        "demand": found, "objections": [(titles.get(rule, rule), n) for rule, n in queries.objections(found)],
        "form": _objection(found), "off": _off_form(),
        "may_object": can(request, "growth.own") and not found.withdrawn_at and not queries.has_objected(found, request.user.pk),
        "may_withdraw": may_here("tasks.assign", found.org_lo, found.org_hi) and not found.withdrawn_at,
    }  # fmt: skip
    return render(request, "cpd/requests/request.html", context | bound, status=422 if bound else 200)


def _objection(of, data=None) -> ObjectionForm:
    rules = queries.forbidden(timezone.localdate(), of)
    return ObjectionForm(data, rules=[(rule.code, rule.words) for rule in rules])


def _off_form(data=None) -> TextForm:
    return TextForm(data, label=_("Why"), auto_id="off_%s")


@gate(permission="growth.own")
@require_POST
def object_to(request, number: str):
    found = _found(request, number)
    form = _objection(found, request.POST)
    done = _("Your objection is recorded. The asker sees that there is one and why, not from whom.")
    if keeps(request, form, services.object_to, number=number, done=done) is None:
        return _page(request, found, form=form)
    return redirect("cpd:demand", number)


@gate(permission="tasks.assign")
@require_POST
def withdraw(request, number: str):
    found, form = _found(request, number), _off_form(request.POST)
    if keeps(request, form, services.withdraw_demand, number=number, done=_("Withdrawn.")) is None:
        return _page(request, found, off=form)
    return redirect("cpd:demand", number)


def _found(request, number: str):
    found = queries.demands(request.scope).filter(number=number).first()
    if found is None:
        raise Http404
    return found
