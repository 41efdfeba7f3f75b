"""What officers do in bulk, what is kept from schools, and what pages say when a step is missing."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace

import numpy as np
import pytest
from access_world import user_with
from assessment_world import OFFICER, make_world
from bank_world import facts, make_item, version
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment import content_areas, leaving_out
from tirek.assessment.figures import cells_mathematics_4
from tirek.assessment.forms.panels import JudgementForm
from tirek.assessment.models import BankItem, Panel, PanelMethod, Seat, Sitting
from tirek.assessment.queries import bank as bank_queries
from tirek.assessment.services.bank import create_item
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.site import charts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def demonstration(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def officer() -> Client:
    client = Client(headers={"accept-language": "en"})
    user = user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION)
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


def text_of(response) -> str:
    assert response.status_code == 200, response.content[-2000:]
    return response.content.decode()


def drafts(n: int) -> list[BankItem]:
    with acting_as(OFFICER):
        return [
            create_item(facts=facts(f"B{k}"), version=version(), by=None, now=timezone.now()) for k in range(1, n + 1)
        ]


def states() -> dict[str, str]:
    with loading():
        return dict(BankItem.objects.order_by("code").values_list("code", "state"))


def test_ticked_items_become_ready_together(world, officer):
    items = drafts(3)
    told = text_of(
        officer.post(
            "/assessment/bank/items/state/", {"state": "ready", "item": [i.pk for i in items[:2]]}, follow=True
        )
    )
    assert "2 items are ready for tests." in told
    assert states() == {"B1": "ready", "B2": "ready", "B3": "draft"}


def test_all_that_the_filter_finds_become_ready_and_no_others(world, officer):
    drafts(3)
    sent = {"state": "ready", "all": "yes", "filter": "words=B2"}
    assert "1 item is ready for tests." in text_of(officer.post("/assessment/bank/items/state/", sent, follow=True))
    assert states() == {"B1": "draft", "B2": "ready", "B3": "draft"}


def test_an_item_that_cannot_take_the_step_is_named_and_stays(world, officer):
    drafts(1)
    with acting_as(OFFICER):
        bare = create_item(facts=facts("X1"), version=version(ru="Сколько будет?"), by=None, now=timezone.now())
    sent = {"state": "ready", "all": "yes", "filter": ""}
    told = text_of(officer.post("/assessment/bank/items/state/", sent, follow=True))
    assert "1 item is ready for tests." in told
    assert "X1: " in told
    assert states()[bare.code] == "draft"


def test_nothing_ticked_is_said(world, officer):
    drafts(1)
    assert "Tick items first." in text_of(
        officer.post("/assessment/bank/items/state/", {"state": "ready"}, follow=True)
    )


def made_test(world, n=3):
    with acting_as(OFFICER):
        return create_test(
            code="T9", titles={"kk": "Тест", "ru": "Тест", "en": "Test"}, subject="mathematics", grade=4,
            school_year=world.year, kind="entrance", territory=world.region,
            items=[ItemSpec(f"M{k}") for k in range(n)],
        )  # fmt: skip


def test_sittings_on_computers_are_opened_dealt_and_closed_at_once(world, officer):
    made_test(world)
    sent = {"date": "2026-09-18", "mode": "computer", "deal": "on"}
    text_of(officer.post("/assessment/T9/sittings/open/", sent, follow=True))
    with loading():
        sittings = list(Sitting.objects.filter(test__code="T9"))
        assert sittings
        assert {sitting.mode for sitting in sittings} == {"computer"}
        assert Seat.objects.filter(sitting__in=sittings).exists()
    assert "Tick the box" in text_of(officer.post("/assessment/T9/close/", follow=True))
    text_of(officer.post("/assessment/T9/close/", {"confirm": "yes"}, follow=True))
    with loading():
        assert not Sitting.objects.filter(test__code="T9", closed_at=None).exists()


def test_sittings_are_found_by_test_school_and_state(world, officer):
    made_test(world)
    officer.post("/assessment/T9/sittings/open/", {"date": "2026-09-18", "mode": "paper"})
    assert "/assessment/sittings/" in text_of(officer.get("/assessment/sittings/?test=T9"))
    assert "No sitting is like that" in text_of(officer.get("/assessment/sittings/?test=T9&words=nowhere"))
    assert "No sitting is like that" in text_of(officer.get("/assessment/sittings/?test=T9&state=closed"))


@pytest.mark.parametrize("page", ["technical", "compare", "research"])
def test_a_report_before_its_steps_says_which_is_missing(world, officer, page):
    made_test(world)
    told = text_of(officer.get(f"/assessment/T9/{page}/"))
    assert "No report can be made yet" in told
    assert "The results are published." in told
    assert told.count(">missing<") == 4


def test_an_area_typed_in_any_language_is_one_area():
    assert {content_areas.area_code(words) for words in ("сандар", "Числа", "number", " number ")} == {"number"}
    assert content_areas.area_code("Логарифмы") == "Логарифмы"
    with override("kk"):
        assert content_areas.area_name("number") == "сандар"


def test_a_reason_to_leave_out_is_kept_by_its_code_and_read_in_every_language():
    kept = leaving_out.told("printed", "  picture   too small ")
    assert kept == "printed: picture too small"
    for language, words in (("ru", "напечатано или показано с ошибкой"), ("en", "it was printed or shown wrongly")):
        with override(language):
            assert leaving_out.in_words(kept) == f"{words}: picture too small"
    assert leaving_out.told("other", "") == ""
    assert leaving_out.told("nonsense", "free text") == "free text"
    assert leaving_out.in_words("free: text") == "free: text"


def test_years_on_scales_of_their_own_are_not_joined():
    points = [{"label": str(year), "value": 500, "scale": scale} for year, scale in ((1, "a"), (2, "b"), (3, "b"))]
    spec = {"kind": "lines", "title": "t", "series": [{"label": "S", "points": points}]}
    assert charts.svg(spec).count('class="line s1"') == 1


def test_long_names_of_lines_stand_below_and_nothing_leaves_the_picture():
    points = [{"label": "2023-2024", "value": 500}, {"label": "2024-2025", "value": 510}]
    spec = {"kind": "lines", "title": "t", "series": [{"label": "математика, 4-сынып", "points": points}]}
    drawn = charts.svg(spec)
    assert re.search(r'<text class="strong s1" x="6%"', drawn)
    assert '<text class="soft" x="0%"' in drawn


def test_numbers_of_dots_stand_in_a_column_of_their_own():
    rows = [
        {"label": "A", "value": 500, "low": 490, "high": 510},
        {"label": "B", "value": 480, "low": 470, "high": 495},
    ]
    spec = {"kind": "dots", "title": "t", "rows": rows, "reference": {"value": 505, "label": "all"}}
    assert charts.svg(spec).count('class="strong" x="100%"') == 2


def test_no_minus_stands_before_nought():
    assert charts.table({"kind": "dots", "title": "t", "rows": [{"label": "A", "value": -0.001}]})[1][0][1] == "0"


def test_wordings_stay_secret_until_they_are_released(world):
    from tirek.assessment.reports.data import is_open

    made = made_test(world, n=1)
    with loading():
        item = made.items.select_related("test", "version__item").get()
        assert not is_open(item)
        item.test.tasks_open_on = timezone.localdate() + dt.timedelta(days=1)
        assert not is_open(item)
        item.test.tasks_open_on = timezone.localdate()
        assert is_open(item)
        kept = make_item("B7")
        item.version = bank_queries.versions_of(kept)[0]
        item.version.item.released_at = None
        assert not is_open(item)  # one of the bank is opened by its own release, not by its test's day
        item.version.item.released_at = timezone.now()
        assert is_open(item)


def judgements(given: dict | None, n: int = 23) -> JudgementForm:
    levels = [dict.fromkeys(("kk", "ru", "en"), name) for name in ("low", "middle", "high")]
    panel = Panel(method=PanelMethod.ANGOFF, levels=levels)
    items = SimpleNamespace(names=tuple(f"M{k}" for k in range(n)), n_steps=np.ones(n, np.int64))
    return JudgementForm(given, panel=panel, items=items, pages=n)


def test_judgements_come_a_page_at_a_time_and_nothing_typed_is_lost():
    typed = {f"v{cut}_{k}": "0.5" for cut in (1, 2) for k in range(10)} | {"panellist": "P1", "go": "2"}
    form = judgements(typed)
    assert form.is_turning
    assert [row["task"] for row in form.shown_rows()] == [f"M{k}" for k in range(10, 20)]
    assert dict(form.carried()) == {name: "0.5" for name in typed if name.startswith("v")}
    assert form.n_typed() == 20


def test_judgements_that_are_amiss_lead_to_their_page():
    typed = {f"v{cut}_{k}": "0.5" for cut in (1, 2) for k in range(23)} | {"panellist": "P1", "v2_21": "7"}
    form = judgements(typed)
    assert not form.is_turning
    assert not form.is_valid()
    assert form.page.number == 3
    assert judgements(typed | {"v2_21": "1"}).is_valid()


def test_a_district_that_holds_its_own_test_stands_in_its_figure_once():
    numbers = {"mean": 500.0, "se": 1.0, "low": 498.0, "high": 502.0, "pupils": 90}
    outcomes = [
        {"subject_kind": kind, "subject": code, "numbers": numbers}
        for kind, code in (("all", "all"), ("district", "475200000"), ("settlement", "urban"))
    ]
    facts = {
        "subject": "mathematics", "grade": 4, "territory": "475200000", "level": "district", "org_lo": 1, "org_hi": 9,
        "districts": {"475200000": [1, 9]},
    }  # fmt: skip
    decision = SimpleNamespace(number="D-1", parameters=facts)
    cells = list(cells_mathematics_4(decision, outcomes))
    assert [(cell.level, cell.territory, cell.settlement) for cell in cells] == [
        ("district", "475200000", ""),
        ("district", "475200000", "urban"),
    ]
