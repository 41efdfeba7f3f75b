"""Shared practice, the leaders' reserve and awards: services, two roles and scopes, pages, decisions that can be verified."""

import datetime as dt
import io

import pytest
from cpd_world import NOW, SCHOOLS, TODAY, World, _user, build, client_of, teacher
from django.core.files.uploadedfile import SimpleUploadedFile

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.cpd.models import Candidate, Guest, Lesson, Mark, Rating, Resource, Submission
from tirek.cpd.queries import lessons as library
from tirek.cpd.queries import reserve as reserves
from tirek.cpd.services import awards, lessons, reserve, reserve_following, resources, visits
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.registry.models import Employment
from tirek.storage.tables import BadTable
from tirek.tasks.services import File
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
LESSON = {
    "kind": "lesson", "title": "Fractions with paper strips", "subject": "mathematics", "grades": ["5", "6"],
    "language": "kk", "topics": ["mathematics"], "goals": "Pupils compare fractions and say why.", "text": "Fold the strip.",
}  # fmt: skip
LONG = "Every teacher opens one lesson a month, and we talk about what pupils did, not about the teacher. " * 2


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    world = build(cohort=False)
    _user(world, "district", Role.DISTRICT_OFFICER, ScopeKind.DISTRICT, 10_100_000, 10_199_999)
    return world


def offer(world: World, name: str = "ana", **more):
    with world.acting(name) as user:
        return lessons.offer(facts=LESSON | more, by=user, now=NOW)


def publish(world: World, made):
    with world.acting("office") as office:
        return lessons.publish(code=made.code, by=office, now=NOW)


def test_a_lesson_is_reviewed_and_a_new_version_leaves_the_old_one_readable(world):
    made = offer(world)
    with world.acting("dana") as dana:
        assert not Submission.objects.exists()
        with refused("not_allowed"):
            lessons.publish(code=made.code, by=dana, now=NOW)
    with world.acting("office") as office:
        with refused("words_missing"):
            lessons.send_back(code=made.code, reason="no", by=office, now=NOW)
        lessons.send_back(code=made.code, reason="Say how long each part takes.", by=office, now=NOW)
    with world.acting("ana") as ana:
        lessons.send_again(code=made.code, facts=LESSON | {"text": "Ten minutes each."}, by=ana, now=NOW)
    first = publish(world, made)
    with world.acting("ana") as ana:
        second = lessons.offer(
            facts=LESSON | {"title": "Fractions, mended", "changes": "shorter"}, lesson_code=first.code, by=ana, now=NOW
        )
        with refused("version_waits"):
            lessons.offer(facts=LESSON | {"changes": "again"}, lesson_code=first.code, by=ana, now=NOW)
    publish(world, second)
    with world.acting("erik"):
        found = Lesson.objects.get()
        assert (found.edition, found.title) == (2, "Fractions, mended")
        assert [(e.number, e.title) for e in library.editions(found)] == [
            (2, "Fractions, mended"),
            (1, LESSON["title"]),
        ]
    with world.acting("dana") as dana, refused("not_there"):
        lessons.offer(facts=LESSON | {"changes": "mine"}, lesson_code=first.code, by=dana, now=NOW)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("plan.pdf", b"MZ\x90\x00", "not_what_it_says"), ("plan.exe", b"%PDF-1.7", "wrong_kind"),
        ("plan.exe.pdf", b"%PDF-1.7", "wrong_kind"), ("plan\u202efdp.html", b"%PDF-1.7", "wrong_kind"),
        ("plan.pdf", b"", "empty"), ("plan.pdf", b"%PDF" + bytes(20_000_001), "too_large"),
    ],
)  # fmt: skip
def test_files_that_are_not_what_they_say_are_refused(world, name, content, code):
    with world.acting("ana") as ana, refused(code):
        lessons.offer(facts=LESSON, files=[File(name, "application/pdf", content)], by=ana, now=NOW)
    with loading():
        assert not Submission.objects.exists()


