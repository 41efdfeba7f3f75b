"""What keeps an expert from judging: where both work or lately worked, and roles that show who the applicants are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from django.db.models import Q

from tirek.access.models import Grant
from tirek.access.permissions import may
from tirek.access.roles import ScopeKind
from tirek.access.scope import loading
from tirek.cpd.models import Expert, Window
from tirek.cpd.queries.people import employments
from tirek.registry.models import Employment
from tirek.registry.models.people import DISTRICT_SPAN


def places(person_ids: Iterable[int], on: dt.date, years: int) -> dict[int, frozenset[int]]:
    """Numbers of the institutions where each person works on the day, or worked within the years before it."""
    since = on - dt.timedelta(days=round(365.25 * years))
    found: dict[int, set[int]] = {}
    with loading():
        rows = Employment.objects.filter(person_id__in=list(person_ids)).filter(
            Q(valid__endswith=None) | Q(valid__endswith__gt=since)
        )
        for person_id, org_no in rows.values_list("person_id", "org_no"):
            found.setdefault(person_id, set()).add(org_no)
    return {person_id: frozenset(numbers) for person_id, numbers in found.items()}


def sees_applicants(user_ids: Collection[int], on: dt.date) -> set[int]:
    """Users whose roles show applications of more than one institution with their names: they cannot judge blind."""
    with loading():
        grants = list(Grant.objects.filter(user__in=user_ids, valid__contains=on))
    return {
        grant.user_id for grant in grants
        if may(grant.role, "growth.read") and grant.scope_kind in (ScopeKind.COUNTRY, ScopeKind.REGION, ScopeKind.DISTRICT)
    }  # fmt: skip


def free_to_judge(window: Window, on: dt.date) -> list[Expert]:
    """Experts who judge now, with their place of work as the register has it on the day; without those who would see names."""
    found = list(Expert.objects.filter(org_lo=window.org_lo, is_active=True).order_by("id"))
    works = employments([expert.person_id for expert in found if expert.person_id], on)
    seeing = sees_applicants([expert.user_id for expert in found], on)
    free = []
    for expert in found:
        work = works.get(expert.person_id or 0)
        if work is None or expert.user_id in seeing:
            continue
        expert.school_no, expert.district_no = work.org_no, work.org_no // DISTRICT_SPAN
        free.append(expert)
    return free


def ties_of(experts: Iterable[Expert], on: dt.date, years: int) -> dict[int, frozenset[int]]:
    """By expert: every institution where the expert works, lately worked, or holds a role."""
    experts = list(experts)
    worked = places([expert.person_id for expert in experts if expert.person_id], on, years)
    with loading():
        rows = Grant.objects.filter(
            user__in=[expert.user_id for expert in experts], valid__contains=on, scope_kind=ScopeKind.INSTITUTION
        )
        held: dict[int, set[int]] = {}
        for user_id, org_no in rows.values_list("user_id", "org_lo"):
            held.setdefault(user_id, set()).add(org_no)
    return {
        expert.pk: worked.get(expert.person_id or 0, frozenset()) | frozenset(held.get(expert.user_id, ()))
        for expert in experts
    }  # fmt: skip
