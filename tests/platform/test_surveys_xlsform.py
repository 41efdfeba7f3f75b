"""XLSForm as others write it: good samples accepted, bad ones refused at the right row, expressions computed."""

import datetime as dt
from pathlib import Path

import pytest
from survey_world import small_form, workbook

from tirek.surveys.forms.definition import read_definition
from tirek.surveys.forms.fitness import browser_faults
from tirek.surveys.forms.interview import Interview
from tirek.surveys.forms.reading import FormRefused, read_form
from tirek.surveys.forms.stamping import stamped
from tirek.surveys.xpath import BadExpression, Context, Node, evaluate, parse, to_text

SAMPLES = Path("/work/shared/data/standards/xlsform")
NOW = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
GOOD = [
    "choice_filter_test.xlsx", "field-list.xlsx", "group.xlsx", "or_other.xlsx", "pull_data.xlsx", "specify_other.md",
    "tutorial.xls", "widgets.xls", "xlsform_spec_test.xlsx", "yes_or_no_question.md",
]  # fmt: skip
samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples of XLSForm are not on this machine")


def read(name: str):
    return read_form((SAMPLES / name).read_bytes(), Path(name).name)


@samples
@pytest.mark.parametrize("name", GOOD)
def test_good_samples_are_read_and_can_be_previewed(name):
    found = read(name)
    interview = Interview(found.definition, {}, NOW)
    for control in found.definition.walk():
        interview.say(control.label, "en", control.path)
        interview.choices(control, "en")
    again = read_definition(stamped(found.xform, "code", "7"))
    assert (again.form_id, again.version) == ("code", "7")
    assert [c.path for c in again.walk()] == [c.path for c in found.definition.walk()]


@samples
@pytest.mark.parametrize(
    ("name", "sheet", "row", "words"),
    [
        ("calculate_without_calculation.xls", "survey", 34, "no calculation"),
        ("duplicate_columns.xlsx", "survey", 1, "D, E"),
        ("group_name_test.xls", "survey", 3, "no name"),
    ],
)
def test_bad_samples_are_refused_at_their_row(name, sheet, row, words):
    with pytest.raises(FormRefused) as refused:
        read(f"bad/{name}")
    fault = refused.value.faults[0]
    assert (fault.file, fault.row) == (sheet, row)
    assert words in fault.what
    assert fault.what_to_do


@samples
def test_a_sheet_in_capitals_is_read_and_the_reason_told():
    found = read("bad/badly_named_choices_sheet.xls")
    assert [c.value for c in Interview(found.definition, {}, NOW).choices(found.definition.question("color"), "")] == [
        "red", "blue", "green", "yellow",
    ]  # fmt: skip
    assert "capitals make no difference" in found.remarks[0].what


@samples
def test_what_a_browser_cannot_ask_is_said():
    codes = {name: {(r.code, r.name) for r in browser_faults(read(name).definition)} for name in GOOD}
    assert not codes["tutorial.xls"]  # its repeats are asked
    assert ("function", "fruit") in codes["pull_data.xlsx"]
    assert ("kind", "my_geopoint") in codes["widgets.xls"]
    assert not codes["choice_filter_test.xlsx"]
    places = {(r["sheet"], r["row"]) for r in read("widgets.xls").browser}
    assert {("survey", 11), ("choices", 20)} <= places


@samples
def test_choices_follow_the_answer_before():
    definition = read("choice_filter_test.xlsx").definition
    county = definition.question("county")
    assert [c.value for c in Interview(definition, {"state": "texas"}, NOW).choices(county, "")] == ["king", "cameron"]
    assert [c.value for c in Interview(definition, {}, NOW).choices(county, "")] == []


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "x.xlsx"),
        (b"abc", "x.xlsx"),
        (b"PK\x03\x04broken", "x.xlsx"),
        (b"\xd0\xcf\x11\xe0xx", "x.xls"),
        (b"hello", "x.md"),
    ],
)
def test_no_workbook_is_refused_in_words(data, name):
    with pytest.raises(FormRefused) as refused:
        read_form(data, name)
    assert refused.value.faults[0].what


