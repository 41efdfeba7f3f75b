"""The supervisor's pages, the scanner's rows and blind scoring, through HTTP and the import's pipeline."""

from __future__ import annotations

import datetime as dt
import io
import re

import pytest
from assessment_world import OFFICER, make_test, make_world
from django.test import Client
from django.utils import timezone
from sitting_world import TOKEN, make_sitting, right_answers

from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment import work
from tirek.assessment.codes import NOT_REACHED, OMITTED
from tirek.assessment.models import AnswerSheet, Seat, Sitting
from tirek.assessment.services.answers import apply_answers, check_answers
from tirek.assessment.services.seats import deal_all_seats
from tirek.assessment.services.sitting_down import Given, sit_down, take_in
from tirek.assessment.sitting.access_codes import paper_number
from tirek.storage.models import Job

pytestmark = pytest.mark.django_db


def client_of(role: str, lo: int, hi: int, kind: str) -> Client:
    from django.db.backends.postgresql.psycopg_any import DateRange

    user = User(username=f"{role}-{lo}", full_name=role, org_no=lo, is_demonstration=True)
    user.set_unusable_password()
    with loading():
        user.save()
        Grant.objects.create(
            user=user, role=role, scope_kind=kind, scope_code="x", scope_label="x", org_lo=lo, org_hi=hi,
            valid=DateRange(timezone.localdate(), None), reason="test",
        )  # fmt: skip
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


@pytest.fixture
def sat(settings):
    settings.DEMONSTRATION = True
    return make_sitting()


@pytest.fixture
def head(sat):
    return client_of(Role.SCHOOL_HEAD, sat.head.lo, sat.head.hi, ScopeKind.INSTITUTION)


@pytest.fixture
def officer(sat):
    return client_of(Role.REGIONAL_OFFICER, OFFICER.lo, OFFICER.hi, ScopeKind.REGION)


def test_a_head_sees_the_sitting_live(sat, head):
    assert "4А" in head.get("/assessment/sittings/").content.decode()
    page = head.get(f"/assessment/sittings/{sat.sitting.pk}/").content.decode()
    assert 'hx-trigger="every 5s"' in page
    sit_down(typed=sat.slips[0].code, token=TOKEN, now=timezone.now())
    part = head.get(f"/assessment/sittings/{sat.sitting.pk}/live/").content.decode()
    assert "at work" in part
    assert "<html" not in part


def test_the_head_of_another_school_finds_nothing(sat):
    other = sat.world.schools[1].org_no
    client = client_of(Role.SCHOOL_HEAD, other, other, ScopeKind.INSTITUTION)
    for path in ("", "live/", f"seats/{sat.seat().pk}/"):
        assert client.get(f"/assessment/sittings/{sat.sitting.pk}/{path}").status_code == 404
    for path in ("do/", "codes/", "codes/paper/"):
        assert client.post(f"/assessment/sittings/{sat.sitting.pk}/{path}", {"do": "close"}).status_code == 404


