"""The bank's pages: who may open them, what they say, how many queries they take, and that keys stay hidden."""

from __future__ import annotations

import dataclasses
import io

import pytest
from access_world import user_with
from assessment_world import OFFICER, make_world
from bank_world import SVG, facts, make_item, packed, picture, qti_item, version
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tirek.access.models import PersonRead
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment.files import qti
from tirek.assessment.models import BankItem, BankVersion, Test
from tirek.assessment.services.bank import create_item, move_item, revise_item
from tirek.assessment.services.bank_tests import create_test_from_bank

pytestmark = pytest.mark.django_db
LANGUAGES = ("kk", "ru", "en")
HOUSEKEEPING = ("SAVEPOINT", "RELEASE", "set_config", "django_session", "access_user", "access_grant")


@pytest.fixture(autouse=True)
def demonstration(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


def client_of(role=Role.REGIONAL_OFFICER, kind=ScopeKind.REGION, language="en") -> Client:
    user = user_with(role, kind, name=f"{role}-{language}")
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


def text_of(response) -> str:
    assert response.status_code == 200, response.content[-2000:]
    return response.content.decode()


def drawn_item(code="B1", ready=True):
    told = dataclasses.replace(version(), pictures=(picture(SVG),))
    with acting_as(OFFICER):
        item = create_item(facts=facts(code), version=told, by=None, now=timezone.now())
        return move_item(item_id=item.pk, state="ready") if ready else item


def bank_test(items, code="T1", **changes):
    world = make_world()
    given = {"blocks": 1, "per_booklet": 1} | changes
    with acting_as(OFFICER):
        return create_test_from_bank(
            item_ids=[item.pk for item in items], seed=1, sitting_minutes=60, code=code,
            titles={"kk": "Тест қазақша", "ru": "Тест по-русски", "en": "Test"}, subject="mathematics", grade=4,
            school_year=world.year, kind="entrance", territory=world.region, **given,
        )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_in_every_language(language):
    item = drawn_item()
    bank_test([item])
    with acting_as(OFFICER):
        revise_item(
            item_id=item.pk,
            facts=facts(),
            version=version(kk="Жаңа", ru="Новое", why="clearer"),
            by=None,
            now=timezone.now(),
        )
    client = client_of(language=language)
    pages = ["", "new/", f"items/{item.pk}/", f"items/{item.pk}/?version=1", f"items/{item.pk}/change/", "files/", "test/",
             f"test/booklets/?item={item.pk}"]  # fmt: skip
    for page in pages:
        text_of(client.get(f"/assessment/bank/{page}"))
    for page in ("", "1/", "1/?language=ru"):
        text_of(client.get(f"/assessment/T1/booklets/{page}"))


def test_the_key_is_shown_when_asked_and_the_look_is_written_down():
    item = make_item()
    with acting_as(OFFICER):
        secret = version("C", kk="?", ru="?", options="1\n2\n3\n4")
        revise_item(item_id=item.pk, facts=facts(), version=secret, by=None, now=timezone.now())
    client = client_of()
    assert "<strong>C</strong>" not in text_of(client.get(f"/assessment/bank/items/{item.pk}/"))
    with loading():
        assert not PersonRead.objects.exists()
    assert "<strong>C</strong>" in text_of(client.post(f"/assessment/bank/items/{item.pk}/key/"))
    with loading():
        assert PersonRead.objects.get().query == "key of the bank's item B1"


@pytest.mark.parametrize(
    ("role", "kind"),
    [(Role.SCHOOL_HEAD, ScopeKind.INSTITUTION), (Role.TEACHER, ScopeKind.OWN), (Role.PARENT, ScopeKind.OWN),
     (Role.DISTRICT_OFFICER, ScopeKind.DISTRICT), (Role.AUDITOR, ScopeKind.REGION)],
)  # fmt: skip
def test_the_bank_is_closed_to_those_who_do_not_hold_tests(role, kind):
    item = drawn_item()
    bank_test([item])
    client = client_of(role, kind)
    pictures = BankVersion.pictures.rel.related_model.objects
    with loading():
        number = pictures.get().pk
    for page in ("bank/", f"bank/items/{item.pk}/", f"bank/items/{item.pk}/pictures/{number}/", "T1/booklets/1/",
                 "T1/booklets/1/pdf/", f"T1/booklets/pictures/{number}/", "bank/?download=qti"):  # fmt: skip
        assert client.get(f"/assessment/{page}").status_code == 403, page
    assert client.post(f"/assessment/bank/items/{item.pk}/key/").status_code == 403


def test_another_territory_finds_nothing():
    item = drawn_item()
    bank_test([item])
    user = user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION, name="second")
    with loading():
        grant = user.grants.get()
        grant.org_lo, grant.org_hi = 20_000_000, 29_999_999
        grant.save()
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    assert "The bank is empty" in text_of(client.get("/assessment/bank/"))
    for page in (f"bank/items/{item.pk}/", f"bank/items/{item.pk}/change/", "T1/booklets/", "T1/booklets/1/pdf/"):
        assert client.get(f"/assessment/{page}").status_code == 404, page
    assert client.post(f"/assessment/bank/items/{item.pk}/key/").status_code == 404