QUESTION = {"type": "text", "name": "q", "label::English (en)": "Q"}


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({"relevant": "(1 = "}, "relevant", "cannot be"),
        ({"constraint": ". > 5 5"}, "constraint", "cannot be understood"),
        ({"relevant": "${zz} = 1"}, "relevant", "no question of this form"),
        ({"type": "foo"}, "", "foo"),
        ({"scale": "x"}, "scale", "belong to a scale"),
    ],
)
def test_faults_name_row_and_column(row, column, words):
    with pytest.raises(FormRefused) as refused:
        read_form(workbook([QUESTION | {"name": "first"}, QUESTION | row], settings={"form_id": "f"}), "f.xlsx")
    fault = refused.value.faults[0]
    assert fault.row == 3
    assert fault.column == column
    assert words in fault.what


def test_scales_come_from_their_columns():
    found = read_form(small_form(), "small.xlsx")
    assert found.measures["items"] == {
        "s1": {"scale": "lessons", "reverse": False}, "s2": {"scale": "lessons", "reverse": False},
        "s3": {"scale": "lessons", "reverse": True},
    }  # fmt: skip
    assert found.measures["scales"]["lessons"]["kk"] == "Lessons [kk]"


def nodes() -> Context:
    root = Node("data")
    Node("age", "20", root)
    group = Node("g", "", root)
    here = Node("c", "a b", group)
    Node("day", "2026-01-05", group)
    Node("empty", "", group)
    rows = Node("root")
    for name, of in (("x", "1"), ("y", "2")):
        row = Node("item", "", rows)
        Node("name", name, row)
        Node("of", of, row)
    return Context(node=here, now=NOW, lists={"l": rows})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("/data/age >= 18", "true"), ("../../age + 2*3 - 1", "25"), ("-3 mod 2", "-1"), ("7 div 2", "3.5"),
        ("selected(., 'a') and not(selected(., 'c'))", "true"), ("count-selected(.)", "2"), ("selected-at(., 1)", "b"),
        ("if(/data/age > 30, 'old', 'young')", "young"), ("coalesce(../empty, 'none')", "none"), ("../empty = ''", "true"),
        ("../day < today()", "true"), ("today() - ../day", "5"), ("date('2026-01-05') = ../day", "true"),
        ("format-date(../day, '%d.%m.%Y')", "05.01.2026"), ("decimal-date-time('1970-01-02')", "1"),
        ("instance('l')/root/item[of = 2]/name", "y"), ("count(instance('l')/root/item)", "2"),
        ("instance('l')/root/item[position() = 1]/name", "x"), ("concat('a', 1.5, true())", "a1.5true"),
        ("regex('ab1', '[a-z]+[0-9]')", "true"), ("round(2.345, 2)", "2.35"), ("round(-2.5)", "-2"), ("substr('abcd', 1, 3)", "bc"),
        ("min(3, /data/age)", "3"), ("sum(/data/age)", "20"), ("number('x')", "NaN"), ("string-length(.)", "3"),
        ("1 = 1 or unknown()", "true"), ("translate('abc', 'ab', 'x')", "xc"), ("/data/g/*[2]", "2026-01-05"),
        ("boolean-from-string('1')", "true"), ("once('new')", "a b"), ("'2' > 10", "false"), ("(1 + 2) * 3", "9"),
        ("ends-with('Шаң', 'ң')", "true"), ("checklist(1, 2, true(), false())", "true"),
    ],
)  # fmt: skip
def test_expressions_mean_what_they_mean_in_collect(expression, value):
    assert to_text(evaluate(expression, nodes())) == value


@pytest.mark.parametrize(
    "expression", ["", "1 +", "foo(", "a b", "'open", "1 = = 2", "//", "/data/[1]", "(" * 400 + "1" + ")" * 400]
)
def test_broken_expressions_are_refused(expression):
    with pytest.raises(BadExpression):
        parse(expression)


@pytest.mark.parametrize(
    "expression", ["unknown()", "regex(., '(a+)+$')", "instance('none')/root", "if(1)", "count(5)"]
)
def test_what_cannot_be_computed_is_refused(expression):
    with pytest.raises(BadExpression):
        evaluate(expression, nodes())


def test_a_path_over_everything_ends():
    root = Node("data")
    for _n in range(1500):
        Node("x", "1", root)
    with pytest.raises(BadExpression, match="too much"):
        evaluate("count(//x[count(//x) > 1])", Context(node=root, now=NOW))
