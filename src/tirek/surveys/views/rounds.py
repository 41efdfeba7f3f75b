"""Rounds: which there are, planning one, how it goes, and what is done about it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.registry import downloads
from tirek.registry.queries import institutions, labels, territories
from tirek.storage import jobs
from tirek.surveys import work
from tirek.surveys.page_forms import MoveForm, RoundForm
from tirek.surveys.queries import forms as form_queries
from tirek.surveys.queries import rounds as queries
from tirek.surveys.services import rounds as services
from tirek_engines.errors import Refusal

SCHOOL_KINDS = ("school", "small_school")
REMIND_BELOW = 50
SHOWN = 60


def seen_or_404(request: HttpRequest, code: str):
    """A round that the asker may see."""
    found = queries.round_seen(request.scope, code)
    if found is None:
        raise Http404
    return found


def may_manage(request: HttpRequest, found) -> bool:
    scope = request.scope
    return may(scope.role, "surveys.manage") and scope.covers(found.org_lo) and scope.covers(found.org_hi)


@gate(permission="surveys.read")
@require_GET
def round_list(request: HttpRequest) -> HttpResponse:
    """What is being asked, what was asked."""
    language = (get_language() or "kk")[:2]
    rows = []
    listed = list(queries.rounds_seen(request.scope)[:SHOWN])
    rates = queries.rates_of_each(queries.schools_of_each(listed, request.scope))
    for found in listed:
        title = form_queries.local_title(found.form, language)
        rows.append({"round": found, "title": title, "rate": queries.together(rates[found.pk])})
    context = {
        "rows": rows,
        "open": [row for row in rows if row["round"].state == "open"],
        "may_manage": may(request.scope.role, "surveys.manage"),
        "today": timezone.localdate(),
    }
    return render(request, "surveys/rounds/list.html", context)


def _places(request: HttpRequest) -> list[tuple[str, str]]:
    home = territories.of_scope(request.scope)
    whole = [("", _("The whole territory"))]
    if home is None:
        return whole
    return whole + [(t.code, territories.local_name(t)) for t in territories.districts(home, on=timezone.localdate())]


@gate(permission="surveys.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Plan a round."""
    language = (get_language() or "kk")[:2]
    versions = list(form_queries.usable_versions())
    given = {
        "version": request.GET.get("version", ""),
        "opens_on": timezone.localdate(),
        "only_support": True,
        "has_poster": True,
    }
    form = RoundForm(request.POST or None, versions=versions, places=_places(request), language=language, initial=given)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            org_nos = _schools(request, sent)
            made = services.plan_round(
                plan=services.Plan(
                    sent["version"], sent["audience"], org_nos, sent["opens_on"], sent["closes_on"], sent["grades"],
                    sent["sampling"], sent["sample_size"], sent["has_poster"],
                ),
                by=request.user, now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            field = refusal.code if refusal.code in form.fields else {"schools": "place"}.get(refusal.code)
            form.add_error(field, refusal.message)
        else:
            messages.success(request, _("The round is planned. Nobody has been asked yet: look at it, then open it."))
            return redirect("surveys:round", made.code)
    context = {"form": form, "has_versions": bool(versions)}
    return render(request, "surveys/rounds/new.html", context, status=422 if form.errors else 200)


def _schools(request: HttpRequest, sent: dict) -> list[int]:
    on = timezone.localdate()
    if sent["codes"].strip():
        wanted = list(dict.fromkeys(sent["codes"].replace(",", "\n").split()))
        states = institutions.listed(request.scope, on=on, kind=SCHOOL_KINDS).filter(institution__code__in=wanted)
        found = dict(states.values_list("institution__code", "org_no"))
        missing = [code for code in wanted if code not in found]
        if missing:
            raise Refusal(
                _("No school of your territory has the code %(code)s.") % {"code": ", ".join(missing[:5])}, code="codes"
            )
        return list(found.values())
    place = territories.by_code(sent["place"]) if sent["place"] else None
    states = institutions.listed(
        request.scope,
        on=on,
        territory=place,
        kind=SCHOOL_KINDS,
        is_support_school=True if sent["only_support"] else None,
    )
    return list(states.values_list("org_no", flat=True))


@gate(permission="surveys.read")
@require_GET
def round_page(request: HttpRequest, code: str) -> HttpResponse:
    """How a round goes: response by school, those who lag first, and the way to act."""
    found = seen_or_404(request, code)
    schools = queries.schools_of(found, request.scope)
    rates = queries.rates(found, schools)
    if request.scope.is_own or (len(schools) == 1 and request.scope.lo == request.scope.hi):
        return redirect("surveys:school", code, schools[0].org_no)
    names = labels.names_by_org_no([rate.org_no for rate in rates], on=timezone.localdate())
    if form := request.GET.get("download"):
        return _download(found, rates, names, form)
    rates.sort(key=lambda rate: (rate.percent if rate.percent is not None else 101, rate.org_no))
    context = {
        "round": found,
        "title": form_queries.local_title(found.form, (get_language() or "kk")[:2]),
        "together": queries.together(rates),
        "rows": [(rate, names.get(rate.org_no, "")) for rate in rates],
        "silent": sum(1 for rate in rates if rate.invited and not rate.finished),
        "steps": [
            {"when": timezone.localtime(step.at).strftime("%d.%m.%Y"), "what": step.get_kind_display(), "who": " ".join(filter(None, [step.by_name, step.note]))}
            for step in queries.steps_of(found)[:30]
        ],
        "versions": [v for v in form_queries.usable_versions().filter(form=found.form) if v.pk != found.version_id],
        "move_form": MoveForm(initial={"closes_on": found.closes_on}),
        "may_manage": may_manage(request, found),
        "remind_below": REMIND_BELOW,
        "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "surveys/rounds/round.html", context)


def _download(found, rates, names, form: str) -> HttpResponse:
    columns = [
        ("org_no", _("Number")), ("school", _("School")), ("register", _("By the register")), ("invited", _("Invited")),
        ("begun", _("Begun")), ("finished", _("Answered")), ("percent", _("Per cent")),
    ]  # fmt: skip
    rows = [(r.org_no, names.get(r.org_no, ""), r.frame, r.invited, r.begun, r.finished, r.percent) for r in rates]
    return downloads.respond(f"{found.code}-response", form, columns, rows)


@gate(permission="surveys.manage")
@require_POST
def act(request: HttpRequest, code: str, act: str) -> HttpResponse:
    """Open, change the version, move the last day, remind, close, withdraw, publish results."""
    found = seen_or_404(request, code)
    acts = {
        "open": _open, "version": _version, "move": _move, "remind": _remind, "close": _close, "withdraw": _withdraw,
        "results": _results,
    }  # fmt: skip
    if act not in acts:
        raise Http404
    try:
        following = acts[act](request, found)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        following = None
    return following or redirect("surveys:round", code)


def _open(request, found) -> None:
    services.open_round(round_id=found.pk, by=request.user, now=timezone.now())
    messages.success(request, _("The round is open. The schools have been asked to hand the questionnaire out."))


def _version(request, found) -> None:
    sent = request.POST.get("version", "")
    version_id = int(sent) if sent.isdecimal() and len(sent) < 18 else 0
    services.change_version(round_id=found.pk, version_id=version_id, by=request.user, now=timezone.now())
    messages.success(request, _("From now on the new version is asked. Answers given keep theirs."))


def _move(request, found) -> None:
    form = MoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The date is missing or not a date. Choose a day and try again."))
        return
    services.move_last_day(round_id=found.pk, by=request.user, now=timezone.now(), **form.cleaned_data)
    messages.success(request, _("The last day is moved."))


def _remind(request, found) -> None:
    count = services.remind_schools(round_id=found.pk, below_percent=REMIND_BELOW, by=request.user, now=timezone.now())
    if count:
        messages.success(request, _("Reminders sent: %(count)s.") % {"count": count})
    else:
        messages.info(
            request, _("No reminder was sent: each was reminded within the last day, or has answered enough.")
        )


def _close(request, found) -> HttpResponse:
    services.close_round(round_id=found.pk, by=request.user, now=timezone.now())
    return _results(request, found)


def _results(request, found) -> HttpResponse:
    job = jobs.start_once(
        work.compute_results, title=_("Results of %(code)s") % {"code": found.code}, round_id=found.pk,
        following=reverse("surveys:results", args=[found.code]),
    )  # fmt: skip
    return redirect("jobs:job", pk=job.pk)


def _withdraw(request, found) -> HttpResponse:
    services.withdraw_round(round_id=found.pk, by=request.user, now=timezone.now())
    messages.success(request, _("The round is withdrawn. Nobody can answer it any more."))
    return redirect("surveys:rounds")
