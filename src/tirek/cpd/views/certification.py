"""Pages of certification: applying, the queues of the office, one application, the commission's decision."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read, record_read
from tirek.cpd import work
from tirek.cpd.forms.certification import AppealForm, ApplicationForm, ExpertForm, QueueFilter, WindowForm
from tirek.cpd.queries import certification as queries
from tirek.cpd.queries.criteria import criteria_of, rules_of_window
from tirek.cpd.refusals import may_here
from tirek.cpd.services import certification as services
from tirek.cpd.services import commission, experts
from tirek.cpd.views.common import asked, attempt, base_address, can, keeps, paged, tell
from tirek.decisions import queries as journal
from tirek.registry import downloads, words
from tirek.registry.queries import labels
from tirek.storage import jobs
from tirek_engines.errors import Refusal

COLUMNS = (
    ("number", gettext_noop("Number")), ("name", gettext_noop("Name")), ("school", gettext_noop("Institution")),
    ("current", gettext_noop("Category now")), ("wanted", gettext_noop("Category applied for")),
    ("subject", gettext_noop("Subject")), ("years", gettext_noop("Years of work")), ("hours", gettext_noop("Hours")),
    ("sent", gettext_noop("Sent")), ("state", gettext_noop("State")), ("decision", gettext_noop("Decision")),
)  # fmt: skip


@gate(permission="growth.read")
@require_GET
def windows(request):
    """When can teachers apply, and where does my application stand?"""
    today = timezone.localdate()
    rows = [{"window": w, "is_open": w.opens_on <= today <= w.closes_on} for w in queries.windows(request.scope)]
    context = {
        "rows": rows, "mine": queries.my_application(request.user.person_id), "may_manage": can(request, "growth.manage"),
        "may_apply": can(request, "growth.own") and bool(request.user.person_id),
    }  # fmt: skip
    return render(request, "cpd/certification/windows.html", context)


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def new_window(request):
    form = WindowForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.open_window(
                code=form.cleaned_data["code"], facts=form.facts(), by=request.user, now=timezone.now()
            )
        except Refusal as refusal:
            tell(form, refusal)
        else:
            return redirect("cpd:window", made.code)
    return render(
        request, "cpd/form.html", {"form": form, "title": _("A new window for applications"), "draft": "window"},
        status=422 if form.errors else 200,
    )  # fmt: skip


@gate(permission="growth.read")
@require_GET
def window(request, code: str):
    """What waits for whom in this window?"""
    found = _window(code)
    form = QueueFilter(request.GET or None)
    given = asked(form)
    rows = queries.applications(
        found, request.scope, state=given.get("state", ""), wanted=given.get("wanted", ""), text=given.get("q", "")
    )
    if request.scope.is_own:
        rows = rows.filter(person_id=request.user.person_id or 0)
    today = timezone.localdate()
    if request.GET.get("download"):
        everything = list(rows)
        record_many_read(request, rows=len(everything), query=f"applications of {code}", export=True)
        names = labels.names_by_org_no([a.org_no for a in everything], on=today)
        columns = [(name, _(head)) for name, head in COLUMNS]
        return downloads.respond(code, request.GET["download"], columns, (_row(a, names) for a in everything))
    page = paged(request, rows)
    if page.object_list:
        record_many_read(request, rows=len(page.object_list), query=f"applications of {code}")
    names = labels.names_by_org_no([a.org_no for a in page], on=today)
    counts = queries.state_counts(found, request.scope) if not request.scope.is_own else {}
    holds = may_here("growth.manage", found.org_lo, found.org_hi)
    drafts = (
        journal.decisions().filter(kind="cpd.certification", parameters__window=code)
        if not request.scope.is_own
        else []
    )
    context = {
        "window": found, "form": form, "page": page,
        "rows": [{"application": a, "school": names.get(a.org_no, "")} for a in page],
        "counts": [(label, counts[value], value) for value, label in queries.STATES if counts.get(value)], "n": counts,
        "may_manage": holds, "n_overdue": queries.overdue_reviews(found, today).count() if holds else 0,
        "may_certify": may_here("growth.certify", found.org_lo, found.org_hi), "decisions": list(drafts[:10]),
    }  # fmt: skip
    return render(request, "cpd/certification/window.html", context)


def _row(a, names: dict) -> tuple:
    return (
        a.code, a.person_name, names.get(a.org_no, ""), a.get_current_display(), a.get_wanted_display(),
        words.subject(a.subject), a.years, a.hours, timezone.localdate(a.sent_at).isoformat(), a.get_state_display(),
        a.decision_number,
    )  # fmt: skip


@gate(permission="growth.manage")
@require_POST
def act(request, code: str, act: str):
    """Check what was received, draw experts, take back what is overdue, or prepare the decision: for all at once."""
    found = _window(code)
    if not may_here("growth.manage", found.org_lo, found.org_hi):
        raise Http404
    works = {
        "check": (work.check_applications, _("Checking applications of %(code)s")),
        "draw": (work.draw, _("Drawing experts for %(code)s")),
    }
    if act in works:
        function, title = works[act]
        return redirect("jobs:job", jobs.start_once(function, title=title % {"code": code}, code=code).pk)
    if act == "take-back":
        drawn = attempt(request, experts.take_back_overdue, window_code=code)
        if drawn is not None:
            messages.success(
                request,
                _("Given to other experts: %(given)s. No other expert is free of conflict for: %(without)s.")
                % {"given": drawn.given, "without": drawn.without},
            )  # fmt: skip
        return redirect("cpd:window", code)
    if act != "prepare":
        raise Http404
    draft = attempt(request, commission.prepare, window_code=code)
    if draft is not None:
        messages.success(request, _("The draft %(number)s is ready for the commission.") % {"number": draft.number})
    return redirect("cpd:window", code)


@gate(permission="growth.certify")
@require_POST
def publish(request, code: str, number: str):
    """The commission publishes a draft."""
    found = _window(code)
    if not may_here("growth.certify", found.org_lo, found.org_hi):
        raise Http404
    title = _("Publishing the decision %(number)s") % {"number": number}
    job = jobs.start_once(
        work.publish_decision, title=title, number=number, base_address=base_address(request), window=code
    )
    return redirect("jobs:job", job.pk)


@gate(permission="growth.own")
@require_http_methods(["GET", "POST"])
def apply(request, code: str):
    """Apply for a category, or send anew what was returned."""
    found = _window(code)
    rules = rules_of_window(found, timezone.localdate())
    before = queries.my_application(request.user.person_id)
    again = before if before is not None and before.state == "incomplete" and before.window_id == found.pk else None
    labelled = [
        (value, label) for value, label in QueueFilter.base_fields["wanted"].choices if value in found.categories
    ]
    form = ApplicationForm(
        request.POST or None, criteria=criteria_of(rules), categories=[] if again else labelled,
        initial={f"text_{name}": text for name, text in again.statements.items()} if again else None,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        made = _sent(request, form, found, again)
        if made is not None:
            messages.success(request, _("Your application %(code)s is received.") % {"code": made.code})
            return redirect("cpd:application", made.code)
    needs = [(label, rules.value(f"years_{value}"), rules.value(f"hours_{value}")) for value, label in labelled]
    context = {"window": found, "form": form, "again": again, "needs": needs, "before": before, "rules": rules.values()}
    return render(request, "cpd/certification/apply.html", context, status=422 if form.errors else 200)


def _sent(request, form, window, again):
    try:
        if again:
            return services.send_again(
                code=again.code, statements=form.statements(), by=request.user, now=timezone.now()
            )
        return services.send(
            window_code=window.code, wanted=form.cleaned_data["wanted"], statements=form.statements(),
            language=request.LANGUAGE_CODE[:2], by=request.user, now=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        tell(form, refusal)
    return None


@gate(permission="growth.read")
@require_GET
def application(request, code: str):
    """Where does it stand, what was said, what can be done?"""
    return _application_page(request, _application(request, code))


def _application_page(request, found, **bound):
    """One application; ``bound`` are forms that were sent and refused."""
    record_read(request, found.person)
    is_mine = found.person_id == request.user.person_id
    holds = may_here("growth.manage", found.window.org_lo, found.window.org_hi)
    certifies = may_here("growth.certify", found.window.org_lo, found.window.org_hi)
    criteria = criteria_of(rules_of_window(found.window, timezone.localdate(found.sent_at)))
    until = commission.appeal_until(found) if is_mine else None
    context = {
        "application": found, "is_mine": is_mine, "steps": queries.steps(found), "lacks": _lacks(found),
        "texts": [(c.title, found.statements.get(c.code, "")) for c in criteria] if is_mine or holds else [],
        "reviews": queries.given_judgements(found) if holds or certifies else [],
        "judgements": [
            {"total": row["total"], "is_appeal": row["is_appeal"],
             "rows": [(c.title, row["points"].get(c.code), c.highest, row["reasons"].get(c.code, "")) for c in criteria]}
            for row in queries.reasons_for_applicant(found)
        ],
        "appeal": queries.appeal_of(found), "appeal_until": until, "appeal_form": AppealForm() if until else None,
        "may_decide_appeal": certifies and found.state == "appealed" and commission.appeal_is_judged(found),
        "may_withdraw": is_mine and found.state in ("received", "incomplete", "complete", "with_experts", "judged"),
        "school": labels.names_by_org_no([found.org_no], on=timezone.localdate()).get(found.org_no, ""),
    }  # fmt: skip
    return render(request, "cpd/certification/application.html", context | bound, status=422 if bound else 200)


LACKS = {
    "category_held": gettext_noop("The category is held already, or a higher one."),
    "category_too_far": gettext_noop(
        "The category lies %(steps)s steps above the present one; the rules allow %(wanted)s."
    ),
    "years_few": gettext_noop("Years of work: %(found)s, the rules ask for %(wanted)s."),
    "hours_few": gettext_noop("Hours of courses: %(found)s, the rules ask for %(wanted)s."),
    "statement_missing": gettext_noop("Criteria written about: %(found)s of %(wanted)s."),
}


def _lacks(found) -> list[str]:
    return [_(LACKS[row["code"]]) % row["numbers"] for row in found.lacks if row["code"] in LACKS]


@gate(permission="growth.own")
@require_POST
def withdraw(request, code: str):
    _application(request, code)
    attempt(request, services.withdraw, code=code, done=_("Withdrawn."))
    return redirect("cpd:application", code)


@gate(permission="growth.own")
@require_POST
def appeal(request, code: str):
    found, form = _application(request, code), AppealForm(request.POST)
    done = _("Your appeal is received. Other experts will judge.")
    if keeps(request, form, commission.appeal, code=code, done=done) is None:
        return _application_page(request, found, appeal_form=form)
    return redirect("cpd:application", code)


@gate(permission="growth.certify")
@require_POST
def decide_appeal(request, code: str):
    _application(request, code)
    made = attempt(request, commission.decide_appeal, code=code, base_address=base_address(request))
    if made is not None:
        messages.success(request, _("The appeal is decided: %(number)s.") % {"number": made.number})
    return redirect("cpd:application", code)


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def expert_list(request):
    """Who judges, and how much waits for each?"""
    form = ExpertForm(request.POST or None)
    if request.method == "POST" and request.POST.get("expert", "").isdecimal():
        attempt(request, experts.rest_expert, expert_id=int(request.POST["expert"][:15]), done=_("Saved."))
        return redirect("cpd:experts")
    if request.method == "POST" and form.is_valid():
        try:
            experts.add_expert(username=form.cleaned_data["username"], by=request.user, now=timezone.now())
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("The expert is named."))
            return redirect("cpd:experts")
    rows = queries.experts(request.scope)
    names = labels.names_by_org_no([expert.school_no for expert in rows], on=timezone.localdate())
    context = {"form": form, "rows": [{"expert": e, "school": names.get(e.school_no, "")} for e in rows]}
    return render(request, "cpd/certification/experts.html", context)


def _window(code: str):
    found = queries.window(code)
    if found is None:
        raise Http404
    return found


def _application(request, code: str):
    """As the asker's policies show it; in the scope of own records, only one's own."""
    found = queries.application(code)
    if found is None or (request.scope.is_own and found.person_id != request.user.person_id):
        raise Http404
    return found
