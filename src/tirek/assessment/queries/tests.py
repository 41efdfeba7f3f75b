"""Questions about tests and answers. Results: ``result_queries``."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from tirek.assessment.files.answers import Design, ItemDesign
from tirek.assessment.models import AnswerSheet, Booklet, BookletItem, Item, Sitting, SittingState, Test
from tirek.registry.models import Enrolment, Person
from tirek.storage.secrets import keyed_hash

CHUNK = 5000


def chunks(values: Iterable, size: int = CHUNK):
    """Lists of at most ``size``: a query with a hundred thousand parameters is refused by the driver."""
    values = list(values)
    for start in range(0, len(values), size):
        yield values[start : start + size]


def design_of(test: Test) -> Design:
    items = {
        code: ItemDesign(code, max_score, key)
        for code, max_score, key in Item.objects.filter(test=test)
        .order_by("position")
        .values_list("code", "max_score", "key")
    }
    booklets: dict[str, list[str]] = {}
    places = BookletItem.objects.filter(booklet__test=test).order_by("booklet__code", "position")
    for booklet, item in places.values_list("booklet__code", "item__code"):
        booklets.setdefault(booklet, []).append(item)
    return Design(items, {code: tuple(codes) for code, codes in booklets.items()})


def booklet_ids(test: Test) -> dict[str, int]:
    return dict(Booklet.objects.filter(test=test).values_list("code", "id"))


def pupils_named(names: list[str]) -> dict[str, int]:
    """Ids of the persons whom a file names by IIN or by the register's identifier; unknown ones are left out."""
    by_hash = {keyed_hash(name): name for name in names if name.isdigit() and len(name) == 12}
    by_public = {found: name for name in names if (found := _uuid(name)) is not None}
    pupils: dict[str, int] = {}
    for part in chunks(by_hash):
        for digest, pk in Person.objects.filter(iin_hash__in=part).values_list("iin_hash", "id"):
            pupils[by_hash[bytes(digest)]] = pk
    for part in chunks(by_public):
        for public_id, pk in Person.objects.filter(public_id__in=part).values_list("public_id", "id"):
            pupils[by_public[public_id]] = pk
    return pupils


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def sittings_of(test: Test, person_ids: set[int]) -> dict[int, tuple[int, int]]:
    """Sitting and institution's number of each person: by class, else by institution, as enrolled on the day."""
    sittings = Sitting.objects.filter(test=test).exclude(state=SittingState.CANCELLED)
    by_class: dict[int, tuple] = {}
    by_institution: dict[int, tuple] = {}
    for pk, institution, group, org_no, date in sittings.values_list(
        "id", "institution_id", "class_group_id", "org_no", "date"
    ):
        if group:
            by_class[group] = (pk, org_no, date)
        else:
            by_institution[institution] = (pk, org_no, date)
    found: dict[int, tuple[int, int]] = {}
    for part in chunks(person_ids):
        enrolments = Enrolment.objects.filter(person_id__in=part).filter(
            Q(class_group_id__in=by_class) | Q(institution_id__in=by_institution)
        )
        for person, group, institution, valid in enrolments.values_list(
            "person_id", "class_group_id", "institution_id", "valid"
        ):
            place = by_class.get(group) or by_institution.get(institution)
            if place and _contains(valid, place[2]):
                found[person] = place[:2]
    return found


def _contains(valid, day) -> bool:
    return (valid.lower is None or valid.lower <= day) and (valid.upper is None or day < valid.upper)


def sheets_of(test: Test, person_ids: set[int]) -> dict[int, tuple[int, int, bytes]]:
    """Id, booklet and codes of the sheets already there."""
    have: dict[int, tuple[int, int, bytes]] = {}
    for part in chunks(person_ids):
        sheets = AnswerSheet.objects.filter(test=test, person_id__in=part)
        for pk, person, booklet, codes in sheets.values_list("id", "person_id", "booklet_id", "codes"):
            have[person] = (pk, booklet, bytes(codes))
    return have
