"""A closed walk for each support school with photographs, and works at every step, some of them accepted."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Sequence

from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions import services as decisions
from tirek.facilities.demonstration.pictures import SPACE, WALKER, picture_of
from tirek.facilities.demonstration.works import demonstrate_works
from tirek.facilities.models import Finding, Photograph, Stage, Walk
from tirek.facilities.queries.findings import condition_rules, standard_of
from tirek.facilities.services.indexing import index_territory
from tirek.registry.models import InstitutionState, Room, Territory, TerritoryLevel
from tirek_engines.facilities import ConditionRules

SEED = 20_260_901
THERE = {"good": 0.93, "fair": 0.8, "poor": 0.55, "unusable": 0.2}
NOTES = {
    "poor": ("Терезесі жабылмайды.", "Еден тақтайы шіріген.", "Қабырғада жарық бар."),
    "unusable": ("Төбеден су өтеді, бөлме жабық.", "Электр сымы жарамсыз."),
}
PICTURED = 4  # rooms with a photograph in each walk


def demonstrate_rooms(*, now: dt.datetime, by: User | None = None, earmark_codes: Sequence[str] = ()) -> int:
    """Fill rooms and works of the support schools; a second call adds nothing. Gives the number of walks made.

    ``earmark_codes`` are given in turn to the works that sponsors are said to pay.
    """
    today = timezone.localdate(now)
    with loading():
        states = list(
            InstitutionState.objects.filter(is_support_school=True, valid__contains=today)
            .select_related("institution")
            .order_by("org_no")
        )
        done = set(Walk.objects.filter(is_synthetic=True).values_list("org_no", flat=True))
        made = [_walk(state.institution, now) for state in states if state.org_no not in done]
    if not made:
        return 0
    _index(made, today, by, now)
    demonstrate_works([walk.institution for walk in made], earmark_codes=earmark_codes, now=now)
    return len(made)


def _walk(institution, now: dt.datetime) -> Walk:
    chance = random.Random(f"{SEED} walk {institution.org_no}")  # noqa: S311 (a drawing of the demonstration)
    began = now - dt.timedelta(days=chance.randint(45, 75), hours=chance.randint(0, 5))
    closed = began + dt.timedelta(hours=chance.randint(3, 26))
    walk = Walk.objects.create(
        institution=institution, org_no=institution.org_no, opened_at=began, opened_by_name=WALKER, closed_at=closed,
        closed_by_name=WALKER, day=timezone.localdate(closed), is_synthetic=True,
    )  # fmt: skip
    rooms = list(Room.objects.filter(institution=institution, valid__contains=walk.day).order_by("pk"))
    rules = condition_rules(walk.day, institution.org_no, institution.org_no) if rooms else None
    findings = [
        _finding(walk, room, rules, began + dt.timedelta(minutes=4 * n), chance) for n, room in enumerate(rooms)
    ]
    Finding.objects.bulk_create(findings)
    for room in rooms:
        room.condition_date = walk.day
    Room.objects.bulk_update(rooms, ["condition_date"], batch_size=500)
    Photograph.objects.bulk_create([
        picture_of(finding.room, finding.condition, now=finding.taken_at, walk=walk, finding=finding, stage=Stage.WALK)
        for finding in _pictured(findings)
    ])  # fmt: skip
    return walk


def _finding(walk: Walk, room: Room, rules: ConditionRules | None, at: dt.datetime, chance: random.Random) -> Finding:
    condition = room.condition or "fair"
    wanted = standard_of(room, rules) if rules else {}
    share = THERE[condition]
    counts = {item: sum(chance.random() < share for _n in range(number)) for item, number in wanted.items()}
    note = chance.choice(NOTES[condition]) if condition in NOTES else ""
    name = uuid.uuid5(SPACE, f"finding {walk.org_no} {room.pk}")
    return Finding(
        uuid=name, walk=walk, org_no=walk.org_no, place=f"r{room.pk}", room=room, device="demo", taken_at=at, received_at=at,
        by_name=WALKER, condition=condition, counts=counts, note=note, sha256=name.hex * 2,
    )  # fmt: skip


def _pictured(findings: Sequence[Finding]) -> list[Finding]:
    """The worst rooms of a walk, and one good one."""
    order = ["unusable", "poor", "fair", "good"]
    worst = sorted(findings, key=lambda one: (order.index(one.condition), one.place))
    return worst[: PICTURED - 1] + worst[-1:] if len(worst) > PICTURED else worst


def _index(walks: Sequence[Walk], today: dt.date, by: User | None, now: dt.datetime) -> None:
    """Each region with a walk gets a published index."""
    org_nos = [walk.org_no for walk in walks]
    with loading():
        regions = Territory.objects.filter(level=TerritoryLevel.REGION, valid__contains=today).order_by("org_lo")
        for region in regions:
            if any(region.org_lo <= org_no <= region.org_hi for org_no in org_nos):
                draft = index_territory(code=region.code, day=today, by=by, now=now)
                decisions.publish(draft.number, by=by, now=now)
                inside = [walk.pk for walk in walks if region.org_lo <= walk.org_no <= region.org_hi]
                Walk.objects.filter(pk__in=inside).update(decision_number=draft.number)
