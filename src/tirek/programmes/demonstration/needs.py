"""Needs from the demonstration's findings: proposed by a published decision, then decided, ranked and answered."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict

from django.utils import timezone

from tirek.access.models import User
from tirek.programmes.models import LinkKind, Need, NeedKind, NeedLink, NeedMove, NeedsRun, NeedState, Programme
from tirek.programmes.services import answering, proposing
from tirek.programmes.services import needs as deciding
from tirek_engines.errors import Refusal

SENT_BY_A_SCHOOL = 2
REJECTED_BECAUSE = "Кабинет биыл басқа бағдарлама бойынша жаңартылады."


def fill(otpan: Programme, *, now: dt.datetime, by: User | None, seed: int) -> int:
    """Propose, publish, decide and tie to the works that are there. Gives how many needs there are."""
    if not NeedsRun.objects.filter(programme=otpan, state="applied").exists():
        try:
            run = proposing.draft_needs(programme_id=otpan.pk, by=by, now=now)
        except Refusal:
            return 0  # nothing is walked or asked yet in this demonstration
        proposing.publish_needs(programme_id=otpan.pk, number=run.decision_number, by=by, now=now)
        _decide(otpan, now, by, seed)
    _tie_works(otpan, now, by)
    _send_to_courses(otpan, now, by)
    return Need.objects.filter(programme=otpan).count()


def _decide(otpan: Programme, now: dt.datetime, by: User | None, seed: int) -> None:
    """Seven in ten are accepted, one is rejected, two still wait. Ranks follow the worst findings."""
    schools: dict[int, list[Need]] = defaultdict(list)
    for need in Need.objects.filter(programme=otpan, state=NeedState.PROPOSED).order_by("number"):
        schools[need.org_no].append(need)
    for org_no, found in schools.items():
        chance = random.Random(f"needs {seed} {org_no}")  # noqa: S311
        found.sort(key=lambda n: (n.numbers.get("index", 1000), n.number))
        for need in found:
            draw = chance.random()
            if draw < 0.7:
                deciding.accept(need_id=need.pk, by=by, now=now)
            elif draw < 0.8:
                deciding.reject(need_id=need.pk, note=REJECTED_BECAUSE, by=by, now=now)


def _tie_works(otpan: Programme, now: dt.datetime, by: User | None) -> int:
    """Works of the demonstration that answer a need of their room get its code; accepted ones meet it."""
    from tirek.facilities.models import Work

    tied = 0
    by_room = {
        n.room_id: n
        for n in Need.objects.filter(programme=otpan, kind=NeedKind.EDUCATIONAL, room_id__isnull=False).exclude(
            state__in=[NeedState.MERGED, NeedState.REJECTED, NeedState.LAPSED]
        )
    }
    for work in Work.objects.filter(is_synthetic=True, need_code="", room__in=by_room).exclude(state="cancelled"):
        need = by_room[work.room_id]
        if need.state == NeedState.PROPOSED:
            need = deciding.accept(need_id=need.pk, by=by, now=now)
        Work.objects.filter(pk=work.pk).update(need_code=need.code)
        NeedLink.objects.create(
            need=need, org_no=need.org_no, kind=LinkKind.WORK, ref=str(work.pk), title=work.title, at=now,
            by_id=by.pk if by else None,
        )  # fmt: skip
        proposing.new_step(need, NeedMove.LINKED, by, now, note=work.title).save(force_insert=True)
        if work.state == "accepted" and need.state == NeedState.ACCEPTED:
            need.met_on = work.accepted_on or timezone.localdate(now)
            deciding.move(need, NeedState.MET, NeedMove.MET, by, now, work.title)
        by_room[work.room_id] = need
        tied += 1
    return tied


def _send_to_courses(otpan: Programme, now: dt.datetime, by: User | None) -> int:
    """Two teachers of a school with a professional need go to an open course on its topic, as long as there are places."""
    from tirek.cpd.queries.courses import open_cohorts
    from tirek.cpd.services.cohorts import enrolled_count
    from tirek.registry.models import Employment

    if NeedLink.objects.filter(need__programme=otpan, kind=LinkKind.COHORT).exists():
        return 0
    sent, today = 0, timezone.localdate(now)
    found = Need.objects.filter(programme=otpan, kind=NeedKind.PROFESSIONAL, state=NeedState.ACCEPTED).exclude(topic="")
    for need in found.order_by("number"):
        staff = Employment.objects.filter(org_no=need.org_no, position="teacher", is_main=True, valid__contains=today)
        people = list(staff.order_by("sort_key", "id").values_list("person_id", flat=True)[:SENT_BY_A_SCHOOL])
        for cohort in open_cohorts(need.topic, on=today):
            if cohort.places - enrolled_count(cohort) >= len(people) > 0:
                answering.fill_cohort(cohort_id=cohort.pk, sent={need.pk: people}, by=by, now=now)
                sent += 1
                break
    return sent
