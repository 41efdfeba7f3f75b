"""The board of works, and one work, as pages show them."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from tirek.access.permissions import may
from tirek.access.scope import Scope
from tirek.facilities.items import item_name
from tirek.facilities.models.works import ORDER, WorkState
from tirek.facilities.queries import works
from tirek.registry import downloads, pages
from tirek.registry.queries import labels

NEXT_WORDS = {
    WorkState.PROCUREMENT: gettext_lazy("Procurement has begun"),
    WorkState.DELIVERY: gettext_lazy("It is ordered: wait for the delivery"),
    WorkState.INSTALLATION: gettext_lazy("Confirm the delivery"),
    WorkState.ACCEPTANCE: gettext_lazy("It is installed: ask for acceptance"),
}
BY_SCHOOL = {WorkState.INSTALLATION, WorkState.ACCEPTANCE}


def context(request: HttpRequest, state: str) -> dict:
    today = timezone.localdate()
    scope = request.scope
    found = works.works_in(scope)
    counts = works.state_counts(found)
    chosen = found.filter(state__in=works.OPEN) if state == "open" else found.filter(state=state)
    allowed = works.days_allowed(today, scope.lo or 0, scope.hi or 2_147_483_647)
    rows = works.on_board(chosen, allowed, today)
    page = pages.paged(request, rows)
    names = labels.names_by_org_no([row.work.org_no for row in page], on=today)
    tabs = [("open", _("Under way"), sum(counts.get(one, 0) for one in works.OPEN))]
    tabs += [(one.value, str(one.label), counts.get(one, 0)) for one in (*ORDER, WorkState.CANCELLED)]
    return {
        "page": page,
        "rows": [(row, names.get(row.work.org_no, "")) for row in page],
        "state": state,
        "tabs": [(_label(label, n), f"?state={code}", code == state) for code, label, n in tabs],
        "n_late": sum(row.late > 0 for row in works.on_board(found.filter(state__in=works.OPEN), allowed, today)),
        "n_open": tabs[0][2],
        "n_accepted": counts.get(WorkState.ACCEPTED, 0),
        "may_manage": may(scope.role, "works.manage"),
    }


def _label(label: str, n: int) -> str:
    return f"{label[:1].upper()}{label[1:]} ({n})"


def download(scope: Scope, form: str) -> HttpResponse:
    today = timezone.localdate()
    found = list(works.works_in(scope).prefetch_related("items").order_by("id"))
    names = labels.names_by_org_no([work.org_no for work in found], on=today)
    columns = [
        ("work", _("Work")), ("institution", _("Institution")), ("room", _("Room")), ("title", _("What is done")),
        ("state", _("State")), ("since", _("In this state since")), ("items", pgettext("equipment", "Items")), ("need", _("Need")),
        ("earmark", _("Earmark")), ("accepted_on", _("Accepted on")),
    ]  # fmt: skip
    lines = (
        (
            str(work), names.get(work.org_no, ""), work.room.number, work.title, work.get_state_display(),
            work.state_since.isoformat(), "; ".join(f"{item_name(i.item_code, i.name)} {i.count}" for i in work.items.all()),
            work.need_code, work.earmark_code, work.accepted_on.isoformat() if work.accepted_on else "",
        )
        for work in found
    )  # fmt: skip
    return downloads.respond("works", form, columns, lines)


def of_work(found, role: str, today, user_id: int) -> dict:
    """What one work's page shows beside its photographs and forms."""
    state = WorkState(found.state)
    following = ORDER[ORDER.index(state) + 1] if state in ORDER[:-1] else None
    is_open = state in works.OPEN
    given = works.acceptances_of(found)
    may_step = following in NEXT_WORDS and may(role, "works.accept" if following in BY_SCHOOL else "works.manage")
    allowed = works.days_allowed(today, found.org_no, found.org_no) if is_open else {}
    row = works.on_board([found], allowed, today)[0]
    missing = [stage for stage in ("before", "after") if not works.has_photograph(found, stage)]
    return {
        "work": found,
        "row": row,
        "items": [(item_name(line.item_code, line.name), line.count, line.serials) for line in found.items.all()],
        "track": _track(state),
        "following": following if may_step else None,
        "next_words": NEXT_WORDS.get(following) if following else "",
        "steps": works.steps_of(found),
        "acceptances": given,
        "waits_for_acceptance": state == WorkState.ACCEPTANCE,
        "has_accepted": any(one.by_id == user_id for one in given),
        "missing_stages": missing,
        "stage_wanted": "before" if state in ORDER[:3] or missing == ["before"] else "after",
        "may_add": is_open and may(role, "works.accept"),
        "is_open": is_open,
        "earlier": earlier_steps(found),
        "board_url": reverse("facilities:board"),
    }


def _track(state: WorkState) -> list[tuple[str, str]]:
    if state == WorkState.CANCELLED:
        return []
    at = ORDER.index(state)
    done = state == WorkState.ACCEPTED
    return [
        (str(one.label).capitalize(), "done" if n < at or done else "now" if n == at else "later")
        for n, one in enumerate(ORDER)
    ]


def earlier_steps(found) -> list[tuple[str, str]]:
    if found.state not in works.OPEN:
        return []
    return [(one.value, str(one.label)) for one in ORDER[: ORDER.index(WorkState(found.state))]]


def is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
