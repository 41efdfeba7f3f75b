"""The leaders' reserve: competitions, applying, marks, the decision, one candidate."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read, record_read
from tirek.cpd.forms.reserve import (
    AppointForm,
    CandidateFilter,
    CompetitionForm,
    MarkForm,
    MentorForm,
    StatementForm,
    UsernameForm,
)
from tirek.cpd.queries import reserve as queries
from tirek.cpd.refusals import may_here
from tirek.cpd.services import reserve as services
from tirek.cpd.views.common import asked, attempt, can, keeps, paged, tell
from tirek.decisions import queries as journal
from tirek.registry import downloads, words
from tirek.registry.queries import labels
from tirek_engines.errors import Refusal

COLUMNS = (
    ("number", gettext_noop("Number")), ("name", gettext_noop("Name")), ("school", gettext_noop("Institution")),
    ("position", gettext_noop("Position")), ("category", gettext_noop("Category")), ("years", gettext_noop("Years of work")),
    ("competition", gettext_noop("Competition")), ("state", gettext_noop("State")),
    ("until", gettext_noop("In the reserve until")), ("decision", gettext_noop("Decision")),
)  # fmt: skip
LACKS = {
    "not_employed": gettext_noop("The register knows no place of work in this territory."),
    "years_few": gettext_noop("Years of work: %(found)s, the rules ask for %(wanted)s."),
    "category_low": gettext_noop("The category held is lower than the rules ask for."),
}


@gate(permission="growth.read")
@require_GET
def reserve(request):
    """Who is ready to lead a school?"""
    scope = request.scope
    form = CandidateFilter(request.GET or None)
    given = asked(form)
    found = queries.candidates(
        scope, reserve=not given.get("state"), state=given.get("state", ""), text=given.get("q", "")
    )
    if scope.is_own:
        found = found.filter(person_id=request.user.person_id or 0)
    if request.GET.get("download"):
        return _download(request, found, "reserve")
    page = paged(request, found)
    if page.object_list and not scope.is_own:
        record_many_read(request, rows=len(page.object_list), query="leaders' reserve")
    counts, today = queries.counts(scope) if not scope.is_own else {}, timezone.localdate()
    names = labels.names_by_org_no([row.org_no for row in page], on=today)
    context = {
        "form": form, "page": page, "rows": [{"made": c, "school": names.get(c.org_no, "")} for c in page], "counts": counts,
        "competitions": [
            {"competition": c, "is_open": c.opens_on <= today <= c.closes_on} for c in queries.competitions(scope)[:10]
        ],
        "mine": queries.mine(request.user.person_id), "commissions": queries.my_commissions(request.user.pk),
        "n_mentees": len(queries.my_mentorings(request.user.pk)), "may_manage": can(request, "growth.manage"),
        "n_over": queries.over(scope, today) if can(request, "growth.manage") else 0,
        "filled": queries.filled(scope, today) if not scope.is_own else None,
    }  # fmt: skip
    return render(request, "cpd/reserve/reserve.html", context)


def _download(request, found, name: str):
    rows = list(found)
    record_many_read(request, rows=len(rows), query=name, export=True)
    names = labels.names_by_org_no([row.org_no for row in rows], on=timezone.localdate())
    columns = [(column, _(head)) for column, head in COLUMNS]
    return downloads.respond(
        name, request.GET["download"], columns,
        (
            (c.code, c.person_name, names.get(c.org_no, ""), words.position(c.position), c.get_category_display(), c.years,
             c.competition.code, c.get_state_display(), c.reserve_until.isoformat() if c.reserve_until else "",
             c.decision_number)
            for c in rows
        ),
    )  # fmt: skip


@gate(permission="growth.manage")
@require_POST
def end_terms(request):
    """Those whose term is over leave the reserve; the step stands on the page of each."""
    n = attempt(request, services.end_terms)
    if n is not None:
        said = ngettext("%(n)s person has left the reserve.", "%(n)s people have left the reserve.", n) % {"n": n}
        messages.success(request, said)
    return redirect("cpd:reserve")


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def new_competition(request):
    form = CompetitionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.open_competition(
                code=form.cleaned_data["code"], facts=form.facts(), by=request.user, now=timezone.now()
            )
        except Refusal as refusal:
            tell(form, refusal)
        else:
            return redirect("cpd:competition", made.code)
    context = {"form": form, "title": _("A new competition for the reserve")}
    return render(request, "cpd/reserve/form.html", context, status=422 if form.errors else 200)


@gate(permission="growth.read")
@require_GET
def competition(request, code: str):
    """How is it decided, who takes part, what waits?"""
    return _competition_page(request, _competition(code))


def _competition_page(request, found, **bound):
    """One competition; ``bound`` are forms that were sent and refused."""
    holds = may_here("growth.manage", found.org_lo, found.org_hi)
    certifies = may_here("growth.certify", found.org_lo, found.org_hi)
    page, rows = None, []
    if holds or certifies:
        page = paged(request, queries.candidates(request.scope, of=found))
        names = labels.names_by_org_no([c.org_no for c in page], on=timezone.localdate())
        rows = [{"made": c, "school": names.get(c.org_no, "")} for c in page]
        if rows:
            record_many_read(request, rows=len(rows), query=f"candidates of {found.code}")
    today = timezone.localdate()
    drafts = (
        journal.decisions().filter(kind="cpd.reserve", parameters__competition=found.code) if holds or certifies else []
    )
    context = {
        "competition": found, "stages": queries.stage_facts(found), "needs": queries.requirements(found),
        "holds": holds, "certifies": certifies, "page": page, "rows": rows, "decisions": list(drafts[:10]),
        "commissioners": queries.commissioners(found) if holds else [], "username": UsernameForm(),
        "is_open": found.opens_on <= today <= found.closes_on, "is_over": today > found.closes_on,
        "may_apply": can(request, "growth.own") and bool(request.user.person_id),
        "mine": next((c for c in queries.mine(request.user.person_id) if c.competition_id == found.pk), None),
    }  # fmt: skip
    return render(request, "cpd/reserve/competition.html", context | bound, status=422 if bound else 200)


@gate(permission="growth.own")
@require_http_methods(["GET", "POST"])
def apply(request, code: str):
    found = _competition(code)
    form = StatementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.apply(
                code=code, statement=form.cleaned_data["statement"], by=request.user, now=timezone.now()
            )
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Your application %(code)s is received.") % {"code": made.code})
            return redirect("cpd:candidate", made.code)
    context = {
        "form": form,
        "competition": found,
        "needs": queries.requirements(found),
        "title": _("Apply for the reserve"),
    }
    return render(request, "cpd/reserve/form.html", context, status=422 if form.errors else 200)


@gate(permission="growth.manage")
@require_POST
def commissioner(request, code: str):
    found, form = _competition(code), UsernameForm(request.POST)
    if keeps(request, form, services.name_commissioner, code=code, done=_("The commissioner is named.")) is None:
        return _competition_page(request, found, username=form)
    return redirect("cpd:competition", code)


@gate(permission="growth.manage")
@require_POST
def prepare(request, code: str):
    _competition(code)
    draft = attempt(request, services.prepare, code=code)
    if draft:
        messages.success(request, _("The draft %(number)s is ready for the commission.") % {"number": draft.number})
    return redirect("cpd:competition", code)


@gate(permission="growth.certify")
@require_POST
def publish(request, code: str, number: str):
    _competition(code)
    attempt(request, services.publish, number=number, done=_("The decision is published; everybody is told why."))
    return redirect("cpd:competition", code)


@gate(permission="growth.read")
@require_GET
@never_cache
def candidate(request, code: str):
    """Where does this candidate stand, and why?"""
    return candidate_page(request, candidate_here(request, code))


def candidate_page(request, found, **bound):
    """One candidate; ``bound`` are forms that were sent and refused."""
    record_read(request, found.person)
    is_mine = found.person_id == request.user.person_id
    holds = may_here("growth.manage", found.org_no, found.org_no) or may_here(
        "growth.certify", found.org_no, found.org_no
    )
    decided = bool(found.decision_number)
    names = labels.names_by_org_no([found.org_no], on=timezone.localdate())
    in_reserve = found.state == "reserve"
    context = {
        "made": found, "is_mine": is_mine, "school": names.get(found.org_no, ""), "steps": queries.steps(found),
        "position": words.position(found.position),
        "lacks": [_(LACKS[row["code"]]) % row["numbers"] for row in found.lacks if row["code"] in LACKS],
        "marks": queries.stage_marks(found) if (is_mine and decided) or (holds and not is_mine) else [],
        "why": _why(found) if decided else "", "appointment": queries.appointment_of(found),
        "mentorings": queries.mentorings(found), "may_withdraw": is_mine and found.state in ("applied", "not_eligible"),
        "appoint": AppointForm() if in_reserve and may_here("growth.certify", found.org_no, found.org_no) else None,
        "mentor": MentorForm() if found.state in ("reserve", "appointed") and may_here("growth.manage", found.org_no, found.org_no) else None,
    }  # fmt: skip
    return render(request, "cpd/reserve/candidate.html", context | bound, status=422 if bound else 200)


def _why(found) -> str:
    """The reason, in words, as the decision has it."""
    from django.utils.translation import get_language

    try:
        said = journal.explain(found.decision_number, found.code)
    except Refusal:
        return ""
    return said.texts.get((get_language() or "kk")[:2], "")


@gate(permission="growth.own")
@require_POST
def withdraw(request, code: str):
    candidate_here(request, code)
    attempt(request, services.withdraw, code=code, done=_("Withdrawn."))
    return redirect("cpd:candidate", code)


@gate(permission="growth.read")
@require_GET
def my_commissions(request):
    """In which competitions do I give marks?"""
    return render(request, "cpd/reserve/commissions.html", {"rows": queries.my_commissions(request.user.pk)})


@gate(permission="growth.read")
@require_http_methods(["GET", "POST"])
def marking(request, code: str):
    """My marks, candidate by candidate; nobody else's."""
    me = next((row for row in queries.my_commissions(request.user.pk) if row.competition.code == code), None)
    if me is None:
        raise Http404
    sent, at = None, ("", "")
    if request.method == "POST":
        at = (request.POST.get("candidate", ""), request.POST.get("stage", ""))
        sent = MarkForm(request.POST, auto_id=f"{at[0]}-{at[1]}-%s")
        given = {"candidate": at[0], "stage": at[1]}
        if keeps(request, sent, services.give_mark, done=_("Your mark is kept."), **given) is not None:
            return redirect("cpd:marking", code)
    rows = queries.to_mark(me)
    n = sum(mark is None for row in rows for _stage, _title, mark in row["stages"])
    record_many_read(request, rows=len(rows), query=f"candidates to mark of {code}")
    for row in rows:
        row["stages"] = [
            (
                stage,
                title,
                mark,
                sent if (row["candidate"].code, stage) == at else _mark_form(row["candidate"], stage, mark),
            )
            for stage, title, mark in row["stages"]
        ]
    context = {"competition": me.competition, "rows": rows, "n": n, "sent": sent}
    return render(request, "cpd/reserve/marking.html", context, status=422 if sent is not None else 200)


def _mark_form(candidate, stage: str, mark) -> MarkForm:
    initial = {"points": mark.points, "reason": mark.reason} if mark else None
    return MarkForm(initial=initial, auto_id=f"{candidate.code}-{stage}-%s")


def _competition(code: str):
    found = queries.competition(code)
    if found is None:
        raise Http404
    return found


def candidate_here(request, code: str):
    """A candidate as the asker's policies show it; in the scope of own records, only one's own."""
    found = queries.candidate(code)
    if found is None or (request.scope.is_own and found.person_id != request.user.person_id):
        raise Http404
    return found
