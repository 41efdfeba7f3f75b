"""The stage board: where each school stands, for how long, and what is missing for it to go on."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tirek.access.scope import Scope
from tirek.programmes.models import Confirmation, Participation, Programme, Stage
from tirek.programmes.probes.register import Asked, Fact, probe_of
from tirek.programmes.queries.programmes import districts_of, states_of
from tirek.registry.models import InstitutionState, Territory
from tirek.registry.queries.territories import local_name
from tirek.tasks.models import Step as TaskStep
from tirek.tasks.models import StepKind, Task, TaskState

STAGE_TASK = "programmes.stage"


@dataclass(frozen=True)
class Requirement:
    """One requirement of a school's stage: met by the records, confirmed by a person, or missing."""

    code: str
    name: str
    is_met: bool
    words: str = ""
    confirmed: Confirmation | None = None
    is_looked_up: bool = False

    @property
    def may_be_confirmed(self) -> bool:
        """A person may say so where the records know nothing, or are not asked."""
        return not self.is_looked_up and self.confirmed is None


@dataclass(frozen=True)
class Row:
    """One school on the board."""

    participation: Participation
    state: InstitutionState | None
    district: Territory | None
    stage: Stage | None
    due_on: dt.date | None
    days_over: int
    requirements: tuple[Requirement, ...]
    asked_at: dt.datetime | None = None

    @property
    def org_no(self) -> int:
        return self.participation.org_no

    @property
    def name(self) -> str:
        return local_name(self.state) if self.state else str(self.org_no)

    @property
    def missing(self) -> list[Requirement]:
        return [r for r in self.requirements if not r.is_met]

    @property
    def is_ready(self) -> bool:
        """Everything is there for the next stage."""
        return self.stage is not None and not self.missing

    @property
    def is_stuck(self) -> bool:
        return self.days_over > 0 and not self.is_ready


@dataclass(frozen=True)
class Board:
    """The rows that were asked for, stuck first, and the numbers of the whole scope by stage."""

    rows: list[Row]
    stages: list[Stage]
    of_stage: Mapping[int, int] = field(default_factory=dict)
    stuck: int = 0
    ready: int = 0
    schools: int = 0


def board(
    programme: Programme, scope: Scope, *, on: dt.date, district: str = "", stage: str = "", only: str = "",
    stages: list[Stage] | None = None,
) -> Board:  # fmt: skip
    """The schools of the scope, those furthest over their planned time first."""
    found = Participation.objects.filter(programme=programme, valid__contains=on).select_related("stage", "programme")
    own = {"org_no__gte": scope.lo or 0, "org_no__lte": scope.hi or -1}  # a teacher's school
    found = found.filter(**own) if scope.is_own else scope.limit(found)
    if stages is None:
        stages = list(Stage.objects.filter(programme=programme).order_by("position"))
    rows = rows_of(programme, list(found), stages, on=on)
    of_stage: dict[int, int] = defaultdict(int)
    for row in rows:
        of_stage[row.stage.pk if row.stage else 0] += 1
    shown = [row for row in rows if _fits(row, district, stage, only)]
    shown.sort(key=lambda row: (-row.days_over if not row.is_ready else 1, row.due_on or dt.date.max, row.name))
    return Board(shown, stages, dict(of_stage), sum(r.is_stuck for r in rows), sum(r.is_ready for r in rows), len(rows))


def _fits(row: Row, district: str, stage: str, only: str) -> bool:
    if district and (row.district is None or row.district.code != district):
        return False
    if stage and (row.stage is None or row.stage.code != stage):
        return False
    return not only or (row.is_stuck if only == "stuck" else row.is_ready)


