"""Plans of measures: Otpan's own, the 60 measures of the Year of working professions, the six upbringing projects."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from django.utils import timezone

from tirek.access.models import User
from tirek.programmes import blueprints
from tirek.programmes.demonstration.texts import OTPAN, PROFESSIONS, UPBRINGING, Planned
from tirek.programmes.models import Measure, MeasureMove, MeasureState, MeasureStep, Programme, ProgrammeState
from tirek.programmes.services import measures as services
from tirek.programmes.services import programmes as making
from tirek.registry.models import Institution, InstitutionKind, Territory


def fill(otpan: Programme, region: Territory, *, now: dt.datetime, by: User | None, seed: int) -> int:
    """Fill the three plans. Gives how many measures there are."""
    today = timezone.localdate(now)
    year = today.year
    _plan(otpan, OTPAN, otpan.starts_on, today + dt.timedelta(days=150), now, by, seed)
    first, last = dt.date(year, 1, 10), dt.date(year, 12, 25)
    professions = _programme("jumysshy-mamandyqtar-jyly", "measures_plan", region, first, last, now, by, {
        "kk": f"Жұмысшы мамандықтар жылы, {year}", "ru": f"Год рабочих профессий, {year}", "en": f"Year of working professions, {year}",
    })  # fmt: skip
    _plan(professions, PROFESSIONS, first, last, now, by, seed)
    autumn = dt.date(year if today.month >= 8 else year - 1, 8, 25)
    upbringing = _programme("birtutas-tarbie", "upbringing", region, autumn, autumn + dt.timedelta(days=300), now, by, {
        "kk": "Біртұтас тәрбие", "ru": "Единая программа воспитания", "en": "Integrated Education",
    })  # fmt: skip
    _plan(upbringing, UPBRINGING, autumn, autumn + dt.timedelta(days=290), now, by, seed)
    return Measure.objects.filter(programme__in=[otpan, professions, upbringing]).count()


def _programme(slug, template, region, starts_on, ends_on, now, by, names) -> Programme:
    found = Programme.objects.filter(slug=slug).first()
    if found is None:
        blueprint = next(b for b in blueprints.shipped() if b.code == template)
        found = making.make_programme(
            blueprint=blueprint, slug=slug, names=names, territory=region, starts_on=starts_on, ends_on=ends_on,
            office="Облыстық білім басқармасы (үлгі)", is_synthetic=True, by=by, now=now,
        )  # fmt: skip
        Programme.objects.filter(pk=found.pk).update(state=ProgrammeState.RUNNING)
    return found


def _plan(programme: Programme, planned: Sequence[Planned], first: dt.date, last: dt.date, now, by, seed: int) -> None:
    """Spread the measures over the period; those that are due by today are mostly done, and mostly in time."""
    if Measure.objects.filter(programme=programme).exists():
        return
    owners = _owners(programme)
    step = (last - first).days / len(planned)
    rows = [_row(p, n, first + dt.timedelta(days=round(step * (n + 1))), owners) for n, p in enumerate(planned)]
    made = services.add_measures(programme_id=programme.pk, rows=rows, by=by, now=now)
    today, steps = timezone.localdate(now), []
    for measure in made:
        chance = random.Random(f"plan {seed} {programme.slug} {measure.number}")  # noqa: S311
        if measure.due_date < today and chance.random() < 0.86:
            late = max(0, round(chance.gauss(-6, 9)))
            measure.state, measure.done_on = MeasureState.DONE, min(measure.due_date + dt.timedelta(days=late), today)
            steps.append(_step(measure, MeasureMove.ACCEPTED, measure.done_on, by))
        elif measure.due_date < today + dt.timedelta(days=60) and chance.random() < 0.6:
            measure.state = MeasureState.UNDER_WAY
            steps.append(_step(measure, MeasureMove.BEGUN, measure.due_date - dt.timedelta(days=50), by))
    Measure.objects.bulk_update(made, ["state", "done_on"])
    MeasureStep.objects.bulk_create(steps)


def _row(planned: Planned, place: int, due: dt.date, owners: Sequence[tuple[str, str]]) -> dict:
    code, name = owners[place % len(owners)] if owners and planned.by_institution else ("", planned.owner)
    return {
        "title": planned.title, "section": planned.section, "owner_code": code, "owner_name": name, "due_date": due,
        "budget_tiyn": planned.million_tenge * 100_000_000 or None, "source": planned.source, "wanted": planned.wanted,
    }  # fmt: skip


def _owners(programme: Programme) -> list[tuple[str, str]]:
    """Education departments of the region's districts, by code and name."""
    found = Institution.objects.filter(
        kind=InstitutionKind.DEPARTMENT, org_no__gte=programme.org_lo, org_no__lte=programme.org_hi
    ).order_by("org_no")
    return [(i.code, s.name_kk) for i in found if (s := i.states.filter(valid__upper_inf=True).first()) is not None]


def _step(measure: Measure, kind: str, day: dt.date, by: User | None) -> MeasureStep:
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(15, 0)))
    return MeasureStep(
        measure=measure, org_no=measure.org_no, kind=kind, by_id=by.pk if by else None, by_name=str(by or ""), at=at
    )
