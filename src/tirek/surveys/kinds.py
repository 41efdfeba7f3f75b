"""The kinds of decision that questionnaires make."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.decisions.kinds import BYTES, TOLERANCE, Kind, register

SAMPLE = "surveys.sample"
RESULTS = "surveys.results"
SAMPLE_REASONS = {
    "everybody": _("All %(invited)s persons of the school are asked."),
    "drawn": _("%(chosen)s of %(units)s were drawn by lot: %(invited)s of %(frame)s persons are asked."),
    "fewer": _("The school has no more than would be drawn: all %(invited)s persons are asked."),
    "nobody": _("By the register nobody at the school belongs to the audience."),
}
RESULT_REASONS = {
    "published": _("Shown: %(finished)s of %(invited)s invited answered, %(percent)s of a hundred."),
    "too_few": _("Not shown: so few answered that results would tell about single persons."),
    "protects_another": _("Not shown: with this group's results those of a smaller hidden group could be worked out."),
    "nobody": _("Nobody of this group has answered."),
}
NUMBERS = {
    "frame": _("persons by the register"),
    "invited": _("persons invited"),
    "units": _("persons or classes on the list"),
    "chosen": _("of them drawn"),
    "finished": _("answers"),
    "percent": _("response, per cent"),
    "schools": _("schools"),
}


def register_kinds() -> None:
    register(
        Kind(
            code=SAMPLE,
            title=_("Who is asked in a questionnaire"),
            rule="surveys.sample",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.surveys.sampling:draw",
            run="tirek.surveys.decided.sampling:run_sample",
            cases="tests/cases/surveys",
            reasons=SAMPLE_REASONS,
            numbers=NUMBERS,
            compare=BYTES,
            subject_kind="school",
            needs_publishing=False,
        )
    )
    register(
        Kind(
            code=RESULTS,
            title=_("Results of a questionnaire"),
            rule="surveys.results",
            clause=_("Demonstration values; no act is known."),
            engine="tirek_engines.surveys.results:results_by_group",
            run="tirek.surveys.decided.results:run_results",
            cases="tests/cases/surveys",
            reasons=RESULT_REASONS,
            numbers=NUMBERS,
            compare=TOLERANCE,
            tolerance=1e-9,
            subject_kind="school",
            needs_publishing=False,
        )
    )