def test_a_path_in_a_name_is_cut_and_the_file_comes_back_as_it_was(world):
    with world.acting("ana") as ana:
        made = lessons.offer(
            facts=LESSON, files=[File("../../etc/план\u202e.pdf", "text/html", b"%PDF-1.7 x")], by=ana, now=NOW
        )
    found = publish(world, made)
    assert found.files[0]["name"] == "план.pdf"
    answer = client_of(world, "erik").get(f"/growth/lessons/{found.code}/versions/1/files/0/")
    assert (answer.content, answer["Content-Type"]) == (b"%PDF-1.7 x", "application/pdf")
    assert answer["Content-Disposition"].startswith("attachment")
    assert client_of(world, "erik").get(f"/growth/lessons/{found.code}/versions/1/files/1/").status_code == 404


def test_ratings_one_each_changeable_and_an_average_only_from_five(world):
    lesson = publish(world, offer(world))
    raters = ["bek", "dana", "erik", "faya", "gul"]
    for name in ("faya", "gul"):
        teacher(world, name, "B")
    for place, name in enumerate(raters):
        if place == 4:
            with loading():
                lesson.refresh_from_db()
            assert library.average(lesson) is None
            assert library.comments(lesson) == []
        with world.acting(name) as user:
            lessons.rate(code=lesson.code, stars=5, comment="good", by=user, now=NOW)
    with world.acting("bek") as bek:
        lessons.rate(code=lesson.code, stars=1, comment="", by=bek, now=NOW)
    with world.acting("ana") as ana, refused("own_lesson"):
        lessons.rate(code=lesson.code, stars=5, comment="", by=ana, now=NOW)
    with loading():
        lesson.refresh_from_db()
        assert (lesson.rating_n, lesson.rating_sum) == (5, 21)
        assert sum(Rating.objects.values_list("stars", flat=True)) == 21
    assert library.average(lesson) == 4.2
    with world.acting("head"):
        assert not Rating.objects.exists(), "a head does not see who rated how"


def test_use_counts_once_a_day_and_withdrawing_closes_the_files(world):
    lesson = publish(world, offer(world))
    with world.acting("dana") as dana:
        lessons.used(code=lesson.code, on=TODAY, by=dana, now=NOW)
        with refused("said_already"):
            lessons.used(code=lesson.code, on=TODAY, by=dana, now=NOW)
        with refused("bad_day"):
            lessons.used(code=lesson.code, on=TODAY + dt.timedelta(days=1), by=dana, now=NOW)
        lessons.report(code=lesson.code, text="The last task has a wrong answer.", by=dana, now=NOW)
        with refused("not_allowed"):
            lessons.withdraw(code=lesson.code, reason="I do not like it at all", by=dana, now=NOW)
    with world.acting("office") as office:
        (problem,) = library.problems(world.scopes["office"])
        lessons.answer(problem_id=problem.pk, text="Mended.", by=office, now=NOW)
        lessons.withdraw(code=lesson.code, reason="The author left it out.", by=office, now=NOW)
        assert not library.lessons().exists()
    page = client_of(world, "dana").get(f"/growth/lessons/{lesson.code}/").content.decode()
    assert "The author left it out." in page
    assert "Fold the strip" not in page


VISIT = {
    "kind": "open_lesson", "title": "Fractions", "subject": "mathematics", "language": "kk", "minutes": 45, "places": 1,
    "day": TODAY + dt.timedelta(days=3), "starts_at": dt.time(10), "note": "",
}  # fmt: skip


