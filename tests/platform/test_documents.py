"""A document says what was sealed, can be made again, checked by anybody and revoked."""

import datetime as dt

import pytest
from django.db import ProgrammingError

from tirek.access.models import User
from tirek.access.scope import Scope, acting_as, loading
from tirek.documents import queries, services
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
SCHOOL = 1_000_010
CONTENT = {
    "lead": "1 234",
    "lead_note": "оқушы",
    "sections": [{"title": "Деректер", "facts": [["Тілі", "қазақ тілі ₸"]]}],
}


@pytest.fixture
def clerk():
    with loading():
        return User.objects.create(username="clerk", full_name="Clerk")


@pytest.fixture
def document(clerk):
    with acting_as(Scope(lo=SCHOOL, hi=SCHOOL)):
        return services.issue(
            template="report", title="Мектеп паспорты", content=CONTENT, language="kk", base_address="https://tirek.example",
            org_no=SCHOOL, by=clerk, now=NOW,
        )  # fmt: skip


def test_the_pdf_is_made_again_to_the_byte(document):
    assert services.verify(document) == []


def test_a_document_is_seen_in_its_scope_and_checked_by_anybody(document):
    with acting_as(Scope(lo=5, hi=9)):
        assert queries.document(document.number) is None
        assert queries.by_check_code(document.check_code.lower()).number == document.number
        assert queries.by_check_code("AAAAAAAAAAAAAAAA") is None
        assert queries.by_digest(document.pdf_sha256).number == document.number


def test_a_revoked_document_says_why_and_stays_so(document, clerk):
    with acting_as(Scope(lo=SCHOOL, hi=SCHOOL)):
        with pytest.raises(Refusal, match="Say why"):
            services.revoke(number=document.number, reason=" ", by=clerk, now=NOW)
        services.revoke(number=document.number, reason="Given out by mistake", by=clerk, now=NOW)
        with pytest.raises(Refusal, match="already"):
            services.revoke(number=document.number, reason="Again", by=clerk, now=NOW)
    assert queries.by_check_code(document.check_code).revoked_reason == "Given out by mistake"


def test_the_database_keeps_what_a_document_said(document):
    with pytest.raises(ProgrammingError, match="Cannot"), loading():
        type(document).objects.update(pdf_sha256="0" * 64)
