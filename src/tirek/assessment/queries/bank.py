"""Questions to the item bank: which items, in which wording, how often used, how hard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, F, Func, Max, OuterRef, Q, QuerySet, Subquery, TextField

from tirek.access.scope import Scope
from tirek.assessment.models import (
    AnswerSheet,
    BankImport,
    BankItem,
    BankPicture,
    BankVersion,
    Booklet,
    BookletItem,
    Calibration,
    CalibrationState,
    ContentArea,
    Item,
    ItemEstimate,
    Seat,
    SittingMode,
    Test,
)
from tirek.storage.counting import counts_by


class Words(Func):
    """All stems and options of a version as one text."""

    template = (
        "(jsonb_path_query_array(%(expressions)s, '$.*.stem')::text ||"
        " jsonb_path_query_array(%(expressions)s, '$.*.options[*].text')::text)"
    )
    output_field = TextField()


def items_in(scope: Scope, chosen: Mapping | None = None) -> QuerySet[BankItem]:
    """Items of the asker's bank with the number of their latest version, narrowed by what was chosen."""
    latest = BankVersion.objects.filter(item=OuterRef("pk")).order_by("-number")
    found = scope.limit(BankItem.objects.all(), "org_lo").annotate(
        version_id=Subquery(latest.values("pk")[:1]), version_number=Subquery(latest.values("number")[:1])
    )
    chosen = chosen or {}
    exact = {name: chosen[name] for name in ("subject", "grade", "content_area", "kind", "state") if chosen.get(name)}
    found = found.filter(**exact)
    if words := (chosen.get("words") or "").strip():
        wording = BankVersion.objects.filter(pk=OuterRef("version_id")).annotate(words=Words(F("content")))
        found = found.filter(Q(code__icontains=words) | Exists(wording.filter(words__icontains=words)))
    return found.order_by("subject", "grade", "content_area", "code")


def areas_in(scope: Scope) -> list[str]:
    found = scope.limit(BankItem.objects.exclude(content_area=""), "org_lo")
    return list(found.order_by("content_area").values_list("content_area", flat=True).distinct())


def item_by_id(scope: Scope, pk: int) -> BankItem | None:
    return scope.limit(BankItem.objects.filter(pk=pk), "org_lo").first()


def versions_by_id(ids: Iterable[int]) -> dict[int, BankVersion]:
    return {
        version.pk: version for version in BankVersion.objects.filter(pk__in=list(ids)).prefetch_related("pictures")
    }


def versions_of(item: BankItem) -> list[BankVersion]:
    return list(item.versions.order_by("-number").prefetch_related("pictures"))


def picture(item_id: int, pk: int) -> BankPicture | None:
    return BankPicture.objects.filter(pk=pk, version__item_id=item_id).first()


@dataclass
class Use:
    """Where an item stood in a test, and how hard it was there."""

    test: Test
    code: str
    version_id: int
    n_answers: int | None = None
    difficulty: float | None = None
    difficulty_se: float | None = None
    share_right: float | None = None
    last: object = None


def uses_of(item: BankItem) -> list[Use]:
    """The latest test first."""
    rows = Item.objects.filter(version__item=item).select_related("test", "test__school_year")
    rows = list(rows.annotate(last=Max("test__sittings__date")).order_by("-test__school_year__starts_on", "-test_id"))
    estimates = _estimates(row.pk for row in rows)
    found = []
    for row in rows:
        use = Use(row.test, row.code, row.version_id, last=row.last)
        if estimate := estimates.get(row.pk):
            use.n_answers, use.share_right = estimate.n, estimate.share_right
            use.difficulty, use.difficulty_se = estimate.difficulty, estimate.difficulty_se
        found.append(use)
    return found


def _estimates(item_ids: Iterable[int]) -> dict[int, ItemEstimate]:
    """The estimate of each test's item in its current calibration."""
    found = ItemEstimate.objects.filter(item_id__in=list(item_ids)).exclude(
        calibration__state=CalibrationState.SUPERSEDED
    )
    return {estimate.item_id: estimate for estimate in found}


@dataclass
class Exposure:
    """How much of an item is known outside: tests, pupils with an answer sheet, pupils who had it on their screen."""

    n_tests: int = 0
    n_sheets: int = 0
    n_screens: int = 0
    last: object = None
    difficulty: float | None = None
    difficulty_se: float | None = None


