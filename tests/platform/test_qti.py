"""QTI 3 in and out: what comes in, what is refused and why, and that our own packages read back."""

from __future__ import annotations

import io
import zipfile

import pytest

from tirek.assessment.files import qti
from tirek.storage.uploads import UploadRefused

ITEM = """<?xml version="1.0" encoding="UTF-8"?>
<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="{code}" title="Apples"
  adaptive="false" time-dependent="false" xml:lang="{language}">
  <qti-response-declaration identifier="RESPONSE" cardinality="{cardinality}" base-type="{base}">
    <qti-correct-response>{values}</qti-correct-response>
  </qti-response-declaration>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"{maximum}/>
  <qti-item-body>{body}</qti-item-body>
</qti-assessment-item>"""
CHOICE = """<p>How many <b>apples</b> are
 left?</p>{more}<qti-choice-interaction response-identifier="RESPONSE" max-choices="1"><qti-prompt>Choose one.</qti-prompt>
<qti-simple-choice identifier="c1">2</qti-simple-choice><qti-simple-choice identifier="c2">3 &lt; 4</qti-simple-choice>
</qti-choice-interaction>"""


def item(code="M1", language="en", cardinality="single", base="identifier", right=("c2",), maximum="", body=None):
    values = "".join(f"<qti-value>{value}</qti-value>" for value in right)
    return ITEM.format(
        code=code, language=language, cardinality=cardinality, base=base, values=values, maximum=maximum,
        body=CHOICE.format(more="") if body is None else body,
    ).encode()  # fmt: skip


def package(files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def test_a_choice_comes_in_with_letters_for_its_options():
    found = qti.read("m1.xml", item())
    assert found.faults == ()
    (task,) = found.tasks
    assert (task.code, task.kind, task.key, task.max_score) == ("M1", "choice", "B", 1)
    wording = task.wordings["en"]
    assert wording.stem == "How many apples are left?\nChoose one."
    assert wording.options == ("2", "3 < 4")


def test_several_right_options_a_number_a_word_and_an_open_answer():
    several = qti.read("a.xml", item(cardinality="multiple", right=("c2", "c1"), maximum=' normal-maximum="2"')).tasks[
        0
    ]
    assert (several.kind, several.key, several.max_score) == ("choices", "AB", 2)
    entry = '<p>7 + 5 = <qti-text-entry-interaction response-identifier="RESPONSE"/></p>'
    number = qti.read("b.xml", item(base="float", right=("12",), body=entry)).tasks[0]
    assert (number.kind, number.key, number.wordings["en"].stem) == ("number", "12", "7 + 5 =")
    word = qti.read("c.xml", item(base="string", right=("Caspian",), body=entry)).tasks[0]
    assert (word.kind, word.key) == ("word", "Caspian")
    text = '<p>Why?</p><qti-extended-text-interaction response-identifier="RESPONSE"/>'
    free = qti.read("d.xml", item(base="string", right=(), maximum=' normal-maximum="3"', body=text)).tasks[0]
    assert (free.kind, free.key, free.max_score) == ("open", "", 3)


def test_language_versions_are_one_task_and_pictures_come_along():
    body = CHOICE.format(more='<p><img src="../pictures/tree.png" alt="A tree"/></p>')
    found = qti.read(
        "tasks.zip",
        package(
            {
                "imsmanifest.xml": b"<manifest/>",
                "kk/m1.xml": item(language="kk"),
                "ru/m1.xml": item(language="ru-RU", body=body),
                "pictures/tree.png": b"\x89PNG...",
            }
        ),
    )
    assert found.faults == ()
    (task,) = found.tasks
    assert set(task.wordings) == {"kk", "ru"}
    (picture,) = task.wordings["ru"].pictures
    assert (picture.name, picture.media_type, picture.words) == ("tree.png", "image/png", "A tree")


@pytest.mark.parametrize(
    ("data", "column"),
    [
        (b"<qti-assessment-item", ""),
        (item(right=("c9",)), "qti-correct-response"),
        (item(right=()), "qti-correct-response"),
        (item(code=""), "identifier"),
        (item(code="x" * 40), "identifier"),
        (item(maximum=' normal-maximum="1.5"'), "normal-maximum"),
        (item(body="<p>Nothing to answer</p>"), "qti-item-body"),
        (item(body='<qti-hotspot-interaction response-identifier="RESPONSE"/>'), "qti-hotspot-interaction"),
        (item(body=CHOICE.format(more='<img src="gone.png"/>')), "src"),
        (b'<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1"/>', "assessmentItem"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', ""),
        (b"plain words", ""),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(data, column):
    found = qti.read("m1.xml", data)
    assert found.tasks == ()
    (fault,) = found.faults
    assert fault.file == "m1.xml"
    assert fault.column == column
    assert fault.what
    assert fault.what_to_do


def test_one_bad_item_leaves_the_others():
    found = qti.read("tasks.zip", package({"a.xml": item(code="A"), "b.xml": item(code="B", right=("c9",))}))
    assert [task.code for task in found.tasks] == ["A"]
    assert [fault.file for fault in found.faults] == ["b.xml"]


def test_language_versions_must_agree():
    found = qti.read("t.zip", package({"1.xml": item(language="kk"), "2.xml": item(language="ru", right=("c1",))}))
    assert len(found.tasks) == 1
    assert "differs" in found.faults[0].what


def test_a_package_with_a_path_out_of_it_is_refused():
    with pytest.raises(UploadRefused):
        qti.read("t.zip", package({"../../etc/a.xml": item()}))


def test_what_we_write_reads_back_the_same():
    picture = qti.Picture("tree.png", "image/png", b"\x89PNG", 'A "tree" & a bush')
    tasks = (
        qti.QtiTask("M1", "Apples", "choice", "B", 1, wordings={
            "kk": qti.Wording("Неше алма?\nБіреуін таңда.", ("2", "3 < 4"), (picture,)),
            "ru": qti.Wording("Сколько яблок?", ("2", "3 < 4")),
        }),
        qti.QtiTask("M2", "", "choices", "AC", 2, wordings={"en": qti.Wording("Which?", ("a", "b", "c"))}),
        qti.QtiTask("M3", "", "number", "12.5", 1, wordings={"en": qti.Wording("7 + 5.5 =")}),
        qti.QtiTask("M4", "", "word", "sea|the sea", 1, wordings={"en": qti.Wording("What is it?")}),
        qti.QtiTask("M5", "", "open", "", 3, wordings={"en": qti.Wording("Why?")}),
    )  # fmt: skip
    again = qti.read("tasks.zip", qti.write(tasks))
    assert again.faults == ()
    assert {task.code: task for task in again.tasks} == {task.code: task for task in tasks}
    assert qti.write(tasks) == qti.write(again.tasks)
