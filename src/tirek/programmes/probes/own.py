"""Probes into the programme's own records: the choice, the needs."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tirek.programmes.models import Need, NeedsRun, NeedState, Participation, Selection, SelectionState
from tirek.programmes.probes.register import Asked, Fact, Probe, register


def chosen(asked: Asked) -> Mapping[int, Fact]:
    """Chosen by a published decision."""
    applied = Selection.objects.filter(programme=asked.programme_id, state=SelectionState.APPLIED)
    found = Participation.objects.filter(programme=asked.programme_id, org_no__in=asked.org_nos, valid__upper_inf=True)
    rows = found.exclude(decision_number="").annotate(
        is_chosen=Exists(applied.filter(decision_number=OuterRef("decision_number")))
    )
    return {org_no: Fact(is_chosen) for org_no, is_chosen in rows.values_list("org_no", "is_chosen")}


def needs_decided(asked: Asked) -> Mapping[int, Fact]:
    """The rules have been run over the school, and none of its needs still waits to be decided."""
    if not NeedsRun.objects.filter(programme=asked.programme_id, state="applied").exists():
        return {org_no: Fact(False, 0, 0) for org_no in asked.org_nos}
    found = Need.objects.filter(org_no__in=asked.org_nos).exclude(state__in=[NeedState.MERGED, NeedState.LAPSED])
    rows = (
        found.order_by()
        .values_list("org_no")
        .annotate(n=Count("id"), decided=Count("id", filter=~Q(state=NeedState.PROPOSED)))
    )
    counts = {org_no: (decided, n) for org_no, n, decided in rows}
    return {
        org_no: Fact(decided == n, decided, n)
        for org_no in asked.org_nos
        for decided, n in [counts.get(org_no, (0, 0))]
    }


def register_own() -> None:
    register(Probe("chosen", _("Chosen by a published decision"), _("chosen by a published decision"), chosen))
    register(
        Probe(
            "needs_decided",
            _("Needs decided"),
            _("%(have)s of %(wanted)s needs decided"),
            needs_decided,
            lambda programme: reverse("programmes:needs", args=[programme.slug]),
        )
    )
