"""Repeats, pictures and what a form sets by itself, in the browser without a script: the same answers as Collect sends."""

import datetime as dt
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from rooms_world import exif_with_place, jpeg
from survey_world import labelled, make, workbook

from tirek.access.scope import loading
from tirek.storage import sealed
from tirek.surveys.forms.fitness import browser_faults
from tirek.surveys.forms.interview import Interview
from tirek.surveys.forms.joining import answer_of, joined
from tirek.surveys.forms.reading import FormRefused, read_form
from tirek.surveys.models import Draft, Response, ResponseFile, Submission

NOW = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
LIST = [{"list_name": "yn", "name": name, **labelled(name.title())} for name in ("yes", "no")]
CITY = [
    {"list_name": "city", "name": name, **labelled(name.title()), "of": of}
    for name, of in (("aktau", "yes"), ("beineu", "no"))
]


def family(*, count: str = "", extra: list[dict] = ()) -> bytes:
    """A household: its members, each with toys of their own, and what is computed from them."""
    survey = [
        {"type": "integer", "name": "n", **labelled("How many?")},
        {"type": "begin_repeat", "name": "member", **labelled("Member"), "repeat_count": count},
        {"type": "text", "name": "name", **labelled("Name"), "required": "yes"},
        {"type": "integer", "name": "age", **labelled("Age of ${name}"), "constraint": ". < 120"},
        {"type": "calculate", "name": "place", "calculation": "position(..)"},
        {"type": "calculate", "name": "mark", "calculation": "once(uuid())"},
        {"type": "calculate", "name": "before", "calculation": "indexed-repeat(${name}, ${member}, ${place} - 1)"},
        {"type": "select_one yn", "name": "works", **labelled("Works?"), "relevant": "${age} > 17"},
        {"type": "select_one city", "name": "town", **labelled("Town"), "choice_filter": "of=${works}"},
        {"type": "calculate", "name": "town_said", "calculation": "jr:choice-name(${town}, '${town}')"},
        {"type": "date", "name": "day", **labelled("Day"), "default": "today()"},
        {"type": "begin_repeat", "name": "toy", **labelled("Toy")},
        {"type": "text", "name": "what", **labelled("What?")},
        {"type": "end_repeat", "name": ""},
        {"type": "end_repeat", "name": ""},
        {"type": "calculate", "name": "years", "calculation": "sum(${age})"},
        {"type": "calculate", "name": "people", "calculation": "count(${member})"},
        {"type": "text", "name": "last", **labelled("Last")},
        *extra,
    ]
    return workbook(survey, [*LIST, *CITY], {"form_id": "family", "version": "1"})


def interview(data: bytes, answers: dict) -> Interview:
    return Interview(read_form(data, "f.xlsx").definition, answers, NOW)


TWO = {
    "member[1]/name": "Aida", "member[1]/age": "40", "member[1]/works": "yes", "member[1]/town": "aktau",
    "member[2]/name": "Serik", "member[2]/age": "9", "member[2]/toy[1]/what": "ball", "member[2]/toy[2]/what": "kite",
}  # fmt: skip


