"""The demonstration's questionnaires into the database: the same services as everybody's, answers in bulk."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import asdict

import numpy as np
from django.utils import timezone

from tirek.access.granted import scope_of_grant
from tirek.access.models import Grant, User
from tirek.access.scope import acting_as, current_scope, loading
from tirek.registry.queries import institutions
from tirek.storage import secrets
from tirek.storage.database import home
from tirek.surveys.demonstration.answers import NEED_DROP, Planted, invented_answers, planted_needs, responders
from tirek.surveys.demonstration.questionnaires import ALL, TEACHERS, Questionnaire
from tirek.surveys.demonstration.workbook import workbook_of
from tirek.surveys.models import (
    AccessCode,
    Channel,
    CodeSource,
    CodeState,
    Form,
    FormVersion,
    OpenAnswer,
    Response,
    Round,
    RoundSchool,
    Sampling,
)
from tirek.surveys.services import forms, results, rounds

SCHOOL_KINDS = ("school", "small_school")
SAMPLES: dict[str, tuple[str, int]] = {
    "teachers": (Sampling.PERSONS, 30), "pupils": (Sampling.CLASSES, 2), "parents": (Sampling.PERSONS, 30),
}  # fmt: skip
NAMESPACE = uuid.UUID("5f0c2a52-5a0e-4b43-9d0b-6a3f0f0d1c11")
TRUTH = "surveys-truth.json"


def load_surveys(*, by: User, now: dt.datetime, seed: int = 1) -> dict[str, int]:
    """Three questionnaires, a closed round of each at the support schools with results, an open one. Done once only."""
    with loading():
        grant = Grant.objects.filter(user=by).order_by("pk").first()
    if grant is None:
        return {"rounds": 0, "answers": 0}
    with acting_as(scope_of_grant(grant, by.person_id)):
        with loading():
            if Form.objects.filter(code=TEACHERS.code).exists():
                return {"rounds": 0, "answers": 0}
        org_nos = _support_schools(now)
        if not org_nos:
            return {"rounds": 0, "answers": 0}
        n, planted = 0, {}
        for asked in ALL:
            version = _brought(asked, 1, by, now)
            made, needs = _closed_round(asked, version, org_nos, by, now, seed)
            n += made
            planted[asked.code] = needs
        _open_round(_brought(TEACHERS, 2, by, now), org_nos, by, now)
        _write_truth(seed, org_nos, planted)
        return {"rounds": len(ALL) + 1, "answers": n}


def _support_schools(now: dt.datetime) -> list[int]:
    found = institutions.listed(current_scope(), on=timezone.localdate(now), kind=SCHOOL_KINDS, is_support_school=True)
    return sorted(found.values_list("org_no", flat=True))


def _brought(asked: Questionnaire, number: int, by: User, now: dt.datetime) -> FormVersion:
    version = forms.bring_version(
        data=workbook_of(asked, number), name=f"{asked.code}-{number}.xlsx", titles=forms.Titles(*asked.title), by=by,
        now=now, synthetic=True,
    )  # fmt: skip
    return forms.approve_version(version_id=version.pk, by=by, now=now)


def _closed_round(
    asked: Questionnaire, version: FormVersion, org_nos: list[int], by: User, now: dt.datetime, seed: int
) -> tuple[int, list[Planted]]:
    began, ended = now - dt.timedelta(days=60), now - dt.timedelta(days=30)
    sampling, size = SAMPLES[asked.audience]
    plan = rounds.Plan(
        version.pk,
        asked.audience,
        org_nos,
        timezone.localdate(began),
        timezone.localdate(ended),
        asked.grades,
        sampling,
        size,
    )
    made = rounds.plan_round(plan=plan, by=by, now=began, synthetic=True)
    with loading():
        Round.objects.filter(pk=made.pk).update(seed=f"demonstration {seed}")  # the same lot on every machine
    rounds.open_round(round_id=made.pk, by=by, now=began, tell_schools=False)
    with loading():
        n, needs = _fill(made, version, asked, ended, seed)
    rounds.close_round(round_id=made.pk, by=by, now=ended)
    if n:
        results.publish_results(round_id=made.pk, by=by, now=ended)
    return n, needs


def _fill(
    made: Round, version: FormVersion, asked: Questionnaire, when: dt.datetime, seed: int
) -> tuple[int, list[Planted]]:
    schools = list(RoundSchool.objects.filter(round=made).order_by("org_no"))
    needs = planted_needs(seed, asked, len(schools))
    counts = responders(seed, asked, np.array([school.invited for school in schools]))
    day = timezone.localdate(when)
    codes, answers, texts = [], [], []
    for place, (school, n) in enumerate(zip(schools, counts.tolist(), strict=True)):
        here = {need.scale for need in needs if need.school == place}
        for number, row in enumerate(invented_answers(seed, asked, place, n, here)):
            key = f"{made.code} {school.org_no} {number}"
            response = Response(
                id=uuid.uuid5(NAMESPACE, key), round=made, org_no=school.org_no, version=version, channel=Channel.BROWSER,
                language="kk", answers=row, received_on=day,
            )  # fmt: skip
            answers.append(response)
            if "wishes/said" in row:
                texts.append(
                    OpenAnswer(
                        response=response, round=made, org_no=school.org_no, item="wishes/said", text=row["wishes/said"]
                    )
                )
            codes.append(
                AccessCode(
                    round=made, school=school, org_no=school.org_no, source=CodeSource.POSTER, state=CodeState.FINISHED,
                    code_hash=secrets.keyed_hash(f"demonstration code {key}"), begun_on=day, finished_on=day,
                )
            )  # fmt: skip
    AccessCode.objects.bulk_create(codes, batch_size=2000)
    Response.objects.bulk_create(answers, batch_size=2000)
    OpenAnswer.objects.bulk_create(texts, batch_size=2000)
    return len(answers), needs


def _open_round(version: FormVersion, org_nos: list[int], by: User, now: dt.datetime) -> None:
    plan = rounds.Plan(
        version.pk, "teachers", org_nos, timezone.localdate(now) - dt.timedelta(days=3),
        timezone.localdate(now) + dt.timedelta(days=25),
    )  # fmt: skip
    made = rounds.plan_round(plan=plan, by=by, now=now, synthetic=True)
    rounds.open_round(round_id=made.pk, by=by, now=now)


def _write_truth(seed: int, org_nos: list[int], planted: dict[str, list[Planted]]) -> None:
    """Leave the truth beside the installation's files, so that needs that are found can be held against it."""
    record = {
        "seed": seed,
        "drop": NEED_DROP,
        "needs": {
            code: [asdict(need) | {"org_no": org_nos[need.school]} for need in needs] for code, needs in planted.items()
        },
    }
    path = home() / "demonstration" / TRUTH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False))
