"""Certificates: of the asker's scope, and what anybody may know of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import QuerySet

from tirek.access.scope import Scope, loading
from tirek.cpd.badges import credential as badges
from tirek.cpd.models import Certificate, Cohort
from tirek.storage import sealed

STATES = ("", "stands", "revoked")


@dataclass(frozen=True)
class Checked:
    """All that a stranger is told. ``name`` only to who holds the code: a given name and an initial."""

    number: str
    course: dict[str, str]
    provider: dict[str, str]
    hours: int
    completed_on: object
    issued_at: object
    name: str
    revoked_at: object
    revoked_reason: str
    is_replaced: bool
    code: str


def certificates(scope: Scope, *, state: str = "", text: str = "", cohort: str = "") -> QuerySet[Certificate]:
    found = scope.limit(Certificate.objects.all()).select_related("person").order_by("-issued_at", "-id")
    if state in ("stands", "revoked"):
        found = found.filter(revoked_at__isnull=state == "stands")
    if cohort:
        found = found.filter(participation__cohort__code=cohort)
    for word in text.split():
        found = (
            found.filter(number__iexact=word)
            if word.upper().startswith("CERT-")
            else found.filter(person_name__icontains=word)
        )
    return found


def certificate(number: str) -> Certificate | None:
    """As the asker's own policies show it."""
    return Certificate.objects.select_related("person", "participation__cohort__course").filter(number=number).first()


def successor(of: Certificate) -> Certificate | None:
    return Certificate.objects.filter(replaces=of).first()


def of_cohort(cohort: Cohort) -> dict[int, Certificate]:
    """The one that stands, by participation, as far as the asker may see."""
    found = Certificate.objects.filter(participation__cohort=cohort, revoked_at=None)
    return {certificate.participation_id: certificate for certificate in found}


def without_certificate(cohort: Cohort) -> int:
    """How many completed and have no certificate that stands: a number only."""
    with loading():
        done = cohort.participations.filter(standing="completed").count()
        return done - Certificate.objects.filter(participation__cohort=cohort, revoked_at=None).count()


def checked(asked: str) -> Checked | None:
    """What is said in public about a code (from the QR) or a number. A number can be guessed, so it names nobody."""
    text = asked.strip().upper()
    is_number = re.fullmatch(r"CERT-\d{4}-\d{6,9}", text) is not None
    code = re.sub(r"[^A-Z2-7]", "", text)
    with loading():
        found = Certificate.objects.filter(number=text).first() if is_number else None
        if found is None and not is_number and len(code) == 16:
            found = Certificate.objects.filter(check_code=code).first()
        if found is None:
            return None
        is_replaced = Certificate.objects.filter(replaces=found).exists()
    names = {f"name_{language}": getattr(found, f"name_{language}") for language in ("kk", "ru", "en")}
    provider = {f"name_{language}": getattr(found, f"provider_{language}") for language in ("kk", "ru", "en")}
    return Checked(
        found.number, names, provider, found.hours, found.completed_on, found.issued_at,
        "" if is_number else short_name(found.person_name), found.revoked_at, found.revoked_reason, is_replaced,
        "" if is_number else found.check_code,
    )  # fmt: skip


def short_name(name: str) -> str:
    """Given name and the initial of the family name: enough to compare with a passport, too little to find somebody."""
    parts = name.split()
    return f"{parts[1]} {parts[0][0]}." if len(parts) > 1 else f"{name[:1]}."


def credential_bytes(code: str) -> bytes | None:
    """The sealed credential of a code, as it was given out."""
    with loading():
        found = Certificate.objects.filter(check_code=code).first()
    return sealed.read(found.credential_sha256) if found else None


def revoked_indexes(number: int) -> list[int]:
    """Places in the list of this number whose certificates are revoked."""
    first = (number - 1) * badges.LIST_BITS
    with loading():
        found = Certificate.objects.filter(
            revoked_at__isnull=False, status_index__gte=first, status_index__lt=first + badges.LIST_BITS
        )
        return [index - first for index in found.values_list("status_index", flat=True)]


def is_list(number: int) -> bool:
    """Whether a list of revocations of this number was ever begun; the first always is."""
    with loading():
        return number == 1 or Certificate.objects.filter(status_index__gte=(number - 1) * badges.LIST_BITS).exists()
