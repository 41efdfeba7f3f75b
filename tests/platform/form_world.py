"""What the tests of the register's forms share: a region, a browser, and what a refused form says."""

from __future__ import annotations

import sys
from pathlib import Path

from django.test import Client

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
from region_world import SCHOOL, load

from tirek.access.scope import loading
from tirek.registry import models

NEIGHBOUR = "school-8"  # in the same district
ELSEWHERE = "school-2"
__all__ = ["ELSEWHERE", "NEIGHBOUR", "SCHOOL", "as_", "enrolled", "faults", "held", "load"]


def as_(user) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


def faults(response) -> str:
    """Everything that the form says is wrong, after an answer that shows it again."""
    assert response.status_code == 200
    form = response.context["form"]
    assert form.errors, "the form was taken"
    shown = " ".join(str(error) for found in form.errors.values() for error in found)
    assert shown
    return shown


def enrolled(number: int = 0):
    with loading():
        return models.Enrolment.objects.select_related("person", "class_group").order_by("id")[number]


def held(model, **found):
    with loading():
        return list(model.objects.filter(**found).order_by("id"))
