"""Open sittings: who takes a test when."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.models import Sitting, SittingMode, Test, TestState
from tirek.assessment.refusals import WrongState, must
from tirek.registry.models import ClassGroup, Institution


@transaction.atomic
def open_sitting(
    *,
    test_id: int,
    institution: Institution,
    date: dt.date,
    language: str,
    class_group: ClassGroup | None = None,
    mode: str = SittingMode.PAPER,
) -> Sitting:
    """Open one sitting; a second call for the same class gives the same sitting."""
    must("assessment.manage")
    test = _collecting(test_id, date)
    if not test.org_lo <= institution.org_no <= test.org_hi:
        raise WrongState(_("The institution lies outside the territory that holds the test."))
    sitting, _made = Sitting.objects.get_or_create(
        test=test,
        institution=institution,
        class_group=class_group,
        language=language,
        defaults={"org_no": institution.org_no, "date": date, "mode": mode},
    )
    return sitting


@transaction.atomic
def open_all_sittings(*, test_id: int, date: dt.date, mode: str = SittingMode.PAPER) -> int:
    """A sitting for every class of the test's grade and year in its territory; returns how many are new."""
    must("assessment.manage")
    test = _collecting(test_id, date)
    classes = ClassGroup.objects.filter(
        school_year=test.school_year_id, grade=test.grade, org_no__gte=test.org_lo, org_no__lte=test.org_hi
    )
    have = set(Sitting.objects.filter(test=test).values_list("class_group_id", flat=True))
    made = Sitting.objects.bulk_create(
        Sitting(
            test=test,
            institution_id=group.institution_id,
            class_group=group,
            org_no=group.org_no,
            date=date,
            language=group.language,
            mode=mode,
        )
        for group in current_scope().limit(classes)
        if group.pk not in have
    )
    return len(made)


def _collecting(test_id: int, date: dt.date) -> Test:
    test = Test.objects.select_for_update().get(pk=test_id)
    if test.tasks_open_on is not None and date >= test.tasks_open_on:
        message = _("The tasks are open from %(day)s, so pupils would know them. Choose an earlier day.")
        raise WrongState(message % {"day": date_format(test.tasks_open_on, "DATE_FORMAT")})
    if test.state not in (TestState.DRAFT, TestState.COLLECTING):
        raise WrongState(_("Sittings can be opened only until the test is calibrated."), state=test.state)
    if test.state == TestState.DRAFT:
        test.state = TestState.COLLECTING
        test.save(update_fields=["state"])
    return test
