"""Names as people write them, on paper: no sign stops the paper of a whole class or school."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.utils import translation

from tirek.assessment import slips
from tirek.assessment.services.seats import Slip
from tirek.documents.signs import printable
from tirek.surveys import papers

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
HOSTILE = [
    "Қоңыр \U0001f600", "\u202eевзагА", "مدرسة", "漢字", "#set page(1) *b* $x$ <b>@ref \\", '"=cmd|\' /C calc\'!A0', "Ә" * 300,
    "екі\nжол", "",
]  # fmt: skip


def test_marks_that_turn_what_stands_beside_them_are_not_printed():
    assert printable(["\u202eгниртс\u202c", {"name": "А\u200bйша \U0001f600"}]) == ["гниртс", {"name": "Айша ?"}]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_codes_of_a_class(name, language):
    sitting = SimpleNamespace(
        test=SimpleNamespace(title_kk=name or "Тест"), date=NOW.date(), class_group="5Ә", mode="computer"
    )
    rows = [Slip(1, "12", name, "A", "ABCD-EFGH"), Slip(2, "13", "Әлиева Айша", "B", "JKLM-NPQR")]
    with translation.override(language):
        assert slips.as_pdf(sitting, rows, language=language, address="https://t.example", now=NOW).startswith(b"%PDF")


@pytest.mark.parametrize("name", HOSTILE)
def test_poster_and_slips_of_a_questionnaire(name, monkeypatch):
    monkeypatch.setattr(papers.labels, "names_by_org_no", lambda numbers, *, on: dict.fromkeys(numbers, name))
    form = SimpleNamespace(title_kk=name or "Сауалнама", title_ru=name, title_en=name)
    found = SimpleNamespace(form=form, audience="pupils", closes_on=NOW.date())
    poster = papers.poster_pdf(found, SimpleNamespace(org_no=7), address="https://t.example/s/ABC", now=NOW)
    rows = [SimpleNamespace(number=1, code="ABCD-EFGH", class_label=name)]
    with translation.override("ru"):
        sheet = papers.slips_pdf(found, rows, language="ru", address="https://t.example/s/", now=NOW)
    assert poster.startswith(b"%PDF")
    assert sheet.startswith(b"%PDF")
