"""The kinds of decision that this app makes, for the journal and the page "where it is decided"."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, TOLERANCE, Kind, register

CALIBRATION = "assessment.calibration"
RESULTS = "assessment.results"

CALIBRATION_REASONS = {
    "item_calibrated": _(
        "The item is on the scale: difficulty %(difficulty)s logits, standard error %(error)s, from %(answers)s answers."
    ),
    "item_few": _("The item is left out: %(answers)s answers are too few for a difficulty that can be trusted."),
    "item_unseen": _("The item is left out: nobody answered it."),
    "item_constant": _("The item is left out: all %(answers)s answers are the same, so it tells nobody apart."),
    "good": _("The calibration rests on %(answers)s pupils and passed every check that publishing asks for."),
    "failed_converged": _("The calibration may not be published: the iterations did not settle."),
    "failed_connected": _(
        "The calibration may not be published: no item links the booklets, so their difficulties lie on no common scale."
    ),
    "failed_errors_known": _("The calibration may not be published: its errors cannot be computed."),
    "failed_varies": _("The calibration may not be published: the pupils do not differ on this test."),
    "failed_reliable": _(
        "The calibration may not be published: the test measures too loosely to say anything about pupils."
    ),
}
RESULT_REASONS = {
    "published": _("Mean %(mean)s points, 95 %% interval from %(low)s to %(high)s, from %(pupils)s pupils."),
    "gap_published": _("Difference %(mean)s points, 95 %% interval from %(low)s to %(high)s, from %(pupils)s pupils."),
    "gap_hidden": _("Not shown: one of the two groups has too few pupils."),
    "too_few": _("Not shown: the group has so few pupils that a mean would tell about single children."),
    "protects_another": _("Not shown: with this group's mean a smaller hidden group could be worked out."),
    "nobody": _("Nobody of this group has answered."),
    "person_scored": _(
        "%(points)s points, give or take %(error)s: %(score)s of %(highest)s points of the test, weighed by difficulty."
    ),
    "person_extreme": _(
        "%(points)s points, give or take %(error)s: %(score)s of %(highest)s. Nobody knows how far beyond the test this goes."
    ),
    "person_silent": _("No points: none of the items that count was answered."),
}
NUMBERS = {
    "difficulty": _("difficulty, logits"),
    "error": _("standard error"),
    "answers": _("answers"),
    "share_right": _("mean share of the highest score"),
    "pupils": _("pupils"),
    "schools": _("schools"),
    "mean": _("mean, points"),
    "se": _("standard error, points"),
    "low": _("lower end of the interval (95 per cent)"),
    "high": _("upper end of the interval (95 per cent)"),
    "points": _("points"),
    "score": _("score"),
    "highest": _("highest possible score"),
}


def register_kinds() -> None:
    register(
        Kind(
            code=CALIBRATION,
            title=_("Calibration of a test"),
            rule="assessment.calibration",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.psychometrics.calibration:calibrate",
            run="tirek.assessment.decided:run_calibration",
            cases="tests/cases/assessment",
            reasons=CALIBRATION_REASONS,
            numbers=NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-5,
            fresh="tirek.assessment.sealing:fresh_inputs",
            subject_kind="item",
        )
    )
    register(
        Kind(
            code=RESULTS,
            title=_("Results of a test"),
            rule="assessment.publication",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.assessment.results:results_by_group",
            run="tirek.assessment.decided:run_results",
            cases="tests/cases/assessment",
            reasons=RESULT_REASONS,
            numbers=NUMBERS,
            compare=BYTES,
            fresh="tirek.assessment.sealing:fresh_inputs",
            subject_kind="group",
            is_open=True,
        )
    )
