"""Questions about programmes and their schools."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from tirek.access.scope import Scope
from tirek.programmes.models import (
    Confirmation,
    Participation,
    Programme,
    ProgrammeState,
    ProgrammeTemplate,
    Selection,
    SelectionState,
    Stage,
    StageStep,
)
from tirek.registry.models import InstitutionState, Succession, Territory, TerritoryLevel

STATES = ProgrammeState.choices
APPLIED = SelectionState.APPLIED.value


def programmes() -> QuerySet[Programme]:
    """All programmes, those of wider ones below them, the newest first."""
    return Programme.objects.select_related("territory", "parent").order_by("-starts_on", "slug")


def listed(scope: Scope) -> list[Programme]:
    """Programmes whose territory meets the asker's, with how many schools take part; sister programmes apart."""
    found = programmes().filter(is_sister=False)
    if scope.lo is not None and scope.hi is not None and not scope.is_country:
        found = found.filter(org_lo__lte=scope.hi, org_hi__gte=scope.lo)
    running = Q(participations__valid__upper_inf=True)
    return list(found.annotate(n_schools=Count("participations", filter=running)))


def by_slug(slug: str) -> Programme | None:
    """With ``has_children``: whether it is a wider one of others."""
    below = Exists(Programme.objects.filter(parent=OuterRef("pk")))
    return programmes().annotate(has_children=below).filter(slug=slug).first()


def stages(programme: Programme) -> list[Stage]:
    return list(Stage.objects.filter(programme=programme).order_by("position"))


def sisters(programme: Programme) -> list[Programme]:
    """The programmes of the same parent, this one first."""
    if programme.parent_id is None:
        family = Programme.objects.filter(parent=programme)
    else:
        family = Programme.objects.filter(parent_id=programme.parent_id).exclude(pk=programme.pk)
    return [programme, *family.select_related("territory").order_by("slug")]


def participations(programme: Programme, *, on: dt.date | None = None) -> QuerySet[Participation]:
    """Schools in a programme on a day; without a day, all that ever were."""
    found = Participation.objects.filter(programme=programme).select_related("stage", "programme")
    return (found if on is None else found.filter(valid__contains=on)).order_by("org_no", "id")


def participation_of(programme: Programme, org_no: int) -> Participation | None:
    """The school's present time in the programme, else its last."""
    found = Participation.objects.filter(programme=programme, org_no=org_no).select_related("stage", "programme")
    return found.order_by("-valid").first()


def participation(participation_id: int) -> Participation | None:
    found = Participation.objects.select_related("stage", "programme")
    return found.filter(pk=participation_id).first()


def of_institution(org_no: int) -> list[Participation]:
    """Every time of a school in a programme, the newest first."""
    found = Participation.objects.filter(org_no=org_no).select_related("stage", "programme")
    return list(found.order_by("-valid"))


def steps(of: Participation) -> QuerySet[StageStep]:
    """The school's way, the newest first; of others' schools nothing."""
    return StageStep.objects.filter(participation=of).select_related("stage").order_by("-id")


def evidence(of: Participation, confirmation_id: int) -> Confirmation | None:
    """A confirmation that came with a file."""
    return Confirmation.objects.filter(participation=of, pk=confirmation_id).exclude(sha256="").first()


def selections(programme: Programme) -> list[Selection]:
    return list(Selection.objects.filter(programme=programme).order_by("-at", "-id"))


def selection(programme: Programme, number: str) -> Selection | None:
    return Selection.objects.filter(programme=programme, decision_number=number).first()


def own_templates(scope: Scope) -> list[ProgrammeTemplate]:
    """The newest version of each template of the asker's office."""
    found = ProgrammeTemplate.objects.order_by("org_lo", "org_hi", "code", "-version")
    return list(scope.limit(found, "org_lo").distinct("org_lo", "org_hi", "code"))


def template(template_id: int) -> ProgrammeTemplate | None:
    return ProgrammeTemplate.objects.filter(pk=template_id).first()


def mergers(org_nos: Iterable[int], until: dt.date) -> list[Succession]:
    """Mergers and renewals of these institutions that have come into force, the oldest first."""
    kinds = (Succession.Kind.MERGER, Succession.Kind.RENEWAL)
    found = Succession.objects.filter(before__org_no__in=list(org_nos), kind__in=kinds, date__lte=until)
    return list(found.select_related("before", "after").order_by("date", "id"))


def districts_of(org_nos: Sequence[int]) -> dict[int, Territory]:
    """District or city of each institution."""
    if not org_nos:
        return {}
    found = Territory.objects.filter(level=TerritoryLevel.DISTRICT, org_lo__lte=max(org_nos), org_hi__gte=min(org_nos))
    known = list(found)
    return {n: d for n in org_nos for d in known if d.org_lo <= n <= d.org_hi}


def states_of(org_nos: Iterable[int], *, on: dt.date) -> dict[int, InstitutionState]:
    """State of each institution on a day, by number; one that is closed by then is missing."""
    found = InstitutionState.objects.filter(org_no__in=set(org_nos), valid__contains=on)
    return {s.org_no: s for s in found.select_related("institution__headcount", "territory")}
