"""Making a programme from a template, changing its stages, its office's own templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope
from tirek.programmes import blueprints
from tirek.programmes.blueprints import Blueprint
from tirek.programmes.models import Programme, ProgrammeState, ProgrammeTemplate, ReportedFigure, Stage
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.registry.models import Territory
from tirek.storage.database import LOADER

RESERVED = {"new", "templates", "rooms", "needs", "schools", "sponsors"}  # words that addresses begin with


@transaction.atomic
def make_programme(
    *, blueprint: Blueprint, slug: str, names: Mapping[str, str], territory: Territory, starts_on: dt.date,
    ends_on: dt.date, office: str = "", places: int | None = None, parent: Programme | None = None,
    is_sister: bool = False, is_synthetic: bool = False, by: User | None, now: dt.datetime,
) -> Programme:  # fmt: skip
    """A programme with the stages of a template."""
    must("programmes.manage", territory.org_lo, territory.org_hi)
    if ends_on <= starts_on:
        raise BadInput(_("The last day must come after the first."), code="period", field="ends_on")
    slug = slugify(slug)
    if not slug or slug in RESERVED:
        raise BadInput(
            _("The short name needs Latin letters or digits, and must not be a word of the addresses."),
            code="slug",
            field="slug",
        )
    if Programme.objects.filter(slug=slug).exists():
        raise BadInput(_("There is a programme “%(slug)s” already. Choose another short name.") % {"slug": slug},
                       code="slug_taken", field="slug")  # fmt: skip
    programme = Programme.objects.create(
        slug=slug, template=f"{blueprint.code}:{blueprint.version}", territory=territory, org_lo=territory.org_lo,
        org_hi=territory.org_hi, starts_on=starts_on, ends_on=ends_on, office=office, parent=parent,
        places=blueprint.places if places is None else places, indicators=list(blueprint.indicators),
        roles=list(blueprint.roles), documents=list(blueprint.documents), is_sister=is_sister,
        is_synthetic=is_synthetic, by_id=by.pk if by else None, at=now, **_names(names),
    )  # fmt: skip
    if not is_sister:
        Stage.objects.bulk_create(
            Stage(programme=programme, org_lo=programme.org_lo, org_hi=programme.org_hi, position=place, **stage)
            for place, stage in enumerate(blueprint.stages, 1)
        )
    return programme


def _names(names: Mapping[str, str]) -> dict[str, str]:
    return {f"name_{language}": names[language].strip() for language in blueprints.LANGUAGES}


@transaction.atomic
def change_programme(
    *, programme_id: int, names: Mapping[str, str], office: str, ends_on: dt.date, by: User | None, now: dt.datetime
) -> Programme:
    """Names, office and last day; the rest of a programme is what its decisions rest on."""
    programme = locked(programme_id)
    if ends_on <= programme.starts_on:
        raise BadInput(_("The last day must come after the first."), code="period", field="ends_on")
    for name, value in _names(names).items():
        setattr(programme, name, value)
    programme.office, programme.ends_on = office, ends_on
    programme.save()
    return programme


@transaction.atomic
def set_state(*, programme_id: int, state: str, by: User | None, now: dt.datetime) -> Programme:
    """Prepared, under way, post-project support, closed: forwards, and one step back."""
    programme = locked(programme_id)
    order = list(ProgrammeState.values)
    if state not in order:
        raise BadInput(_("There is no such state."))
    if abs(order.index(state) - order.index(programme.state)) > 1:
        raise WrongState(_("A programme goes from one state to the next, or one back."))
    programme.state = state
    programme.save(update_fields=["state"])
    return programme


@transaction.atomic
def change_stage(
    *, programme_id: int, code: str, names: Mapping[str, str], days: int, by: User | None, now: dt.datetime
) -> Stage:
    """A stage's name and planned time. The dates on the board move with it."""
    programme = locked(programme_id)
    stage = Stage.objects.select_for_update().filter(programme=programme, code=code).first()
    if stage is None:
        raise NotThere(_("There is no such stage."))
    if not 1 <= days <= blueprints.MOST_DAYS:
        raise BadInput(_("A stage takes 1 to %(most)s days.") % {"most": blueprints.MOST_DAYS}, field="days")
    for name, value in _names(names).items():
        setattr(stage, name, value)
    stage.days = days
    stage.save()
    return stage


def locked(programme_id: int, permission: str = "programmes.manage") -> Programme:
    """The programme, locked, after checking the right over its territory."""
    programme = Programme.objects.filter(pk=programme_id).first()
    if programme is None:
        raise NotThere(_("There is no such programme."))
    must(permission, programme.org_lo, programme.org_hi)
    return Programme.objects.select_for_update().get(pk=programme_id)


@transaction.atomic
def save_template(*, text: str, copied_from: str = "", by: User | None, now: dt.datetime) -> ProgrammeTemplate:
    """An office's own template; the same code again is its next version."""
    scope = current_scope()
    lo, hi = (scope.lo, scope.hi) if scope.lo is not None and scope.hi is not None else (0, 2_147_483_647)
    if scope.database_role != LOADER:
        must("programmes.manage", lo, hi)
    found = blueprints.read(text)
    before = ProgrammeTemplate.objects.select_for_update().filter(org_lo=lo, org_hi=hi, code=found.code)
    last = before.order_by("-version").first()
    return ProgrammeTemplate.objects.create(
        code=found.code, version=last.version + 1 if last else 1, copied_from=copied_from[:80], body=dict(found.body),
        org_lo=lo, org_hi=hi, by_id=by.pk if by else None, at=now, **_names(found.names),
    )  # fmt: skip


def blueprint_of(template: ProgrammeTemplate) -> Blueprint:
    return blueprints.from_body(template.body | {"version": template.version})


@transaction.atomic
def report_figure(
    *, programme_id: int, indicator: str, day: dt.date, numerator: int, denominator: int | None, source: str,
    is_synthetic: bool = False, by: User | None, now: dt.datetime,
) -> ReportedFigure:  # fmt: skip
    """Write down what the office of a sister programme has reported."""
    programme = Programme.objects.filter(pk=programme_id).first()
    if programme is None or not programme.is_sister:
        raise NotThere(_("Figures are written down only for programmes that are run elsewhere; ours are computed."))
    must("programmes.manage")
    if not source.strip():
        raise BadInput(_("Say where the figure comes from."), field="source")
    if denominator is not None and denominator <= 0:
        raise BadInput(_("The number below the line must be above 0."), field="denominator")
    if day > now.date():
        raise BadInput(_("The day lies in the future."), field="day")
    return ReportedFigure.objects.create(
        programme=programme, org_lo=programme.org_lo, org_hi=programme.org_hi, indicator=indicator, day=day,
        numerator=numerator, denominator=denominator, source=source, is_synthetic=is_synthetic,
        by_id=by.pk if by else None, at=now,
    )  # fmt: skip
