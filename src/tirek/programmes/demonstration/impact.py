"""The exit wave of the demonstration with a known effect, the comparison chosen before it, and the result. Synthetic.

Pupils answer as they did at the entrance, a year's growth abler; those of schools that take part are ``EFFECT_LOGITS`` abler
still. The truth lies in the record beside the installation's files, so that the published interval can be held against it.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils import timezone

from tirek.access.scope import loading
from tirek.assessment.models import (
    AnswerSheet,
    Booklet,
    Calibration,
    ItemEstimate,
    MatchedBy,
    PersonResult,
    Release,
    Sitting,
    SittingState,
    Test,
    TestKind,
    TestState,
)
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.linking import link_test
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.models import Participation, Programme
from tirek.programmes.queries import impact as queries
from tirek.programmes.queries.impact import Outcome
from tirek.programmes.queries.impact_design import waves_of
from tirek.programmes.services.impact import choose_comparison, estimate_impact, publish_impact
from tirek.storage.database import home
from tirek_engines.errors import Refusal

EFFECT_LOGITS, GROWTH_LOGITS = 0.20, 0.25
SCHOOL_SD_LOGITS, PUPIL_SD_LOGITS = 0.06, 0.20
SEED, SCHOOL_DAYS, REST_DAYS, NEW_ITEMS_EVERY, BATCH = 41, 236, 5, 3, 5000
MATHEMATICS = Outcome("mathematics", 4)
TITLES = {
    "kk": "Математика: шығу мониторингі, {grade}-сынып",
    "ru": "Математика: выходной мониторинг, {grade} класс",
    "en": "Mathematics: exit monitoring, grade {grade}",
}
QUESTION = (
    "Тірек мектептердегі жұмыс оқушылардың математикадан нәтижесін көтерді ме? / "
    "Подняла ли работа в опорных школах результаты учеников по математике?"
)


def demonstrate_impact(slug: str, now: dt.datetime | None = None) -> dict:
    """Choose, let a year pass, test, link, publish, estimate. Safe to repeat; gives what is there."""
    now = now or timezone.now()
    with loading():
        programme = Programme.objects.get(slug=slug)
        entry = _entrance(programme, timezone.localdate(now))
        joined = (
            Participation.objects.filter(programme=programme, valid__startswith__lte=entry.last_day) if entry else None
        )
    if entry is None or not joined:
        return {"reason": "no entrance results with answers, a school year ago, since which schools take part"}
    begins, exit_day = entry.last_day, entry.last_day + dt.timedelta(days=SCHOOL_DAYS)
    chosen_at = _noon(begins + dt.timedelta(days=7))
    with loading():
        made = _decided(programme, COMPARISON, chosen_at, begins)
        test = _exit_test(programme, entry, exit_day)
        result = _decided(programme, IMPACT, min(now, _noon(exit_day + dt.timedelta(days=4))), begins)
    truth = _write_record(test, entry.release)
    return {"comparison": made.number, "test": test.code, "impact": result.number, **truth}


def _entrance(programme: Programme, today: dt.date):
    """The latest test with answers since which a school year has passed: after it the lessons changed."""
    waves = waves_of(programme, MATHEMATICS.subject, MATHEMATICS.grade)
    wanted = today - dt.timedelta(days=SCHOOL_DAYS + REST_DAYS)
    found = [w for w in waves if w.release.calibration and w.test.kind == TestKind.ENTRANCE and w.last_day <= wanted]
    return found[-1] if found else None


def _noon(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(12)))


def _decided(programme: Programme, kind: str, now: dt.datetime, begins: dt.date):
    found = queries.published(programme, kind, MATHEMATICS)
    if found is not None:
        return found
    asked = {"slug": programme.slug, "outcome": MATHEMATICS, "by": None, "now": now}
    if kind == COMPARISON:
        made = choose_comparison(**asked, begins=begins, question=QUESTION)
    else:
        made = estimate_impact(**asked)
    return publish_impact(slug=programme.slug, number=made.number, by=None, now=now)


def _exit_test(programme: Programme, entry, day: dt.date) -> Test:
    """The test with its answers, linked and published; the one that is there is left as it is."""
    code = f"{entry.test.code}-EXIT"
    test = Test.objects.filter(code=code).first() or _made(programme, entry, code, day)
    now = _noon(day + dt.timedelta(days=3))
    if test.state == TestState.COLLECTING:
        calibrate_test(test_id=test.pk, by=None, now=now)
        test.refresh_from_db()
    if test.state == TestState.CALIBRATED:
        try:
            link_test(test_id=test.pk, base_id=entry.test.pk, matched_by=MatchedBy.CODE, by=None, now=now)
        finally:
            publish_results(test_id=test.pk, by=None, now=now)
    test.refresh_from_db()
    return test


@dataclass(frozen=True)
class _Items:
    """Items of the exit test with their difficulties on the entrance's scale; every third is new."""

    entrance: list[str]
    names: dict[str, str]
    difficulty: dict[str, float]
    areas: dict[str, str]


