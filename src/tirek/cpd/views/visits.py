"""Open lessons and visits: the calendar, signing up, who came, what they say."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.cpd.forms.lessons import TextForm
from tirek.cpd.forms.visits import CalendarFilter, FeedbackForm, VisitForm
from tirek.cpd.queries import people
from tirek.cpd.queries import visits as queries
from tirek.cpd.refusals import may_here
from tirek.cpd.services import visits as services
from tirek.cpd.views.common import asked, attempt, can, keeps, paged, tell
from tirek.registry import downloads, words
from tirek.registry.queries import labels
from tirek_engines.errors import Refusal

COLUMNS = (
    ("number", gettext_noop("Number")), ("day", gettext_noop("Day")), ("begins", gettext_noop("Begins at")),
    ("school", gettext_noop("Institution")), ("title", gettext_noop("Title")), ("kind", gettext_noop("Kind")),
    ("subject", gettext_noop("Subject")), ("language", gettext_noop("Language")), ("minutes", gettext_noop("Minutes")),
    ("places", gettext_noop("Places")), ("taken", gettext_noop("Taken")), ("state", gettext_noop("State")),
)  # fmt: skip
DISTRICT = 100_000  # institutions of a district share these numbers


@gate(permission="growth.read")
@require_GET
def calendar(request):
    """Where can I see a good lesson?"""
    form, today, scope = CalendarFilter(request.GET or None), timezone.localdate(), request.scope
    given = asked(form)
    lo = hi = None
    if given.get("near") and scope.lo is not None:
        lo, hi = scope.lo // DISTRICT * DISTRICT, max(scope.hi, scope.lo // DISTRICT * DISTRICT + DISTRICT - 1)
    found = queries.visits(
        on=today, lo=lo, hi=hi, subject=given.get("subject", ""), language=given.get("language", ""),
        past=bool(given.get("past")),
    )  # fmt: skip
    if request.GET.get("download"):
        rows = list(found)
        names = labels.names_by_org_no([row.org_no for row in rows], on=today)
        taken = queries.taken(rows)
        columns = [(name, _(head)) for name, head in COLUMNS]
        return downloads.respond(
            "open-lessons", request.GET["download"], columns, (_row(v, names, taken) for v in rows)
        )
    page = paged(request, found)
    names, taken = labels.names_by_org_no([row.org_no for row in page], on=today), queries.taken(page)
    context = {
        "form": form, "page": page, "n": page.paginator.count, "may_announce": _is_school(request),
        "rows": [
            {"visit": v, "school": names.get(v.org_no, ""), "free": max(0, v.places - taken.get(v.pk, 0)),
             "subject": words.subject(v.subject)}
            for v in page
        ],
    }  # fmt: skip
    return render(request, "cpd/visits/calendar.html", context)


def _is_school(request) -> bool:
    return can(request, "growth.approve") and request.scope.lo is not None and request.scope.lo == request.scope.hi


def _row(v, names: dict, taken: dict) -> tuple:
    return (
        v.code, v.day.isoformat(), v.starts_at.strftime("%H:%M"), names.get(v.org_no, ""), v.title, v.get_kind_display(),
        words.subject(v.subject), v.get_language_display(), v.minutes, v.places, taken.get(v.pk, 0), v.get_state_display(),
    )  # fmt: skip


@gate(permission="growth.approve")
@require_http_methods(["GET", "POST"])
def announce(request):
    form = VisitForm(
        request.POST or None, initial={"kind": "open_lesson", "language": "kk", "minutes": 45, "places": 10}
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = services.announce(facts=form.cleaned_data, by=request.user, now=timezone.now())
        except Refusal as refusal:
            tell(form, refusal)
        else:
            return redirect("cpd:visit", made.code)
    context = {"form": form, "title": _("Announce an open lesson or ask for a visit")}
    return render(request, "cpd/visits/announce.html", context, status=422 if form.errors else 200)


@gate(permission="growth.read")
@require_GET
def visit(request, code: str):
    """What, when, is there a place, what did guests say?"""
    return _page(request, _visit(code))


def _page(request, found, **bound):
    """One open lesson; ``bound`` are forms that were sent and refused."""
    is_host = may_here("growth.approve", found.org_no, found.org_no)
    holds = is_host or may_here("growth.manage", found.org_no, found.org_no)
    mine = queries.my_place(found, request.user.person_id)
    guests = queries.guests(found) if holds else []
    if guests:
        record_many_read(request, rows=len(guests), query=f"guests of {found.code}")
    today, taken = timezone.localdate(), queries.taken([found]).get(found.pk, 0)
    names = labels.names_by_org_no([found.org_no, *(g.org_no for g in guests)], on=today)
    is_open = found.state == "open"
    context = {
        "visit": found, "school": names.get(found.org_no, ""), "subject": words.subject(found.subject), "taken": taken,
        "free": max(0, found.places - taken), "mine": mine, "holds": holds,
        "guests": [{"guest": g, "school": names.get(g.org_no, "")} for g in guests], "feedback": queries.feedback(found),
        "may_sign": is_open and found.day >= today and can(request, "growth.own") and bool(request.user.person_id)
        and not is_host and not _works_at(request, found, today) and (mine is None or mine.standing == "cancelled"),
        "may_cancel": is_open and mine is not None and mine.standing in ("place", "waiting"),
        "may_confirm": is_host and is_open and found.day <= today, "may_call_off": is_host and is_open,
        "say": FeedbackForm() if mine and mine.standing == "came" and mine.useful is None else None, "off": _off_form(),
        "came": queries.came(found) if found.state == "held" else None,
    }  # fmt: skip
    return render(request, "cpd/visits/visit.html", context | bound, status=422 if bound else 200)


def _works_at(request, visit, today) -> bool:
    """Who works at the school needs no place."""
    work = people.employments([request.user.person_id or 0], today).get(request.user.person_id or 0)
    return work is not None and work.org_no == visit.org_no


def _off_form(data=None) -> TextForm:
    return TextForm(data, label=_("Why"), auto_id="off_%s")


@gate(permission="growth.approve")
@require_POST
def confirm(request, code: str):
    _visit(code)
    came = {int(pk) for pk in request.POST.getlist("came") if pk.isascii() and pk.isdecimal() and len(pk) < 16}
    attempt(
        request, services.confirm, code=code, came=came, done=_("Kept: hours now count in the portfolios of guests.")
    )
    return redirect("cpd:visit", code)


@gate(permission="growth.read")
@require_POST
def act(request, code: str, act: str):
    """Sign up, cancel, call off, or say how it was; the service knows who may."""
    found = _visit(code)
    if act == "sign-up":
        made = attempt(request, services.sign_up, code=code)
        if made:
            messages.success(
                request,
                _("You have a place.") if made.standing == "place" else _("All places are taken: you are on the waiting list."),
            )  # fmt: skip
    elif act == "cancel":
        attempt(request, services.cancel, code=code, done=_("You have given the place back."))
    elif act == "call-off":
        form = _off_form(request.POST)
        if keeps(request, form, services.call_off, code=code, done=_("Called off; all are told.")) is None:
            return _page(request, found, off=form)
    elif act == "say":
        form = FeedbackForm(request.POST)
        if keeps(request, form, services.say, code=code, done=_("Thank you.")) is None:
            return _page(request, found, say=form)
    else:
        raise Http404
    return redirect("cpd:visit", code)


def _visit(code: str):
    found = queries.visit(code)
    if found is None:
        raise Http404
    return found
