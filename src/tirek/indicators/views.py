"""Pages of figures. What is published is public; what is not published is nowhere."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.indicators import present, queries, services
from tirek.indicators.work import publish_figure, verify_figure
from tirek.registry.downloads import TYPES, respond
from tirek.storage import jobs
from tirek_engines.errors import Refusal


@gate()
@require_GET
def figures(request):
    """What can be said in public, by topic."""
    return _list(request, everything=True)


@gate(public=True)
@require_GET
def public(request):
    """The published figures, for everybody."""
    return _list(request, everything=False)


def _list(request, *, everything: bool):
    rows = present.listed(queries.latest_releases(_span(request)))
    topics = sorted({row["topic"] for row in rows})
    topic, words = request.GET.get("topic", ""), request.GET.get("q", "").strip().lower()
    rows = [r for r in rows if (everything or r["release"]) and topic in ("", r["topic"])]
    rows = [r for r in rows if words in str(r["indicator"].title).lower()]
    context = {"rows": rows, "topics": topics, "topic": topic, "q": words, "everything": everything}
    return render(request, "indicators/figures.html", context)


@gate(public=True)
@require_GET
def claims(request):
    """What was said in public, and where it contradicts itself."""
    return render(request, "indicators/claims.html", {"topics": queries.topics()})


@gate(public=True)
@require_GET
def figure(request, code: str):
    """The latest publication of a figure, or that of a given day."""
    indicator = present.known(code)
    if indicator is None:
        raise Http404
    try:
        territory = request.GET.get("territory", "")
        try:
            found = queries.latest(code, _day(request), territory=territory, span=_span(request))
        except queries.NotPublished:
            found = queries.latest(code, _day(request), span=_span(request))
    except Refusal:
        may_publish = bool(request.scope.role) and may(request.scope.role, "figures.publish")
        context = {"indicator": indicator, "may_publish": may_publish, "today": timezone.localdate()}
        return render(request, "indicators/unpublished.html", context)
    return _page(request, found)


@gate(public=True)
@require_GET
def release(request, number: str):
    """One publication, also when it was superseded."""
    return _page(request, _release(number))


def _page(request, found):
    if request.GET.get("download"):
        return _download(request, found)
    indicator = present.known(found.indicator)
    cells = list(queries.cells(found))
    names = queries.names_of(cell.territory for cell in cells)
    plain = [cell for cell in cells if not (cell.settlement or cell.kind)]
    chosen = request.GET.get("territory", "")
    whole = next((cell for cell in plain if cell.territory == chosen), plain[0] if plain else None)
    context = {
        "release": found,
        "indicator": indicator,
        "whole": present.row(whole, indicator, names) if whole else None,
        "low": present.shown(whole.low) if whole and whole.low else "",
        "high": present.shown(whole.high) if whole and whole.high else "",
        "by_territory": [present.row(c, indicator, names) for c in plain],
        "breakdowns": _breakdowns(cells, whole, indicator, names),
        "has_intervals": any(cell.low and cell.high for cell in cells),
        "chart": _chart(plain, whole, indicator, found, names),
        "history": queries.history(found)[:12],
        "others": present.named(queries.others(found)),
        "check": queries.last_check(found),
        "claims": queries.topics(found.indicator),
        "may_publish": bool(request.scope.role) and may(request.scope.role, "figures.publish"),
        "may_verify": bool(request.scope.role) and may(request.scope.role, "decisions.read"),
        "today": timezone.localdate(),
    }
    return render(request, "indicators/figure.html", context)


def _breakdowns(cells, whole, indicator, names) -> list[present.Row]:
    if whole is None:
        return []
    inside = [
        c for c in cells if c.territory == whole.territory and c.level == whole.level and (c.settlement or c.kind)
    ]
    return [present.row(c, indicator, names) for c in inside]


def _chart(plain, whole, indicator, found, names) -> dict | None:
    if whole is None or indicator is None:
        return None
    below = {"country": "region", "region": "district"}.get(whole.level)
    inside = [c for c in plain if c.level == below and whole.org_lo <= c.org_lo and c.org_hi <= whole.org_hi]
    return present.chart(inside, indicator, found, names, whole) if len(inside) > 1 else None


def _download(request, found):
    form = request.GET["download"]
    if form not in TYPES:
        raise Http404
    cells = queries.cells(found)
    names = queries.names_of(cell.territory for cell in cells)
    columns = [
        ("indicator", _("Figure")), ("version", _("Version")), ("as_of", _("As of")), ("level", _("Level")),
        ("territory", _("Code")), ("name", _("Territory")), ("settlement", _("Settlement")), ("kind", _("Kind")),
        ("numerator", _("Numerator")), ("denominator", _("Denominator")), ("value", _("Value")), ("se", _("Standard error")),
        ("low", _("From")), ("high", _("To")),
        ("suppressed", _("Too few to say")), ("publication", _("Publication")), ("snapshot", _("Snapshot")),
    ]  # fmt: skip
    source = found.snapshot.sha256 if found.snapshot else found.decision_number
    rows = [
        [found.indicator, found.version, str(found.as_of), c.level, c.territory, names.get(c.territory, ""), c.settlement,
         c.kind, c.numerator, c.denominator, c.value, c.se, c.low, c.high, "yes" if c.suppressed else "no", found.number, source]
        for c in cells
    ]  # fmt: skip
    return respond(f"{found.indicator}-{found.as_of}", form, columns, rows)


@gate(permission="decisions.read")
@require_POST
def verify(request, number: str):
    """Start the recomputation from the sealed snapshot."""
    found = _release(number)
    following = reverse("indicators:release", args=[found.number])
    title = _("Verifying %(number)s") % {"number": found.number}
    job = jobs.start_once(verify_figure, title=title, number=found.number, following=following)
    return redirect("jobs:job", pk=job.pk)


@gate(permission="figures.publish")
@require_POST
def publish(request, code: str):
    """Seal the register of a day, compute, publish."""
    indicator = present.known(code)
    if indicator is None:
        raise Http404
    as_of = _given_day(request.POST.get("as_of")) or timezone.localdate()
    title = _("Publishing “%(title)s”") % {"title": indicator.title}
    following = reverse("indicators:figure", args=[code])
    job = jobs.start(publish_figure, title=title, code=code, as_of=as_of.isoformat(), following=following)
    return redirect("jobs:job", pk=job.pk)


@gate(permission="figures.publish")
@require_POST
def withdraw(request, number: str):
    """Take a publication back, with a reason."""
    found = _release(number)
    try:
        services.withdraw(found.number, by=request.user, now=timezone.now(), because=request.POST.get("because", ""))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(number)s is withdrawn. It stays readable.") % {"number": found.number})
    return redirect("indicators:release", number=found.number)


def _release(number: str):
    try:
        return queries.release(number)
    except Refusal as refusal:
        raise Http404(refusal.message) from refusal


def _span(request) -> tuple[int, int] | None:
    """The reader's own territory, whose figures come first."""
    scope = request.scope
    return None if scope.is_country or scope.lo is None or scope.hi is None else (scope.lo, scope.hi)


def _day(request) -> date | None:
    return _given_day(request.GET.get("as_of"))


def _given_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
