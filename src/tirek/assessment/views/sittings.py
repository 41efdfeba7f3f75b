"""The supervisor's pages: a class that sits a test, its seats and codes, what happens in the room."""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import asdict

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.scope import loading
from tirek.access.services.reads import record_many_read
from tirek.assessment import slips, work
from tirek.assessment.forms.sittings import SittingsFilter
from tirek.assessment.queries import seats as queries
from tirek.assessment.queries.results import pupils_of_grade, title_of
from tirek.assessment.services import seats as seating
from tirek.assessment.services import supervision
from tirek.assessment.views.tests import held_or_404
from tirek.storage import jobs, secrets
from tirek_engines.errors import Refusal

SHOWN = 50
PAPER_WITHIN = dt.timedelta(hours=2)


@gate(permission="assessment.supervise")
@require_GET
def sittings(request: HttpRequest) -> HttpResponse:
    """Which classes sit a test, and how far is each?"""
    form = SittingsFilter(request.GET or None, tests=[(t.code, _of_year(t)) for t in queries.tests_supervised()])
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = queries.supervised_with_counts(
        **{name: chosen.get(name, "").strip() for name in ("test", "words", "state")}
    )
    with loading():
        page = Paginator(found, SHOWN).get_page(request.GET.get("page"))
        counts = queries.seat_counts(page)
        names = queries.school_names({one.org_no for one in page})
    rows = [
        {"sitting": one, "title": _of_year(one.test), "school": names.get(one.org_no, ""),
         "n_seats": counts.get(one.pk, (0, 0))[0], "n_done": counts.get(one.pk, (0, 0))[1]}
        for one in page
    ]  # fmt: skip
    return render(request, "assessment/sittings/list.html", {
        "rows": rows, "page": page, "form": form, "filtered": any(chosen.values()),
    })  # fmt: skip


def _of_year(test) -> str:
    return f"{title_of(test)}, {test.school_year.code}"


def _sitting_or_404(pk: int):
    found = queries.sitting_supervised(pk)
    if found is None:
        raise Http404
    return found


def _trail(sitting=None) -> list[tuple[str, str]]:
    items = [(_("Sittings"), reverse("assessment:sittings"))]
    return items if sitting is None else [*items, (_name(sitting), reverse("assessment:sitting", args=[sitting.pk]))]


def _name(sitting) -> str:
    return str(sitting.class_group or _("all classes"))


def _live(sitting) -> dict:
    with loading():
        rows = queries.seat_rows(sitting)
    counts = {state: sum(row.seat.state == state for row in rows) for state in ("waiting", "working", "done", "absent")}
    return {"sitting": sitting, "rows": rows, "counts": counts, "is_computer": sitting.mode == "computer"}