class TestRules:
    def test_expressions_mean_their_own_row(self):
        found = interview(family(), TWO).answers()
        assert (found["years"], found["people"]) == ("49", "2")
        assert found["member[1]/town_said"].startswith("Aktau")
        assert found["member[2]/before"] == "Aida"
        assert "member[1]/before" not in found
        assert (found["member[1]/place"], found["member[2]/place"]) == ("1", "2")
        assert found["member[1]/mark"] != found["member[2]/mark"]

    def test_relevance_and_choices_are_each_rows_own(self):
        one = interview(family(), TWO)
        definition = one.definition
        works = definition.question("member/works")
        assert one.is_asked(works.placed("member", "member[1]"))
        assert not one.is_asked(works.placed("member", "member[2]"))
        town = definition.question("member/town")
        offered = lambda n: [c.value for c in one.choices(town.placed("member", f"member[{n}]"), "en")]  # noqa: E731
        assert (offered(1), offered(2)) == (["aktau"], [])

    def test_a_label_speaks_of_its_own_row(self):
        one = interview(family(), TWO)
        age = one.definition.question("member/age").placed("member", "member[2]")
        assert one.say(age.label, "en", age.path).strip() == "Age of Serik [en]"

    def test_counted_rows_come_and_go_with_the_count(self):
        one = interview(family(count="${n} + 1"), TWO | {"n": "2"})
        assert one.answers()["people"] == "3"
        one.set({"n": "0"})
        assert one.answers()["people"] == "1"
        assert "member[2]/name" not in one.answers()
        one.set({"n": "1"})  # changed one's mind: what was written is there again
        assert one.answers()["member[2]/name"] == "Serik"

    def test_a_count_beyond_reason_is_told_at_its_question(self):
        one = interview(family(count="${n}"), {"n": "51"})
        assert one.wrong(one.definition.question("n"), "en").code == "too_many_rows"
        one.set({"n": "50"})
        assert one.wrong(one.definition.question("n"), "en") is None

    def test_a_question_in_rows_counts_once_for_each_person(self):
        definition = read_form(family(), "f.xlsx").definition
        items = {item.key: item for item in joined({1: definition})}
        assert answer_of(items["works"], 1, TWO | {"member[2]/works": "yes"}) == "yes"
        assert answer_of(items["works"], 1, TWO | {"member[2]/works": "no"}) == "yes no"
        assert answer_of(items["age"], 1, TWO) == "24.5"
        assert answer_of(items["age"], 1, {}) == ""

    def test_a_scale_takes_no_question_of_a_repeat(self):
        rows = [
            {"type": "begin_repeat", "name": "r", **labelled("R"), "scale": ""},
            {"type": "select_one yn", "name": "q", **labelled("Q"), "scale": "s"},
            {"type": "end_repeat", "name": "", "scale": ""},
        ]
        with pytest.raises(FormRefused) as refused:
            read_form(workbook(rows, LIST, {"form_id": "f"}), "f.xlsx")
        assert (refused.value.faults[0].row, refused.value.faults[0].column) == (3, "scale")


class TestSetByTheForm:
    def test_a_default_is_set_once_and_may_be_emptied(self):
        more = [{"type": "date", "name": "d", **labelled("D"), "default": "today()"}]
        data = family(extra=more)
        one = interview(data, {})
        assert one.answers()["d"] == "2026-01-10"
        assert "d" not in interview(data, one.lasting() | {"d": ""}).answers()

    def test_what_is_drawn_once_stays(self):
        data = family(extra=[{"type": "calculate", "name": "lot", "calculation": "random()"}])
        first = interview(data, {})
        again = interview(data, first.lasting())
        assert first.answers()["lot"] == again.answers()["lot"]
        assert first.answers()["member[1]/mark"] == again.answers()["member[1]/mark"]

    def test_an_answer_that_changes_sets_another(self):
        more = [
            {"type": "text", "name": "a", **labelled("A")},
            {"type": "calculate", "name": "b", "calculation": "concat(${a}, '!')", "trigger": "${a}"},
        ]
        one = interview(family(extra=more), {})
        one.set({"a": "x"})
        assert one.answers()["b"] == "x!"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"type": "geopoint", "name": "q"}, "kind"),
        ({"type": "audio", "name": "q"}, "kind"),
        ({"type": "image", "name": "q", "appearance": "signature"}, "appearance"),
        ({"type": "decimal", "name": "q", "appearance": "bearing"}, "appearance"),
        ({"type": "select_one_from_file fruit.csv", "name": "q"}, "file"),
        ({"type": "select_one yn", "name": "q", "appearance": "search('fruit')"}, "file"),
        ({"type": "text", "name": "q", "media::image": "tree.png"}, "media"),
        ({"type": "calculate", "name": "q", "calculation": "pulldata('fruit', 'a', 'b', 'c')"}, "function"),
        ({"type": "start-geopoint", "name": "q"}, "action"),
        ({"type": "text", "name": "q", "default": "${last-saved#first}"}, "last_saved"),
    ],
)
def test_what_a_browser_cannot_do_is_told_with_its_row(row, code):
    first = {"type": "text", "name": "first", **labelled("First")}
    found = read_form(workbook([first, {**labelled("Q"), **row}], LIST, {"form_id": "f"}), "f.xlsx")
    mine = [fault for fault in found.browser if fault["code"] == code]
    assert mine, found.browser
    assert code in ("file", "last_saved", "function") or mine[0]["row"] == 3


@pytest.mark.parametrize(
    "row",
    [
        {"type": "rank yn"}, {"type": "barcode"}, {"type": "image"}, {"type": "select_one yn or_other"}, {"type": "range"},
        {"type": "acknowledge"}, {"type": "select_multiple yn", "appearance": "columns"}, {"type": "note"}, {"type": "time"},
        {"type": "select_one yn", "appearance": "likert"}, {"type": "date", "appearance": "month-year"},
        {"type": "select_one yn", "parameters": "randomize=true, seed=42"},
    ],
)  # fmt: skip
def test_what_a_browser_can_do_is_left_alone(row):
    row = {"name": "q", "label": "Q", **row}
    found = read_form(workbook([row], [{**one, "label": one["name"]} for one in LIST], {"form_id": "f"}), "f.xlsx")
    assert not browser_faults(found.definition)


