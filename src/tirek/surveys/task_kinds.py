"""What questionnaires ask of schools."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tirek.tasks.kinds import Kind, register


def _link(parameters: dict) -> str:
    return reverse("surveys:round", args=[parameters["round"]])


def register_kinds() -> None:
    register(Kind("survey_teachers", _("Hand the questionnaire “%(form)s” out to the teachers"), _link))
    register(Kind("survey_pupils", _("Hand the questionnaire “%(form)s” out to the pupils"), _link))
    register(Kind("survey_parents", _("Hand the questionnaire “%(form)s” out to the parents"), _link))