def test_the_place_given_back_goes_to_who_has_waited_longest_and_hours_count(world):
    with world.acting("head") as head:
        visit = visits.announce(facts=VISIT, by=head, now=NOW)
    for place, name in enumerate(("dana", "erik")):
        with world.acting(name) as user:
            got = visits.sign_up(code=visit.code, by=user, now=NOW + dt.timedelta(minutes=place))
            assert got.standing == ("place" if place == 0 else "waiting")
    with world.acting("bek") as bek, refused("own_school"):
        visits.sign_up(code=visit.code, by=bek, now=NOW)
    with world.acting("dana") as dana:
        visits.cancel(code=visit.code, by=dana, now=NOW)
    later = NOW + dt.timedelta(days=3)
    with loading():
        guest = Guest.objects.get(person=world.people["erik"])
    assert guest.standing == "place"
    with world.acting("other_head") as stranger, refused("not_allowed"):
        visits.confirm(code=visit.code, came={guest.pk}, by=stranger, now=later)
    with world.acting("head") as head:
        with refused("too_early"):
            visits.confirm(code=visit.code, came={guest.pk}, by=head, now=NOW)
        assert visits.confirm(code=visit.code, came={guest.pk}, by=head, now=later) == 1
    with world.acting("erik") as erik:
        visits.say(code=visit.code, useful=5, take_home="strips", by=erik, now=later)
    page = client_of(world, "erik").get("/growth/mine/").content.decode()
    assert "45 minutes as a guest" in page


TABLE = (
    "title,kind,subject,grades,language,address,licence,publisher,reviewed_by,reviewed_on\n"
    "Fractions,video,mathematics,5 6,kk,https://example.org/a,cc-by,Example,A. B.,2026-01-31\n"
)


def test_a_table_with_faults_enters_nothing_and_names_every_row(world):
    bad = TABLE + "X,film,maths,20,kk,ftp:/x,cc-by,Example,A. B.,2030-01-01\n" + TABLE.splitlines()[1] + "\n"
    with world.acting("office") as office:
        with pytest.raises(BadTable) as caught:
            resources.import_resources(name="a.csv", content=bad.encode(), by=office, now=NOW)
        wrong = {(fault.row, fault.column) for fault in caught.value.faults}
        assert {(3, "kind"), (3, "subject"), (3, "grades"), (3, "address"), (3, "reviewed_on"), (3, "title")} == {
            pair for pair in wrong if pair[0] == 3
        }
        assert (4, "address") in wrong
        assert not Resource.objects.exists()
        assert resources.import_resources(name="a.csv", content=TABLE.encode(), by=office, now=NOW) == 1


