"""The kind of decision that this app makes: the index of rooms and schools."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, Kind, register

CONDITION = "facilities.condition"
REASONS = {
    "equipped": _(
        "%(points)s points: %(condition)s for the condition and %(equipment)s for the equipment. Everything that was counted"
        " (%(counted)s of %(items)s items of the standard) is there."
    ),
    "lacking": _(
        "%(points)s points: %(condition)s for the condition and %(equipment)s for the equipment. Of %(counted)s items counted,"
        " %(lacking)s are too few; %(pieces)s pieces are missing."
    ),
    "no_standard": _(
        "%(points)s points, for the condition alone: no standard of equipment is set for rooms of this kind."
    ),
    "not_counted": _("%(points)s points, for the condition alone: nobody counted the equipment."),
    "unusable": _("0 points: the room cannot be used, whatever stands in it."),
    "not_walked": _("No points: nobody has looked at this room in a walk that was closed."),
    "too_old": _("No points: the room was last seen %(days)s days ago; what was seen counts for %(allowed)s days."),
    "absent": _("No points: whoever walked found no such room."),
    "not_said": _("No points: nobody said how the room is."),
    "indexed": _(
        "%(points)s points: the mean of %(walked)s of %(rooms)s rooms, weighed by what they are for. %(low)s rooms need"
        " attention."
    ),
    "too_few_walked": _(
        "No points: %(walked)s of %(rooms)s rooms were seen; the rules ask for %(percent)s of a hundred."
    ),
    "no_walk": _("No points: none of the %(rooms)s rooms was seen."),
    "no_rooms": _("No points: the register has no rooms here."),
}
NUMBERS = {
    "points": _("points"),
    "condition": _("points for the condition"),
    "equipment": _("points for the equipment"),
    "items": _("items of the standard"),
    "counted": _("items that were counted"),
    "lacking": _("items of which there are too few"),
    "pieces": _("pieces missing"),
    "days": _("days since it was seen"),
    "allowed": _("days for which it counts"),
    "rooms": _("rooms"),
    "walked": _("rooms seen"),
    "low": _("rooms that need attention"),
    "percent": _("share of rooms asked for, per cent"),
}


def register_kinds() -> None:
    register(
        Kind(
            code=CONDITION,
            title=_("Index of the rooms"),
            rule="facilities.condition",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.facilities.condition:index_room",
            run="tirek.facilities.decided.condition:run_condition",
            cases="tests/cases/facilities",
            reasons=REASONS,
            numbers=NUMBERS,
            compare=BYTES,
            fresh="tirek.facilities.decided.sealing:fresh_inputs",
            subject_kind="room",
            is_open=True,
        )
    )
