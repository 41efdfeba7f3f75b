"""Pages of one run of a course: joining, people, sessions, attendance, scores, closing."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.cpd.forms.courses import CohortForm, EnrolForm, ReasonForm, ScoresFileForm, ScoresForm, SessionForm
from tirek.cpd.queries import certificates as certificate_queries
from tirek.cpd.queries import cohorts as queries
from tirek.cpd.queries import courses as course_queries
from tirek.cpd.refusals import may_here
from tirek.cpd.services import attendance, scores
from tirek.cpd.services import cohorts as services
from tirek.cpd.services import courses as course_services
from tirek.cpd.services.completion import complete_cohort
from tirek.cpd.views.common import attempt, base_address, can, tell
from tirek.cpd.work import give_out
from tirek.registry import downloads
from tirek.registry.queries import labels
from tirek.registry.queries import search as searching
from tirek.registry.queries.territories import local_name
from tirek.storage import jobs
from tirek.storage.tables import BadTable
from tirek_engines.errors import Refusal

FOUND = 50


@gate(permission="growth.read")
@require_GET
def cohort(request, code: str):
    """When, where, who, and what can I do?"""
    found = _cohort(code)
    today = timezone.localdate()
    manages = may_here("growth.manage", found.org_lo, found.org_hi)
    people = queries.participants(found) if not request.scope.is_own else []
    if people:
        record_many_read(request, rows=len(people), query=f"cohort {found.code}")
    names = labels.names_by_org_no([made.org_no for made in people], on=today)
    marked, held = queries.attendance_counts(found), certificate_queries.of_cohort(found)
    scored = queries.scores(found)
    rows = [
        {
            "made": made, "school": names.get(made.org_no, ""), "marked": marked.get(made.pk),
            "before": scored.get((made.pk, "before")), "after": scored.get((made.pk, "after")),
            "certificate": held.get(made.pk),
            "may_cancel": made.standing in ("applied", "waiting", "enrolled") and (manages or can(request, "growth.approve")),
        }
        for made in people
    ]  # fmt: skip
    mine = queries.mine(found, request.user)
    context = {
        "cohort": found, "course": found.course, "rows": rows, "mine": mine,
        "steps": queries.steps(mine) if mine else [], "sessions": list(queries.sessions(found)),
        "taken": course_queries.taken_places([found]).get(found.pk, {}), "today": today, "may_manage": manages,
        "may_mark": attendance.may_mark(found, request.user), "session_form": SessionForm(),
        "may_join": can(request, "growth.own") and request.user.person_id and found.state == "open"
        and today <= found.apply_until and (mine is None or mine.standing in ("declined", "cancelled")),
        "gain": queries.gain_of(found) if manages else None,
        "without_certificate": certificate_queries.without_certificate(found) if manages else 0,
        "is_over": found.state == "open" and today >= found.ends_on,
    }  # fmt: skip
    return render(request, "cpd/cohorts/cohort.html", context)


@gate(permission="growth.own")
@require_POST
def join(request, code: str):
    found = _cohort(code)
    made = attempt(request, services.apply, cohort_id=found.pk)
    if made is not None:
        said = {
            "applied": _("You have asked for a place. The head of your school is told."),
            "waiting": _("All places are taken: you are on the waiting list."),
            "enrolled": _("You have a place. See you on the first day."),
        }
        messages.success(request, said[made.standing])
    return redirect("cpd:cohort", code)


@gate(permission="growth.read")
@require_POST
def participation(request, pk: int, act: str):
    """Approve, decline or cancel one participation."""
    reason = request.POST.get("reason", "")
    acts = {
        "approve": (services.approve, {}, _("Approved.")),
        "decline": (services.decline, {"reason": reason}, _("Declined. The teacher is told why.")),
        "cancel": (services.cancel, {"reason": reason}, _("Cancelled.")),
    }
    if act not in acts:
        raise Http404
    service, more, done = acts[act]
    attempt(request, service, participation_id=pk, done=done, **more)
    back = request.POST.get("next", "")
    return redirect(back if back.startswith("/growth/") else "cpd:courses")


@gate(permission="growth.approve")
@require_GET
def approvals(request):
    """Which of my teachers ask to join a course?"""
    rows = list(queries.approvals(request.scope))
    if rows:
        record_many_read(request, rows=len(rows), query="applications to join courses")
    return render(request, "cpd/cohorts/approvals.html", {"rows": rows})


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def edit(request, code: str):
    found = _held(code)
    initial = {"trainer": course_queries.trainer_username(found)}
    form = CohortForm(request.POST or None, instance=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            course_services.change_cohort(code=code, facts=form.facts(), by=request.user, now=timezone.now())
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("cpd:cohort", code)
    return render(
        request, "cpd/form.html", {"form": form, "title": found.code, "cancel": "cpd:cohort", "code": code},
        status=422 if form.errors else 200,
    )  # fmt: skip


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def cancel(request, code: str):
    """Nobody is taught: say why."""
    _held(code)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        because = form.cleaned_data["reason"]
        if attempt(
            request, course_services.cancel_cohort, code=code, because=because, done=_("Cancelled. Everybody is told.")
        ):
            return redirect("cpd:cohort", code)
    title = _("Cancel the cohort %(code)s") % {"code": code}
    return render(request, "cpd/form.html", {"form": form, "title": title, "submit": _("Cancel the cohort")})


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def enrol(request, code: str):
    """Put people of the territory into the cohort, because of a need or without one."""
    found = _held(code)
    form = EnrolForm(request.POST or None)
    people, placed = [], []
    if form.is_bound and form.is_valid():
        ids = [int(pk) for pk in request.POST.getlist("person") if pk.isascii() and pk.isdecimal() and len(pk) < 16]
        if request.POST.get("act") == "enrol" and ids:
            try:
                placed = services.enrol(
                    cohort_id=found.pk, person_ids=ids, need_code=form.cleaned_data["need"].strip(), by=request.user,
                    now=timezone.now(),
                )  # fmt: skip
            except Refusal as refusal:
                form.add_error(None, refusal.message)
        elif form.cleaned_data["find"].strip():
            people = searching.people(request.scope, form.cleaned_data["find"].strip(), limit=FOUND)
            record_many_read(request, rows=len(people), query="search for a cohort")
    names = labels.names_by_org_no([p.org_no for p in people if p.org_no], on=timezone.localdate())
    context = {
        "cohort": found, "form": form, "placed": placed, "taken": course_queries.taken_places([found]).get(found.pk, {}),
        "people": [{"person": p, "school": names.get(p.org_no, "")} for p in people],
    }  # fmt: skip
    return render(request, "cpd/cohorts/enrol.html", context)


@gate(permission="growth.manage")
@require_POST
def add_session(request, code: str):
    _held(code)
    form = SessionForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(errors))
    else:
        attempt(
            request, course_services.add_session, code=code, facts=form.cleaned_data, done=_("The session is planned.")
        )
    return redirect("cpd:cohort", code)


@gate(permission="growth.manage")
@require_POST
def drop_session(request, code: str, session_id: int):
    _held(code)
    done = _("The session is taken out.")
    attempt(request, course_services.drop_session, code=code, session_id=session_id, done=done)
    return redirect("cpd:cohort", code)


@gate(permission="growth.read")
@require_http_methods(["GET", "POST"])
def mark(request, code: str, session_id: int):
    """Who is here? For a phone: a name a line, one press each."""
    found = _cohort(code)
    session = queries.session(found, session_id)
    if session is None or not attendance.may_mark(found, request.user):
        raise Http404
    if request.method == "POST":
        present = {int(pk) for pk in request.POST.getlist("there") if pk.isascii() and pk.isdecimal() and len(pk) < 16}
        counts = attempt(request, attendance.mark, session_id=session.pk, present=present)
        if counts is not None:
            said = {"present": counts[0], "all": counts[1]}
            messages.success(request, _("Marked: %(present)s of %(all)s were there.") % said)
            return redirect("cpd:cohort", code)
    people = queries.people_of_trainer(found)
    record_many_read(request, rows=len(people), query=f"attendance of {found.code}")
    was = queries.there(session)
    rows = [{"made": made, "there": was.get(made.pk, session.marked_at is None)} for made in people]
    return render(request, "cpd/cohorts/attendance.html", {"cohort": found, "session": session, "rows": rows})


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def enter_scores(request, code: str):
    """Type in the scores of a test, or bring them in a file."""
    found = _held(code)
    is_file = request.POST.get("act") == "file"
    form = ScoresForm(request.POST if request.method == "POST" and not is_file else None, initial=_initial(request))
    file_form = ScoresFileForm(*((request.POST, request.FILES) if is_file else ()), prefix="" if is_file else None)
    faults: list = []
    if is_file and file_form.is_valid():
        faults = _import(request, code, file_form)
        if faults is None:
            return redirect("cpd:cohort", code)
    elif form.is_bound and form.is_valid() and _typed(request, code, form):
        return redirect("cpd:cohort", code)
    when = (form.data.get("when") if form.is_bound else "") or _initial(request)["when"]
    scored = queries.scores(found)
    people = [made for made in queries.participants(found) if made.standing == "enrolled"]
    rows = [
        {"made": made, "value": request.POST.get(f"p{made.pk}", _points(scored.get((made.pk, when))))}
        for made in people
    ]
    highest = next((score.highest / 100 for key, score in scored.items() if key[1] == when), None)
    if not form.is_bound and highest:
        form.initial["highest"] = highest
    context = {"cohort": found, "form": form, "file_form": file_form, "rows": rows, "faults": faults, "when": when}
    return render(request, "cpd/cohorts/scores.html", context, status=422 if faults or form.errors else 200)


def _initial(request) -> dict:
    asked_for = request.GET.get("when", "after")
    return {"when": asked_for if asked_for in ("before", "after") else "after"}


def _points(score) -> str:
    return "" if score is None else f"{score.points / 100:g}"


def _typed(request, code: str, form) -> bool:
    points: dict[int, Decimal | None] = {}
    for name, text in request.POST.items():
        if not (name[:1] == "p" and name[1:].isascii() and name[1:].isdecimal() and len(name) < 16):
            continue
        try:
            points[int(name[1:])] = Decimal(text.strip().replace(",", ".")) if text.strip() else None
        except InvalidOperation:
            form.add_error(None, _("“%(text)s” is not a number of points.") % {"text": text[:20]})
            return False
    given = {"when": form.cleaned_data["when"], "highest": form.cleaned_data["highest"], "points": points}
    try:
        n = scores.save_scores(code=code, by=request.user, now=timezone.now(), **given)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return False
    messages.success(request, ngettext("%(n)s score is kept.", "%(n)s scores are kept.", n) % {"n": n})
    return True


def _import(request, code: str, form) -> list | None:
    """The faults, or None when all went in."""
    file = form.cleaned_data["file"]
    try:
        n = scores.import_scores(
            code=code, when=form.cleaned_data["when"], highest=form.cleaned_data["highest"], name=file.name,
            content=file.read(), by=request.user, now=timezone.now(),
        )  # fmt: skip
    except BadTable as bad:
        return list(bad.faults)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return []
    messages.success(request, ngettext("%(n)s score is kept.", "%(n)s scores are kept.", n) % {"n": n})
    return None


@gate(permission="growth.manage")
@require_GET
def scores_template(request, code: str):
    """A table to be filled in."""
    found = _held(code)
    people = [made for made in queries.participants(found) if made.standing == "enrolled"]
    record_many_read(request, rows=len(people), query=f"template of scores of {code}", export=True)
    columns = [("number", "number"), ("name", "name"), ("points", "points")]
    rows = ((made.pk, made.person_name, "") for made in people)
    return downloads.respond(f"scores-{code}", request.GET.get("format", "xlsx"), columns, rows)


@gate(permission="growth.manage")
@require_POST
def close(request, code: str):
    """The decision on who completed, then the certificates as a job."""
    found = _held(code)
    if attempt(request, complete_cohort, code=code) is None:
        return redirect("cpd:cohort", code)
    return _certificates(request, found)


@gate(permission="growth.manage")
@require_POST
def certify(request, code: str):
    """Certificates for those who completed and have none."""
    return _certificates(request, _held(code))


def _certificates(request, found):
    title = _("Certificates of %(course)s") % {"course": local_name(found.course)}
    job = jobs.start_once(give_out, title=title, code=found.code, base_address=base_address(request))
    return redirect("jobs:job", job.pk)


def _cohort(code: str):
    found = course_queries.cohort(code)
    if found is None:
        raise Http404
    return found


def _held(code: str):
    """A cohort of the asker's office; another's answers as one that does not exist."""
    found = _cohort(code)
    if not may_here("growth.manage", found.org_lo, found.org_hi):
        raise Http404
    return found
