"""Write items into the bank. A version is never changed: whatever differs makes the next one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.bank import validity
from tirek.assessment.bank.facts import ItemFacts, VersionFacts, facts_of, same
from tirek.assessment.bank.validity import PictureFacts
from tirek.assessment.bank.wording import content_of
from tirek.assessment.models import BankItem, BankPicture, BankState, BankVersion, Item
from tirek.assessment.refusals import NotAllowed, WrongState, must
from tirek.storage.database import LOADER
from tirek_engines.errors import Refusal

WHOLE_COUNTRY = (0, 2_147_483_647)


class BadItem(Refusal):
    """The item cannot be kept as it is; ``amiss`` holds pairs of a field and a sentence."""

    code = "bad_item"

    def __init__(self, amiss: list[validity.Amiss]) -> None:
        self.amiss = amiss
        super().__init__(" ".join(sentence for _field, sentence in amiss))


def holder() -> tuple[int, int]:
    """Numbers of the territory whose bank the asker writes into."""
    scope = current_scope()
    if scope.is_country or scope.database_role == LOADER or scope.lo is None or scope.hi is None:
        return WHOLE_COUNTRY
    return scope.lo, scope.hi


@transaction.atomic
def create_item(
    *,
    facts: ItemFacts,
    version: VersionFacts,
    by: int | None,
    now: dt.datetime,
    held: tuple[int, int] | None = None,
) -> BankItem:
    """A new item with its first version, still being written."""
    must("assessment.manage")
    held = held or holder()
    version = _checked(facts, version)
    if BankItem.objects.filter(org_lo=held[0], code=facts.code).exists():
        raise BadItem([("code", _("There is already an item with the code %(code)s.") % {"code": facts.code})])
    item = BankItem.objects.create(
        code=facts.code, org_lo=held[0], org_hi=held[1], kind=facts.kind, max_score=facts.max_score, **_loose(facts)
    )
    _add_version(item, 1, version, by, now)
    return item


@transaction.atomic
def revise_item(
    *, item_id: int, facts: ItemFacts, version: VersionFacts, by: int | None, now: dt.datetime
) -> BankVersion:
    """Write the item's facts; a next version if wording, key or pictures differ. Returns the latest version."""
    must("assessment.manage")
    item = _held(item_id)
    version = _checked(facts, version)
    latest = latest_of(item)
    is_used = Item.objects.filter(version__item=item).exists()
    if is_used and (facts.kind, facts.max_score, facts.code) != (item.kind, item.max_score, item.code):
        message = _("A test has used this item: its code, kind of answer and highest score stay. Write a new item.")
        raise BadItem([("kind", message)])
    if facts.code != item.code and BankItem.objects.filter(org_lo=item.org_lo, code=facts.code).exists():
        raise BadItem([("code", _("There is already an item with the code %(code)s.") % {"code": facts.code})])
    differs = not same(facts_of(latest), version)
    if differs and not version.why.strip() and Item.objects.filter(version=latest).exists():
        raise BadItem([("why", _("A test has used this version. Say why a new one is made."))])
    for name, value in ({"code": facts.code, "kind": facts.kind, "max_score": facts.max_score} | _loose(facts)).items():
        setattr(item, name, value)
    if (
        differs
        and item.state == BankState.READY
        and validity.not_ready(item.kind, version.key, version.wordings, version.pictures)
    ):
        item.state = BankState.DRAFT
    item.save()
    return _add_version(item, latest.number + 1, version, by, now) if differs else latest


@transaction.atomic
def move_item(*, item_id: int, state: str, because: str = "") -> BankItem:
    """Ready for tests, back to being written, or retired; a retired one is restored to being written.

    ``because`` says why an item is retired; without it none is.
    """
    must("assessment.manage")
    item = _held(item_id)
    allowed = {
        BankState.DRAFT: {BankState.READY, BankState.RETIRED},
        BankState.READY: {BankState.DRAFT, BankState.RETIRED},
        BankState.RETIRED: {BankState.DRAFT},
    }
    if state not in allowed[BankState(item.state)]:
        raise WrongState(_("This step does not follow from where the item stands."), state=item.state)
    if state == BankState.READY:
        facts = facts_of(latest_of(item))
        told = validity.not_ready(item.kind, facts.key, facts.wordings, facts.pictures)
        if told:
            raise WrongState(" ".join(told), state=item.state)
    is_retired, because = state == BankState.RETIRED, " ".join(because.split())
    if is_retired and not because:
        raise WrongState(_("Say why the item is retired: those after you will ask."), state=item.state)
    item.state = state
    item.retired_at = timezone.now() if is_retired else None
    item.retired_because = because[:300] if is_retired else ""
    item.save(update_fields=["state", "retired_at", "retired_because"])
    return item


def latest_of(item: BankItem) -> BankVersion:
    return item.versions.order_by("-number").first()


def _held(item_id: int) -> BankItem:
    item = BankItem.objects.select_for_update().filter(pk=item_id).first()
    scope = current_scope()
    everywhere = scope.database_role == LOADER
    if item is None or not (everywhere or (scope.covers(item.org_lo) and scope.covers(item.org_hi))):
        raise NotAllowed(_("This item is not yours to change. Ask the office that holds it."))
    return item


def _checked(facts: ItemFacts, version: VersionFacts) -> VersionFacts:
    key = validity.tidy_key(facts.kind, version.key)
    tolerance = version.tolerance.strip() if facts.kind == "number" else ""
    tolerance = str(width) if (width := validity.number(tolerance)) is not None else tolerance
    found = validity.code_amiss(facts.code) + validity.amiss(facts.kind, key, tolerance, version.wordings)
    if found:
        raise BadItem(found)
    return VersionFacts(version.wordings, key, tolerance, version.pictures, version.why.strip())


def _loose(facts: ItemFacts) -> dict:
    """What may be changed without a new version."""
    can_do = {f"can_do_{language}": facts.can_do.get(language, "") for language in ("kk", "ru", "en")}
    return {
        "subject": facts.subject,
        "grade": facts.grade,
        "content_area": facts.content_area,
        "minutes": facts.minutes,
        **can_do,
    }


def _add_version(item: BankItem, number: int, facts: VersionFacts, by: int | None, now: dt.datetime) -> BankVersion:
    version = BankVersion.objects.create(
        item=item, org_lo=item.org_lo, number=number, content=content_of(facts.wordings), key=facts.key,
        tolerance=facts.tolerance, why=facts.why, by_id=by, at=now,
    )  # fmt: skip
    _add_pictures(version, facts.pictures)
    return version


def _add_pictures(version: BankVersion, pictures: Iterable[PictureFacts]) -> None:
    taken: set[tuple[str, str]] = set()
    made = []
    for number, picture in enumerate(pictures, start=1):
        name = picture.name[-60:] or f"picture-{number}"
        if (name, picture.language) in taken:
            name = f"{number}-{name}"[:64]
        taken.add((name, picture.language))
        words = {f"words_{language}": picture.words.get(language, "")[:300] for language in ("kk", "ru", "en")}
        made.append(
            BankPicture(
                version=version, org_lo=version.org_lo, name=name, language=picture.language, sha256=picture.sha256,
                media_type=picture.media_type, **words,
            )
        )  # fmt: skip
    BankPicture.objects.bulk_create(made)
