"""A scanned batch and printed reports for the demonstration."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.conf import settings
from django.utils import translation

from tirek.access.models import Grant
from tirek.access.scope import loading
from tirek.assessment.models import AnswerImport, Release, ReportGiven, Seat, Sitting, SittingMode, Test
from tirek.assessment.queries.results import names_of_schools
from tirek.assessment.queries.tests import design_of
from tirek.assessment.reports.school import school_report
from tirek.assessment.services.answers import check_answers
from tirek.assessment.services.reports import give_out
from tirek.assessment.services.seats import deal_seats
from tirek.assessment.services.sittings import open_sitting
from tirek.assessment.sitting.access_codes import paper_number
from tirek.registry.models import ClassGroup, Institution

SHARE_RIGHT = 0.62
FILE = "scanner-2.csv"


def demonstrate_scanned(test: Test) -> AnswerImport | None:
    """The papers of the class next door as a scanner read them, checked and waiting for somebody's yes."""
    with loading():
        found = AnswerImport.objects.filter(test=test, file_name=FILE).first()
        first = Sitting.objects.filter(test=test).select_related("class_group").order_by("pk").first()
        if found is not None or first is None or first.class_group is None:
            return found
        group = (
            ClassGroup.objects.filter(school_year=first.class_group.school_year_id, grade=test.grade)
            .filter(org_no__gte=test.org_lo, org_no__lte=test.org_hi)
            .exclude(pk=first.class_group_id)
            .order_by("-org_no" if first.org_no else "org_no", "letter")
        )
        next_door = group.filter(org_no=first.org_no).first() or group.first()
        if next_door is None:
            return None
        sitting = open_sitting(
            test_id=test.pk, institution=Institution.objects.get(pk=next_door.institution_id), class_group=next_door,
            date=first.date, language="ru" if next_door.language == "ru" else "kk", mode=SittingMode.PAPER,
        )  # fmt: skip
        if not deal_seats(sitting_id=sitting.pk):
            return None
        return check_answers(test_id=test.pk, content=_scanned(test, sitting), file_name=FILE)


def _scanned(test: Test, sitting: Sitting) -> bytes:
    """A row a paper: some blanks, and one double mark that somebody should look at."""
    rng, design = np.random.default_rng(7), design_of(test)
    lines = ["paper,booklet,answers"]
    seats = Seat.objects.filter(sitting=sitting).select_related("booklet").order_by("number")
    for row, seat in enumerate(seats):
        signs = []
        for place, code in enumerate(design.booklets[seat.booklet.code]):
            item, luck = design.items[code], rng.random()
            right, wrong = (
                (item.key[:1], "A" if item.key[:1] != "A" else "B") if item.key else (str(item.max_score), "0")
            )
            sign = right if luck < SHARE_RIGHT else "-" if luck > 0.95 else wrong
            signs.append("*" if (row, place) == (2, 3) else sign)
        lines.append(f"{paper_number(sitting.pk, seat.number)},{seat.booklet.code},{''.join(signs)}")
    return "\n".join(lines).encode()


def demonstrate_printed(test: Test, now: datetime) -> int:
    """The report of the school whose head has an account, printed in Kazakh and in Russian; how many were made."""
    with loading():
        release = Release.objects.select_related("test", "calibration").filter(test=test, state="published").first()
        org_no = _school_of_the_head(test)
        if release is None or release.calibration is None or org_no is None:
            return 0
        if ReportGiven.objects.filter(release=release, org_no=org_no).exists():
            return 0
        for language in ("kk", "ru"):
            with translation.override(language):
                name = names_of_schools([org_no], test.school_year.ends_on).get(org_no, "")
                report = school_report(release, org_no, name=name)
                give_out(report, base_address=settings.SITE_ADDRESS, by=None, now=now, org_no=org_no, release=release)
        return 2


def _school_of_the_head(test: Test) -> int | None:
    inside = {"org_lo__gte": test.org_lo, "org_hi__lte": test.org_hi}
    found = Grant.objects.filter(user__username="head", user__is_demonstration=True, **inside)
    return found.values_list("org_lo", flat=True).first()
