"""Panels of sponsors' money: the sponsor's home, and a school's page."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tirek.access.permissions import may
from tirek.access.roles import Role
from tirek.programmes.queries import sponsors as queries
from tirek.registry import panels

TAB = "money"


def home(request, subject):
    """The sponsor's one question, answered first."""
    if not request.user.is_authenticated or request.scope.role != Role.SPONSOR:
        return None
    own = queries.sponsor_of_user(request.user.pk)
    if own is None:
        return "programmes/sponsors/_home_none.html", {}
    totals = queries.totals(queries.agreements_of(own), timezone.localdate())
    return "programmes/sponsors/_home.html", {"sponsor": own, "totals": totals}


def _is_for(request, subject) -> bool:
    return bool(may(request.scope.role, "sponsors.read") and request.scope.covers(subject.org_no))


def institution(request, subject):
    """What sponsors' money is for in this school, for those who see its rows."""
    rows = queries.earmark_rows(queries.earmarks_of_school(subject.org_no))
    if not rows:
        return None
    return "programmes/sponsors/_institution.html", {
        "rows": rows, "amount": sum(row.earmark.amount_tiyn for row in rows),
        "accepted": sum(row.accepted for row in rows), "paid": sum(row.paid for row in rows),
    }  # fmt: skip


def register() -> None:
    panels.register_tab(
        panels.Tab(
            "institution", TAB, _("Sponsors’ money"), 15, _is_for,
            _("No sponsor’s money is earmarked for this institution."),
        )
    )  # fmt: skip
    panels.register("home", "sponsor", 5, home)
    panels.register("institution", "sponsored", 66, institution, tab=TAB)
