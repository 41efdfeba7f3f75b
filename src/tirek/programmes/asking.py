"""Tasks and notifications of programmes: whole sentences, with names in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tirek.programmes.queries.board import STAGE_TASK
from tirek.programmes.services.measures import MEASURE_TASK
from tirek.tasks import kinds


@dataclass(frozen=True)
class NamedKind(kinds.Kind):
    """A kind whose parameters carry names in three languages: ``stage_kk`` is said as ``stage``."""

    def say(self, parameters: dict) -> str:
        language = (get_language() or "kk")[:2]
        own = {
            key.rsplit("_", 1)[0]: parameters.get(f"{key.rsplit('_', 1)[0]}_{language}") or value
            for key, value in parameters.items()
            if key.endswith("_kk")
        }
        return super().say(parameters | own)


def register_kinds() -> None:
    kinds.register(
        NamedKind(
            STAGE_TASK,
            _("%(programme)s: bring what is missing for the stage “%(stage)s”"),
            lambda parameters: reverse("programmes:programme", args=[parameters["slug"]]),
        )
    )
    kinds.register(
        kinds.Kind(
            MEASURE_TASK,
            _("Measure %(number)s of the plan: %(title)s"),
            lambda parameters: reverse("programmes:measure", args=[parameters["slug"], parameters["number"]]),
        )
    )
