"""Whom the lot has drawn at a school: for the coordinator, who invites them."""

from __future__ import annotations

from dataclasses import dataclass

from tirek.access.scope import current_scope
from tirek.registry.models import Person
from tirek.surveys.models import Round, Sampling
from tirek.surveys.queries.units import drawn_units

MOST = 600


@dataclass(frozen=True)
class Drawn:
    """Classes or people who were drawn. It says who is invited; who answers stays unknown."""

    is_persons: bool
    names: tuple[str, ...]


def drawn_people(found: Round, org_no: int) -> Drawn | None:
    units = drawn_units(found, org_no)
    if units is None:
        return None
    if found.sampling == Sampling.CLASSES:
        return Drawn(False, tuple(sorted(units)))
    people = current_scope().limit(Person.objects.filter(public_id__in=units)).order_by("sort_key")[:MOST]
    return Drawn(True, tuple(str(person) for person in people))