def _items(calibration: Calibration) -> _Items:
    rng = np.random.default_rng([SEED, 1])
    found = ItemEstimate.objects.filter(calibration=calibration, difficulty__isnull=False, removed_because="")
    rows = list(found.select_related("item").order_by("item__position"))
    rows = [row for row in rows if row.item.max_score == 1]
    names, difficulty = {}, {}
    for place, row in enumerate(rows):
        is_new = place % NEW_ITEMS_EVERY == NEW_ITEMS_EVERY - 1
        name = f"N{row.item.code}"[:32] if is_new else row.item.code
        names[row.item.code] = name
        difficulty[name] = float(row.difficulty) + (float(rng.normal(0, 0.2)) if is_new else 0.0)
    return _Items(
        [r.item.code for r in rows], names, difficulty, {names[r.item.code]: r.item.content_area for r in rows}
    )


@transaction.atomic
def _made(programme: Programme, entry, code: str, day: dt.date) -> Test:
    base: Test = entry.test
    items = _items(entry.release.calibration)
    booklets = {}
    for booklet in Booklet.objects.filter(test=base).order_by("code"):
        places = booklet.places.order_by("position").values_list("item__code", flat=True)
        booklets[booklet.code] = [items.names[name] for name in places if name in items.names]
    test = create_test(
        code=code, titles={k: text.format(grade=base.grade) for k, text in TITLES.items()}, subject=base.subject,
        grade=base.grade, school_year=base.school_year, kind=TestKind.EXIT, territory=base.territory,
        items=[ItemSpec(name, content_area=area) for name, area in items.areas.items()], booklets=booklets, is_synthetic=True,
    )  # fmt: skip
    _answer(test, entry.release, programme, items, booklets, day)
    Test.objects.filter(pk=test.pk).update(state=TestState.COLLECTING)
    test.refresh_from_db()
    return test


def _answer(
    test: Test, release: Release, programme: Programme, items: _Items, booklets: dict[str, list[str]], day: dt.date
) -> None:
    """Everybody who sat the entrance test sits this one."""
    columns = ("person_id", "org_no", "sitting__institution_id", "sitting__language", "eap", "eap_se")
    rows = list(PersonResult.objects.filter(release=release).order_by("org_no", "person_id").values_list(*columns))
    joined = Participation.objects.filter(programme=programme, valid__startswith__lte=day)
    inside = set(joined.values_list("org_no", flat=True))
    org = np.array([row[1] for row in rows])
    theta = _abilities(org, np.array([row[4] for row in rows]), np.array([row[5] for row in rows]), inside)
    sittings = _sittings(test, rows, day)
    held = {b.code: b.pk for b in Booklet.objects.filter(test=test)}
    order = sorted(booklets)
    rng = np.random.default_rng([SEED, 3])
    sheets = []
    for place, row in enumerate(rows):
        name = order[place % len(order)]
        hard = np.array([items.difficulty[item] for item in booklets[name]])
        right = rng.random(hard.size) < 1 / (1 + np.exp(hard - theta[place]))
        sheets.append(AnswerSheet(
            test=test, sitting_id=sittings[row[2], row[3]], person_id=row[0], booklet_id=held[name], org_no=row[1],
            codes=right.astype(np.uint8).tobytes(),
        ))  # fmt: skip
    AnswerSheet.objects.bulk_create(sheets, batch_size=BATCH)


def _abilities(org: np.ndarray, eap: np.ndarray, se: np.ndarray, inside: set[int]) -> np.ndarray:
    """Abilities at the exit: the entrance's with its uncertainty, growth, luck of school and pupil, and the effect."""
    rng = np.random.default_rng([SEED, 2])
    schools, of = np.unique(org, return_inverse=True)
    shocks = rng.normal(0, SCHOOL_SD_LOGITS, schools.size)
    for takes_part in (True, False):  # the effect is the constant, not the constant and luck
        chosen = np.isin(schools, list(inside)) == takes_part
        shocks[chosen] -= shocks[chosen].mean() if chosen.any() else 0.0
    own = eap + se * rng.standard_normal(org.size) + rng.normal(0, PUPIL_SD_LOGITS, org.size)
    return own + GROWTH_LOGITS + shocks[of] + EFFECT_LOGITS * np.isin(org, list(inside))


def _sittings(test: Test, rows: list[tuple], day: dt.date) -> dict[tuple[int, str], int]:
    wanted = {(row[2], row[3]): row[1] for row in rows}
    made = Sitting.objects.bulk_create(
        Sitting(
            test=test,
            institution_id=institution,
            org_no=org_no,
            date=day,
            language=language,
            state=SittingState.ANSWERED,
        )
        for (institution, language), org_no in wanted.items()
    )
    return {(s.institution_id, s.language): s.pk for s in made}


def _write_record(test: Test, release: Release) -> dict:
    """The truth beside the installation's files."""
    points = points_a_logit(release)
    truth = {"effect_logits": EFFECT_LOGITS, "effect_points": round(EFFECT_LOGITS * points, 2), "exit_test": test.code}
    path = home() / "demonstration" / "truth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        record = {}
    record["impact"] = truth
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False))
    return truth


def points_a_logit(release: Release) -> float:
    """How many points of the reporting scale one logit is, from published results."""
    with loading():
        found = PersonResult.objects.filter(release=release).values_list("eap", "points")
        table = np.array(list(found), dtype=np.float64)
    if len(table) < 2 or np.ptp(table[:, 0]) == 0:
        raise Refusal("The entrance results are all the same.", code="no_scale")
    return float(np.polyfit(table[:, 0], table[:, 1], 1)[0])