def filled(**changes) -> dict:
    given = {
        "code": "N1", "subject": "mathematics", "grade": 4, "kind": "choice", "max_score": 1, "minutes": "1.5", "key": "B",
        "stem_kk": "2 + 2?", "stem_ru": "2 + 2 =?", "options_kk": "3\n4", "options_ru": "3\n4",
    }  # fmt: skip
    return given | changes


def test_an_item_is_written_and_rewritten_by_its_form():
    client = client_of()
    page = text_of(client.post("/assessment/bank/new/", filled(key="Z")))
    assert "The key must be one of the options" in page
    drawing = SimpleUploadedFile("a.svg", SVG)
    words = {"picture": drawing, "picture_words_kk": "Сурет", "picture_words_ru": "Рисунок"}
    made = client.post("/assessment/bank/new/", filled(**words))
    assert made.status_code == 302
    with loading():
        item = BankItem.objects.get(code="N1")
        assert item.versions.get().pictures.get().words_ru == "Рисунок"
    change = f"/assessment/bank/items/{item.pk}/change/"
    assert "kept_0_kk" in text_of(client.get(change))
    client.post(change, filled(stem_ru="Два и два?", kept_0_kk="Сурет", kept_0_ru="Рисунок"))
    client.post(change, filled(stem_ru="Два и два?", drop_0="on", content_area="sums"))
    with loading():
        versions = list(item.versions.order_by("number"))
        assert [v.pictures.count() for v in versions] == [1, 1, 0]
        item.refresh_from_db()
        assert item.content_area == "sums"
    page = text_of(client.get(f"/assessment/bank/items/{item.pk}/"))
    assert "<del>" in page
    assert "<ins>" in page
    assert client.post(f"/assessment/bank/items/{item.pk}/state/", {"state": "ready"}).status_code == 302
    bad = client.post("/assessment/bank/new/", filled(code="N2", picture=SimpleUploadedFile("a.gif", b"GIF89a")))
    assert "neither a PNG nor a JPEG" in text_of(bad)


