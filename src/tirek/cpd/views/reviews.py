"""The expert's pages: dossiers without name and school, points and reasons."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.cpd.forms.certification import BecauseForm, JudgementForm, QueueFilter
from tirek.cpd.queries import certification as queries
from tirek.cpd.queries.criteria import criteria_in_force, judge_until
from tirek.cpd.services import experts as services
from tirek.cpd.views.common import keeps, tell
from tirek.registry import words
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal


@gate(permission="growth.read")
@require_GET
def reviews(request):
    """Which dossiers wait for me?"""
    rows = list(queries.my_reviews(request.user.pk)[:200])
    today = timezone.localdate()
    days = {row.pk: judge_until(row) for row in rows if row.given_at is None}
    waiting = [
        {"review": row, "until": days[row.pk], "is_late": days[row.pk] < today} for row in rows if row.pk in days
    ]
    context = {"waiting": waiting, "given": [row for row in rows if row.given_at], "categories": _categories()}
    return render(request, "cpd/certification/reviews.html", context)


@gate(permission="growth.read")
@require_http_methods(["GET", "POST"])
def review(request, code: str):
    """What did this teacher show, and how many points is it worth?"""
    found = queries.my_review(request.user.pk, code)
    if found is None:
        raise Http404
    criteria = criteria_in_force(found.org_lo, found.org_hi, timezone.localdate())
    form = JudgementForm(request.POST or None, criteria=criteria)
    if request.method == "POST" and form.is_valid():
        try:
            services.give_judgement(
                blind_code=code, points=form.given("points_"), reasons=form.given("reason_"), by=request.user,
                now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Your judgement is kept."))
            return redirect("cpd:reviews")
    return _page(request, found, form=form)


def _page(request, found, **bound):
    """One dossier; ``bound`` are the forms that were sent."""
    criteria = criteria_in_force(found.org_lo, found.org_hi, timezone.localdate())
    form = bound.get("form") or JudgementForm(criteria=criteria)
    context = {
        "review": found, "dossier": found.dossier, "form": form, "because_form": bound.get("because_form") or BecauseForm(),
        "until": judge_until(found), "was_late": found.declined_because == services.OVERDUE,
        "categories": _categories(), "subject": words.subject(found.dossier.get("subject", "")),
        "courses": [
            {"name": local_name(_Named(row)), "hours": row["hours"], "year": row["year"]}
            for row in found.dossier.get("courses", [])
        ],
        "parts": [
            {
                "criterion": c, "text": found.dossier["statements"].get(c.code, ""), "points": form[f"points_{c.code}"],
                "reason": form[f"reason_{c.code}"], "given": found.points.get(c.code), "why": found.reasons.get(c.code, ""),
            }
            for c in criteria
        ],
    }  # fmt: skip
    is_refused = any(sent.errors for sent in bound.values())
    return render(request, "cpd/certification/review.html", context, status=422 if is_refused else 200)


class _Named:
    def __init__(self, row: dict):
        self.name_kk, self.name_ru, self.name_en = row["kk"], row["ru"], row["en"]


@gate(permission="growth.read")
@require_POST
def hand_back(request, code: str):
    """I know who this is, or cannot judge it."""
    found, form = queries.my_review(request.user.pk, code), BecauseForm(request.POST)
    if found is None:
        raise Http404
    done = _("Handed back. Another expert is drawn.")
    if keeps(request, form, services.hand_back, blind_code=code, done=done) is None:
        return _page(request, found, because_form=form)
    return redirect("cpd:reviews")


def _categories() -> dict:
    return dict(QueueFilter.base_fields["wanted"].choices)
