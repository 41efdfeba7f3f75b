"""The kind of decision that makes wordings of items known."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, Kind, register

RELEASE = "assessment.release"
REASONS = {
    "released": _(
        "The item is released: schools may read its wording. It stood in %(tests)s tests, all of them published."
    ),
    "already_released": _("The item was released before."),
    "test_running": _("The item stays secret: %(tests)s tests with it are not published yet."),
    "too_early": _(
        "The item stays secret: the results of its last test were published %(days)s days ago, and the rules ask for"
        " %(wanted)s."
    ),
    "needed_as_anchor": _(
        "The item stays secret: a test with it has %(secure)s secret items left, and the rules keep %(wanted)s so that later"
        " tests can be linked to it."
    ),
}
NUMBERS = {
    "tests": _("tests"),
    "days": _("days"),
    "wanted": _("set by the rules"),
    "secure": _("secret items left"),
}


def register_release() -> None:
    register(
        Kind(
            code=RELEASE,
            title=_("Release of items"),
            rule="assessment.release",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.assessment.release:release_reason",
            run="tirek.assessment.decided.release:run_release",
            cases="tests/cases/assessment",
            reasons=REASONS,
            numbers=NUMBERS,
            compare=BYTES,
            subject_kind="item",
        )
    )
