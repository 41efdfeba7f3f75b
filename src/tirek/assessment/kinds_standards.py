"""The kind of decision that sets cut scores."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import TOLERANCE, Kind, register

STANDARDS = "assessment.standards"
REASONS = {
    "cut_set": _(
        "The level begins at %(cut)s logits, give or take %(error)s: the middle of %(panellists)s panellists, the outermost"
        " of whom said %(lowest)s and %(highest)s."
    ),
    "cut_carried": _(
        "The level begins at %(cut)s logits, give or take %(error)s. It was set on the earlier test at %(base_cut)s logits and"
        " is carried over by the common items; the link adds an error of %(linking)s."
    ),
    "share_published": _("%(share)s of a hundred pupils reach the level; the interval goes from %(low)s to %(high)s."),
    "too_few": _("Not shown: the group has so few pupils that a share would tell about single children."),
    "protects_another": _("Not shown: with this group's share that of a smaller hidden group could be worked out."),
    "nobody": _("Nobody of this group has answered."),
}
NUMBERS = {
    "cut": _("cut score, logits"),
    "error": _("standard error"),
    "lowest": _("lowest panellist, logits"),
    "highest": _("highest panellist, logits"),
    "panellists": _("panellists"),
    "measured": _("error of a pupil’s result at the cut, logits"),
    "base_cut": _("cut score on the earlier test, logits"),
    "linking": _("linking error at the cut, logits"),
    "share": _("share, per cent"),
    "se": _("standard error, percentage points"),
    "low": _("lower end of the interval (95 per cent)"),
    "high": _("upper end of the interval (95 per cent)"),
}


def register_standards() -> None:
    register(
        Kind(
            code=STANDARDS,
            title=_("Levels of a test"),
            rule="assessment.standards",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.assessment.standards:summarise_panel",
            run="tirek.assessment.decided.standards:run_standards",
            cases="tests/cases/assessment/standards",
            reasons=REASONS,
            numbers=NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-6,
            subject_kind="cut",
            is_open=True,
        )
    )
