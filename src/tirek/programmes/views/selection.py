"""The choice of schools: rounds, one round with every school's reason, another rule on trial, publishing."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.decisions import queries as journal
from tirek.programmes.forms.selection import BecauseForm, RoundForm, TrialForm
from tirek.programmes.kinds import SELECTION
from tirek.programmes.pages import selection as pages
from tirek.programmes.queries import candidates as candidate_queries
from tirek.programmes.queries import programmes as queries
from tirek.programmes.services import selecting as services
from tirek.programmes.views.shared import act, districts, may_manage, page, programme_or_404
from tirek.registry.downloads import respond
from tirek_engines.errors import Refusal


@gate(permission="programmes.read")
@require_http_methods(["GET", "POST"])
def rounds(request: HttpRequest, slug: str) -> HttpResponse:
    """Rounds of the choice, and a new one: the first, or an extension to further districts."""
    programme, today = programme_or_404(slug), timezone.localdate()
    manages = may_manage(request, programme)
    if request.method == "POST" and not manages:
        raise Http404
    known = queries.selections(programme)
    applied = [s for s in known if s.state == queries.APPLIED]
    initial = {
        "places": programme.places,
        "day": today,
        "joins_on": max(programme.starts_on, min(today, programme.ends_on)),
    }
    initial |= {"places": 10} if applied else {}
    form = RoundForm(request.POST or None, districts=districts(request, programme), initial=initial)
    if request.method == "POST" and form.is_valid():
        made = act(request, services.draft_selection, form, programme_id=programme.pk, **form.cleaned_data)
        if made:
            return redirect("programmes:round", slug, made.decision_number)
    context = page(
        request, programme, "selection", form=form, rounds=known, manages=manages, is_extension=bool(applied),
        n_applications=len(candidate_queries.applications(programme)), rules=pages.rules_in_words(programme, today),
    )  # fmt: skip
    return render(request, "programmes/selection.html", context, status=422 if form.errors else 200)


def _round_or_404(request: HttpRequest, slug: str, number: str):
    programme = programme_or_404(slug)
    found = queries.selection(programme, number)
    if found is None:
        raise Http404
    try:
        decision = journal.decision(number)
    except Refusal:
        raise Http404 from None
    if decision.state == "draft" and not may_manage(request, programme):
        raise Http404
    return programme, found, decision


@gate(permission="programmes.read")
@require_http_methods(["GET", "POST"])
def one_round(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Who is in, who is out, and why? And who would be, under another rule."""
    programme, found, decision = _round_or_404(request, slug, number)
    manages = may_manage(request, programme)
    rows = pages.rows_of(request.scope, decision)
    if "download" in request.GET:
        return respond(f"{slug}-{number}", request.GET["download"], pages.columns(), pages.flat(rows))
    trial, form = None, None
    if manages:
        values = pages.values_of(decision)
        form = TrialForm(request.POST or None, initial=values)
        if request.method == "POST" and form.is_valid():
            try:
                trial = services.try_rule(programme_id=programme.pk, number=number, changes=form.cleaned_data)
            except Refusal as refusal:
                form.add_error(None, refusal.message)
    context = page(
        request, programme, "selection", round=found, decision=decision, rows=rows, form=form,
        trial=pages.trial_in_words(trial, rows) if trial else None, because=BecauseForm(),
        shown=pages.filtered(rows, request.GET.get("only", ""), request.GET.get("district", "")),
        districts=pages.by_district(rows), only=request.GET.get("only", ""), kind=SELECTION,
        may_publish=manages and may(request.scope.role, "decisions.publish"), number=number,
        here_trail=[(_("Choice of schools"), reverse("programmes:selection", args=[slug]))],
    )  # fmt: skip
    return render(request, "programmes/round.html", context, status=422 if form and form.errors else 200)


@gate(permission="decisions.publish")
@require_POST
def publish(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Publish: the schools are in from their day on."""
    programme, _found, _decision = _round_or_404(request, slug, number)
    if request.POST.get("confirm") != "yes":
        messages.error(request, _("Tick the box to say that you have looked at the list."))
        return redirect("programmes:round", slug, number)
    done = act(request, services.publish_selection, programme_id=programme.pk, number=number)
    if done is None:
        return redirect("programmes:round", slug, number)
    messages.success(request, _("The choice is published. Schools that joined: %(count)s.") % {"count": int(done)})
    return redirect("programmes:board", slug)


@gate(permission="decisions.publish")
@require_POST
def discard(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Give a draft up."""
    programme, _found, _decision = _round_or_404(request, slug, number)
    form = BecauseForm(request.POST)
    because = form.cleaned_data["because"] if form.is_valid() else ""
    act(request, services.discard_selection, programme_id=programme.pk, number=number, because=because,
        done=_("The draft is given up."))  # fmt: skip
    return redirect("programmes:selection", slug)