def test_the_catalogue_needs_no_account_and_a_broken_link_is_settled(world, client):
    with world.acting("office") as office:
        resources.import_resources(name="a.csv", content=TABLE.encode(), by=office, now=NOW)
        code = Resource.objects.get().code
    page = client.get("/growth/resources/", headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "Fractions" in page.content.decode()
    assert client.get(f"/growth/resources/{code}/").status_code == 200
    with world.acting("ana") as ana:
        resources.flag(code=code, note="404", by=ana, now=NOW)
        with refused("said_already"):
            resources.flag(code=code, note="", by=ana, now=NOW)
    with world.acting("office") as office:
        assert Resource.objects.get().broken_n == 1
        resources.settle(code=code, works=True, address="https://example.org/b", by=office, now=NOW)
        found = Resource.objects.get()
        assert (found.broken_n, found.address) == (0, "https://example.org/b")


@pytest.fixture
def competition(world) -> World:
    """Three who meet the requirements, one who does not; two commissioners of other places."""
    for name, school in (("kem", "A"), ("lena", "C"), ("mira", "D")):
        teacher(world, name, school, category="expert", since=2010)
    for name in ("first", "second"):
        _user(world, name, Role.REGIONAL_OFFICER, ScopeKind.REGION, 10_000_000, 19_999_999)
    with world.acting("office") as office:
        reserve.open_competition(
            code="leaders", by=office, now=NOW,
            facts={"name_kk": "Резерв", "opens_on": TODAY, "closes_on": TODAY + dt.timedelta(days=5), "places": 1,
                   "stages": ["defence", "application"]},
        )  # fmt: skip
        for name in ("first", "second"):
            reserve.name_commissioner(code="leaders", username=name, by=office, now=NOW)
    for name in ("kem", "lena", "mira", "ana"):
        with world.acting(name) as user:
            reserve.apply(code="leaders", statement=LONG, by=user, now=NOW)
    return world


LATER = NOW + dt.timedelta(days=6)


def mark(world: World, by: str, name: str, stage: str, points: int):
    with world.acting(by) as user:
        code = Candidate.objects.get(person=world.people[name]).code
        return reserve.give_mark(
            candidate=code, stage=stage, points=points, reason="Clear and can be done.", by=user, now=NOW
        )


def marked(world: World, points: dict[str, tuple[int, int]]):
    for name, (one, two) in points.items():
        for stage in ("application", "defence"):
            mark(world, "first", name, stage, one)
            mark(world, "second", name, stage, two)


def decided(world: World):
    marked(world, {"kem": (90, 80), "lena": (70, 75), "mira": (95, 20)})
    with world.acting("office") as office:
        draft = reserve.prepare(code="leaders", by=office, now=LATER)
    with world.acting("region") as region:
        return reserve.publish(number=draft.number, by=region, now=LATER)


def state_of(world: World, name: str) -> str:
    with loading():
        return Candidate.objects.get(person=world.people[name]).state


def test_the_decision_admits_explains_and_can_be_verified(competition):
    decision = decided(competition)
    assert {n: state_of(competition, n) for n in ("kem", "lena", "mira", "ana")} == {
        "kem": "reserve", "lena": "not_admitted", "mira": "not_admitted", "ana": "not_eligible",
    }  # fmt: skip
    with competition.acting("region"):
        rows = {row["subject"]: row for row in journal.outcome_rows(journal.table(decision, "outcomes"))}
        codes = {n: Candidate.objects.get(person=competition.people[n]).code for n in ("kem", "lena", "mira", "ana")}
        assert {n: rows[code]["reason"] for n, code in codes.items()} == {
            "kem": "admitted", "lena": "places_over", "mira": "minimum_defence", "ana": "not_eligible",
        } or rows[codes["mira"]]["reason"] == "minimum_application"  # fmt: skip
        assert rows[codes["kem"]]["numbers"]["points"] == 8500
        assert rows[codes["lena"]]["numbers"]["last_points"] == 8500
        assert decisions.verify(decision.number, by=None, now=LATER).agrees
    with competition.acting("first") as first, refused("decided"):
        reserve.give_mark(
            candidate=codes["kem"], stage="defence", points=1, reason="Too late for it.", by=first, now=LATER
        )


def test_a_mark_changed_after_the_draft_stops_the_publication(competition):
    marked(competition, {"kem": (90, 80), "lena": (70, 75), "mira": (95, 90)})
    with competition.acting("office") as office:
        draft = reserve.prepare(code="leaders", by=office, now=LATER)
    mark(competition, "first", "lena", "defence", 100)
    with competition.acting("region") as region, pytest.raises(decisions.InputsMoved):
        reserve.publish(number=draft.number, by=region, now=LATER)
    assert state_of(competition, "mira") == "applied"


def test_commissioners_judge_independently_and_never_a_colleague(competition):
    mark(competition, "first", "kem", "defence", 90)
    with competition.acting("second"):
        me = reserves.my_commissions(competition.users["second"].pk)[0]
        assert all(m is None for row in reserves.to_mark(me) for _s, _t, m in row["stages"])
    with competition.acting("kem"):
        assert not Mark.objects.exists()
    page = client_of(competition, "second").get("/growth/reserve/marks/leaders/").content.decode()
    assert "Clear and can be done." not in page
    with competition.acting("lena") as lena, refused("not_there"):
        reserve.give_mark(candidate="K-1", stage="defence", points=9, reason="I am no judge.", by=lena, now=NOW)
    with loading():
        from tirek.cpd.models import Commissioner

        Commissioner.objects.filter(user_id=competition.users["first"].pk).update(school_no=SCHOOLS["A"])
    with refused("same_school"):
        mark(competition, "first", "kem", "application", 99)


def test_appointment_changes_the_register_with_its_period_and_mentoring_goes_its_way(competition):
    decided(competition)
    with loading():
        code = Candidate.objects.get(person=competition.people["kem"]).code
        other = Candidate.objects.get(person=competition.people["lena"]).code
    day = LATER.date()
    given = {"institution_code": "S-B", "position": "head", "from_date": day, "act": "No. 5", "now": LATER}
    with competition.acting("region") as region:
        with refused("not_in_reserve"):
            reserve_following.appoint(code=other, by=region, **given)
        made = reserve_following.appoint(code=code, by=region, **given)
    with loading():
        works = Employment.objects.filter(person=competition.people["kem"]).order_by("valid")
        assert [(w.org_no, w.position, w.valid.lower, w.valid.upper) for w in works] == [
            (SCHOOLS["A"], "teacher", dt.date(2010, 8, 25), day), (SCHOOLS["B"], "head", day, None),
        ]  # fmt: skip
        assert made.employment_id == works[1].pk
    assert state_of(competition, "kem") == "appointed"
    with competition.acting("office") as office:
        reserve_following.begin_mentoring(
            code=code, username="dana", plan="A meeting each month, one visit each quarter.", starts_on=day, by=office,
            now=LATER,
        )  # fmt: skip
    with competition.acting("dana") as dana:
        with refused("no_meeting"):
            reserve_following.close_mentoring(code=code, note="It went well, the team grew.", by=dana, now=LATER)
        reserve_following.record_meeting(code=code, day=day, note="The timetable and the team.", by=dana, now=LATER)
        reserve_following.close_mentoring(code=code, note="It went well, the team grew.", by=dana, now=LATER)
    with competition.acting("erik") as erik, refused("not_there"):
        reserve_following.record_meeting(code=code, day=day, note="Nothing to do with me.", by=erik, now=LATER)


def test_an_award_goes_from_school_to_district_to_region_with_a_reason_when_not(world):
    with world.acting("office") as office:
        awards.enter_kind(
            code="best", by=office, now=NOW,
            facts={"name_kk": "Үздік", "name_ru": "Лучший", "name_en": "Best", "issuer": "Ministry", "basis": "Order 1",
                   "years": 3},
        )  # fmt: skip
    with world.acting("head") as head:
        with refused("not_employed"):
            awards.nominate(award="best", person_id=world.people["dana"].pk, grounds=LONG, by=head, now=NOW)
        made = awards.nominate(award="best", person_id=world.people["ana"].pk, grounds=LONG, by=head, now=NOW)
        second = awards.nominate(award="best", person_id=world.people["bek"].pk, grounds=LONG, by=head, now=NOW)
        with refused("nominated_already"):
            awards.nominate(award="best", person_id=world.people["ana"].pk, grounds=LONG, by=head, now=NOW)
        with refused("not_allowed"):
            awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=head, now=NOW)
    with world.acting("district") as district:
        awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=district, now=NOW)
        with refused("not_allowed"):
            awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=district, now=NOW)
        with refused("words_missing"):
            awards.decide(code=second.code, is_yes=False, decided_on=TODAY, by=district, now=NOW)
        awards.decide(
            code=second.code, is_yes=False, decided_on=TODAY, note="The grounds name no result.", by=district, now=NOW
        )
    with world.acting("region") as region:
        with refused("bad_day"):
            awards.decide(code=made.code, is_yes=True, decided_on=TODAY - dt.timedelta(days=1), by=region, now=NOW)
        awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=region, now=NOW)
        awards.decide(code=made.code, is_yes=True, decided_on=TODAY, act="No. 7", by=region, now=NOW)
    page = client_of(world, "ana").get("/growth/mine/").content.decode()
    assert "No. 7" in page
    assert client_of(world, "other_head").get(f"/growth/awards/{made.code}/").status_code == 404
    assert (
        "The grounds name no result." in client_of(world, "head").get(f"/growth/awards/{second.code}/").content.decode()
    )