def rows_of(programme: Programme, found: Sequence[Participation], stages: Sequence[Stage], *, on: dt.date) -> list[Row]:
    """Rows of these schools: each probe is asked once for all of them."""
    org_nos = [p.org_no for p in found]
    states, places = states_of(org_nos, on=on), districts_of(org_nos)
    due_days, total = {}, 0
    for stage in stages:
        total += stage.days
        due_days[stage.pk] = total
    asked_at, wanted = last_asked(programme, org_nos), requirements_of(found, on=on)
    rows = []
    for p in found:
        due_on = p.valid.lower + dt.timedelta(days=due_days[p.stage_id]) if p.stage_id else None
        rows.append(Row(
            participation=p, state=states.get(p.org_no), district=places.get(p.org_no), stage=p.stage, due_on=due_on,
            days_over=(on - due_on).days if due_on else 0, requirements=wanted[p.pk],
            asked_at=asked_at.get((p.org_no, p.stage.code if p.stage else "")),
        ))  # fmt: skip
    return rows


def requirements_of(found: Sequence[Participation], *, on: dt.date) -> dict[int, tuple[Requirement, ...]]:
    """What each school's present stage wants, and what of it is there."""
    confirmed = confirmations([p.pk for p in found])
    groups: dict[int, list[Participation]] = defaultdict(list)
    for p in found:
        if p.stage_id:
            groups[p.stage_id].append(p)
    made: dict[int, tuple[Requirement, ...]] = {p.pk: () for p in found}
    for members in groups.values():
        stage = members[0].stage
        facts = [(r, measured(r, members[0].programme_id, [p.org_no for p in members], on)) for r in stage.requirements]
        for p in members:
            made[p.pk] = tuple(
                _requirement(r, of.get(p.org_no), confirmed.get((p.pk, stage.pk, r["code"]))) for r, of in facts
            )
    return made


def measured(requirement: Mapping, programme_id: int, org_nos: Sequence[int], on: dt.date) -> Mapping[int, Fact]:
    """Facts of one requirement; nothing where no probe looks it up."""
    probe = probe_of(requirement.get("probe") or "")
    if probe is None:
        return {}
    return probe.measure(Asked(programme_id, org_nos, on, requirement.get("parameters") or {}))


def _requirement(wanted: Mapping, fact: Fact | None, confirmed: Confirmation | None) -> Requirement:
    probe = probe_of(wanted.get("probe") or "")
    words = probe.say(fact) if probe is not None and fact is not None and fact.have is not None else ""
    is_met = fact.is_met if fact is not None else confirmed is not None
    name = local_name(_Named(wanted))
    return Requirement(wanted["code"], name, is_met, words, None if fact is not None else confirmed, fact is not None)


class _Named:
    """Names kept in JSON, read as a territory's are."""

    def __init__(self, names: Mapping) -> None:
        self.name_kk, self.name_ru, self.name_en = names["name_kk"], names["name_ru"], names["name_en"]


def confirmations(participation_ids: Iterable[int]) -> dict[tuple[int, int, str], Confirmation]:
    """The latest word on each requirement, if it was not withdrawn."""
    latest: dict[tuple[int, int, str], Confirmation] = {}
    for row in Confirmation.objects.filter(participation__in=list(participation_ids)).order_by("id"):
        latest[row.participation_id, row.stage_id, row.requirement] = row
    return {key: row for key, row in latest.items() if not row.is_withdrawal}


def subject_of(programme: Programme, stage: Stage) -> str:
    """What the task of a stage is about."""
    return f"{programme.slug}:{stage.code}"


def last_asked(programme: Programme, org_nos: Sequence[int]) -> dict[tuple[int, str], dt.datetime]:
    """When each school was last asked or reminded of its stage."""
    kinds = (StepKind.ASKED, StepKind.REMINDED)
    tasks = Task.objects.filter(kind=STAGE_TASK, org_no__in=org_nos, subject__startswith=f"{programme.slug}:")
    steps = TaskStep.objects.filter(task__in=tasks, kind__in=kinds).order_by("id")
    return {
        (org_no, subject.partition(":")[2]): at
        for org_no, subject, at in steps.values_list("org_no", "task__subject", "at")
    }


def open_tasks(programme: Programme, stage: Stage, org_nos: Sequence[int]) -> dict[int, int]:
    """Institution -> open task about this stage."""
    found = Task.objects.filter(
        kind=STAGE_TASK, subject=subject_of(programme, stage), org_no__in=org_nos,
        state__in=[TaskState.OPEN, TaskState.SUBMITTED],
    )  # fmt: skip
    return dict(found.values_list("org_no", "id"))
