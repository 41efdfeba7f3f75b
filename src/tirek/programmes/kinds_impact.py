"""The kinds of decision behind "Did it work": who is compared with whom, and what came out."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import TOLERANCE, Kind, register

COMPARISON, IMPACT = "programmes.comparison", "programmes.impact"
DEMONSTRATION = _("Demonstration values; no act is known.")

COMPARISON_REASONS = {
    "matched": _(
        "Takes part and has %(partners)s comparison schools of the same kind of settlement and language; the nearest lies at a"
        " distance of %(nearest)s. The largest difference of earlier means is %(gap)s standard deviations."
    ),
    "nobody_alike": _(
        "Takes part, but no other school with earlier results has the same kind of settlement and language of instruction. It"
        " will not count in the comparison."
    ),
    "nobody_near": _(
        "Takes part, but of %(alike)s schools of the same kind none is near enough: the nearest differs in earlier results by"
        " %(gap)s standard deviations. It will not count in the comparison."
    ),
    "treated_unknown": _(
        "Takes part, but its results of an earlier wave are missing or not shown. It will not count in the comparison."
    ),
    "comparison": _(
        "Comparison school for %(serves)s schools that take part, with a weight of %(weight)s; the nearest lies at a distance of"
        " %(nearest)s."
    ),
    "not_nearest": _("Not a comparison school: near enough, but others were nearer."),
    "too_far": _(
        "Not a comparison school: its earlier results differ by %(gap)s standard deviations from those of the nearest school"
        " that takes part."
    ),
    "not_looked_for": _(
        "Not a comparison school: no school that takes part has its kind of settlement and language of instruction."
    ),
    "unknown": _("Not a comparison school: its results of an earlier wave are missing or not shown."),
    "elsewhere": _("Not a comparison school: it takes part in another programme."),
}
COMPARISON_NUMBERS = {
    "partners": _("comparison schools"),
    "nearest": _("distance of the nearest school"),
    "gap": _("difference of earlier means, standard deviations"),
    "alike": _("schools of the same kind"),
    "serves": _("schools that it is compared with"),
    "weight": _("weight"),
}
IMPACT_REASONS = {
    "counted": _(
        "Took part: from %(before)s to %(after)s points, a change of %(change)s. Its comparison schools changed by"
        " %(comparison)s. The difference is %(difference)s points; for a single school most of it may be chance."
    ),
    "counted_left": _(
        "Left the programme and is counted as having taken part all the same, so that nobody is lost by success or failure: from"
        " %(before)s to %(after)s points, a change of %(change)s. Its comparison schools changed by %(comparison)s; the"
        " difference is %(difference)s points."
    ),
    "counted_alone": _(
        "Took part: from %(before)s to %(after)s points, a change of %(change)s. There is no comparison school, so that nothing"
        " more can be said."
    ),
    "served": _(
        "Comparison school: from %(before)s to %(after)s points, a change of %(change)s; its weight is %(weight)s."
    ),
    "served_nobody": _("Was chosen as a comparison school, but the school that it was chosen for does not count."),
    "wave_missing": _("Not counted: its results of a wave are missing or not shown, so that no change can be told."),
    "partners_gone": _("Not counted: none of its comparison schools has results of every wave."),
    "merged": _(
        "Not counted: the school was merged or divided meanwhile, so that before and after are not the same school."
    ),
    "no_partner": _("Took part, but has no comparison school and does not count in the comparison."),
    "not_chosen": _("Neither took part nor was chosen as a comparison school."),
}
IMPACT_NUMBERS = {
    "before": _("mean before, points"),
    "after": _("mean after, points"),
    "change": _("change, points"),
    "comparison": _("change of its comparison schools, points"),
    "difference": _("difference of the changes, points"),
    "weight": _("weight"),
}


def register_impact() -> None:
    register(
        Kind(
            code=COMPARISON,
            title=_("Choice of comparison schools"),
            rule=COMPARISON,
            clause=DEMONSTRATION,
            engine="tirek_engines.programmes.impact_design:choose_comparison",
            run="tirek.programmes.decided.comparison:run_comparison",
            fresh="tirek.programmes.queries.impact_design:fresh_design",
            cases="tests/cases/programmes/impact",
            reasons=COMPARISON_REASONS,
            numbers=COMPARISON_NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-6,
            subject_kind="school",
            is_open=True,
        )
    )
    register(
        Kind(
            code=IMPACT,
            title=_("Impact of a programme"),
            rule=IMPACT,
            clause=DEMONSTRATION,
            engine="tirek_engines.programmes.impact:judge",
            run="tirek.programmes.decided.impact:run_impact",
            fresh="tirek.programmes.queries.impact_panel:fresh_panel",
            cases="tests/cases/programmes/impact",
            reasons=IMPACT_REASONS,
            numbers=IMPACT_NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-6,
            subject_kind="school",
            is_open=True,
        )
    )
