"""What is too long for a request: checking and applying large files of answers; seats for many pupils; publishing, linking and
setting the levels of large tests."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tirek.assessment.services.answers import apply_answers, check_received
from tirek.assessment.services.linking import link_test, unlink
from tirek.assessment.services.panels import close_panel
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.seats import deal_all_seats
from tirek.assessment.services.sittings import open_all_sittings
from tirek.decisions.work import asker
from tirek.storage import jobs

LARGE_FILE = 250_000
"""Bytes: about two thousand pupils and forty items, checked in a third of a second."""
MANY_SHEETS = 2_000


@jobs.work
def check_file(job: jobs.Running, *, import_id: int) -> dict:
    checked = check_received(import_id=import_id, tell=job.advance)
    return {"message": _("The file was checked."), "next": _page_of(checked)}


@jobs.work
def apply_file(job: jobs.Running, *, import_id: int) -> dict:
    done = apply_answers(import_id=import_id, tell=job.advance)
    words = ngettext("%(n)s answer sheet is in.", "%(n)s answer sheets are in.", done.n_good)
    return {"message": words % {"n": done.n_good}, "next": _page_of(done)}


def _page_of(made) -> str:
    return reverse("assessment:checked", args=[made.test.code, made.pk])


@jobs.work
def publish_test(job: jobs.Running, *, test_id: int) -> dict:
    job.advance(0, 1, _("Looking whether the answers are still those that were calibrated, and publishing"))
    release = publish_results(test_id=test_id, by=asker(), now=timezone.now())
    return {"message": _("The results are published."), "next": reverse("assessment:test", args=[release.test.code])}


@jobs.work
def open_sittings(job: jobs.Running, *, test_id: int, code: str, date: str, mode: str) -> dict:
    """Sittings for all classes, and seats for many pupils."""
    job.advance(0, 2, _("Opening the sittings"))
    n = open_all_sittings(test_id=test_id, date=dt.date.fromisoformat(date), mode=mode)
    job.advance(1, 2, _("Dealing seats and booklets"))
    seats = deal_all_seats(test_id=test_id)
    return {"message": opened_in_words(n, seats), "next": reverse("assessment:answers", args=[code])}


@jobs.work
def deal_seats(job: jobs.Running, *, test_id: int, code: str) -> dict:
    job.advance(0, 1, _("Dealing seats and booklets"))
    n = deal_all_seats(test_id=test_id)
    words = ngettext("%(n)s seat was dealt.", "%(n)s seats were dealt.", n) % {"n": n}
    return {"message": words, "next": reverse("assessment:answers", args=[code])}


def opened_in_words(sittings: int, seats: int) -> str:
    words = ngettext("%(n)s sitting was opened.", "%(n)s sittings were opened.", sittings) % {"n": sittings}
    if seats:
        words += " " + ngettext("%(n)s seat was dealt.", "%(n)s seats were dealt.", seats) % {"n": seats}
    return words


@jobs.work
def link(
    job: jobs.Running, *, test_id: int, base_id: int, matched_by: str, removed: dict[str, str] | None = None
) -> dict:
    """Link, and draw the results up anew on the scale that the link gives."""
    made = link_test(
        test_id=test_id, base_id=base_id, matched_by=matched_by, removed=removed, by=asker(), now=timezone.now(),
        tell=job.advance,
    )  # fmt: skip
    is_good = made.state == "good"
    message = (
        _("The test stands on the earlier test’s scale. Look at the figures, then publish.")
        if is_good
        else _("The link failed a check, so the test stays on a scale of its own.")
    )
    return {"message": message, "next": reverse("assessment:link", args=[made.test.code])}


@jobs.work
def leave_link(job: jobs.Running, *, test_id: int, code: str) -> dict:
    job.advance(0, 1, _("Estimating the means of groups and their errors"))
    unlink(test_id=test_id, by=asker(), now=timezone.now())
    message = _("The test stands on a scale of its own again.")
    return {"message": message, "next": reverse("assessment:link", args=[code])}


@jobs.work
def set_levels(job: jobs.Running, *, panel_id: int, test_id: int) -> dict:
    """Close a panel: its decision counts which share of every group reaches each level."""
    job.advance(0, 1, _("Counting which share of every group reaches each level"))
    done = close_panel(panel_id=panel_id, by=asker(), now=timezone.now())
    message = _("The levels are set by decision %(number)s.") % {"number": done.decision_number}
    return {"message": message, "next": reverse("assessment:standards", args=[done.test.code])}
