"""The kinds of decision that this app makes, for the journal and the page "where it is decided"."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, TOLERANCE, Kind, register

CALIBRATION = "assessment.calibration"
LINK = "assessment.link"
RESULTS = "assessment.results"

CALIBRATION_REASONS = {
    "item_calibrated": _(
        "The item is on the scale: difficulty %(difficulty)s logits, standard error %(error)s, from %(answers)s answers."
    ),
    "item_misfits": _(
        "The item is on the scale at %(difficulty)s logits, but it does not fit well: infit %(infit)s, outfit %(outfit)s,"
        " correlation with the other items %(point_biserial)s. Look at it."
    ),
    "item_removed": _("The item is left out: an official has taken it out and said why."),
    "item_few": _("The item is left out: %(answers)s answers are too few for a difficulty that can be trusted."),
    "item_unseen": _("The item is left out: nobody answered it."),
    "item_constant": _("The item is left out: all %(answers)s answers are the same, so it tells nobody apart."),
    "good": _("The calibration rests on %(answers)s pupils and passed every check that publishing asks for."),
    "failed_enough_answers": _(
        "The calibration may not be published: %(found)s items have answers enough and of different kinds; the rules ask for"
        " %(wanted)s. Wait for more answers."
    ),
    "failed_sittings_closed": _(
        "The calibration may not be published: %(found)s sittings on computers are not closed yet, so answers may still come."
    ),
    "failed_all_scored": _(
        "The calibration may not be published: %(found)s open answers still wait for a person to score them. Without them"
        " their pupils would be missing."
    ),
    "failed_right_booklets": _(
        "The calibration may not be published: a share of %(found)s of the pupils worked in another booklet than they were"
        " dealt; the rules allow %(wanted)s. Papers may have been mixed up."
    ),
    "failed_converged": _("The calibration may not be published: the iterations did not settle."),
    "failed_connected": _(
        "The calibration may not be published: no item links the booklets, so their difficulties lie on no common scale."
    ),
    "failed_errors_known": _("The calibration may not be published: its errors cannot be computed."),
    "failed_varies": _("The calibration may not be published: the pupils do not differ on this test."),
    "failed_reliable": _(
        "The calibration may not be published: the test measures too loosely to say anything about pupils."
    ),
    "failed_slopes": _(
        "The calibration may not be published: on some items able pupils do worse than weak ones. Look at their keys."
    ),
}
LINK_REASONS = {
    "linked": _(
        "The test stands on the scale of the earlier one: %(anchors)s common items, linking error %(link_error)s logits."
    ),
    "refused_anchors_enough": _("Not linked: %(anchors)s common items are too few."),
    "refused_link_converged": _("Not linked: the search for the two constants did not end."),
    "refused_link_error": _("Not linked: the linking error, %(link_error)s logits, is larger than the rules accept."),
    "refused_drift_share": _(
        "Not linked: %(drifting)s of the common items drift. The two tests may measure different things."
    ),
    "refused_slope_near": _("Not linked: the units of the two scales differ too much (slope %(slope)s)."),
    "anchor_used": _("The item links the tests: it differs by %(difference)s logits (%(low)s to %(high)s)."),
    "anchor_drifts": _(
        "The item links the tests, but it has drifted by %(difference)s logits (%(low)s to %(high)s). Look whether to take"
        " it out."
    ),
    "anchor_removed": _(
        "The item does not link: an official has taken it out and said why. It differs by %(difference)s logits."
    ),
    "anchor_unlike": _("The item does not link: its model or its highest score is not the same in both tests."),
}
RESULT_REASONS = {
    "published": _("Mean %(mean)s points, 95 %% interval from %(low)s to %(high)s, from %(pupils)s pupils."),
    "gap_published": _("Difference %(mean)s points, 95 %% interval from %(low)s to %(high)s, from %(pupils)s pupils."),
    "gap_hidden": _("Not shown: one of the two groups has too few pupils."),
    "too_few": _("Not shown: the group has so few pupils that a mean would tell about single children."),
    "protects_another": _("Not shown: with this group's mean a smaller hidden group could be worked out."),
    "nobody": _("Nobody of this group has answered."),
    "trend_sure": _(
        "From %(before)s to %(mean)s points: a change of %(change)s, 95 %% interval from %(low)s to %(high)s. More than chance"
        " would make."
    ),
    "trend_open": _(
        "From %(before)s to %(mean)s points: a change of %(change)s, 95 %% interval from %(low)s to %(high)s. It may be chance."
    ),
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
    "slope": _("slope"),
    "infit": _("infit"),
    "outfit": _("outfit"),
    "point_biserial": _("correlation with the other items"),
    "found": _("found"),
    "wanted": _("set by the rules"),
    "intercept": _("intercept, logits"),
    "link_error": _("linking error, logits"),
    "anchors": _("common items"),
    "drifting": _("common items that drift"),
    "difference": _("difference, logits"),
    "robust_z": _("robust z"),
    "distance": _("distance of the curves"),
    "before": _("mean before, points"),
    "change": _("change, points"),
    "link_points": _("linking error, points"),
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
            run="tirek.assessment.decided.tests:run_calibration",
            cases="tests/cases/assessment",
            reasons=CALIBRATION_REASONS,
            numbers=NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-5,
            fresh="tirek.assessment.decided.sealing:fresh_inputs",
            subject_kind="item",
        )
    )
    register(
        Kind(
            code=LINK,
            title=_("Link of a test to an earlier one"),
            rule="assessment.link",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.psychometrics.linking.methods:constants",
            run="tirek.assessment.decided.linking:run_link",
            cases="tests/cases/assessment/link",
            reasons=LINK_REASONS,
            numbers=NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-5,
            fresh="tirek.assessment.decided.link_sealing:fresh_link",
            subject_kind="anchor",
        )
    )
    register(
        Kind(
            code=RESULTS,
            title=_("Results of a test"),
            rule="assessment.publication",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.assessment.results:results_by_group",
            run="tirek.assessment.decided.tests:run_results",
            cases="tests/cases/assessment",
            reasons=RESULT_REASONS,
            numbers=NUMBERS,
            compare=BYTES,
            fresh="tirek.assessment.decided.sealing:fresh_inputs",
            subject_kind="group",
            is_open=True,
        )
    )
