"""Make a test: its items, its booklets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.models import Booklet, BookletItem, Item, Sitting, Test
from tirek.assessment.refusals import BadDesign, NotAllowed, WrongState, must
from tirek.registry.models import SchoolYear, Territory

RESERVED = {"bank", "new"}
"""Words that stand in addresses where a test's code would."""


@dataclass(frozen=True)
class ItemSpec:
    code: str
    max_score: int = 1
    key: str = ""
    content_area: str = ""


@transaction.atomic
def create_test(
    *,
    code: str,
    titles: Mapping[str, str],
    subject: str,
    grade: int,
    school_year: SchoolYear,
    kind: str,
    territory: Territory,
    items: Sequence[ItemSpec],
    booklets: Mapping[str, Sequence[str]] | None = None,
    is_synthetic: bool = False,
    tasks_open_on: dt.date | None = None,
) -> Test:
    """Create a test with its items and booklets; without booklets all items make one, named A."""
    must("assessment.manage")
    booklets = booklets or {"A": [item.code for item in items]}
    _check_design(items, booklets)
    if code.lower() in RESERVED:
        raise BadDesign(_("A test may not be called %(code)s. Choose another code.") % {"code": code})
    if Test.objects.filter(code=code).exists():
        raise BadDesign(_("There is already a test with the code %(code)s. Choose another.") % {"code": code})
    test = Test.objects.create(
        code=code,
        title_kk=titles["kk"],
        title_ru=titles["ru"],
        title_en=titles["en"],
        subject=subject,
        grade=grade,
        school_year=school_year,
        kind=kind,
        territory=territory,
        org_lo=territory.org_lo,
        org_hi=territory.org_hi,
        is_synthetic=is_synthetic,
        tasks_open_on=tasks_open_on,
    )
    _create_items(test, items, booklets)
    return test


@transaction.atomic
def open_tasks_on(*, test_id: int, day: dt.date | None, now: dt.datetime) -> Test:
    """From when the wording of the test's own tasks may be read by everybody; None keeps it a secret for good.

    Tasks of the bank are released one by one, by a decision (`releasing.release_items`).
    """
    must("assessment.manage")
    test = Test.objects.select_for_update().filter(pk=test_id).first()
    scope, today = current_scope(), timezone.localdate(now)
    if test is None or not (scope.covers(test.org_lo) and scope.covers(test.org_hi)):
        raise NotAllowed(_("This test is not yours to change. Ask the office that holds it."))
    if not Item.objects.filter(test=test, version=None).exists():
        raise WrongState(_("All items of this test are in the bank: they are released there, one by one."))
    if test.tasks_open_on is not None and test.tasks_open_on <= today and day != test.tasks_open_on:
        raise WrongState(_("The tasks are open already: what was read cannot be made a secret again."))
    last = Sitting.objects.filter(test=test).aggregate(last=Max("date"))["last"]
    if day is not None and last is None and day <= today:
        raise WrongState(_("Nobody has sat the test yet. Choose a later day, or open its sittings first."))
    if day is not None and last is not None and day <= last:
        message = _("Pupils still sit the test on %(day)s. Open its tasks later than that.")
        raise WrongState(message % {"day": date_format(last, "DATE_FORMAT")})
    test.tasks_open_on = day
    test.save(update_fields=["tasks_open_on"])
    return test


def _create_items(test: Test, items: Sequence[ItemSpec], booklets: Mapping[str, Sequence[str]]) -> None:
    made = Item.objects.bulk_create(
        Item(
            test=test,
            org_lo=test.org_lo,
            code=spec.code,
            position=place,
            max_score=spec.max_score,
            key=spec.key,
            content_area=spec.content_area,
        )
        for place, spec in enumerate(items, start=1)
    )
    by_code = {item.code: item for item in made}
    for code, item_codes in booklets.items():
        booklet = Booklet.objects.create(test=test, org_lo=test.org_lo, code=code)
        BookletItem.objects.bulk_create(
            BookletItem(booklet=booklet, item=by_code[item_code], position=place, org_lo=test.org_lo)
            for place, item_code in enumerate(item_codes, start=1)
        )


def _check_design(items: Sequence[ItemSpec], booklets: Mapping[str, Sequence[str]]) -> None:
    codes = [item.code for item in items]
    if not codes:
        raise BadDesign(_("A test needs items. Add at least one."))
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise BadDesign(
            _("These item codes stand twice: %(codes)s. Give each item its own.") % {"codes": ", ".join(twice)}
        )
    reserved = sorted({code for code in codes if code.strip().lower() in ("pupil", "booklet", "item", "answer", "")})
    if reserved:
        raise BadDesign(_("An item may not be named %(codes)s.") % {"codes": ", ".join(map(repr, reserved))})
    for booklet, places in booklets.items():
        unknown = sorted(set(places) - set(codes))
        if unknown:
            message = _("Booklet %(booklet)s names items that the test lacks: %(codes)s.")
            raise BadDesign(message % {"booklet": booklet, "codes": ", ".join(unknown)})
        if len(set(places)) != len(places) or not places:
            message = _("Booklet %(booklet)s must hold each of its items once, and at least one.")
            raise BadDesign(message % {"booklet": booklet})
    unused = sorted(set(codes) - {code for places in booklets.values() for code in places})
    if unused:
        message = _("No booklet holds these items, so nobody could see them: %(codes)s.")
        raise BadDesign(message % {"codes": ", ".join(unused)})
