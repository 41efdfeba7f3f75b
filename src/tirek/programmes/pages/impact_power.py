"""What a design could find: the smallest effect it would notice four times of five."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tirek.assessment.reports.sections import decimal, whole
from tirek.programmes.queries.programmes import participations
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.power import mdes

USUAL = {"pupils": 50, "rho": 0.15, "explained": 0.6}
POINTS_A_SPREAD = 100
DESIGNS = (0.5, 1.0, 2.0, 4.0)


def usual(programme) -> dict[str, Any]:
    """The programme's own numbers, and what is common for the rest."""
    treated = participations(programme).values("org_no").distinct().count() or programme.places or 50
    return {"treated": max(treated, 2), "others": max(4 * treated, 8)} | USUAL


def of_design(given: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest effect in standard deviations and points, and how it moves with more or fewer schools."""
    treated, others = int(given["treated"]), int(given["others"])
    try:
        found = _mdes(treated, others, given)
        more = [(max(round(treated * f), 2), max(round(others * f), 2)) for f in DESIGNS]
        rows = [(a, b, _mdes(a, b, given)) for a, b in more]
    except Refusal as refusal:
        return {"refused": refusal.message}
    points = found * POINTS_A_SPREAD
    sentence = _(
        "With %(treated)s schools that take part and %(others)s to compare with, an effect of %(points)s points or more would be"
        " noticed in four cases of five. A smaller one would most often go unseen."
    ) % {"treated": whole(treated), "others": whole(others), "points": decimal(points, 1)}
    chart = {
        "kind": "dots", "title": _("What do more schools bring?"), "words": _("The smaller the effect that is noticed, the better."),
        "label_head": _("Schools"), "value_head": _("Smallest effect, points"), "decimals": 1,
        "rows": [{"label": _("%(treated)s and %(others)s schools") % {"treated": a, "others": b}, "value": e * POINTS_A_SPREAD}
                 for a, b, e in rows],
    }  # fmt: skip
    return {"sentence": sentence, "points": decimal(points, 1), "sd": decimal(found, 3), "chart": chart}


def _mdes(treated: int, others: int, given: Mapping[str, Any]) -> float:
    return mdes(
        treated + others, float(given["pupils"]), treated_share=treated / (treated + others), rho=float(given["rho"]),
        explained_between=float(given["explained"]), school_covariates=1,
    )  # fmt: skip
