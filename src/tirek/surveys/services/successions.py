"""Schools that are merged or renewed while a round is planned or under way.

Posters, slips and drafts go on to work until the round's last day. Where the school that takes over is not in the round, it
takes the place; where it is, both stand side by side and their answers are counted together in the results.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.surveys.models import AccessCode, Draft, Round, RoundSchool, RoundState, StepKind, Submission
from tirek.surveys.queries.successors import going_on_in
from tirek.surveys.services.rounds import note_step


@transaction.atomic
def follow_successions(*, by: User | None, now: dt.datetime) -> int:
    """Follow the register in rounds that are not closed. Returns in how many places a school took over; twice is once."""
    count = 0
    with loading():
        for found in Round.objects.select_for_update().filter(state__in=[RoundState.PLANNED, RoundState.OPEN]):
            rows = {row.org_no: row for row in RoundSchool.objects.select_for_update().filter(round=found)}
            moves = going_on_in(rows, timezone.localdate(now))
            for org_no, after in sorted(moves.items()):
                if after != org_no:
                    count += _follow(found, rows, org_no, after, by, now)
    return count


def _follow(
    found: Round, rows: dict[int, RoundSchool], org_no: int, after: int, by: User | None, now: dt.datetime
) -> int:
    row = rows[org_no]
    if after in rows:
        if found.state == RoundState.PLANNED:  # nobody was invited yet: the other school asks everybody
            row.delete()
            return _told(found, org_no, after, by, now)
        return 0
    del rows[org_no]
    rows[after] = row
    row.org_no = after
    row.save(update_fields=["org_no"])
    AccessCode.objects.filter(school=row).update(org_no=after)
    Draft.objects.filter(code__school=row).update(org_no=after)
    Submission.objects.filter(school=row).update(org_no=after)
    return _told(found, org_no, after, by, now)


def _told(found: Round, org_no: int, after: int, by: User | None, now: dt.datetime) -> int:
    words = _("School no. %(before)s goes on in no. %(after)s.") % {"before": org_no, "after": after}
    note_step(found, StepKind.SUCCESSION, by, now, words)
    return 1
