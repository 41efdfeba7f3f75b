"""Needs: the list, one need with its evidence, deciding, merging, ranking."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.programmes.forms.needs import NeedFilter, WhyForm, WriteNeedForm
from tirek.programmes.pages import needs as pages
from tirek.programmes.queries import needs as queries
from tirek.programmes.queries import programmes as programme_queries
from tirek.programmes.services import needs as services
from tirek.programmes.views.shared import act, districts, numbers, page, programme_or_404, trail
from tirek.registry.downloads import respond
from tirek.registry.queries import institutions, territories
from tirek.registry.queries.territories import local_name

ROWS = 50


@gate(permission="programmes.read")
@require_GET
def needs(request: HttpRequest, slug: str) -> HttpResponse:
    """What do the schools need, and what comes of it? What waits to be decided first."""
    programme = programme_or_404(slug)
    if request.scope.is_own:
        return redirect("programmes:programme", slug)
    schools = _schools(request, programme)
    form = NeedFilter(request.GET or None, districts=districts(request, programme), schools=schools)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    district = territories.by_code(asked["district"]) if asked.get("district") else None
    org_no = next((s.org_no for s in _institutions(asked.get("school"))), None)
    found = queries.needs(
        request.scope, programme=programme, state=asked.get("state", ""), kind=asked.get("kind", ""), org_no=org_no,
        span=(district.org_lo, district.org_hi) if district else None,
    )  # fmt: skip
    if "download" in request.GET:
        return _download(request, programme, pages.shown(found))
    listed = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = page(
        request, programme, "needs", form=form, page=listed, rows=pages.shown(listed), filtered=any(asked.values()),
        counts=queries.counts(request.scope, programme), may_decide=may(request.scope.role, "needs.decide"),
        runs=queries.runs(programme), school=asked.get("school", ""),
    )  # fmt: skip
    return render(request, "programmes/needs.html", context)


def _institutions(code: str | None):
    found = institutions.by_code(code) if code else None
    return [found] if found else []


def _schools(request: HttpRequest, programme) -> list[tuple[str, str]]:
    today = timezone.localdate()
    found = [p.org_no for p in programme_queries.participations(programme, on=today) if request.scope.covers(p.org_no)]
    states = programme_queries.states_of(found, on=today)
    return sorted(((s.institution.code, local_name(s)) for s in states.values()), key=lambda pair: pair[1])


def _download(request: HttpRequest, programme, rows) -> HttpResponse:
    columns = [
        ("code", _("Need")), ("school", _("School")), ("district", _("District or city")), ("kind", _("Kind")),
        ("title", _("What is needed")), ("why", _("Why")), ("state", _("State")), ("rank", _("Rank")), ("answers", _("Answered by")),
    ]  # fmt: skip
    flat = [
        (
            r.need.code, r.school, r.district, r.need.get_kind_display(), r.title, r.why, r.need.get_state_display(), r.need.rank,
            "; ".join(f"{a.words} ({a.state})" for a in r.answers),
        )
        for r in rows
    ]  # fmt: skip
    return respond(f"{programme.slug}-needs", request.GET["download"], columns, flat)


def need_or_404(request: HttpRequest, number: int):
    found = queries.need(request.scope, number) if number < 2**31 else None
    if found is None or request.scope.is_own:
        raise Http404
    return found


@gate(permission="programmes.read")
@require_GET
def need(request: HttpRequest, number: int) -> HttpResponse:
    """One need: its evidence, what people made of it, what answers it, what came of it."""
    return _show(request, need_or_404(request, number))


def _show(request: HttpRequest, found, form=None, at: str = "", status: int = 200) -> HttpResponse:
    row = pages.shown([found])[0]
    here = trail(found.programme)
    if found.programme:
        here.append((_("Needs"), reverse("programmes:needs", args=[found.programme.slug])))
    context = {
        "need": found, "row": row, "trail": here, "evidence": pages.evidence_of(found, queries.merged_into(found)),
        "steps": queries.steps(found), "merged": queries.merged_into(found), "form": form or WhyForm(), "at": at,
        "may_decide": may(request.scope.role, "needs.decide"), "mergeable": pages.shown(queries.mergeable(found), with_answers=False),
        "is_open": found.state in queries.OPEN_STATES, "may_work": may(request.scope.role, "works.manage"),
        "may_send": may(request.scope.role, "growth.manage"),
    }  # fmt: skip
    return render(request, "programmes/need.html", context, status=status)


ACTS = {"reject": services.reject, "reopen": services.reopen, "met": services.call_met}


@gate(permission="needs.decide")
@require_POST
def move(request: HttpRequest, number: int, step: str) -> HttpResponse:
    """Accept, reject, open again, call met."""
    found = need_or_404(request, number)
    if step == "accept":
        act(
            request,
            services.accept,
            need_id=found.pk,
            note=request.POST.get("note", ""),
            done=_("The need is accepted."),
        )
        return redirect("programmes:need", number)
    if step not in ACTS:
        raise Http404
    form = WhyForm(request.POST)
    if form.is_valid() and act(
        request, ACTS[step], form, need_id=found.pk, note=form.cleaned_data["note"], done=_("Done.")
    ):
        return redirect("programmes:need", number)
    return _show(request, found, form, step, status=422)


@gate(permission="needs.decide")
@require_POST
def merge(request: HttpRequest, number: int) -> HttpResponse:
    """The ticked needs become a part of this one."""
    found = need_or_404(request, number)
    others = numbers(request.POST.getlist("other"))
    act(request, services.merge, need_id=found.pk, other_ids=others, done=_("The needs are merged."))
    return redirect("programmes:need", number)


@gate(permission="needs.decide")
@require_POST
def accept_many(request: HttpRequest, slug: str) -> HttpResponse:
    """Accept the ticked needs."""
    programme = programme_or_404(slug)
    done = act(request, services.accept_many, need_ids=numbers(request.POST.getlist("need")))
    if done is not None:
        messages.success(request, _("Accepted: %(count)s.") % {"count": 0 if done is True else done})
    target = request.POST.get("next", "")
    ok = target.startswith(f"/programmes/{programme.slug}/needs/") and "//" not in target and "\\" not in target
    return redirect(target if ok else reverse("programmes:needs", args=[slug]))


@gate(permission="programmes.read")
@require_http_methods(["GET", "POST"])
def ranking(request: HttpRequest, code: str) -> HttpResponse:
    """The accepted needs of one school in order: which comes first?"""
    institution, today = institutions.by_code(code), timezone.localdate()
    if institution is None or request.scope.is_own or not request.scope.covers(institution.org_no):
        raise Http404
    decides = may(request.scope.role, "needs.decide")
    found = queries.accepted_in_order(institution.org_no)
    if request.method == "POST":
        if not decides:
            raise Http404
        order = _wanted_order(request, found)
        moved = act(request, services.rank, org_no=institution.org_no, ordered=order)
        if moved is not None:
            messages.success(request, _("The order is kept."))
        return redirect("programmes:ranking", code)
    states = programme_queries.states_of([institution.org_no], on=today)
    name = local_name(states[institution.org_no]) if institution.org_no in states else code
    context = {
        "rows": pages.shown(found), "name": name, "institution": institution, "trail": trail(), "decides": decides,
        "programmes": [p.programme for p in programme_queries.of_institution(institution.org_no)],
    }  # fmt: skip
    return render(request, "programmes/ranking.html", context)


def _wanted_order(request: HttpRequest, found) -> list[int]:
    """By the numbers typed beside the needs; a button moves one need up or down."""
    known = [n.pk for n in found]
    step, _sign, pk = request.POST.get("move", "").partition(":")
    if step in ("up", "down") and pk.isdecimal() and int(pk) in known:
        place = known.index(int(pk))
        other = max(0, place - 1) if step == "up" else min(len(known) - 1, place + 1)
        known[place], known[other] = known[other], known[place]
        return known

    def typed(item: tuple[int, int]) -> tuple[int, int, int]:
        place, pk = item
        value = request.POST.get(f"rank-{pk}", "")
        wanted = int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else place + 1
        return (wanted, 0 if wanted < place + 1 else 1 if wanted == place + 1 else 2, place)

    return [pk for _place, pk in sorted(enumerate(known), key=typed)]


@gate(permission="needs.decide")
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, slug: str) -> HttpResponse:
    """Write down a need that no rule has proposed."""
    programme = programme_or_404(slug)
    form = WriteNeedForm(request.POST or None, schools=_schools(request, programme), topics=pages.topics(),
                         initial={"school": request.GET.get("school", "")})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        org_no = institutions.by_code(data["school"]).org_no
        made = act(request, services.write_need, form, programme_id=programme.pk, org_no=org_no, kind=data["kind"],
                   title=data["title"], topic=data["topic"])  # fmt: skip
        if made:
            messages.success(request, _("The need %(code)s is written down.") % {"code": made.code})
            return redirect("programmes:need", made.number)
    context = page(
        request, programme, "needs", form=form, here_trail=[(_("Needs"), reverse("programmes:needs", args=[slug]))]
    )
    return render(request, "programmes/need_form.html", context, status=422 if form.errors else 200)
