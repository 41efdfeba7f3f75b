"""Answering needs: opening a work in the room, filling a course group from needs."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.programmes.forms.needs import WorkForm
from tirek.programmes.pages import needs as pages
from tirek.programmes.queries import needs as queries
from tirek.programmes.services import answering as services
from tirek.programmes.views.needs import need_or_404
from tirek.programmes.views.shared import act, numbers, page, programme_or_404, trail
from tirek.registry.queries.territories import local_name


@gate(permission="works.manage")
@require_http_methods(["GET", "POST"])
def work(request: HttpRequest, number: int) -> HttpResponse:
    """Open a work that answers the need."""
    from tirek.facilities.items import ITEMS

    found = need_or_404(request, number)
    if found.kind != queries.EDUCATIONAL:
        raise Http404
    rooms = queries.rooms_for(found)
    row = pages.shown([found], with_answers=False)[0]
    initial = {"title": row.title, "items": _missing(found, ITEMS), "room": str(found.room_id or "")}
    form = WorkForm(
        request.POST or None, rooms=[(str(r.pk), pages.room_words(r)) for r in rooms], known=ITEMS, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = act(
            request, services.open_work, form, need_id=found.pk, title=data["title"], items=data["items"],
            room_id=int(data["room"]), earmark_code=data["earmark"].strip(), done=_("The work is opened."),
        )  # fmt: skip
        if made:
            return redirect("programmes:need", number)
    here = trail(found.programme)
    here.append((found.code, reverse("programmes:need", args=[number])))
    context = {"form": form, "need": found, "row": row, "trail": here}
    return render(request, "programmes/work.html", context, status=422 if form.errors else 200)


def _missing(need, items) -> str:
    """The standard items that the room lacks, a line each."""
    if not need.room_id:
        return ""
    from tirek.facilities.queries.findings import room_findings

    found = next((f for f in room_findings([need.org_no], timezone.localdate()) if f.room_id == need.room_id), None)
    lines = [
        f"{wanted - have} {items.get(code, code)}"
        for code, wanted, have in (found.missing if found else ())
        if wanted > have
    ]
    return "\n".join(lines)


@gate(permission="growth.manage")
@require_GET
def courses(request: HttpRequest, slug: str) -> HttpResponse:
    """Which courses do the needs ask for, and which groups are open?"""
    programme = programme_or_404(slug)
    found = queries.asking_for_courses(request.scope, programme, on=timezone.localdate())
    words = {row.need.pk: row for row in pages.shown(need for a in found for need in a.needs)}
    topics = pages.topic_names(a.topic for a in found)
    asking = [
        {"topic": topics[a.topic], "code": a.topic, "needs": [words[n.pk] for n in a.needs], "cohorts": a.cohorts}
        for a in found
    ]  # fmt: skip
    context = page(request, programme, "needs", asking=asking, here_trail=_here(slug))
    return render(request, "programmes/courses.html", context)


def _here(slug: str) -> list[tuple[str, str]]:
    return [(_("Needs"), reverse("programmes:needs", args=[slug]))]


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def cohort(request: HttpRequest, slug: str, cohort_id: int) -> HttpResponse:
    """Fill a course group: which teachers of the schools that need it are sent?"""
    programme = programme_or_404(slug)
    found = queries.cohort(cohort_id)
    if found is None:
        raise Http404
    wanted = queries.needs(request.scope, programme=programme, state=queries.ACCEPTED, kind=queries.PROFESSIONAL)
    rows = pages.shown([n for n in wanted if n.topic in found.course.topics])
    staff = queries.staff_of([r.need.org_no for r in rows], on=timezone.localdate())
    placed = []
    if request.method == "POST":
        sent = {r.need.pk: numbers(request.POST.getlist(f"need-{r.need.pk}")) for r in rows}
        placed = act(request, services.fill_cohort, cohort_id=found.pk, sent=sent) or []
        taken = sum(bool(p.standing) for p in placed)
        if taken:
            messages.success(request, _("Sent to the course: %(count)s.") % {"count": taken})
        if placed and taken == len(placed):
            return redirect("programmes:courses", slug)
    context = page(
        request, programme, "needs", cohort=found, course=local_name(found.course), here_trail=_here(slug),
        rows=[{"row": r, "staff": [e for e in staff.get(r.need.org_no, []) if e.subject or e.position == "teacher"]} for r in rows],
        refused=[p for p in placed if not p.standing],
    )  # fmt: skip
    return render(request, "programmes/cohort.html", context)
