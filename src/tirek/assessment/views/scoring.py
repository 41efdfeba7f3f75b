"""Answers that a person scores: one at a time, in no order that tells anything, without name, school or class."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.assessment.forms.sittings import ScoreForm
from tirek.assessment.queries import seats as queries
from tirek.assessment.queries.results import title_of
from tirek.assessment.services.handing_in import score_answer
from tirek.assessment.views.tests import held_or_404, tabs, trail
from tirek_engines.errors import Refusal

SALT = "tirek.assessment.scoring"


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def scoring(request: HttpRequest, code: str) -> HttpResponse:
    """The next answer that waits; its number is sealed, so that no scorer can look for a pupil."""
    found = held_or_404(request, code)
    if request.method == "POST":
        return _scored(request, found)
    waiting = queries.next_to_score(found)
    context = {
        "test": found, "title": title_of(found), "trail": trail(found), "tabs": tabs(found, request, "answers"),
        "n_waiting": queries.waiting_for_scorer(found).count(),
    }  # fmt: skip
    if waiting is not None:
        shown = queries.shown_to_scorer(waiting)
        form = ScoreForm(initial={"answer": signing.dumps(waiting.pk, salt=SALT)}, highest=waiting.item.max_score)
        context |= {"answer": waiting, "shown": shown, "form": form}
    return render(request, "assessment/sittings/scoring.html", context)


def _scored(request: HttpRequest, test) -> HttpResponse:
    try:
        pk = signing.loads(request.POST.get("answer", ""), salt=SALT, max_age=24 * 3600)
        score = int(request.POST["score"])
    except (signing.BadSignature, KeyError, ValueError):
        if "answer" in request.POST:
            messages.error(request, _("Choose a score."))
            return redirect("assessment:scoring", code=test.code)
        raise BadRequest("no answer") from None
    if not queries.waiting_for_scorer(test).filter(pk=pk).exists():
        messages.info(request, _("Somebody has scored this answer meanwhile."))
        return redirect("assessment:scoring", code=test.code)
    try:
        score_answer(answer_id=pk, score=score)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("assessment:scoring", code=test.code)
