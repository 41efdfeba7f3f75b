"""Are the answers all there? Sittings that still run, answers that nobody has scored, papers of another booklet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from tirek.assessment.models import AnswerSheet, Seat, SeatAnswer, SeatState, Sitting, SittingMode, SittingState, Test
from tirek.assessment.quality import Check
from tirek.decisions.rules import RuleSet

REFUSE = "refuse"


def collection_of(test: Test) -> dict[str, int]:
    """How the answers came together, in numbers; to be read as the loader."""
    waiting = unscored(Seat.objects.filter(sitting__test=test))
    sheets = AnswerSheet.objects.filter(test=test)
    seats = Seat.objects.filter(sitting=OuterRef("sitting"), person=OuterRef("person"))
    dealt = sheets.annotate(dealt=Subquery(seats.values("booklet")[:1])).exclude(dealt=None)
    return {
        "open_sittings": open_sittings(test).count(),
        "waiting_answers": waiting.count(),
        "waiting_pupils": waiting.values("seat").distinct().count(),
        "sheets": sheets.count(),
        "other_booklets": dealt.exclude(dealt=F("booklet")).count(),
    }


def unscored(seats: QuerySet[Seat]) -> QuerySet[SeatAnswer]:
    """Answers of handed-in seats that a person has still to score."""
    return SeatAnswer.objects.filter(seat__in=seats, seat__state=SeatState.DONE, score=None).exclude(value="")


def open_sittings(test: Test) -> QuerySet[Sitting]:
    """Sittings on computers that have seats and are not closed."""
    found = Sitting.objects.filter(test=test, mode=SittingMode.COMPUTER, closed_at=None)
    unfinished = Seat.objects.filter(sitting__test=test, state__in=[SeatState.WAITING, SeatState.WORKING])
    return found.exclude(state=SittingState.CANCELLED).filter(pk__in=unfinished.values("sitting"))


def check_collection(found: Mapping[str, Any], rules: RuleSet) -> list[Check]:
    """Checks before anything is computed; the rules say whether what is amiss forbids publishing."""
    n_open, n_waiting = int(found["open_sittings"]), int(found["waiting_answers"])
    other = int(found["other_booklets"]) / max(int(found["sheets"]), 1)
    most = float(rules.value("largest_other_booklets"))
    return [
        Check("sittings_closed", n_open == 0, rules.value("open_sittings") == REFUSE, float(n_open), 0.0),
        Check("all_scored", n_waiting == 0, rules.value("waiting_answers") == REFUSE, float(n_waiting), 0.0),
        Check("right_booklets", other <= most, True, other, most),
    ]
