"""Certificates: given out for completed courses, one by one or for a whole cohort; revoked; given out anew."""

from __future__ import annotations

import base64
import datetime as dt
import json
import secrets
from collections.abc import Callable

from django.db import connection, transaction
from django.utils import formats, translation
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd.badges import credential as badges
from tirek.cpd.models import Certificate, Cohort, CohortState, Participation, Standing
from tirek.cpd.refusals import BadValue, NotThere, WrongState, must, must_cover
from tirek.documents import services as documents
from tirek.registry.models import Person
from tirek.storage import sealed

CODE_BYTES = 10
LANGUAGES = ("kk", "ru")
Tell = Callable[[int, int, str], None]


def issue_for_cohort(
    *, code: str, base_address: str, by: User | None, now: dt.datetime, tell: Tell | None = None
) -> int:
    """A certificate for everybody who completed and has none that stands. May be repeated: nobody gets two."""
    must("growth.manage")
    cohort = Cohort.objects.select_related("course__provider").filter(code=code).first()
    if cohort is None:
        raise NotThere(_("There is no such cohort."))
    must_cover(cohort.org_lo, cohort.org_hi)
    if cohort.state != CohortState.COMPLETED:
        raise WrongState(_("Close the cohort first: certificates rest on the decision that it makes."))
    with loading(), transaction.atomic():
        Cohort.objects.select_for_update().get(
            pk=cohort.pk
        )  # two who press at once: the second finds nothing left to do
        waiting = list(
            Participation.objects.filter(cohort=cohort, standing=Standing.COMPLETED)
            .exclude(certificates__revoked_at=None, certificates__isnull=False)
            .select_related("person").order_by("sort_key", "id")
        )  # fmt: skip
        for place, made in enumerate(waiting, start=1):
            made.cohort = cohort
            _issue(made, base_address=base_address, by=by, now=now)
            if tell:
                tell(place, len(waiting), _("Certificates are being made and signed"))
    return len(waiting)


@transaction.atomic
def revoke(*, number: str, reason: str, by: User | None, now: dt.datetime) -> Certificate:
    """It no longer stands: the public page says since when and why, the list of revocations says so to programs."""
    found = _locked(number)
    return _revoke(found, reason, by, now)


@transaction.atomic
def reissue(*, number: str, reason: str, base_address: str, by: User | None, now: dt.datetime) -> Certificate:
    """The old one is revoked and names its successor; the new one has the person's name as the register has it now."""
    found = _locked(number)
    before = _revoke(found, reason, by, now)
    with loading():
        made = Participation.objects.select_related("person", "cohort__course__provider").get(
            pk=before.participation_id
        )
        return _issue(made, base_address=base_address, by=by, now=now, replaces=before)


def _locked(number: str) -> Certificate:
    must("growth.manage")
    found = Certificate.objects.filter(number=number).first()  # by the asker's own policies
    if found is None:
        raise NotThere(_("There is no such certificate, or it lies outside your territory."))
    with loading():
        cohort = Cohort.objects.get(participations=found.participation_id)
    must_cover(cohort.org_lo, cohort.org_hi)
    return Certificate.objects.select_for_update().get(pk=found.pk)


def _revoke(found: Certificate, reason: str, by: User | None, now: dt.datetime) -> Certificate:
    if found.revoked_at:
        raise WrongState(_("This certificate is revoked already."))
    if not reason.strip():
        raise BadValue(_("Say why: whoever checks the certificate reads it."), code="reason_missing", field="reason")
    found.revoked_at, found.revoked_by_id, found.revoked_reason = now, by.pk if by else None, reason.strip()[:300]
    found.save(update_fields=["revoked_at", "revoked_by_id", "revoked_reason"])
    with loading():
        for document in (found.document_kk, found.document_ru):
            documents.revoke(number=document, reason=found.revoked_reason, by=by, now=now)
    return found


def _issue(
    made: Participation, *, base_address: str, by: User | None, now: dt.datetime, replaces: Certificate | None = None
) -> Certificate:
    cohort, course = made.cohort, made.cohort.course
    person = Person.objects.get(pk=made.person_id)
    code = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    index = _next("cpd_certificate_status")
    certificate = Certificate(
        number=f"CERT-{now.year}-{_next('cpd_certificate_number'):06d}", check_code=code, participation=made,
        person_id=made.person_id, org_no=made.org_no, person_name=str(person), name_kk=course.name_kk, name_ru=course.name_ru,
        name_en=course.name_en, provider_kk=course.provider.name_kk, provider_ru=course.provider.name_ru,
        provider_en=course.provider.name_en, hours=made.hours, completed_on=made.completed_on,
        decision_number=cohort.completion_number, status_index=index, issued_at=now, issued_by_id=by.pk if by else None,
        replaces=replaces,
    )  # fmt: skip
    facts = _facts(certificate, cohort)
    certificate.credential_sha256 = sealed.seal(sealed.json_bytes(badges.issued(facts, base_address)))
    for language in LANGUAGES:
        document = _document(certificate, cohort, language, base_address, by, now)
        setattr(certificate, f"document_{language}", document.number)
    certificate.save(force_insert=True)
    return certificate


def _facts(certificate: Certificate, cohort: Cohort) -> badges.Facts:
    course = cohort.course
    with translation.override("kk"):
        criteria = _("Attendance and, where the course has one, the test at its end: decision %(number)s.") % {
            "number": certificate.decision_number
        }
    return badges.Facts(
        code=certificate.check_code, status_index=certificate.status_index, person_name=certificate.person_name,
        course_code=course.code, course_name=course.name_kk, course_text=course.programme_kk or course.name_kk,
        course_kind=course.kind, criteria=criteria, hours=certificate.hours, provider_code=course.provider.code,
        provider_name=course.provider.name_kk, starts_on=cohort.starts_on, completed_on=certificate.completed_on,
        issued_at=certificate.issued_at,
    )  # fmt: skip


def _document(certificate: Certificate, cohort: Cohort, language: str, base_address: str, by, now: dt.datetime):
    with translation.override(language):
        course = getattr(certificate, f"name_{language}") or certificate.name_kk
        provider = getattr(certificate, f"provider_{language}") or certificate.provider_kk
        days = _("from %(first)s to %(last)s") % {
            "first": formats.date_format(cohort.starts_on, "DATE_FORMAT"),
            "last": formats.date_format(certificate.completed_on, "DATE_FORMAT"),
        }
        content = {
            "issuer": provider,
            "name": certificate.person_name,
            "said": _("completed the course"),
            "course": course,
            "hours": _("Hours: %(hours)s") % {"hours": certificate.hours},
            "days": days,
            "certificate": certificate.number,
            "decision": _("By decision %(number)s") % {"number": certificate.decision_number},
            "synthetic": _is_synthetic(),
        }
        title = _("Certificate")
    return documents.issue(
        template="certificate", title=title, content=content, language=language, base_address=base_address, by=by, now=now,
        org_no=certificate.org_no, person_id=certificate.person_id,
        check_address=f"{base_address}/growth/check/{certificate.check_code}/",
    )  # fmt: skip


def _is_synthetic() -> bool:
    from tirek.registry.models import Territory

    return Territory.objects.filter(is_synthetic=True).exists()


def _next(sequence: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select nextval(%s)", [sequence])
        return int(cursor.fetchone()[0])


def credential_of(certificate: Certificate) -> dict:
    """The sealed credential as it was given out."""
    found: dict = json.loads(sealed.read(certificate.credential_sha256))
    return found
