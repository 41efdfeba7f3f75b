"""Probes into what the other apps keep: walks, questionnaires, works, certificates, results.

Where an app keeps nothing of a school there is no fact, and a person may confirm the requirement with evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from django.db.models import Subquery
from django.utils.translation import gettext_lazy as _

from tirek.programmes.models import LinkKind, NeedLink
from tirek.programmes.probes.register import Asked, Fact, Probe, register
from tirek.registry.models import Room


def rooms_walked(asked: Asked) -> Mapping[int, Fact]:
    """How many of the school's rooms have a decided condition."""
    from tirek.facilities.queries.findings import room_findings

    rooms = defaultdict(set)
    for org_no, room in Room.objects.filter(org_no__in=asked.org_nos, valid__contains=asked.on).values_list(
        "org_no", "id"
    ):
        rooms[org_no].add(room)
    walked = defaultdict(set)
    for finding in room_findings(asked.org_nos, asked.on):
        if finding.index_points is not None and finding.room_id in rooms[finding.org_no]:
            walked[finding.org_no].add(finding.room_id)
    percent = int(asked.parameters.get("percent", 100))
    return {
        org_no: Fact(100 * len(walked[org_no]) >= percent * len(some), len(walked[org_no]), len(some))
        for org_no, some in rooms.items()
        if org_no in walked
    }


def questionnaire(asked: Asked) -> Mapping[int, Fact]:
    """The audience's last closed questionnaire, and how many of those asked have answered."""
    from tirek.surveys.queries.results import scale_results

    percent, audience = int(asked.parameters.get("percent", 0)), asked.parameters.get("audience")
    latest: dict[int, tuple] = {}
    for row in scale_results(asked.org_nos, asked.on):
        if row.audience == audience:
            latest[row.org_no] = max(latest.get(row.org_no, ()), (row.closed_on, row.n, row.invited))
    return {
        org_no: Fact(100 * n >= percent * invited, n, -(-percent * invited // 100))
        for org_no, (_closed, n, invited) in latest.items()
    }


def works_accepted(asked: Asked) -> Mapping[int, Fact]:
    """Of the works that answer the school's needs, how many are accepted."""
    from tirek.facilities.queries.works import works_of

    links = NeedLink.objects.filter(org_no__in=asked.org_nos, kind=LinkKind.WORK).values_list("org_no", "need__number")
    owner = {f"N-{number}": org_no for org_no, number in links}
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for work in works_of(need_codes=sorted(owner)) if owner else ():
        known = counts[owner[work.need_code]]
        known[0] += work.state == "accepted"
        known[1] += 1
    return {org_no: Fact(done == all_, done, all_) for org_no, (done, all_) in counts.items() if all_}


def certificates(asked: Asked) -> Mapping[int, Fact]:
    """Of the people sent to courses for the school's needs, how many have completed them."""
    from tirek.cpd.models import Participation, Standing

    links = NeedLink.objects.filter(org_no__in=asked.org_nos, kind=LinkKind.COHORT).values_list(
        "org_no", "need__number"
    )
    owner = {f"N-{number}": org_no for org_no, number in links}
    sent = [Standing.ENROLLED, Standing.COMPLETED, Standing.NOT_COMPLETED]
    people: dict[int, set[int]] = defaultdict(set)
    done: dict[int, set[int]] = defaultdict(set)
    for code, person, standing in Participation.objects.filter(
        need_code__in=sorted(owner), standing__in=sent
    ).values_list("need_code", "person_id", "standing"):
        people[owner[code]].add(person)
        if standing == Standing.COMPLETED:
            done[owner[code]].add(person)
    return {
        org_no: Fact(len(done[org_no]) >= len(some), len(done[org_no]), len(some)) for org_no, some in people.items()
    }


def wave_measured(asked: Asked) -> Mapping[int, Fact]:
    """Published results of a test of a school year that began after the programme, for the school."""
    from tirek.assessment.models import Dimension, GroupResult, ReleaseState
    from tirek.programmes.models import Programme

    starts_on = Programme.objects.filter(pk=asked.programme_id).values("starts_on")
    rows = GroupResult.objects.filter(
        dimension=Dimension.SCHOOL, org_lo__in=asked.org_nos, release__state=ReleaseState.PUBLISHED,
        release__test__school_year__ends_on__gt=Subquery(starts_on),
    ).values_list("org_lo", "release__test__school_year")  # fmt: skip
    waves = defaultdict(set)
    for org_no, year in rows:
        waves[org_no].add(year)
    wanted = int(asked.parameters.get("waves", 1))
    return {org_no: Fact(len(waves[org_no]) >= wanted, len(waves[org_no]), wanted) for org_no in asked.org_nos}


def register_others() -> None:
    register(Probe("rooms_walked", _("Rooms walked"), _("%(have)s of %(wanted)s rooms walked"), rooms_walked))
    register(
        Probe("questionnaire", _("Questionnaire closed"), _("%(have)s of at least %(wanted)s answers"), questionnaire)
    )
    register(Probe("works_accepted", _("Works accepted"), _("%(have)s of %(wanted)s works accepted"), works_accepted))
    register(Probe("certificates", _("Courses finished"), _("%(have)s of %(wanted)s teachers certified"), certificates))
    register(
        Probe("wave_measured", _("Monitoring held"), _("%(have)s of %(wanted)s waves of monitoring"), wave_measured)
    )
