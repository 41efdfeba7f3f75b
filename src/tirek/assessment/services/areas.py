"""Add, rename and take away the content areas of a territory's bank."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope, loading
from tirek.assessment import content_areas
from tirek.assessment.models import BankImport, BankItem, ContentArea, Item
from tirek.assessment.refusals import NotAllowed, WrongState, must
from tirek.assessment.services.bank import holder
from tirek.storage.database import LOADER

CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")


@transaction.atomic
def add_area(*, code: str, subject: str, names: Mapping[str, str]) -> ContentArea:
    """A new area; its code and its names must be nobody else's, so that what is typed means one area."""
    must("assessment.manage")
    code = code.strip().lower()
    if not CODE.fullmatch(code):
        raise WrongState(_("A code is made of Latin letters, digits and hyphens, and begins with a letter: ecology."))
    held = holder()
    _refuse_taken(code, names, None)
    found = ContentArea.objects.create(
        code=code, org_lo=held[0], org_hi=held[1], subject=subject, **{f"name_{c}": n.strip() for c, n in names.items()}
    )
    content_areas.forget()
    return found


@transaction.atomic
def rename_area(*, area_id: int, names: Mapping[str, str]) -> ContentArea:
    """Other names for an area that the asker's territory has added. Items keep its code and so follow."""
    must("assessment.manage")
    found = _held(area_id)
    _refuse_taken(found.code, names, found)
    for language, name in names.items():
        setattr(found, f"name_{language}", name.strip())
    found.save()
    content_areas.forget()
    return found


@transaction.atomic
def remove_area(*, area_id: int) -> None:
    """Take away an area that no item has."""
    must("assessment.manage")
    found = _held(area_id)
    with loading():
        is_used = any(model.objects.filter(content_area=found.code).exists() for model in (BankItem, Item, BankImport))
    if is_used:
        raise WrongState(_("Items have this area, so it stays. You can give it another name."))
    found.delete()
    content_areas.forget()


def may_change(area: ContentArea) -> bool:
    """Whether the asker's territory has added it."""
    scope = current_scope()
    return scope.database_role == LOADER or (scope.covers(area.org_lo) and scope.covers(area.org_hi))


def _held(area_id: int) -> ContentArea:
    found = ContentArea.objects.select_for_update().filter(pk=area_id).first()
    if found is None or not may_change(found):
        raise NotAllowed(_("This area is not yours to change. Ask the office that added it."))
    return found


def _refuse_taken(code: str, names: Mapping[str, str], own: ContentArea | None) -> None:
    content_areas.forget()
    for area in content_areas.areas().values():
        if own is not None and area.pk == own.pk:
            continue
        if area.code == code:
            raise WrongState(_("There is already an area with the code %(code)s. Choose another.") % {"code": code})
        known = {name.casefold() for name in (area.code, *area.names.values())}
        taken = next((name for name in names.values() if name.strip().casefold() in known), None)
        if taken is not None:
            raise WrongState(
                _("There is already an area named “%(name)s”. Use it, or choose another name.") % {"name": taken}
            )
