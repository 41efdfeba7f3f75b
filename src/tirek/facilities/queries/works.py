"""Questions about works."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from tirek.access.scope import Scope
from tirek.decisions.rules import rules_in_force
from tirek.facilities.models import Acceptance, Document, Photograph, Work, WorkState, WorkStep
from tirek.facilities.models.works import ORDER

OPEN = [state for state in ORDER if state != WorkState.ACCEPTED]
STATES = [*ORDER, WorkState.CANCELLED]


@dataclass(frozen=True)
class OnBoard:
    """A work as the board shows it."""

    work: Work
    days: int
    allowed: int | None

    @property
    def late(self) -> int:
        """Days beyond what the rules allow for this step; 0: not stuck."""
        return max(self.days - self.allowed, 0) if self.allowed is not None else 0


def works_of(*, need_codes: Iterable[str] | None = None, earmark_codes: Iterable[str] | None = None) -> QuerySet[Work]:
    """Works that a need asked for, or that an earmark pays for; with room and institution."""
    found = Work.objects.select_related("room__building", "institution").order_by("id")
    if need_codes is not None:
        found = found.filter(need_code__in=[code for code in need_codes if code])
    if earmark_codes is not None:
        found = found.filter(earmark_code__in=[code for code in earmark_codes if code])
    return found


def works_in(
    scope: Scope, *, org_lo: int | None = None, org_hi: int | None = None, state: str = "", open_only: bool = False
) -> QuerySet[Work]:
    found = scope.limit(Work.objects.select_related("room__building", "institution"))
    if org_lo is not None and org_hi is not None:
        found = found.filter(org_no__gte=org_lo, org_no__lte=org_hi)
    if state:
        found = found.filter(state=state)
    return found.filter(state__in=OPEN) if open_only else found


def works_of_room(room_id: int) -> list[Work]:
    return list(Work.objects.filter(room_id=room_id).prefetch_related("items").order_by("-opened_at"))


def works_of_school(org_no: int) -> QuerySet[Work]:
    found = Work.objects.filter(org_no=org_no).select_related("room__building").prefetch_related("items")
    return found.order_by("state_since", "id")


def state_counts(found: QuerySet[Work]) -> dict[str, int]:
    return dict(found.order_by().values_list("state").annotate(n=Count("id")))


def days_allowed(on: dt.date, org_lo: int, org_hi: int) -> dict[str, int]:
    """After how many days in each state a work counts as stuck."""
    rules = rules_in_force("facilities.works", on, org_lo, org_hi)
    return {state: int(rules.value(f"days_in_{state}")) for state in OPEN}


def on_board(found: Iterable[Work], allowed: dict[str, int], on: dt.date) -> list[OnBoard]:
    """Stuck ones first, the longest over its days at the top; then by how long they have stood."""
    rows = [OnBoard(work, (on - work.state_since).days, allowed.get(work.state)) for work in found]
    return sorted(rows, key=lambda row: (-row.late, -row.days if row.allowed is not None else 0, row.work.pk))


def work(work_id: int) -> Work | None:
    found = Work.objects.select_related("room__building", "institution").prefetch_related("items")
    return found.filter(pk=work_id).first()


def steps_of(of: Work) -> list[WorkStep]:
    return list(WorkStep.objects.filter(work=of).prefetch_related("documents").order_by("id"))


def acceptances_of(of: Work) -> list[Acceptance]:
    """Those of the round that is running."""
    return list(Acceptance.objects.filter(work=of, round=of.round).order_by("id"))


def document(of: Work, document_id: int) -> Document | None:
    return Document.objects.filter(pk=document_id, step__work=of).first()


def has_photograph(of: Work, stage: str) -> bool:
    return Photograph.objects.filter(work=of, stage=stage, withdrawn_at=None).exists()


def waiting_for_school(org_no: int) -> QuerySet[Work]:
    """What the school itself must do next: say that it has arrived, that it stands, that it is right."""
    mine = (WorkState.DELIVERY, WorkState.INSTALLATION, WorkState.ACCEPTANCE)
    return Work.objects.filter(org_no=org_no, state__in=mine).select_related("room").order_by("state_since", "id")