def test_everything_a_supervisor_does(sat, head):
    address = f"/assessment/sittings/{sat.sitting.pk}/"
    seat = sat.seat(3)

    def do(**given):
        answer = head.post(f"{address}do/", given, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    assert "marked absent" in do(do="absent", seat=seat.pk, back="seat")
    assert "may begin" in do(do="present", seat=seat.pk, back="seat")
    assert "30 pupils have more time" in do(do="minutes", minutes="5")
    assert "between 1 and 120" in do(do="minutes", minutes="500")
    assert "1 pupil has more time" in do(do="minutes", minutes="5", seat=seat.pk)
    sit_down(typed=sat.slips[3].code, token=TOKEN, now=timezone.now())
    assert "another device" in do(do="leave", seat=seat.pk, back="seat")
    assert "No electricity" in do(do="note", text="No electricity")
    assert "1 pupil was still at work" in do(do="close")
    assert "open again" in do(do="open")
    assert "seat is open again" in do(do="reopen", seat=seat.pk, minutes="10", back="seat")
    assert "mode of this sitting stays" in do(do="mode", mode="paper")
    assert head.post(f"{address}do/", {"do": "nonsense"}).status_code == 400


def test_codes_are_shown_once_and_printed_in_two_languages(sat, head):
    address = f"/assessment/sittings/{sat.sitting.pk}/codes/"
    page = head.post(address)
    assert page["Cache-Control"] == "no-store"
    text = page.content.decode()
    codes = re.findall(r"<code>([2-9A-Z-]{11})</code>", text)
    assert len(set(codes)) == 30
    sealed = re.search(r'name="sealed" value="([^"]+)"', text).group(1)
    for language in ("kk", "ru"):
        paper = head.post(f"{address}paper/", {"sealed": sealed, "language": language})
        assert paper.content[:5] == b"%PDF-"
    assert head.post(f"{address}paper/", {"sealed": sealed[:-8] + "AAAAAAA="}).status_code == 400
    assert head.get(address).url.endswith(f"/sittings/{sat.sitting.pk}/")  # looking makes no code
    assert not set(codes) & set(re.findall(r"<code>([2-9A-Z-]{11})</code>", head.post(address).content.decode()))


def test_scoring_is_blind(sat, officer, head):
    first = sit_down(typed=sat.slips[0].code, token=TOKEN, now=timezone.now())
    values = right_answers(sat.seat())
    rows = [Given(place, value, 1, dt.timedelta(0)) for place, value in values.items()]
    take_in(seat_id=first["seat"], token=TOKEN, answers=rows, hand_in="pupil", now=timezone.now())
    assert head.get(f"/assessment/{sat.test.code}/scoring/").status_code == 403
    page = officer.get(f"/assessment/{sat.test.code}/scoring/").content.decode()
    assert "Себебі…" in page
    assert "Ф0" not in page
    assert "School 0" not in page
    assert sat.slips[0].name not in page
    answer = re.search(r'name="answer" value="([^"]+)"', page).group(1)
    done = officer.post(f"/assessment/{sat.test.code}/scoring/", {"answer": answer, "score": "3"}, follow=True)
    assert "Nothing waits" in done.content.decode()
    again = officer.post(f"/assessment/{sat.test.code}/scoring/", {"answer": answer, "score": "1"}, follow=True)
    assert "meanwhile" in again.content.decode()
    with loading():
        assert 3 in AnswerSheet.objects.get().codes


def paper_world():
    world = make_world((10, 5))
    test = make_test(world, 8)
    with loading():
        for item in test.items.all():
            item.key = "B"
            item.save()
    with acting_as(OFFICER):
        deal_all_seats(test_id=test.pk)
    with loading():
        seats = list(Seat.objects.filter(sitting__test=test).select_related("booklet").order_by("sitting", "number"))
    return test, seats


def rows_of(seats, answers="BABA-B") -> list[list[str]]:
    return [[paper_number(seat.sitting_id, seat.number), seat.booklet.code, answers] for seat in seats]


def as_csv(rows) -> bytes:
    return "\n".join(["paper,booklet,answers", *(",".join(row) for row in rows)]).encode()


def test_scanned_sheets_come_in_as_any_answers():
    test, seats = paper_world()
    with acting_as(OFFICER):
        made = check_answers(test_id=test.pk, content=as_csv(rows_of(seats, "BA-B")), file_name="scan.csv")
        assert (made.state, made.n_new, made.n_faults) == ("checked", 15, 0), made.faults
        apply_answers(import_id=made.pk)
        sheet = AnswerSheet.objects.get(person=seats[0].person_id)
    assert list(sheet.codes[:4])[1:3] == [0, OMITTED]
    assert set(sheet.codes[4:]) == {NOT_REACHED}


def test_what_is_wrong_with_scanned_sheets_is_told_row_by_row():
    test, seats = paper_world()
    rows = rows_of(seats)
    rows[0][0] = "999-99-1"
    rows[1][1] = "B" if rows[1][1] == "A" else "A"
    rows[2][2] = "BB*BBB"
    rows[3][2] = "BBBBBBBBBBBB"
    rows[4][2] = "BBBZBB"
    with acting_as(OFFICER):
        made = check_answers(test_id=test.pk, content=as_csv(rows), file_name="scan.csv")
        strict = check_answers(
            test_id=test.pk, content=as_csv(rows), file_name="scan.csv", options={"double_is_fault": True}
        )
    told = {fault["row"]: fault for fault in made.faults if not fault["warning"]}
    assert set(told) == {2, 3, 5, 6}
    assert told[2]["column"] == "paper"
    assert "was dealt booklet" in told[3]["what"]
    assert [fault["row"] for fault in made.faults if fault["warning"] and "two marks" in fault["what"]] == [4]
    assert {f["row"] for f in strict.faults if not f["warning"]} == {2, 3, 4, 5, 6}
    assert made.n_rows == 15
    assert made.state == "refused"


def test_the_scanners_page(sat, officer):
    page = officer.get(f"/assessment/{sat.test.code}/scanned/")
    assert "paper,booklet,answers" in page.content.decode()
    file = io.BytesIO(as_csv([[paper_number(sat.sitting.pk, 1), "", "B"]]))
    file.name = "scan.csv"
    given = {"file": file, "blank": "-. ", "double": "*", "on_double": "wrong"}
    answer = officer.post(f"/assessment/{sat.test.code}/scanned/", given, follow=True)
    assert "scan.csv" in answer.content.decode()
    for form in ("csv", "xlsx", "parquet"):
        assert officer.get(f"/assessment/{sat.test.code}/scanned/papers/?download={form}").status_code == 200


def test_all_seats_of_a_test_are_dealt_evenly(officer):
    world = make_world((13, 7, 4), place=(20_000_000, 29_999_999), kato="51")
    from assessment_world import SECOND_OFFICER

    test = make_test(world, 8, code="X", by=SECOND_OFFICER)
    with acting_as(SECOND_OFFICER):
        assert deal_all_seats(test_id=test.pk) == 24
        assert deal_all_seats(test_id=test.pk) == 0
        books = list(Seat.objects.values_list("booklet__code", flat=True))
        assert abs(books.count("A") - books.count("B")) <= 1
        assert Sitting.objects.filter(test=test).count() == 3


def test_many_pupils_are_seated_behind_the_page(sat, officer, monkeypatch):
    """Above the limit both buttons start one job, however often they are pressed; nobody is seated in the request."""
    monkeypatch.setattr(work, "MANY_SHEETS", 0)
    code, day = sat.test.code, sat.sitting.date.isoformat()
    with loading():
        before = Seat.objects.count()
    for _ in range(2):
        officer.post(f"/assessment/{code}/sittings/open/", {"date": day, "mode": "paper", "deal": "on"})
        officer.post(f"/assessment/{code}/deal/")
    with loading():
        started = sorted(Job.objects.values_list("work", flat=True))
        assert [name.rpartition(":")[2] for name in started] == ["deal_seats", "open_sittings"]
        assert Seat.objects.count() == before
