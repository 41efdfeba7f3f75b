"""Otpan and the other programmes for the demonstration, from the rows that are there. Safe to repeat."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.programmes import blueprints
from tirek.programmes.demonstration import applying, needs, pace, plans
from tirek.programmes.models import Participation, Programme, Selection
from tirek.programmes.services import programmes as making
from tirek.programmes.services import selecting
from tirek.registry.models import InstitutionState, Territory, TerritoryLevel

BEGAN, ENDS = dt.date(2024, 4, 1), dt.date(2026, 4, 1)
CHOSEN_AT = dt.datetime(2024, 3, 22, 10, 30, tzinfo=dt.UTC)
SOON = ("475200000", "474200000", "475000000", "474600000", "471800000")  # where the programme goes on to
OFFICE = "Білім беруді тұрақты дамыту қоры (үлгі)"
SISTERS = (
    ("15", "otpan-aqtobe", "Ақтөбе тірек мектептері", "Опорные школы Актюбинской области", "Support schools of Aktobe"),
    ("19", "otpan-almaty", "Алматы облысының тірек мектептері", "Опорные школы Алматинской области", "Support schools of Almaty Region"),
    ("62", "otpan-ulytau", "Ұлытау тірек мектептері", "Опорные школы области Ұлытау", "Support schools of Ulytau"),
)  # fmt: skip
REPORTED = {  # made up: no figures of these programmes are published
    "otpan-aqtobe": {"programmes.schools": (40, None), "programmes.needs_met_share": (118, 260), "programmes.measures_in_time_share": (21, 30)},
    "otpan-almaty": {"programmes.schools": (60, None), "programmes.needs_met_share": (203, 410), "programmes.measures_in_time_share": (33, 41)},
    "otpan-ulytau": {"programmes.schools": (15, None), "programmes.needs_met_share": (31, 77), "programmes.measures_in_time_share": (12, 14)},
}  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What was made. ``unlike`` are schools whose choice differs from the register's mark, with both sides said."""

    programmes: int = 0
    schools: int = 0
    needs: int = 0
    measures: int = 0
    unlike: tuple[str, ...] = ()


def load_programmes(*, now: dt.datetime, seed: int = 1) -> Done:
    """Fill the programmes of the demonstration's region; repeating changes nothing and finishes what is missing."""
    with loading():
        region = _region(timezone.localdate(now))
        if region is None:
            return Done()
        office = User.objects.filter(username="office", is_demonstration=True).first()
        national = _national(office)
        otpan = _otpan(region, national, office)
        unlike = _choose(otpan, office, seed)
        pace.walk(otpan, now=now, by=office, seed=seed)
        _extend(otpan, office, now)
        made = needs.fill(otpan, now=now, by=office, seed=seed)
        measures = plans.fill(otpan, region, now=now, by=office, seed=seed)
        _sisters(national, office, now)
        return Done(
            Programme.objects.count(),
            Participation.objects.filter(programme=otpan).count(),
            made,
            measures,
            tuple(unlike),
        )


def _region(today: dt.date) -> Territory | None:
    """The region whose register has support schools."""
    first = InstitutionState.objects.filter(is_support_school=True, valid__contains=today).order_by("org_no").first()
    if first is None:
        return None
    around = Territory.objects.filter(level=TerritoryLevel.REGION, org_lo__lte=first.org_no, org_hi__gte=first.org_no)
    return around.first()


def _blueprint(code: str) -> blueprints.Blueprint:
    return next(b for b in blueprints.shipped() if b.code == code)


def _national(by: User | None) -> Programme:
    """The national programme of which Otpan is a part; run elsewhere."""
    found = Programme.objects.filter(slug="auyl-mektebi").first()
    if found is not None:
        return found
    names = {
        "kk": "Ауыл мектебі — сапа алаңы",
        "ru": "Ауыл мектебі — сапа алаңы",
        "en": "Village school, a place of quality",
    }
    country = Territory.objects.get(level=TerritoryLevel.COUNTRY)
    return making.make_programme(
        blueprint=_blueprint("support_schools"), slug="auyl-mektebi", names=names, territory=country, starts_on=BEGAN,
        ends_on=ENDS, places=0, is_sister=True, is_synthetic=True, by=by, now=CHOSEN_AT,
    )  # fmt: skip


def _otpan(region: Territory, national: Programme, by: User | None) -> Programme:
    found = Programme.objects.filter(slug="otpan").first()
    if found is not None:
        return found
    wanted = len(applying.support_schools(region))
    return making.make_programme(
        blueprint=_blueprint("support_schools"), slug="otpan", names={"kk": "Отпан", "ru": "Отпан", "en": "Otpan"},
        territory=region, starts_on=BEGAN, ends_on=ENDS, places=wanted, parent=national, office=OFFICE, is_synthetic=True,
        by=by, now=CHOSEN_AT,
    )  # fmt: skip


def _choose(otpan: Programme, by: User | None, seed: int) -> list[str]:
    """The published choice of April 2024. It agrees with the register's mark, or says where it does not."""
    if not Selection.objects.filter(programme=otpan, state="applied").exists():
        applying.apply(otpan, day=CHOSEN_AT.date(), seed=seed)
        draft = selecting.draft_selection(
            programme_id=otpan.pk,
            places=otpan.places,
            districts=[],
            day=CHOSEN_AT.date(),
            joins_on=BEGAN,
            by=by,
            now=CHOSEN_AT,
        )
        selecting.publish_selection(programme_id=otpan.pk, number=draft.decision_number, by=by, now=CHOSEN_AT)
    chosen = set(Participation.objects.filter(programme=otpan).values_list("org_no", flat=True))
    marked = set(applying.support_schools(otpan.territory))
    only_chosen = [f"{n}: chosen, not marked as a support school in the register" for n in sorted(chosen - marked)]
    return only_chosen + [f"{n}: a support school in the register, not chosen" for n in sorted(marked - chosen)]


def _extend(otpan: Programme, by: User | None, now: dt.datetime) -> None:
    """A draft of the extension to further districts, for the office to look at and to try other rules on."""
    if Selection.objects.filter(programme=otpan, is_extension=True).exists():
        return
    districts = list(Territory.objects.filter(code__in=SOON).values_list("code", flat=True))
    selecting.draft_selection(
        programme_id=otpan.pk, places=max(2, otpan.places // 6), districts=districts, day=timezone.localdate(now),
        joins_on=min(timezone.localdate(now), otpan.ends_on), by=by, now=now,
    )  # fmt: skip


def _sisters(national: Programme, by: User | None, now: dt.datetime) -> None:
    for code, slug, kk, ru, en in SISTERS:
        territory = Territory.objects.filter(code=f"{code}0000000").first()
        if territory is None or Programme.objects.filter(slug=slug).exists():
            continue
        sister = making.make_programme(
            blueprint=_blueprint("support_schools"), slug=slug, names={"kk": kk, "ru": ru, "en": en}, territory=territory,
            starts_on=BEGAN, ends_on=ENDS, parent=national, is_sister=True, is_synthetic=True, by=by, now=CHOSEN_AT,
        )  # fmt: skip
        for indicator, (numerator, denominator) in REPORTED[slug].items():
            making.report_figure(
                programme_id=sister.pk, indicator=indicator, day=timezone.localdate(now) - dt.timedelta(days=40),
                numerator=numerator, denominator=denominator, source="Бағдарлама кеңсесінің есебі (үлгі)", is_synthetic=True,
                by=by, now=now,
            )  # fmt: skip
