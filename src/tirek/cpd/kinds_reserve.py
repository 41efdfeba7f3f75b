"""The kind of decision that admits to the leaders' reserve."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, Kind, register

RESERVE = "cpd.reserve"
REASONS = {
    "admitted": _(
        "Admitted to the reserve: rank %(rank)s of %(places)s places, %(points)s points of 10,000. The last place was"
        " reached with %(last_points)s points."
    ),
    "admitted_tied": _(
        "Admitted to the reserve beyond the %(places)s places: equal in everything to the last one who has a place,"
        " rank %(rank)s, %(points)s points of 10,000."
    ),
    "places_over": _(
        "Not admitted: rank %(rank)s, %(points)s points of 10,000. The last of %(places)s places was reached with"
        " %(last_points)s points."
    ),
    "tie_lost": _(
        "Not admitted: rank %(rank)s. The points, %(points)s, equal those of the last of %(places)s places; the stages in the"
        " order of the rules, then years of work, settled it."
    ),
    "not_eligible": _("Not admitted: the requirements of the competition are not met."),
    "minimum_application": _(
        "Not admitted: the mean mark of the application is %(mark)s hundredths, the rules ask for %(wanted)s."
    ),
    "minimum_test": _("Not admitted: the mean mark of the test is %(mark)s hundredths, the rules ask for %(wanted)s."),
    "minimum_defence": _(
        "Not admitted: the mean mark of the project defence is %(mark)s hundredths, the rules ask for %(wanted)s."
    ),
    "minimum_interview": _(
        "Not admitted: the mean mark of the interview is %(mark)s hundredths, the rules ask for %(wanted)s."
    ),
    "unmarked_application": _(
        "Not admitted: %(marks)s commissioners marked the application, the rules ask for %(marks_wanted)s."
    ),
    "unmarked_test": _("Not admitted: %(marks)s commissioners marked the test, the rules ask for %(marks_wanted)s."),
    "unmarked_defence": _(
        "Not admitted: %(marks)s commissioners marked the project defence, the rules ask for %(marks_wanted)s."
    ),
    "unmarked_interview": _(
        "Not admitted: %(marks)s commissioners marked the interview, the rules ask for %(marks_wanted)s."
    ),
}
NUMBERS = {
    "points": _("points, of 10,000"),
    "rank": _("rank"),
    "places": _("places"),
    "last_points": _("points of the last place"),
    "apart": _("largest difference of two commissioners"),
    "mark": _("mean mark, hundredths"),
    "wanted": _("set by the rules, hundredths"),
    "marks": _("commissioners who marked"),
    "marks_wanted": _("set by the rules, commissioners"),
}


def register_kind() -> None:
    register(
        Kind(
            code=RESERVE,
            title=_("Admission to the leaders’ reserve"),
            rule="cpd.reserve",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.cpd.reserve:admit",
            run="tirek.cpd.decided.reserve:run_reserve",
            cases="tests/cases/cpd",
            reasons=REASONS,
            numbers=NUMBERS,
            compare=BYTES,
            fresh="tirek.cpd.decided.reserve:fresh_inputs",
            subject_kind="candidate",
        )
    )