def test_every_page_opens_for_who_may_and_files_come_out(competition):
    lesson = publish(competition, offer(competition))
    again = offer(competition, "bek")
    with competition.acting("head") as head:
        visit = visits.announce(facts=VISIT, by=head, now=NOW)
    decided(competition)
    with loading():
        code = Candidate.objects.get(person=competition.people["kem"]).code
    paths = {
        "office": ["lessons/", "lessons/?subject=mathematics&grade=5&topic=mathematics", "lessons/?download=xlsx",
                   "lessons/reviews/", f"lessons/reviews/{again.code}/", f"lessons/{lesson.code}/", "resources/new/",
                   "resources/import/", "resources/import/template.xlsx", "reserve/", "reserve/new/", "reserve/?download=csv",
                   "reserve/competitions/leaders/", f"reserve/candidates/{code}/", "awards/", "awards/kinds/new/",
                   f"open-lessons/{visit.code}/"],
        "ana": ["lessons/mine/", "lessons/offer/", f"lessons/{lesson.code}/new-version/", "open-lessons/",
                "open-lessons/?past=on", f"open-lessons/{visit.code}/", "reserve/", "reserve/mentoring/", "mine/",
                f"lessons/{lesson.code}/versions/1/"],
        "head": ["open-lessons/new/", "awards/nominate/", f"open-lessons/{visit.code}/", "open-lessons/?near=on"],
        "region": ["reserve/competitions/leaders/", f"reserve/candidates/{code}/"],
        "first": ["reserve/marks/"],
    }  # fmt: skip
    for name, found in paths.items():
        client = client_of(competition, name)
        for path in found:
            assert client.get(f"/growth/{path}").status_code == 200, (name, path)
    assert client_of(competition, "erik").get(f"/growth/reserve/candidates/{code}/").status_code == 404
    page = client_of(competition, "kem").get(f"/growth/reserve/candidates/{code}/").content.decode()
    assert "Admitted to the reserve: rank 1" in page


