"""The stage board: who is stuck, what is missing, remind, go on."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.programmes.forms.programmes import BoardFilter
from tirek.programmes.queries import board as boards
from tirek.programmes.queries import programmes as queries
from tirek.programmes.services import stages as services
from tirek.programmes.views.shared import act, districts, numbers, page, programme_or_404
from tirek.registry.downloads import respond
from tirek.registry.queries.territories import local_name


@gate(permission="programmes.read")
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Where does each school stand, and what is missing for it to go on? Stuck first."""
    programme, today = programme_or_404(slug), timezone.localdate()
    if request.scope.is_own:
        return redirect("programmes:programme", slug)
    stages = queries.stages(programme)
    choices = [(s.code, local_name(s)) for s in stages]
    form = BoardFilter(request.GET or None, districts=districts(request, programme), stages=choices)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = boards.board(
        programme,
        request.scope,
        on=today,
        stages=stages,
        **{k: asked.get(k, "") for k in ("district", "stage", "only")},
    )
    if "download" in request.GET:
        return _download(request, programme, found)
    stale = [r for r in found.rows if r.state is None]
    context = page(
        request, programme, "board", form=form, board=found, rows=found.rows, filtered=any(asked.values()),
        may_remind=may(request.scope.role, "tasks.assign") and request.scope.lo != request.scope.hi,
        may_move=may(request.scope.role, "programmes.manage"), stale=stale,
    )  # fmt: skip
    return render(request, "programmes/board.html", context)


def _download(request: HttpRequest, programme, found: boards.Board) -> HttpResponse:
    columns = [
        ("school_code", _("Code")), ("school", _("School")), ("district", _("District or city")), ("stage", _("Stage")),
        ("since", _("In this stage since")), ("due", _("Planned until")), ("days_over", _("Days over")),
        ("missing", _("Missing")), ("asked", _("Last reminded")),
    ]  # fmt: skip
    rows = [
        (
            row.state.institution.code if row.state else "", row.name, local_name(row.district) if row.district else "",
            local_name(row.stage) if row.stage else _("all stages passed"), row.participation.stage_since, row.due_on,
            max(row.days_over, 0), "; ".join(r.name for r in row.missing),
            timezone.localdate(row.asked_at) if row.asked_at else None,
        )
        for row in found.rows
    ]  # fmt: skip
    return respond(f"{programme.slug}-board", request.GET["download"], columns, rows)


@gate(permission="tasks.assign")
@require_POST
def remind(request: HttpRequest, slug: str) -> HttpResponse:
    """Remind one school, or those that are ticked."""
    programme = programme_or_404(slug)
    done = act(request, services.remind, programme_id=programme.pk, org_nos=numbers(request.POST.getlist("school")))
    if done:
        if done.asked + done.reminded:
            messages.success(request, _("Reminded: %(count)s.") % {"count": done.asked + done.reminded})
        if done.too_soon:
            messages.info(
                request,
                _("Not reminded again: %(count)s. Each is reminded once a day, and only while something is missing.")
                % {"count": done.too_soon},
            )
    return _back(request, slug)


@gate(permission="programmes.manage")
@require_POST
def move_on(request: HttpRequest, slug: str) -> HttpResponse:
    """Let all schools go on that have what their stage wants, or those that are ticked."""
    programme = programme_or_404(slug)
    some = numbers(request.POST.getlist("school")) or None
    done = act(request, services.move_on, programme_id=programme.pk, org_nos=some)
    if done is not None:
        count = 0 if done is True else done
        words = _("Gone on to the next stage: %(count)s.") % {"count": count}
        messages.add_message(request, messages.SUCCESS if count else messages.INFO, words)
    return _back(request, slug)


def _back(request: HttpRequest, slug: str) -> HttpResponse:
    target = request.POST.get("next", "")
    if target.startswith(f"/programmes/{slug}/") and "//" not in target and "\\" not in target:
        return redirect(target)
    return redirect("programmes:board", slug)
