"""What no longer stands when figures or levels are taken back: printed reports are revoked, panels are closed for good."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.assessment.models import Panel, PanelState, Release, ReportGiven
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.documents import services as documents


def revoke_reports(release: Release, *, because: str, by: User | None, now: datetime, levels_only: bool = False) -> int:
    """Revoke every printed report of a publication, or only those that tell levels; whoever checks one is told why."""
    with loading():
        found = ReportGiven.objects.filter(release=release, document__revoked_at=None).select_related("document")
        if levels_only:
            found = found.filter(has_levels=True)
        numbers = [given.document.number for given in found]
        for number in numbers:
            documents.revoke(number=number, reason=because[:300], by=by, now=now)
    return len(numbers)


def withdraw_levels(release: Release, *, because: str, by: User | None, now: datetime) -> None:
    """Levels that stand on the calibration of withdrawn results stand no longer."""
    for panel in Panel.objects.filter(test=release.test, state=PanelState.CLOSED).exclude(decision_number=""):
        if journal.decision(panel.decision_number).state == "published":
            decisions.withdraw(panel.decision_number, by=by, now=now, because=because)
        panel.state = PanelState.WITHDRAWN
        panel.save(update_fields=["state"])


def levels_set_anew(release: Release, number: str) -> str:
    """The reason that whoever checks an older report reads."""
    told = _("The levels of the test %(test)s were set anew by decision %(number)s. Print the report again.")
    return told % {"test": release.test.code, "number": number}
