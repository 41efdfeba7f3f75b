"""Did it work? The page anybody understands, and the steps to it for the office."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.programmes import work_impact
from tirek.programmes.forms.impact import PlanForm
from tirek.programmes.forms.selection import BecauseForm
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.pages import impact as pages
from tirek.programmes.pages import impact_words as words
from tirek.programmes.queries import impact as queries
from tirek.programmes.queries.impact_design import begins_on
from tirek.programmes.services import impact as services
from tirek.programmes.views.shared import act, may_manage, page, programme_or_404
from tirek.storage import jobs


@gate(public=True)
@require_GET
def impact(request: HttpRequest, slug: str) -> HttpResponse:
    """Did it work? The published result; else how far it has come."""
    programme = programme_or_404(slug)
    manages = may_manage(request, programme)
    outcome = queries.Outcome.read(request.GET.get("outcome", "")) or queries.outcome_in_force(programme)
    result = queries.published(programme, IMPACT, outcome)
    if result is not None and not queries.running_job(programme):
        return render(request, "programmes/impact/result.html", result_context(request, programme, result))
    context = page(
        request, programme, "impact", manages=manages, job=queries.running_job(programme) if manages else None,
        comparison=queries.published(programme, COMPARISON, outcome), outcome=outcome,
        comparison_draft=queries.draft(programme, COMPARISON, outcome) if manages else None,
        result_draft=queries.draft(programme, IMPACT, outcome) if manages else None, result=result,
    )  # fmt: skip
    return render(request, "programmes/impact/steps.html", context)


@gate(public=True)
@require_GET
def result(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """One result by its number: the published one, an earlier one, or a draft for those who may publish it."""
    programme = programme_or_404(slug)
    found = decision_or_404(request, programme, IMPACT, number)
    return render(request, "programmes/impact/result.html", result_context(request, programme, found))


def result_context(request: HttpRequest, programme, found) -> dict[str, Any]:
    facts, outcome = found.summary, pages.outcome_of(found)
    manages = may_manage(request, programme)
    checks = [words.check_words(check) for check in facts["checks"]]
    others = [
        (
            pages.outcome_words(o),
            f"{reverse('programmes:impact', args=[programme.slug])}?outcome={o.value}",
            o == outcome,
        )
        for o in outcomes_with_results(programme)
    ]
    return page(
        request, programme, "impact", decision=found, facts=facts, outcome=pages.outcome_words(outcome),
        headline=words.headline(facts), label=words.figure_label(facts), spreads=words.in_spreads(facts),
        chart=pages.entry_exit_chart(found), interval=pages.interval_chart(facts),
        failed=[c for c in checks if c["state"] == words.FAILED], does_not_say=words.does_not_say(facts, pages.outcome_words(outcome)),
        estimate=pages.decimal(facts["estimate"], 1), low=_shown(facts["low"]), high=_shown(facts["high"]),
        manages=manages, may_publish=manages and may(request.scope.role, "decisions.publish"), because=BecauseForm(),
        others=others if len(others) > 1 else [], may_see_schools=may(request.scope.role, "programmes.read"),
    )  # fmt: skip


def _shown(value: float | None) -> str:
    return "" if value is None else pages.decimal(value, 1)


def outcomes_with_results(programme) -> list[queries.Outcome]:
    found = queries.decisions_of(programme, IMPACT).filter(state="published")
    return list(dict.fromkeys(pages.outcome_of(decision) for decision in found))


def decision_or_404(request: HttpRequest, programme, kind: str, number: str):
    """A decision of this programme; drafts and withdrawn ones only for those who manage it."""
    found = queries.decisions_of(programme, kind).filter(number=number).first()
    if found is None or (found.state in ("draft", "withdrawn") and not may_manage(request, programme)):
        raise Http404
    return found


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """What is to be found out, and whom are the schools compared with? Sealed before the results are known."""
    programme = managed_or_404(request, slug)
    found = queries.outcomes_of(programme)
    if not found:
        return render(request, "programmes/impact/plan.html", page(request, programme, "impact", form=None), status=200)
    choices = [(outcome.value, pages.outcome_words(outcome)) for outcome in found]
    form = PlanForm(
        request.POST or None, outcomes=choices, initial={"outcome": found[0].value, "begins": begins_on(programme)}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        refusal = _checked(form, programme, data)
        if not refusal:
            jobs.start_once(
                work_impact.compare, title=_("Choice of comparison schools"), slug=slug, outcome=data["outcome"],
                begins=data["begins"].isoformat(), question=data["question"],
            )  # fmt: skip
            return redirect("programmes:impact", slug)
    context = page(request, programme, "impact", form=form)
    return render(request, "programmes/impact/plan.html", context, status=422 if form.errors else 200)


def _checked(form: PlanForm, programme, data: dict[str, Any]) -> bool:
    """Faults stand at their fields before the long work begins."""
    if data["begins"] > timezone.localdate():
        form.add_error("begins", _("The day lies in the future; results of before it are not all known yet."))
    return bool(form.errors)


def managed_or_404(request: HttpRequest, slug: str):
    programme = programme_or_404(slug)
    if not may_manage(request, programme):
        raise Http404
    return programme


@gate(permission="programmes.manage")
@require_POST
def estimate(request: HttpRequest, slug: str) -> HttpResponse:
    """Start the estimation."""
    programme = managed_or_404(request, slug)
    outcome = queries.Outcome.read(request.POST.get("outcome", "")) or queries.outcome_in_force(programme)
    if outcome is None:
        messages.error(request, _("Choose the comparison schools first."))
        return redirect("programmes:impact", slug)
    jobs.start_once(work_impact.estimate, title=_("Estimation of the impact"), slug=slug, outcome=outcome.value)
    return redirect("programmes:impact", slug)


@gate(permission="decisions.publish")
@require_POST
def publish(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Publish a choice or a result, after its draft was looked at."""
    programme = managed_or_404(request, slug)
    back = _page_of(programme, number)
    if request.POST.get("confirm") != "yes":
        messages.error(request, _("Tick the box to say that you have read it."))
        return redirect(back)
    act(
        request,
        services.publish_impact,
        slug=slug,
        number=number,
        done=_("It is published. Everybody can read it now."),
    )
    return redirect(back)


@gate(permission="decisions.publish")
@require_POST
def withdraw(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Take a choice or a result back, with the reason."""
    programme = managed_or_404(request, slug)
    back = _page_of(programme, number)
    form = BecauseForm(request.POST)
    because = form.cleaned_data["because"] if form.is_valid() else ""
    done = act(
        request,
        services.withdraw_impact,
        slug=slug,
        number=number,
        because=because,
        done=_("It is withdrawn and stays readable."),
    )
    return redirect(reverse("programmes:impact", args=[slug]) if done else back)


def _page_of(programme, number: str) -> str:
    kind = IMPACT if queries.decisions_of(programme, IMPACT).filter(number=number).exists() else COMPARISON
    name = "impact_result" if kind == IMPACT else "impact_comparison"
    return reverse(f"programmes:{name}", args=[programme.slug, number])