def exposures(item_ids: Iterable[int]) -> dict[int, Exposure]:
    """For a page of items: tests and answer sheets that held them, the last day, the latest difficulty."""
    found: dict[int, Exposure] = defaultdict(Exposure)
    rows = list(
        Item.objects.filter(version__item_id__in=list(item_ids))
        .annotate(last=Max("test__sittings__date"))
        .values_list("pk", "version__item_id", "test_id", "last")
    )
    if not rows:
        return found
    counted = _by_booklet({row[2] for row in rows})
    holding: dict[int, list[int]] = defaultdict(list)
    for item, booklet in BookletItem.objects.filter(item_id__in=[r[0] for r in rows]).values_list(
        "item_id", "booklet_id"
    ):
        holding[item].append(booklet)
    for item, bank_item, _test, last in rows:
        one = found[bank_item]
        one.n_tests += 1
        one.n_sheets += sum(counted.get(("sheets", booklet), 0) for booklet in holding[item])
        one.n_screens += sum(counted.get(("screens", booklet), 0) for booklet in holding[item])
        one.last = max(filter(None, (one.last, last)), default=None)
    _add_difficulties(found, {row[0]: row[1] for row in rows})
    return found


def _by_booklet(test_ids: set[int]) -> dict[tuple[str, int], int]:
    """Answer sheets, and seats that were begun on a computer, with or without an answer."""
    begun = Seat.objects.filter(sitting__test__in=test_ids, sitting__mode=SittingMode.COMPUTER, began_at__isnull=False)
    sheets = AnswerSheet.objects.filter(test_id__in=test_ids)
    return counts_by(sheets=(sheets, "booklet_id"), screens=(begun, "booklet_id"))


def _add_difficulties(found: dict[int, Exposure], bank_item_of: dict[int, int]) -> None:
    rows = (
        ItemEstimate.objects.filter(item_id__in=list(bank_item_of), difficulty__isnull=False)
        .exclude(calibration__state=CalibrationState.SUPERSEDED)
        .order_by("calibration__at")
        .values_list("item_id", "difficulty", "difficulty_se")
    )
    for item, difficulty, error in rows:  # the latest stays
        one = found[bank_item_of[item]]
        one.difficulty, one.difficulty_se = difficulty, error


def bank_items_of(test: Test) -> dict[str, int]:
    """The bank's item of each item of a test, where the asker may see it."""
    rows = Item.objects.filter(test=test, version__isnull=False).values_list("code", "version__item_id")
    return dict(rows)


def versions_in(test: Test) -> dict[int, int]:
    """The version that a test used of each item of the bank."""
    return dict(Item.objects.filter(test=test, version__isnull=False).values_list("version__item_id", "version_id"))


def bases_for(scope: Scope, subject: str) -> list[Test]:
    """Tests that a new one can be linked to: calibrated ones made from the bank."""
    calibrated = Calibration.objects.filter(test=OuterRef("pk"))
    found = Test.objects.filter(Exists(calibrated), items__version__isnull=False, subject=subject)
    return list(
        scope.limit(found, "org_lo").select_related("school_year").distinct().order_by("-school_year__starts_on")
    )


def imports_in(scope: Scope) -> QuerySet[BankImport]:
    return scope.limit(BankImport.objects.all(), "org_lo").order_by("-at")


def import_by_id(scope: Scope, pk: int) -> BankImport | None:
    return imports_in(scope).filter(pk=pk).first()


def booklets_of(test: Test) -> list[tuple[Booklet, list[BookletItem]]]:
    """The booklets with their items in order; items carry their bank version where there is one."""
    places: dict[int, list[BookletItem]] = defaultdict(list)
    rows = BookletItem.objects.filter(booklet__test=test).select_related("item__version__item")
    for place in rows.prefetch_related("item__version__pictures").order_by("position"):
        places[place.booklet_id].append(place)
    booklets = sorted(Booklet.objects.filter(test=test), key=lambda b: (len(b.code), b.code))
    return [(booklet, places[booklet.pk]) for booklet in booklets]


def picture_in(test: Test, pk: int) -> BankPicture | None:
    return BankPicture.objects.filter(pk=pk, version__items__test=test).first()


def has_own_tasks(test: Test) -> bool:
    """Whether some items are the test's own, not the bank's."""
    return Item.objects.filter(test=test, version=None).exists()


def items_by_area(scope: Scope) -> dict[str, int]:
    """How many items of the asker's bank each area has."""
    found = scope.limit(BankItem.objects.exclude(content_area=""), "org_lo")
    return dict(found.order_by().values_list("content_area").annotate(n=Count("pk")))


def area_by_id(pk: int) -> ContentArea | None:
    return ContentArea.objects.filter(pk=pk).first()
