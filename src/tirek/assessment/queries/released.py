"""Tasks that were released: what schools may read."""

from __future__ import annotations

from tirek.access.scope import Scope, loading
from tirek.assessment.bank.wording import in_language, wordings_of
from tirek.assessment.models import BankItem, BankVersion


def released_tasks(scope: Scope, language: str, *, subject: str = "", grade: int | None = None) -> list[dict]:
    """Released items of the banks that reach to the asker, with their wording in the reader's language; never keys.

    Rows of the bank are a secret of those who hold it, so that the program reads them here: released ones only.
    """
    with loading():
        found = BankItem.objects.filter(released_at__isnull=False)
        if scope.lo is not None and scope.hi is not None and not scope.is_country:
            found = found.filter(org_lo__lte=scope.lo, org_hi__gte=scope.hi)
        if subject:
            found = found.filter(subject=subject)
        if grade:
            found = found.filter(grade=grade)
        items = list(found.order_by("subject", "grade", "content_area", "code")[:500])
        latest: dict[int, BankVersion] = {}
        for version in BankVersion.objects.filter(item__in=items).order_by("number"):
            latest[version.item_id] = version
    return [
        {"item": item, "wording": in_language(wordings_of(latest[item.pk].content), language),
         "can_do": getattr(item, f"can_do_{language}", "") or item.can_do_kk}
        for item in items
    ]  # fmt: skip
