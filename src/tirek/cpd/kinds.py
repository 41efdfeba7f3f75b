"""The kinds of decision that this app makes, for the journal and the page "where it is decided"."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, Kind, register

COMPLETION = "cpd.completion"
CERTIFICATION = "cpd.certification"

COMPLETION_REASONS = {
    "completed": _("The course is completed: %(share)s per cent of its hours attended, the rules ask for %(wanted)s."),
    "nothing_held": _("The course is not completed: no session was held, or nobody marked who was there."),
    "attended_too_little": _(
        "The course is not completed: %(share)s per cent of its hours attended, the rules ask for %(wanted)s."
    ),
    "test_missing": _(
        "The course is not completed: the test at the end was not taken. Attendance was enough: %(share)s per cent."
    ),
    "test_failed": _(
        "The course is not completed: %(test)s per cent of the points in the test at the end, the rules ask for"
        " %(test_wanted)s."
    ),
}
COMPLETION_NUMBERS = {
    "attended": _("minutes attended"),
    "held": _("minutes held"),
    "share": _("attended, per cent"),
    "wanted": _("set by the rules, per cent"),
    "test": _("points in the test, per cent"),
    "test_wanted": _("set by the rules for the test, per cent"),
}
CERTIFICATION_REASONS = {
    "awarded": _("The category is given: %(points)s points, it asks for %(wanted)s. %(experts)s experts judged."),
    "points_few": _(
        "The category is not given: %(points)s points, it asks for %(wanted)s. %(experts)s experts judged."
    ),
    "not_eligible": _("The category is not given: the application was not complete when it was checked."),
    "not_judged": _(
        "Not decided: fewer experts than the rules ask for have judged, or they differ and a third must judge."
    ),
    "appeal_awarded": _(
        "The appeal changes the decision: other experts gave %(points)s points, the category asks for %(wanted)s."
    ),
    "appeal_refused": _(
        "The appeal confirms the decision: other experts gave %(points)s points, the category asks for %(wanted)s."
    ),
}
CERTIFICATION_NUMBERS = {
    "points": _("points"),
    "wanted": _("set by the rules"),
    "apart": _("points by which the experts differ"),
    "experts": _("experts"),
}


def register_kinds() -> None:
    register(
        Kind(
            code=COMPLETION,
            title=_("Completion of a course"),
            rule="cpd.completion",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.cpd.completion:completion_reason",
            run="tirek.cpd.decided.completion:run_completion",
            cases="tests/cases/cpd",
            reasons=COMPLETION_REASONS,
            numbers=COMPLETION_NUMBERS,
            compare=BYTES,
            subject_kind="person",
            needs_publishing=False,
        )
    )
    register(
        Kind(
            code=CERTIFICATION,
            title=_("Certification of teachers to a category"),
            rule="cpd.certification",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.cpd.judgement:certification_reason",
            run="tirek.cpd.decided.certification:run_certification",
            cases="tests/cases/cpd",
            reasons=CERTIFICATION_REASONS,
            numbers=CERTIFICATION_NUMBERS,
            compare=BYTES,
            fresh="tirek.cpd.decided.sealing:fresh_inputs",
            subject_kind="application",
        )
    )