def test_a_lesson_is_offered_through_the_form(world):
    sent = {**LESSON, "files": SimpleUploadedFile("plan.txt", b"Fold the strip.", content_type="text/plain")}
    answer = client_of(world, "ana").post("/growth/lessons/offer/", sent)
    assert answer.status_code == 302
    with loading():
        assert Submission.objects.get().files[0]["name"] == "plan.txt"
    bad = client_of(world, "ana").post("/growth/lessons/offer/", {**LESSON, "files": io.BytesIO(b"MZ")})
    assert bad.status_code == 422


def test_the_database_keeps_a_stranger_out_of_candidates(competition):
    with acting_as(competition.scopes["other_head"]):
        assert {c.org_no for c in Candidate.objects.all()} <= {SCHOOLS["C"]}


def test_the_demonstration_is_made_once_and_its_decision_can_be_verified(world):
    from tirek.cpd.demonstration_practice import Shared, demonstrate_practice
    from tirek.decisions.models import Decision

    for place in range(20):
        teacher(world, f"t{place:02d}", "ABCD"[place % 4], category="expert", since=2005)
    span = {"org_lo": 10_000_000, "org_hi": 19_999_999}
    made = demonstrate_practice(**span, by=None, now=NOW)
    assert made.lessons
    assert made.candidates
    assert demonstrate_practice(**span, by=None, now=NOW) == Shared()
    with loading():
        number = Decision.objects.get(kind="cpd.reserve").number
        assert decisions.verify(number, by=None, now=NOW).agrees
        assert Candidate.objects.filter(state="reserve").exists()
