"""Bringing in answers: what is wrong is said cell by cell, and nothing is half applied."""

import io

import polars as pl
import pytest
import xlsxwriter
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.utils import translation

from tirek.access.scope import Scope, acting_as
from tirek.assessment.models import AnswerImport, AnswerSheet, ImportState, Sitting
from tirek.assessment.refusals import BadDesign, InputsMoved, NotAllowed, WrongState
from tirek.assessment.services.answers import apply_answers, check_answers, import_answers
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.registry.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def world():
    return make_world((12, 12, 12, 4))


@pytest.fixture
def test(world):
    return make_test(world, 8)


def lines_of(world, test) -> list[str]:
    return answers_csv(world, test).decode().split("\n")


def faults_of(imported: AnswerImport, warning: bool = False) -> list[tuple]:
    return [(f["row"], f["column"], f["value"]) for f in imported.faults if f["warning"] == warning]


def test_good_answers_go_in_whole(world, test):
    with acting_as(OFFICER):
        done = import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        assert (done.state, done.n_new, done.n_faults) == (ImportState.APPLIED, 40, 0)
        sheet = AnswerSheet.objects.select_related("booklet", "sitting", "person").first()
        assert len(bytes(sheet.codes)) == sheet.booklet.places.count() == 6
        assert sheet.sitting.org_no == sheet.person.org_no == sheet.org_no
        assert set(Sitting.objects.values_list("state", flat=True)) == {"answered"}


def test_long_form_gives_the_same_sheets(world, test):
    matrix = pl.read_csv(answers_csv(world, test), infer_schema_length=0)
    long = matrix.unpivot(index=["pupil", "booklet"], variable_name="item", value_name="answer").drop_nulls()
    buffer = io.BytesIO()
    long.write_csv(buffer)
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        again = import_answers(test_id=test.pk, content=buffer.getvalue(), file_name="long.csv")
    assert (again.n_rows, again.n_unchanged, again.n_changed, again.n_new) == (40, 40, 0, 0)


def test_semicolons_and_a_spreadsheet(world, test):
    content = answers_csv(world, test)
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for place, line in enumerate(content.decode().split("\n")):
            sheet.write_row(place, 0, [int(cell) if cell in ("0", "1", "2") else cell for cell in line.split(",")])
    with acting_as(OFFICER):
        first = check_answers(test_id=test.pk, content=b"\xef\xbb\xbf" + content.replace(b",", b";"), file_name="a.csv")
        second = check_answers(test_id=test.pk, content=book.getvalue(), file_name="a.xlsx")
    assert (first.n_new, second.n_new) == (40, 40), (first.faults[:3], second.faults[:3])


def test_every_fault_has_its_place(world, test):
    lines = lines_of(world, test)
    header, rows = lines[0], lines[1:]
    cells = rows[0].split(",")
    cells[2] = "7"
    rows[0] = ",".join(cells)  # row 2, M01
    rows[3] = rows[2]  # row 5: the pupil of row 4 again
    rows[5] = "00000000-0000-0000-0000-000000000000," + rows[5].split(",", 1)[1]  # row 7: unknown
    rows[7] = rows[7].split(",")[0] + ",B" + "," * 8  # row 9: no answer
    rows[9] = rows[9].replace(",B,", ",Q,")  # row 11: unknown booklet
    with acting_as(OFFICER):
        bad = check_answers(test_id=test.pk, content="\n".join([header, *rows]).encode(), file_name="a.csv")
    assert [(row, column) for row, column, _v in faults_of(bad)] == [
        (2, "M01"), (5, "pupil"), (7, "pupil"), (9, ""), (11, "booklet")
    ]  # fmt: skip
    assert all(f["what"] and f["what_to_do"] for f in bad.faults)
    assert bad.state == ImportState.REFUSED, "5 of 40 sheets are more than one in twenty"
    with acting_as(OFFICER), pytest.raises(WrongState):
        apply_answers(import_id=bad.pk)
    with acting_as(OFFICER):
        assert AnswerSheet.objects.count() == 0


def test_a_row_too_short_is_a_fault_and_no_wrong_answers(world, test):
    lines = lines_of(world, test)
    lines[3] = lines[3].rsplit(",", 3)[0]
    with acting_as(OFFICER):
        checked = check_answers(test_id=test.pk, content="\n".join(lines).encode(), file_name="a.csv")
    assert [(row, column) for row, column, _v in faults_of(checked)] == [(4, "")]
    assert (checked.n_rows, checked.n_good) == (40, 39)