@gate(permission="assessment.supervise")
@require_GET
def sitting(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has not begun, who is at work, who has handed in; more time, closing, notes."""
    found = _sitting_or_404(pk)
    with loading():
        late, notes = queries.late_comers(found), queries.notes_of(found)
        school = queries.school_names({found.org_no}).get(found.org_no, "")
    record_many_read(request, rows=0, query=f"sitting {found.pk}")
    return render(request, "assessment/sittings/sitting.html", _live(found) | {
        "name": _name(found), "title": title_of(found.test), "school": school, "trail": _trail(), "late": late,
        "notes": notes, "can_change": found.test.state != "published",
        "trial": _trial_codes(found) if found.test.is_synthetic else [],
    })  # fmt: skip


def _trial_codes(sitting) -> list[dict]:
    """In a synthetic test anybody who supervises sees the codes: nobody real sits it."""
    return queries.trial_codes(sitting, 3)


@gate(permission="assessment.supervise")
@require_GET
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The table of seats, asked for every few seconds."""
    return render(request, "assessment/sittings/_live.html", _live(_sitting_or_404(pk)))


@gate(permission="assessment.supervise")
@require_GET
def seat(request: HttpRequest, pk: int, seat: int) -> HttpResponse:
    """One pupil's seat and what may be done with it."""
    found = _sitting_or_404(pk)
    with loading():
        row = next((row for row in queries.seat_rows(found) if row.seat.pk == seat), None)
    if row is None:
        raise Http404
    return render(request, "assessment/sittings/seat.html", {
        "sitting": found, "row": row, "trail": _trail(found), "is_computer": found.mode == "computer",
        "can_change": found.test.state != "published",
        "paper": slips.paper_number(found.pk, row.seat.number),
    })  # fmt: skip


@gate(permission="assessment.supervise")
@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """Whatever a supervisor does; one service each."""
    found = _sitting_or_404(pk)
    what, seat_id = request.POST.get("do", ""), _number(request.POST.get("seat"))
    if what not in ACTS:
        raise BadRequest("unknown act")
    try:
        messages.success(request, ACTS[what](found.pk, seat_id, request.POST))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    if request.POST.get("back") == "seat" and seat_id:
        return redirect("assessment:seat", pk=pk, seat=seat_id)
    return redirect("assessment:sitting", pk=pk)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def _deal(pk: int, seat: int | None, given) -> str:
    n = seating.deal_seats(sitting_id=pk)
    return ngettext("%(n)s seat was dealt.", "%(n)s seats were dealt.", n) % {"n": n}


def _minutes(pk: int, seat: int | None, given) -> str:
    minutes = _number(given.get("minutes")) or 0
    n = supervision.add_minutes(sitting_id=pk, minutes=minutes, seat_id=seat, now=timezone.now())
    return ngettext("%(n)s pupil has more time.", "%(n)s pupils have more time.", n) % {"n": n}


def _absent(pk: int, seat: int | None, given) -> str:
    supervision.mark_absent(sitting_id=pk, seat_id=seat or 0)
    return _("The pupil is marked absent.")


def _present(pk: int, seat: int | None, given) -> str:
    supervision.mark_absent(sitting_id=pk, seat_id=seat or 0, is_absent=False)
    return _("The pupil is here after all and may begin.")


def _reopen(pk: int, seat: int | None, given) -> str:
    minutes = _number(given.get("minutes")) or 0
    supervision.reopen(sitting_id=pk, seat_id=seat or 0, minutes=min(minutes, 120), now=timezone.now())
    return _("The seat is open again. The pupil enters the code once more.")


def _leave(pk: int, seat: int | None, given) -> str:
    seating.give_device_leave(sitting_id=pk, seat_id=seat or 0)
    return _("The pupil may go on at another device with the same code.")


def _close(pk: int, seat: int | None, given) -> str:
    n = supervision.close_sitting(sitting_id=pk, now=timezone.now())
    words = ngettext(
        "The sitting is closed. %(n)s pupil was still at work and is handed in.",
        "The sitting is closed. %(n)s pupils were still at work and are handed in.",
        n,
    )
    return words % {"n": n} if n else _("The sitting is closed.")


def _open(pk: int, seat: int | None, given) -> str:
    supervision.open_again(sitting_id=pk)
    return _("The sitting is open again.")


def _late(pk: int, seat: int | None, given) -> str:
    seating.add_late_comer(sitting_id=pk, person_id=_number(given.get("person")) or 0)
    return _("The pupil has a seat. Issue the code on the seat’s page.")


def _note(pk: int, seat: int | None, given) -> str:
    supervision.note_incident(sitting_id=pk, text=given.get("text", ""), now=timezone.now())
    return _("The note is kept.")


def _mode(pk: int, seat: int | None, given) -> str:
    supervision.change_mode(sitting_id=pk, mode=given.get("mode", ""))
    return _("The sitting’s mode was changed.")


ACTS = {
    "deal": _deal, "minutes": _minutes, "absent": _absent, "present": _present, "reopen": _reopen, "leave": _leave,
    "close": _close, "open": _open, "late": _late, "note": _note, "mode": _mode,
}  # fmt: skip


@gate(permission="assessment.supervise")
@require_http_methods(["GET", "POST"])
def codes(request: HttpRequest, pk: int) -> HttpResponse:
    """New codes for all seats or one: shown on this page, and on paper from it; afterwards nobody can read them.

    Whoever comes back to the address, or changes the language there, is led to the sitting: no code is made by looking.
    """
    found = _sitting_or_404(pk)
    if request.method == "GET":
        return redirect("assessment:sitting", pk=pk)
    try:
        made = seating.issue_codes(sitting_id=pk, seat_id=_number(request.POST.get("seat")))
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("assessment:sitting", pk=pk)
    record_many_read(request, rows=len(made), query=f"access codes issued: sitting {pk}", export=True)
    response = render(request, "assessment/sittings/codes.html", {
        "sitting": found, "name": _name(found), "title": title_of(found.test), "trail": _trail(found), "slips": made,
        "sealed": _sealed(pk, made), "address": _address(request), "is_computer": found.mode == "computer",
    })  # fmt: skip
    response["Cache-Control"] = "no-store"
    return response


def _address(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("sit:page")).split("://", 1)[-1]


def _sealed(pk: int, made: list[seating.Slip]) -> str:
    """The slips for the paper, readable by this installation only, and only for a while: the server keeps nothing."""
    told = {
        "sitting": pk,
        "until": (timezone.now() + PAPER_WITHIN).timestamp(),
        "slips": [asdict(slip) for slip in made],
    }
    return base64.urlsafe_b64encode(secrets.encrypt(json.dumps(told, ensure_ascii=False))).decode()


def _unsealed(pk: int, text: str) -> list[seating.Slip]:
    try:
        told = json.loads(secrets.decrypt(base64.urlsafe_b64decode(text)))
        is_ours = told["sitting"] == pk and told["until"] > timezone.now().timestamp()
    except Exception:  # whatever a stranger sends in place of what we sealed
        is_ours = False
    if not is_ours:
        raise BadRequest(_("The codes can no longer be printed. Issue new ones."))
    return [seating.Slip(**slip) for slip in told["slips"]]


@gate(permission="assessment.supervise")
@require_POST
def codes_on_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The slips as PDF, to be cut."""
    found = _sitting_or_404(pk)
    language = request.POST.get("language") if request.POST.get("language") in ("kk", "ru") else "kk"
    made = _unsealed(pk, request.POST.get("sealed", ""))
    record_many_read(request, rows=len(made), query=f"access codes on paper: sitting {pk}", export=True)
    with translation.override(language):
        content = slips.as_pdf(found, made, language=language, address=_address(request), now=timezone.now())
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="codes-{pk}-{language}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


@gate(permission="assessment.manage")
@require_POST
def deal_all(request: HttpRequest, code: str) -> HttpResponse:
    """Seats for every sitting of the test that has none."""
    found = held_or_404(request, code)
    if pupils_of_grade(found) > work.MANY_SHEETS:
        title = _("Dealing seats of %(test)s") % {"test": title_of(found)}
        jobs.start_once(work.deal_seats, title=title, test_id=found.pk, code=code)
        return redirect("assessment:answers", code=code)
    try:
        n = seating.deal_all_seats(test_id=found.pk)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, ngettext("%(n)s seat was dealt.", "%(n)s seats were dealt.", n) % {"n": n})
    return redirect("assessment:sittings")


@gate(permission="assessment.manage")
@require_POST
def close_all(request: HttpRequest, code: str) -> HttpResponse:
    """Close every sitting of the test on computers that is still open; asked for twice, for children may be at work."""
    found = held_or_404(request, code)
    if request.POST.get("confirm") != "yes":
        messages.error(request, _("Tick the box to say that nobody is to go on."))
        return redirect("assessment:answers", code=code)
    closed = at_work = 0
    try:
        for pk in queries.open_on_computers(found, request.scope):
            at_work += supervision.close_sitting(sitting_id=pk, now=timezone.now())
            closed += 1
    except Refusal as refusal:
        messages.error(request, refusal.message)
    words = ngettext("%(n)s sitting was closed.", "%(n)s sittings were closed.", closed) % {"n": closed}
    if at_work:
        more = ngettext(
            "%(n)s pupil was still at work and is handed in.",
            "%(n)s pupils were still at work and are handed in.",
            at_work,
        )
        words += " " + more % {"n": at_work}
    messages.success(request, words)
    return redirect("assessment:answers", code=code)
