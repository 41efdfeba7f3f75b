"""The kinds of decision about results beside programmes: what each school adds, and what the gap of town and village goes with."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import TOLERANCE, Kind, register

VALUE_ADDED, GAP = "programmes.value_added", "programmes.gap"
DEMONSTRATION = _("Demonstration values; no act is known.")

VALUE_ADDED_REASONS = {
    "more": _(
        "More than elsewhere, beyond chance. %(pupils)s pupils reached %(reached)s points; pupils with the same earlier results"
        " reach %(expected)s elsewhere. Of the difference of %(difference)s points %(share)s %% are believed with so many pupils:"
        " %(effect)s points, from %(low)s to %(high)s."
    ),
    "less": _(
        "Less than elsewhere, beyond chance. %(pupils)s pupils reached %(reached)s points; pupils with the same earlier results"
        " reach %(expected)s elsewhere. Of the difference of %(difference)s points %(share)s %% are believed with so many pupils:"
        " %(effect)s points, from %(low)s to %(high)s."
    ),
    "as_elsewhere": _(
        "Not to be told from other schools. %(pupils)s pupils reached %(reached)s points; pupils with the same earlier results"
        " reach %(expected)s elsewhere. Of the difference of %(difference)s points %(share)s %% are believed with so many pupils:"
        " %(effect)s points, from %(low)s to %(high)s."
    ),
    "too_few": _(
        "Nothing is said: fewer than %(wanted)s pupils of the school have both results, and so few say little about a school."
    ),
    "too_few_followed": _(
        "Nothing is said: of the pupils tested at the end the earlier result in this school is known of %(followed)s %%, and"
        " %(wanted)s %% are wanted. The others may be different."
    ),
}
VALUE_ADDED_NUMBERS = {
    "pupils": _("pupils with both results"),
    "tested": _("pupils tested at the end"),
    "wanted": _("set by the rules"),
    "followed": _("pupils followed, %"),
    "reached": _("mean reached, points"),
    "expected": _("mean expected, points"),
    "difference": _("difference, points"),
    "share": _("share of the difference that is believed, %"),
    "effect": _("value added, points"),
    "low": _("from, points"),
    "high": _("to, points"),
}
GAP_REASONS = {
    "gap": _(
        "The results of %(pupils)s pupils of %(schools)s schools differ by %(gap)s points between town and village, from %(low)s to"
        " %(high)s. %(explained)s points (%(part)s %%) go with what is known to differ, %(unexplained)s do not."
    ),
    "gap_open": _(
        "The results of %(pupils)s pupils of %(schools)s schools differ by %(gap)s points between town and village, from %(low)s to"
        " %(high)s. Whether any of it goes with what is known to differ cannot be told from chance (%(explained)s points);"
        " %(unexplained)s points do not."
    ),
    "no_gap": _(
        "Between town and village the results of %(pupils)s pupils of %(schools)s schools differ by %(gap)s points, from %(low)s to"
        " %(high)s: this cannot be told from chance. %(explained)s points go with what is known to differ, %(unexplained)s do not."
    ),
    "goes_with": _(
        "%(explained)s points of the gap go with it, from %(low)s to %(high)s. Mean in towns %(town)s, in villages %(village)s."
    ),
    "not_sure": _(
        "%(explained)s points of the gap go with it, from %(low)s to %(high)s: this cannot be told from chance. Mean in towns"
        " %(town)s, in villages %(village)s."
    ),
    "not_looked_at": _(
        "Not looked at: it is not known, does not vary in towns or in villages, or follows from the others."
    ),
}
GAP_NUMBERS = {
    "pupils": _("pupils"),
    "schools": _("schools"),
    "gap": _("gap, points"),
    "low": _("from, points"),
    "high": _("to, points"),
    "explained": _("points that go with it"),
    "unexplained": _("points that do not"),
    "part": _("share of the gap, %"),
    "town": _("mean in towns"),
    "village": _("mean in villages"),
}


def register_evaluation() -> None:
    register(
        Kind(
            code=VALUE_ADDED,
            title=_("Value added of schools"),
            rule=VALUE_ADDED,
            clause=DEMONSTRATION,
            engine="tirek_engines.programmes.value_added:judge_school",
            run="tirek.programmes.decided.value_added:run_value_added",
            fresh="tirek.programmes.queries.pupils:fresh_followed",
            cases="tests/cases/programmes/impact",
            reasons=VALUE_ADDED_REASONS,
            numbers=VALUE_ADDED_NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-6,
            subject_kind="school",
            is_open=True,
        )
    )
    register(
        Kind(
            code=GAP,
            title=_("Gap between town and village"),
            rule=GAP,
            clause=DEMONSTRATION,
            engine="tirek_engines.evaluation.gaps:decompose",
            run="tirek.programmes.decided.gap:run_gap",
            fresh="tirek.programmes.queries.pupils:fresh_pupils",
            cases="tests/cases/programmes/impact",
            reasons=GAP_REASONS,
            numbers=GAP_NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-6,
            subject_kind="part",
            is_open=True,
        )
    )
