"""What the register's pages share: the day asked for, names, links, trails."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import BadRequest
from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.registry.queries import institutions, territories

PAGE_ROWS = 50


def day_of(request: HttpRequest) -> dt.date:
    """The day of ``?on=YYYY-MM-DD``, else today."""
    text = request.GET.get("on", "").strip()
    if not text:
        return timezone.localdate()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(_("A day is written as year-month-day, for example 2026-09-01.")) from error


def paged(request: HttpRequest, found, rows: int = PAGE_ROWS, *, count: int | None = None) -> Page:
    """A page of the rows; who has counted them already says so, and they are not counted again."""
    paginator = Paginator(found, rows)
    if count is not None:
        paginator.count = count
    return paginator.get_page(request.GET.get("page"))


def own_state(request: HttpRequest):
    """Today's state of the one institution that the asker's scope is, asked once a request; else None."""
    scope = request.scope
    if scope.is_own or scope.lo is None or scope.lo != scope.hi:
        return None
    if not hasattr(request, "own_state"):
        request.own_state = institutions.state_by_org_no(scope.lo, on=timezone.localdate())
    return request.own_state


def with_day(url: str, on: dt.date) -> str:
    return url if on == timezone.localdate() else f"{url}?on={on.isoformat()}"


def territory_url(territory, on: dt.date) -> str:
    return with_day(reverse("registry:territory", args=[territory.code]), on)


def institution_url(code: str, on: dt.date, page: str = "institution") -> str:
    return with_day(reverse(f"registry:{page}", args=[code]), on)


def trail(path, on: dt.date) -> list[tuple[str, str]]:
    """Breadcrumb of the territories from the country down."""
    return [(territories.local_name(t), territory_url(t, on)) for t in path]


def period_words(period) -> str:
    """A half-open period as people say it: the last day is the one before the end."""
    if period is None:
        return ""
    start = date_format(period.lower, "DATE_FORMAT") if period.lower else ""
    if period.upper is None:
        return _("since %(start)s") % {"start": start}
    end = date_format(period.upper - dt.timedelta(days=1), "DATE_FORMAT")
    if not start:
        return _("until %(end)s") % {"end": end}
    return _("%(start)s to %(end)s") % {"start": start, "end": end}