def test_a_picture_is_served_so_that_it_cannot_run():
    item = drawn_item()
    with loading():
        number = item.versions.get().pictures.get().pk
    answer = client_of().get(f"/assessment/bank/items/{item.pk}/pictures/{number}/")
    assert answer["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"script" not in answer.content


def test_a_file_is_looked_at_applied_and_taken_back():
    client = client_of()
    upload = SimpleUploadedFile("items.zip", packed(a=qti_item("Q1"), b=qti_item("Q2", right="zz")))
    given = {"file": upload, "language": "ru", "subject": "mathematics", "grade": 4, "content_area": ""}
    page = client.post("/assessment/bank/files/", given, follow=True)
    address = page.request["PATH_INFO"]
    assert "Apply 1 item" in text_of(page)
    assert "none of the options" in text_of(page)
    assert "1 item is in the bank" in text_of(client.post(address, {"do": "apply"}, follow=True))
    assert "1 item was taken back" in text_of(client.post(address, {"do": "take_back"}, follow=True))
    assert "Taken back on" in text_of(client.get(address))


def test_the_list_is_taken_along_without_keys_and_the_package_with_them():
    make_item()
    client = client_of()
    listed = client.get("/assessment/bank/?download=csv").content.decode()
    assert "B1" in listed
    assert "key" not in listed.splitlines()[0]
    assert client.get("/assessment/bank/?download=xlsx").status_code == 200
    package = client.get("/assessment/bank/?download=qti")
    assert [task.key for task in qti.read("p.zip", package.content).tasks] == ["C"]
    with loading():
        assert PersonRead.objects.get().kind == PersonRead.Kind.EXPORT


def test_a_test_is_made_in_two_steps():
    items = [make_item(f"B{n}") for n in range(6)]
    world = make_world()
    client = client_of()
    ticked = "&".join(f"item={item.pk}" for item in items)
    assert "6 items are chosen" in text_of(client.get(f"/assessment/bank/test/?{ticked}"))
    refused = text_of(client.get(f"/assessment/bank/test/booklets/?{ticked}&blocks=3&per_booklet=1"))
    assert "share no items" in refused
    shown = text_of(client.get(f"/assessment/bank/test/booklets/?{ticked}&blocks=3&per_booklet=2"))
    assert "Each two blocks meet in 1 booklet." in shown
    given = {
        "item": [item.pk for item in items], "subject": "mathematics", "blocks": 3, "per_booklet": 2, "seed": 1,
        "sitting_minutes": 5, "code": "T9", "title_kk": "а", "title_ru": "б", "title_en": "c", "grade": 4,
        "kind": "entrance", "school_year": world.year.pk, "territory": world.region.pk, "do": "create",
    }  # fmt: skip
    assert "longer than the sitting" in text_of(client.post("/assessment/bank/test/booklets/", given | {"do": "show"}))
    assert "This field is required" in text_of(client.post("/assessment/bank/test/booklets/", given | {"code": ""}))
    page = text_of(client.post("/assessment/bank/test/booklets/", given, follow=True))
    assert "Booklet 3" in page
    with loading():
        assert Test.objects.get(code="T9").booklets.count() == 3


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_a_booklet_is_printed_with_its_picture_and_without_its_key(language):
    import pypdf

    with acting_as(OFFICER):
        signs = version(kk="√16 − 2 ≤ x неге тең?", ru="√16 − 2 ≤ x, чему равно?")
        item = create_item(facts=facts("B2"), version=signs, by=None, now=timezone.now())
        move_item(item_id=item.pk, state="ready")
    bank_test([drawn_item("B1"), item])
    answer = client_of().get(f"/assessment/T1/booklets/1/pdf/?language={language}")
    assert answer["Content-Type"] == "application/pdf"
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    assert {"kk": "неге тең", "ru": "Чему равно"}[language] in text
    assert {"kk": "Тест қазақша", "ru": "Тест по-русски"}[language] in text


def test_pages_take_few_queries():
    for n in range(12):
        make_item(f"B{n:02}")
    with loading():
        items = list(BankItem.objects.all())
    bank_test(items, blocks=3, per_booklet=2)
    client = client_of()
    for page, most in (("bank/", 12), (f"bank/items/{items[0].pk}/", 16), ("bank/test/", 15), ("T1/booklets/1/", 12)):
        client.get(f"/assessment/{page}")
        with CaptureQueriesContext(
            connection,
        ) as told:
            text_of(client.get(f"/assessment/{page}"))
        asked = [q["sql"] for q in told if not any(word in q["sql"] for word in HOUSEKEEPING)]
        assert len(asked) <= most, (page, len(asked), asked)


def test_a_booklet_with_an_unprintable_sign_says_so():
    with acting_as(OFFICER):
        item = create_item(facts=facts("B2"), version=version(kk="𓀀?", ru="𓀀?"), by=None, now=timezone.now())
        move_item(item_id=item.pk, state="ready")
    bank_test([item])
    page = client_of().get("/assessment/T1/booklets/1/pdf/", follow=True)
    assert "cannot be typeset" in text_of(page)
