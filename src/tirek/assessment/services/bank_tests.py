"""A test out of the bank: items with their versions, and booklets of a balanced design."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope, loading
from tirek.assessment.bank.design import Chosen, Proposed, proposed
from tirek.assessment.bank.wording import LANGUAGES, WITH_OPTIONS, Wording, wordings_of
from tirek.assessment.models import BankState, BankVersion, BookletItem, Item, Test
from tirek.assessment.queries import bank as queries
from tirek.assessment.refusals import BadDesign, NotAllowed, must
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.decisions.rules import rules_in_force
from tirek.registry.models import SchoolYear, Territory


def wanted_anchors(scope, day: dt.date) -> int:
    """How many common items the rules of the day advise; a link is refused below their minimum, and some will drift."""
    lo, hi = (0, 2_147_483_647) if scope.lo is None or scope.hi is None else (scope.lo, scope.hi)
    with loading():
        rules = rules_in_force("assessment.link", day, lo, hi)
    return max(int(rules.value("wanted_anchors")), int(rules.value("fewest_anchors")))


def chosen_items(scope, ids: Sequence[int], base: Test | None = None) -> list[Chosen]:
    """The items as they would come into a test, in the bank's order; those not ready are left out."""
    items = list(queries.items_in(scope, {"state": BankState.READY}).filter(pk__in=list(ids)))
    used = queries.exposures(item.pk for item in items)
    in_base = queries.versions_in(base) if base else {}
    return [
        Chosen(
            item.pk, item.code, item.content_area, float(item.minutes), item.max_score,
            used[item.pk].difficulty if item.pk in used else None, in_base.get(item.pk) == item.version_id,
        )
        for item in items
    ]  # fmt: skip


def anchor_ids(scope, base: Test) -> list[int]:
    """Items that are still worded as they were in an earlier test."""
    in_base = queries.versions_in(base)
    items = queries.items_in(scope, {"state": BankState.READY}).filter(pk__in=list(in_base))
    return [item.pk for item in items if in_base[item.pk] == item.version_id]


@transaction.atomic
def create_test_from_bank(
    *,
    item_ids: Sequence[int],
    blocks: int,
    per_booklet: int,
    seed: int,
    sitting_minutes: int,
    code: str,
    titles: Mapping[str, str],
    subject: str,
    grade: int,
    school_year: SchoolYear,
    kind: str,
    territory: Territory,
    base: Test | None = None,
    is_synthetic: bool = False,
) -> Test:
    """The test with its items' wordings as they are now, and its booklets."""
    must("assessment.manage")
    scope = current_scope()
    if not (scope.covers(territory.org_lo) and scope.covers(territory.org_hi)):
        raise NotAllowed(_("That territory is not yours."))
    items = chosen_items(scope, item_ids, base)
    if len(items) < len(set(item_ids)):
        raise BadDesign(_("Some of the chosen items are no longer ready. Choose again."))
    _check_codes(items)
    plan = proposed(items, blocks=blocks, per_booklet=per_booklet, seed=seed)
    versions = _latest_versions(items)
    ordered = [item for block in plan.blocks for item in block]
    test = create_test(
        code=code, titles=titles, subject=subject, grade=grade, school_year=school_year, kind=kind, territory=territory,
        items=[_spec(item, versions[item.pk]) for item in ordered],
        booklets={booklet.name: [item.code for item in booklet.items] for booklet in plan.booklets},
        is_synthetic=is_synthetic,
    )  # fmt: skip
    test.minutes = sitting_minutes
    test.design = _design(plan, seed, per_booklet, base)
    test.save(update_fields=["minutes", "design"])
    _tie(test, plan, {item.code: versions[item.pk] for item in ordered})
    return test


def _check_codes(items: Sequence[Chosen]) -> None:
    """The country's bank and a region's may each have an item of one code."""
    codes = [item.code for item in items]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        message = _("Two of the chosen items have the code %(codes)s. Leave one of them out.")
        raise BadDesign(message % {"codes": ", ".join(twice)})


def _latest_versions(items: Sequence[Chosen]) -> dict[int, BankVersion]:
    found: dict[int, BankVersion] = {}
    rows = BankVersion.objects.filter(item__in=[item.pk for item in items]).select_related("item").order_by("number")
    for version in rows:
        found[version.item_id] = version
    return found


def _spec(item: Chosen, version: BankVersion) -> ItemSpec:
    key = version.key if version.item.kind in WITH_OPTIONS else ""
    return ItemSpec(item.code, item.max_score, key, item.content_area)


def _design(plan: Proposed, seed: int, per_booklet: int, base: Test | None) -> dict:
    anchors = sorted(item.code for block in plan.blocks for item in block if item.is_anchor)
    return {
        "blocks": plan.design.n_blocks,
        "per_booklet": per_booklet,
        "seed": seed,
        "base": base.code if base else "",
        "anchors": anchors,
    }


def _tie(test: Test, plan: Proposed, versions: Mapping[str, BankVersion]) -> None:
    items = list(Item.objects.filter(test=test))
    for item in items:
        item.version = versions[item.code]
        wordings = wordings_of(item.version.content)
        for language in LANGUAGES:
            setattr(item, f"wording_{language}", wordings.get(language, Wording()).plain)
    Item.objects.bulk_update(items, ["version", *(f"wording_{language}" for language in LANGUAGES)])
    block_of = plan.block_of()
    number = {version.item_id: block_of[version.item_id] for version in versions.values()}
    places = list(BookletItem.objects.filter(booklet__test=test).select_related("item__version"))
    for place in places:
        place.block = number[place.item.version.item_id]
    BookletItem.objects.bulk_update(places, ["block"])
