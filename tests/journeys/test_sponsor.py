"""A sponsor asks what became of the money: signs in, sees the room before and after, takes the statement along."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect
from region_world import SCHOOL, _user


@pytest.fixture(scope="module")
def given(world):
    """An agreement whose money became one accepted room, committed for the server to see."""
    from tirek.access.scope import loading
    from tirek.facilities.demonstration.works import _work
    from tirek.programmes.models import Programme
    from tirek.programmes.services import sponsors
    from tirek.programmes.services.sponsors import Promise
    from tirek.registry.models import Institution, Room, Territory

    now = dt.datetime.now(dt.UTC)
    today, million = now.date(), 100_000_000
    user = _user("sponsor", "sponsor", "own", "", "№ 1 «Тірек»", None, None)
    with loading():
        region = Territory.objects.get(code="470000000")
        org = (region.org_lo, region.org_hi)
        programme = Programme.objects.create(
            slug="sponsored", name_kk="Тірек", name_ru="Опора", name_en="Support", template="x:1", territory=region,
            org_lo=org[0], org_hi=org[1], starts_on=today - dt.timedelta(days=300), ends_on=today + dt.timedelta(days=300),
            is_synthetic=True, at=now,
        )  # fmt: skip
        sponsor = sponsors.enter_sponsor(
            code="giver",
            bin="990140000384",
            names={"kk": "Беруші", "ru": "Даритель", "en": "Giver"},
            org=org,
            by=None,
            now=now,
        )
        sponsors.add_user(sponsor_id=sponsor.pk, user_id=user.pk, by=None, now=now)
        agreement = sponsors.enter_agreement(
            sponsor_id=sponsor.pk, programme=programme, number="G-1", signed_on=today,
            period=(programme.starts_on, programme.ends_on), amount_tiyn=50 * million,
            promises=[Promise(50 * million, today)], by=None, now=now,
        )  # fmt: skip
        sponsors.receive(
            pledge_id=agreement.pledges.get().pk,
            amount_tiyn=50 * million,
            received_on=today,
            reference="7",
            by=None,
            now=now,
        )
        school = Institution.objects.get(code=SCHOOL)
        room = Room.objects.get(institution=school, number="102")
        mark = sponsors.earmark(
            agreement_id=agreement.pk, org_no=school.org_no, title="Library", amount_tiyn=20 * million, by=None, now=now
        )
        work = _work(school, room, "accepted", mark.code, [-1, -2], now)
        order = sponsors.commit(
            earmark_id=mark.pk, work_id=work.pk, supplier_bin="990140000384", supplier_name="Shelves", contract="S-1",
            amount_tiyn=20 * million, by=None, now=now,
        )  # fmt: skip
        sponsors.pay(commitment_id=order.pk, amount_tiyn=12 * million, paid_on=today, reference="8", by=None, now=now)


def test_what_became_of_our_money(given, visit, picture):
    page = visit("sponsor")
    page.goto("/home/")
    expect(page.get_by_role("heading", name="What became of our money?")).to_be_visible()
    page.get_by_role("link", name="See the rooms and download the statement").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Giver")
    figure = page.locator(".figure", has_text="Accepted works")
    expect(figure).to_contain_text("20 mln")
    expect(figure).to_contain_text("12 000 000".replace(" ", "\u00a0"))
    for words in ("Room 102 before", "Room 102 after"):
        image = page.get_by_role("img", name=words)
        image.scroll_into_view_if_needed()
        expect(image).to_be_visible()
        page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=image.element_handle())
    with page.expect_download() as download:
        page.locator("form[action$='/statement/']").get_by_role("button", name="English").click()
    assert download.value.suggested_filename.endswith(".pdf")
    with open(download.value.path(), "rb") as file:
        assert file.read(5) == b"%PDF-"
    picture(page, "sponsor")
    assert page.goto("/programmes/sponsors/nobody/").status == 404