@pytest.fixture
def world(db):
    return make(data=family(extra=[
        {"type": "image", "name": "room", **labelled("Room")}, {"type": "rank yn", "name": "order", **labelled("Order")},
        {"type": "time", "name": "clock", **labelled("Clock")},
    ]))  # fmt: skip


class Browser:
    """Somebody with a code and no script."""

    def __init__(self, code: str):
        self.client = Client(headers={"accept-language": "en"})
        self.client.post("/surveys/answer/", {"code": code})

    def see(self) -> str:
        self.page = self.client.get("/surveys/answer/page/", follow=True)
        self.number = re.search(r'name="page" value="(\d+)"', self.body)
        return self.body

    @property
    def body(self) -> str:
        return self.page.content.decode()

    def send(self, act: str = "next", **answers) -> str:
        number = re.search(r'name="page" value="(\d+)"', self.body)[1]
        sent = {f"q:{name}": value for name, value in answers.items()}
        self.page = self.client.post("/surveys/answer/page/", {"page": number, "act": act, **sent}, follow=True)
        return self.body


def begin(world) -> Browser:
    one = Browser(world.slips(1)[0])
    one.see()
    return one


@pytest.mark.django_db
class TestInTheBrowser:
    def test_rows_are_added_and_taken_away(self, world):
        one = begin(world)
        one.send(n="2")
        assert "Member [en] · 1" in one.body
        page = one.send(**{"member[1]/name": "Aida", "member[1]/age": "4"})
        assert "Toy [en] · 1" in page
        one.send(**{"member[1]/toy[1]/what": "ball"})
        page = one.send("add")
        assert "Toy [en] · 2" in page
        one.send(**{"member[1]/toy[2]/what": "kite"})
        assert "ball" in one.body
        assert "kite" in one.body
        page = one.send("remove:1")
        assert "kite" in page
        assert "ball" not in page
        with loading():
            kept = Draft.objects.get().answers
        assert kept["member[1]/toy[1]/what"] == "kite"
        assert not any("toy[2]/" in path for path in kept)

    def test_choices_that_an_answer_beside_them_opens_are_asked(self, world):
        one = begin(world)
        one.send(n="1")
        one.send(**{"member[1]/name": "A", "member[1]/age": "40"})
        page = one.send(**{"member[1]/works": "yes"})
        assert "asks a little more" in page
        assert 'value="aktau"' in page
        assert "Toy [en]" in one.send(**{"member[1]/works": "yes"})  # and may be left empty

    def test_no_row_at_all_is_an_answer(self, world):
        one = begin(world)
        one.send(n="0")
        one.send(**{"member[1]/name": "Aida"})
        one.send()
        one.send()
        page = one.send("remove:1")
        assert "Nothing is entered here" in page
        assert "Add one" in page
        one.send()
        assert "Last" in one.body
        one.send(last="x")
        one.client.post("/surveys/answer/check/")
        with loading():
            found = Response.objects.get().answers
        assert found["people"] == "0"
        assert not any(path.startswith("member") for path in found)

    def test_what_is_missing_in_a_row_stands_at_its_question(self, world):
        one = begin(world)
        one.send(n="1")
        page = one.send(**{"member[1]/name": "", "member[1]/age": "130"})
        assert one.page.status_code == 422
        assert "This question needs an answer." in page
        assert page.count('id="q-member-1-age"') == 1

    def test_nobody_lengthens_what_is_no_repeat(self, world):
        one = begin(world)
        for act in ("add", "remove:1", "remove:x"):
            one.client.post("/surveys/answer/page/", {"page": "0", "act": act})
        with loading():
            assert not any(path.endswith("[]") for path in Draft.objects.get().answers)

    def test_rows_end_at_fifty(self, world):
        one = begin(world)
        one.send(n="1")
        one.send(**{"member[1]/name": "A"})
        one.send()
        for _n in range(49):
            one.send("add")
            one.send()
        assert "No more can be added here." in one.body
        number = re.search(r'name="page" value="(\d+)"', one.body)[1]
        assert one.client.post("/surveys/answer/page/", {"page": number, "act": "add"}).status_code == 409

    def test_the_same_answers_as_collect_sends(self, world):
        one = begin(world)
        one.send(n="2")
        first = {"member[1]/name": "Aida", "member[1]/age": "40", "member[1]/day": "2026-01-05"}
        one.send(**first)
        one.send(**first, **{"member[1]/works": "yes", "member[1]/town": "aktau"})
        one.send(**{"member[1]/toy[1]/what": "ball"})
        one.send()
        one.send("add")
        one.send(**{"member[2]/name": "Serik", "member[2]/age": "9", "member[2]/day": "2026-01-06"})
        one.send(**{"member[2]/toy[1]/what": "kite"})
        one.send()
        one.send()
        one.send(last="end", order=["no", "yes"], clock="14:30")
        assert one.client.post("/surveys/answer/check/").headers["Location"].endswith("/done/")
        with loading():
            browser = Response.objects.get().answers
        marks = [browser[f"member[{n}]/mark"] for n in (1, 2)]
        rows = "".join(
            f"<member><name>{name}</name><age>{age}</age><place>{n}</place><mark>{marks[n - 1]}</mark>"
            f"<before>{before}</before>{work}<day>2026-01-0{4 + n}</day><toy><what>{toy}</what></toy></member>"
            for n, name, age, before, work, toy in (
                (1, "Aida", 40, "", "<works>yes</works><town>aktau</town><town_said>Aktau [en]</town_said>", "ball"),
                (2, "Serik", 9, "Aida", "<town/><town_said/>", "kite"),
            )
        )
        xml = (
            f'<data id="family" version="1"><n>2</n>{rows}<years>49</years><people>2</people><last>end</last><room/>'
            f"<order>no yes</order><clock>{browser['clock']}</clock><meta><instanceID>uuid:7</instanceID></meta></data>"
        )
        part = SimpleUploadedFile("s.xml", xml.encode(), "text/xml")
        sent = Client().post(f"/surveys/collect/{world.token()}/submission", {"xml_submission_file": part})
        assert sent.status_code == 201
        with loading():
            collect = Submission.objects.get().response.answers
        assert browser == collect
        assert re.fullmatch(r"14:30:00\.000[+-]\d\d:\d\d", browser["clock"])

    def test_a_picture_is_kept_without_its_place_and_shown_to_its_giver_only(self, world):
        one = begin(world)
        self.go_to_the_picture(one)
        file = SimpleUploadedFile("IMG.jpg", jpeg((2400, 1800), exif_with_place()), "image/jpeg")
        page = one.send(room=file, last="x", order=["yes", "no"])
        assert "Look once more" in page
        shown = re.search(r"/surveys/answer/picture/([0-9a-f]{64}\.jpg)/", page)
        assert one.client.get(shown[0]).headers["Content-Type"] == "image/jpeg"
        assert Browser(world.slips(2)[1]).client.get(shown[0]).status_code in (302, 404)
        one.client.post("/surveys/answer/check/")
        with loading():
            kept = ResponseFile.objects.get()
            assert Response.objects.get().answers["room"] == shown[1]
        image = Image.open(io.BytesIO(sealed.read(kept.sha256)))
        assert max(image.size) <= 1600
        assert not image.getexif()

    def test_a_picture_may_be_taken_away_again(self, world):
        one = begin(world)
        self.go_to_the_picture(one)
        one.send("back", room=SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg"))
        one.send()
        assert "own-picture" in one.body
        one.send(**{"room:remove": "1", "order": ["yes", "no"]})
        assert "own-picture" not in one.body
        with loading():
            assert Draft.objects.get().answers["room"] == ""

    @pytest.mark.parametrize(
        ("data", "words"),
        [(b"\xff\xd8\xff\xe0broken", "damaged"), (b"hello", "not a photograph"), (b"", "empty")],
    )
    def test_a_bad_picture_is_told_and_the_other_answers_stay(self, world, data, words):
        one = begin(world)
        self.go_to_the_picture(one)
        page = one.send(room=SimpleUploadedFile("a.jpg", data, "image/jpeg"), last="kept", order=["yes", "no"])
        assert one.page.status_code == 422
        assert words in page or "file" in page
        with loading():
            assert Draft.objects.get().answers["last"] == "kept"
            assert not Draft.objects.get().answers.get("room")

    def test_a_ranking_gives_each_place_once(self, world):
        one = begin(world)
        self.go_to_the_picture(one)
        page = one.send(order=["yes", "yes"])
        assert "each place one answer" in page

    @staticmethod
    def go_to_the_picture(one: Browser) -> None:
        one.send(n="1")
        one.send(**{"member[1]/name": "A"})
        one.send()
        one.send()
        one.send()
        assert "Room [en]" in one.body
