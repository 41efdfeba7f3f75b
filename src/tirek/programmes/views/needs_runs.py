"""Runs of the rules over the findings: propose, look at every outcome, publish, give up."""

from __future__ import annotations

from collections import Counter

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.decisions import queries as journal
from tirek.decisions.kinds import kind_of
from tirek.programmes.forms.selection import BecauseForm
from tirek.programmes.kinds import NEEDS
from tirek.programmes.pages import needs as pages
from tirek.programmes.queries import needs as queries
from tirek.programmes.queries import programmes as programme_queries
from tirek.programmes.services import proposing as services
from tirek.programmes.views.shared import act, may_manage, page, programme_or_404
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal
from tirek_engines.programmes.needs import NEAR, PROPOSED

SHOWN = {"proposed": PROPOSED, "near": NEAR, "known": {"waits_already", "rejected_before"}}
MOST = 500


@gate(permission="programmes.manage")
@require_POST
def propose(request: HttpRequest, slug: str) -> HttpResponse:
    """Run the rules over what is found by today."""
    programme = programme_or_404(slug)
    run = act(request, services.draft_needs, programme_id=programme.pk)
    if run is None:
        return redirect("programmes:needs", slug)
    return redirect("programmes:needs_run", slug, run.decision_number)


def _run_or_404(request: HttpRequest, slug: str, number: str):
    programme = programme_or_404(slug)
    run = queries.run(programme, number)
    if run is None or not may_manage(request, programme):
        raise Http404
    try:
        return programme, run, journal.decision(number)
    except Refusal:
        raise Http404 from None


@gate(permission="programmes.manage")
@require_GET
def one_run(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """What is proposed, what was near, what is known already; every outcome with its reason."""
    programme, run, decision = _run_or_404(request, slug, number)
    only = request.GET.get("only", "proposed")
    outcomes = list(journal.outcomes(decision))
    counts = Counter(_group(o.reason) for o in outcomes)
    some = [o for o in outcomes if _group(o.reason) == only]
    context = page(
        request, programme, "needs", run=run, decision=decision, rows=_rows(some[:MOST]), n=len(some), most=MOST, only=only,
        counts=counts, because=BecauseForm(), here_trail=[(_("Needs"), reverse("programmes:needs", args=[slug]))],
        groups=[("proposed", _("proposed")), ("near", _("near the threshold")), ("known", _("known already")), ("none", _("nothing needed"))],
    )  # fmt: skip
    context["groups"] = [(key, label, counts[key]) for key, label in context["groups"]]
    return render(request, "programmes/needs_run.html", context)


def _group(reason: str) -> str:
    return next((name for name, reasons in SHOWN.items() if reason in reasons), "none")


def _rows(outcomes) -> list[dict]:
    kind, language = kind_of(NEEDS), (translation.get_language() or "en")[:2]
    states = programme_queries.states_of([o.org_no for o in outcomes], on=timezone.localdate())
    ids = [int(o.subject) for o in outcomes if o.subject_kind == "room" and o.subject.isdecimal()]
    rooms = queries.rooms_by_id(ids)
    topics = pages.topic_names(_topic(o) for o in outcomes)
    return [
        {
            "school": local_name(states[o.org_no]) if o.org_no in states else o.org_no, "about": _about(o, rooms, topics),
            "why": journal.reason_texts(kind, o.reason, o.numbers).get(language, ""), "outcome": o,
        }
        for o in outcomes
    ]  # fmt: skip


def _topic(outcome) -> str:
    return outcome.result.get("topic") or [*outcome.subject.split(":"), ""][1]


def _about(outcome, rooms, topics) -> str:
    parts = [*outcome.subject.split(":"), "", ""]
    if outcome.subject_kind == "room":
        return pages.room_words(rooms.get(int(outcome.subject)))
    topic = topics[_topic(outcome)]
    if outcome.subject_kind == "scale":
        return _("%(topic)s: what %(audience)s say") % {"topic": topic, "audience": pages.audience_words(parts[1])}
    return _("%(topic)s: results of grade %(grade)s") % {"topic": topic, "grade": parts[2]}


@gate(permission="decisions.publish")
@require_POST
def publish(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Publish: each proposal becomes a need that people decide about."""
    programme, _run, _decision = _run_or_404(request, slug, number)
    done = act(request, services.publish_needs, programme_id=programme.pk, number=number)
    if done is None:
        return redirect("programmes:needs_run", slug, number)
    messages.success(request, _("Published. New needs: %(count)s.") % {"count": int(done) if done is not True else 0})
    return redirect(reverse("programmes:needs", args=[slug]) + "?state=proposed")


@gate(permission="decisions.publish")
@require_POST
def discard(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Give a draft up."""
    programme, _run, _decision = _run_or_404(request, slug, number)
    form = BecauseForm(request.POST)
    because = form.cleaned_data["because"] if form.is_valid() else ""
    act(request, services.discard_needs, programme_id=programme.pk, number=number, because=because,
        done=_("The draft is given up."))  # fmt: skip
    return redirect("programmes:needs", slug)