def test_few_faults_leave_the_rest(world, test):
    lines = lines_of(world, test)
    lines[4] = lines[4].replace(lines[4].split(",")[0], "123")
    with acting_as(OFFICER):
        done = import_answers(test_id=test.pk, content="\n".join(lines).encode(), file_name="a.csv")
        assert (done.state, done.n_good, AnswerSheet.objects.count()) == (ImportState.APPLIED, 39, 39)


def test_an_unknown_column_refuses_the_file(world, test):
    content = answers_csv(world, test).replace(b"M03", b"M33")
    with acting_as(OFFICER):
        bad = check_answers(test_id=test.pk, content=content, file_name="a.csv")
    assert (bad.state, faults_of(bad)) == (ImportState.REFUSED, [(1, "M33", "")])


def test_an_item_that_nobody_saw_is_said(world, test):
    frame = pl.read_csv(answers_csv(world, test), infer_schema_length=0).with_columns(pl.lit("").alias("M04"))
    with acting_as(OFFICER):
        checked = check_answers(test_id=test.pk, content=frame.write_csv().encode(), file_name="a.csv")
    assert faults_of(checked, warning=True) == [(1, "M04", "")]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "a.csv"),
        ("pupil,M01\nӘлия,1".encode("utf-16"), "a.csv"),
        ("pupil,M01\nАйгуль,1".encode("cp1251"), "a.csv"),
        (b"PK\x03\x04 truncated", "a.xlsx"),
        (b"\x00\x01", "a.csv"),
        (b"pupil,M01,M01\n1,1,1", "a.csv"),
        (b"pupil,M01\n1,1,1", "a.csv"),
        (b"MZ", "a.exe"),
        (b"not parquet", "a.parquet"),
    ],
)
def test_what_is_no_table_is_refused_in_words(world, test, content, name):
    with acting_as(OFFICER):
        bad = check_answers(test_id=test.pk, content=content, file_name=name)
    assert bad.state == ImportState.REFUSED
    assert bad.faults[0]["file"] == name
    assert bad.faults[0]["what_to_do"]


def test_the_same_file_is_applied_once(world, test):
    content = answers_csv(world, test)
    with acting_as(OFFICER):
        one = check_answers(test_id=test.pk, content=content, file_name="a.csv")
        two = check_answers(test_id=test.pk, content=content, file_name="copy.csv")
        apply_answers(import_id=one.pk)
        assert apply_answers(import_id=one.pk).state == ImportState.APPLIED, "pressing twice is harmless"
        with pytest.raises(WrongState):
            apply_answers(import_id=two.pk)
        with pytest.raises(WrongState):
            check_answers(test_id=test.pk, content=content, file_name="a.csv")
        assert AnswerSheet.objects.count() == 40


def test_what_was_shown_is_what_is_applied(world, test):
    half = {p.pk for p in world.everybody[:20]}
    with acting_as(OFFICER):
        whole = check_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        import_answers(test_id=test.pk, content=answers_csv(world, test, only=half, seed=9), file_name="half.csv")
        with pytest.raises(InputsMoved):
            apply_answers(import_id=whole.pk)


def test_corrections_are_shown_as_changes(world, test):
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        lines = lines_of(world, test)
        cells = lines[1].split(",")
        cells[2] = "0" if cells[2] == "1" else "1"
        lines[1] = ",".join(cells)
        again = import_answers(test_id=test.pk, content="\n".join(lines).encode(), file_name="b.csv")
        assert (again.n_new, again.n_changed, again.n_unchanged) == (0, 1, 39)


def test_only_who_may_and_only_in_scope(world, test):
    content = answers_csv(world, test)
    teacher = Scope(lo=OFFICER.lo, hi=OFFICER.hi, role="teacher")
    with acting_as(teacher), pytest.raises(NotAllowed):
        check_answers(test_id=test.pk, content=content, file_name="a.csv")
    elsewhere = Scope(lo=20_000_000, hi=29_999_999, role="regional_officer")
    with acting_as(elsewhere):
        assert AnswerSheet.objects.count() == Person.objects.count() == 0
        assert AnswerImport.objects.count() == 0


@pytest.mark.parametrize(
    ("items", "booklets"),
    [
        ([], None),
        (["M1", "M1"], None),
        (["pupil"], None),
        (["M1"], {"A": ["M2"]}),
        (["M1", "M2"], {"A": ["M1", "M1", "M2"]}),
        (["M1", "M2"], {"A": ["M1"]}),
    ],
)
def test_designs_that_cannot_be_sat_are_refused(world, items, booklets):
    with acting_as(OFFICER), pytest.raises(BadDesign):
        create_test(
            code="X", titles={"kk": "X", "ru": "X", "en": "X"}, subject="mathematics", grade=4, school_year=world.year,
            kind="entrance", territory=world.region, items=[ItemSpec(i) for i in items], booklets=booklets,
        )  # fmt: skip
