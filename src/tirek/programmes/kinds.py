"""The kinds of decision of programmes: which schools take part, and which findings are proposed as needs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, Kind, register

SELECTION, NEEDS = "programmes.selection", "programmes.needs"
DEMONSTRATION = _("Demonstration values; no act is known.")

SELECTION_REASONS = {
    "in_by_points": _(
        "Chosen with %(points)s points: place %(position)s of %(candidates)s in the district, which has %(places)s places."
        " They reach down to %(last)s points."
    ),
    "in_by_open_place": _(
        "Chosen with %(points)s points for a place that another district could not fill. These places reach down to %(last)s"
        " points."
    ),
    "in_by_rural_share": _(
        "Chosen with %(points)s points so that the share of rural schools is reached: an urban school of the same district,"
        " whose places reach down to %(last)s points, gave way."
    ),
    "out_by_points": _(
        "Not chosen: %(points)s points, place %(position)s of %(candidates)s in the district, which has %(places)s places."
        " They reach down to %(last)s points."
    ),
    "out_by_tie": _(
        "Not chosen: with %(points)s points equal to the last school chosen. Between equals the application counts first, then"
        " the rooms, then a rural school comes first, then the lot."
    ),
    "out_for_rural_share": _(
        "Not chosen: with %(points)s points it would have been in, but gave way to a rural school of its district so that the"
        " share of rural schools is reached."
    ),
    "out_no_places": _("Not chosen: the district has no places in this round."),
    "takes_part": _("The school takes part already."),
    "outside_round": _("The school’s district is not a part of this round."),
    "not_state_owned": _("Only state-owned schools are chosen."),
    "too_small": _("The school has %(pupils)s pupils; schools are chosen from %(wanted)s pupils."),
    "too_large": _("The school has %(pupils)s pupils; schools are chosen up to %(wanted)s pupils."),
    "not_applied": _("The school has not applied."),
    "application_weak": _(
        "The application was rated with %(points_application)s points; schools are chosen from %(wanted)s points."
    ),
}
SELECTION_NUMBERS = {
    "points": _("points in all (0 to 10,000)"),
    "points_application": _("points for the application"),
    "points_size": _("points for the number of pupils"),
    "points_rooms": _("points for the condition of the rooms"),
    "points_result": _("points for low results"),
    "pupils": _("pupils"),
    "position": _("place in the district"),
    "candidates": _("schools of the district that could be chosen"),
    "places": _("places of the district"),
    "last": _("points down to which the places reach"),
    "wanted": _("set by the rules"),
}
NEEDS_REASONS = {
    "room_low": _(
        "The room has %(index)s of 1,000 points for its condition and equipment; below %(below)s a need is proposed."
        " Standard items missing: %(missing_items)s."
    ),
    "room_missing": _("The room lacks %(missing_kinds)s kinds of standard items (%(missing_items)s pieces)."),
    "room_near": _("No need: the room has %(index)s of 1,000 points, and a need is proposed only below %(below)s."),
    "room_unknown": _("No need is proposed: the condition of the room is not decided yet."),
    "room_good": _("No need: the room has %(index)s of 1,000 points."),
    "scale_low": _("%(low_percent)s %% of %(answers)s answers are low; above %(above_percent)s %% a need is proposed."),
    "scale_near": _(
        "No need: %(low_percent)s %% of %(answers)s answers are low, and a need is proposed only above %(above_percent)s %%."
    ),
    "scale_few": _("No need is proposed: %(answers)s answers are too few to conclude anything; %(fewest)s are wanted."),
    "scale_response": _(
        "No need is proposed: %(answers)s of %(invited)s have answered, and %(response)s %% are wanted to conclude anything."
    ),
    "scale_good": _("No need: %(low_percent)s %% of %(answers)s answers are low."),
    "result_low": _(
        "The mean result is %(mean)s points, the region’s %(region)s: the difference is beyond what chance would explain."
    ),
    "result_near": _(
        "No need: the mean result is %(mean)s points, the region’s %(region)s; the difference is not quite beyond chance."
    ),
    "result_good": _("No need: the mean result is %(mean)s points, the region’s %(region)s."),
    "waits_already": _("The need N-%(need)s says this already and waits."),
    "rejected_before": _(
        "The need N-%(need)s was rejected %(days)s days ago; it is proposed again after %(rest)s days at the earliest."
    ),
}
NEEDS_NUMBERS = {
    "index": _("points of the room"),
    "below": _("points below which a need is proposed"),
    "missing_kinds": _("kinds of items missing"),
    "missing_items": _("items missing"),
    "low_percent": _("low answers, %"),
    "above_percent": _("low answers above which a need is proposed, %"),
    "answers": _("answers"),
    "invited": _("asked"),
    "fewest": _("fewest answers"),
    "response": _("least response, %"),
    "mean": _("mean result"),
    "region": _("mean result of the region"),
    "errors": _("difference in hundredths of its standard error"),
    "wanted": _("set by the rules"),
    "need": _("number of the need"),
    "days": _("days since"),
    "rest": _("days of rest"),
}


def register_kinds() -> None:
    register(
        Kind(
            code=SELECTION,
            title=_("Choice of the schools of a programme"),
            rule=SELECTION,
            clause=DEMONSTRATION,
            engine="tirek_engines.programmes.selection:select_schools",
            run="tirek.programmes.decided.selection:run_selection",
            fresh="tirek.programmes.queries.candidates:fresh_candidates",
            cases="tests/cases/programmes",
            reasons=SELECTION_REASONS,
            numbers=SELECTION_NUMBERS,
            compare=BYTES,
            subject_kind="school",
            is_open=True,
        )
    )
    register(
        Kind(
            code=NEEDS,
            title=_("Proposal of needs"),
            rule=NEEDS,
            clause=DEMONSTRATION,
            engine="tirek_engines.programmes.needs:room_reason",
            run="tirek.programmes.decided.needs:run_needs",
            fresh="tirek.programmes.queries.findings:fresh_findings",
            cases="tests/cases/programmes",
            reasons=NEEDS_REASONS,
            numbers=NEEDS_NUMBERS,
            compare=BYTES,
            subject_kind="room",
        )
    )
