"""What people really send: each is refused or reported with its place, and nothing of it is half in the register."""

import datetime as dt
import io
import json
import zipfile

import polars as pl
import pytest
from django.utils import translation
from exchange_world import AS_OF, HEADER, REGION, iin, make_world, pupil, pupils, xlsx

from tirek.access.scope import acting_as
from tirek.registry.exchange import exports, services
from tirek.registry.exchange.faults import in_our_language
from tirek.registry.models import Guardianship, ImportState, InstitutionState, Person, Room, Territory
from tirek.storage import secrets
from tirek.storage.uploads import Limits, UploadRefused, open_archive

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_world()


def check(source, data: bytes, name: str = "pupils.csv", kind: str = "learners", apply=False, profile=None):
    with acting_as(REGION):
        found = services.upload(source=source, file_name=name, data=data, row_kind=kind, as_of=AS_OF, profile=profile)
        found = services.stage(import_id=found.pk)
        return services.apply(import_id=found.pk) if apply else found


def faults(found) -> list[tuple]:
    return list(services.faults_of(found).filter(pl.col("level") != "note").select("row", "column", "code").iter_rows())


def zipped(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


GOOD_XLSX = [HEADER.split(";"), pupil(1).split(";")]


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "p.csv", "empty"), (b"   \n", "p.csv", "empty"),
        (zipped({"a.csv": b"x"})[:-30], "p.zip", "broken_zip"),
        (xlsx(GOOD_XLSX)[:2000], "p.xlsx", "broken_zip"),
        (xlsx(GOOD_XLSX)[:-1500], "p.xlsx", "broken_zip"),
        (b"%PDF-1.7 ...", "p.csv", "wrong_kind"), (b"PAR1 not really", "p.parquet", "broken_parquet"),
        (zipped({"../../etc/passwd.csv": b"a,b\n1,2\n"}), "p.zip", "path_in_zip"),
        (zipped({"C:\\windows\\a.csv": b"a,b\n1,2\n"}), "p.zip", "path_in_zip"),
        (zipped({"bomb.csv": b"0" * 30_000_000}), "p.zip", "zip_bomb"),
        (zipped({"readme.txt": b"x", "photo.jpg": b"y"}), "p.zip", "no_table"),
        (zipped({"word/document.xml": b"<x/>"}), "letter.docx", "wrong_kind"),
        (b"a,b\n1,\x00\n", "p.csv", "binary"), (b'{"type": "Feature"}', "p.json", "not_geojson"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_files_that_cannot_be_opened_are_refused(source, data, name, code):
    if not data:
        with pytest.raises(UploadRefused):
            check(source, data, name)
        return
    found = check(source, data, name)
    assert found.state == ImportState.REFUSED
    assert [c for _r, _c, c in faults(found)] == [code]


def test_archives_that_lie_about_their_size():
    many = zipped({f"{n}.csv": b"x" for n in range(300)})
    big = zipped({f"{n}.csv": b"0" * 3_000_000 for n in range(5)})
    for data, limits in ((many, Limits()), (big, Limits(total_bytes=10_000_000)), (big, Limits(entry_bytes=1_000_000))):
        with pytest.raises(UploadRefused):
            open_archive(data, limits)
    lying = bytearray(zipped({"a.csv": b"0" * 5_000_000}))
    place = lying.rindex(b"PK\x01\x02")
    lying[place + 24 : place + 28] = (10).to_bytes(4, "little")
    with pytest.raises(UploadRefused):
        open_archive(bytes(lying))


def test_nothing_is_left_on_the_disk_outside(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(source, zipped({"../evil.csv": b"a,b\n1,2\n"}), "p.zip")
    assert not (tmp_path.parent / "evil.csv").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_encodings(source, encoding):
    row = pupil(1, "Иванов", "Пётр", letter="А").replace("Ерланқызы", "Иванович")
    found = check(source, pupils(row, encoding=encoding), apply=True)
    with acting_as(REGION):
        assert Person.objects.get().family_name == "Иванов"
    if encoding == "cp1251":
        assert "cp1251" in [code for _r, _c, code in faults(found)]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_separators(source, separator):
    assert check(source, pupils(pupil(1)).replace(b";", separator.encode())).counts["things"]["person"] == {"new": 1}


def test_identifiers_that_spreadsheets_and_scanners_spoil(source):
    lost = iin(1, dt.date(2003, 3, 4))
    assert lost.startswith("03")
    looks = iin(2).replace("0", "О", 1)
    wrong = iin(3)[:-1] + str((int(iin(3)[-1]) + 1) % 10)
    rows = [
        pupil(1, number=lost[1:], birth="04.03.2003"),
        pupil(2, number=looks),
        pupil(3, "Ким", number=wrong),
        pupil(4, "Ли", number="abc"),
    ]
    found = check(source, pupils(*rows))
    assert [(r, code) for r, _c, code in faults(found)] == [
        (2, "wrong_length"), (3, "look_alike_letter"), (4, "check_digit"), (5, "not_digits")
    ]  # fmt: skip
    assert lost in services.faults_of(found)["what_to_do"][0]
    assert not found.counts["things"]["person"]


def test_a_mapping_may_take_what_was_probably_meant(source):
    looks = iin(2).replace("0", "О", 1)
    with acting_as(REGION):
        from tirek.registry.exchange.fields import recognised

        columns = recognised("learners", HEADER.split(";"))
        columns["iin"]["repair"] = True
        profile = services.save_profile(source=source, row_kind="learners", columns=columns)
    check(source, pupils(pupil(2, number=looks)), apply=True, profile=profile)
    with acting_as(REGION):
        assert secrets.decrypt(Person.objects.get().iin_encrypted) == iin(2)


def test_values_dates_and_formulas(source):
    rows = [
        pupil(1, begin="31.02.2026"), pupil(2, begin="soon"), pupil(3, grade="five"), pupil(4, grade="99"),
        pupil(5).replace(";жен;", ";?;"), pupil(6, "=HYPERLINK(x)"), pupil(7, ""), pupil(8, end="01.01.2020"),
        pupil(9, "Ceрик"),
    ]  # fmt: skip
    found = check(source, pupils(*rows))
    assert [(r, code) for r, _c, code in faults(found)] == [
        (2, "no_such_day"), (3, "not_a_date"), (4, "not_a_number"), (5, "out_of_range"), (6, "unknown_value"), (7, "formula"),
        (8, "required"), (9, "period_order"), (10, "mixed_alphabets"),
    ]  # fmt: skip
    assert found.counts["things"]["person"] == {"new": 1}, "only the warning's row is good"


def test_people_who_stand_twice(source):
    rows = [
        pupil(1),
        pupil(1),
        pupil(2),
        pupil(2, school="A-2"),
        pupil(3),
        pupil(3, "Басқа"),
        pupil(4, number=""),
        pupil(4, number=""),
    ]
    found = check(source, pupils(*rows))
    got = {(r, code) for r, _c, code in faults(found)}
    assert {
        (3, "duplicate_person"),
        (5, "overlapping_enrolments"),
        (7, "two_people_one_identifier"),
        (9, "duplicate_person"),
    } <= got


def test_overlap_with_what_the_register_knows(source):
    check(source, pupils(pupil(1)), apply=True)
    found = check(source, pupils(pupil(1, school="A-2", begin="01.08.2026")))
    assert [(code) for _r, _c, code in faults(found)] == ["overlapping_enrolments"]


def test_rows_of_uneven_length_and_columns_without_a_name(source):
    data = pupils(pupil(1) + ";extra", pupil(2).rsplit(";", 4)[0], header=HEADER + ";").replace(b";extra", b";;extra")
    found = check(source, data)
    assert {"uneven_row", "unnamed_columns"} <= {code for _r, _c, code in faults(found)}


def test_ten_megabytes_in_one_cell(source):
    found = check(source, pupils(pupil(1, "Ә" * 5_000_000), pupil(2)))
    assert "cell_too_long" in [code for _r, _c, code in faults(found)]
    assert found.counts["things"]["person"] == {"new": 1}
    assert services.faults_of(found)["value"].str.len_chars().max() < 200


def test_a_spreadsheet_with_numbers_dates_and_a_formula(source):
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, HEADER.split(";"))
        sheet.write_row(1, 0, [int(iin(1)), "Әлиева", "Айша", "", None, "жен", "A-1", 5, "Ә"])
        sheet.write_datetime(1, 4, dt.datetime(2012, 3, 4), day)
        sheet.write_datetime(1, 9, dt.datetime(2026, 9, 1), day)
        sheet.write_formula(1, 2, '="Ай"&"ша"', None, "Айша")
    check(source, buffer.getvalue(), "p.xlsx", apply=True)
    with acting_as(REGION):
        person = Person.objects.get()
        assert (person.given_name, person.birth_date, secrets.decrypt(person.iin_encrypted)) == (
            "Айша",
            dt.date(2012, 3, 4),
            iin(1),
        )


def test_too_many_faulty_rows_refuse_the_rest(source):
    with acting_as(REGION):
        type(source).objects.filter(pk=source.pk).update(max_faulty_percent=10)
        source.refresh_from_db()
    found = check(source, pupils(pupil(1), pupil(2, grade="x"), pupil(3)))
    assert found.state == ImportState.REFUSED
    with acting_as(REGION), pytest.raises(services.NotApplicable):
        services.apply(import_id=found.pk)


def test_parquet_and_geojson(source):
    buffer = io.BytesIO()
    pl.read_csv(pupils(pupil(1)), separator=";", infer_schema=False).write_parquet(buffer)
    check(source, buffer.getvalue(), "p.parquet", apply=True)
    places = b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"A-1"},"geometry":{"type":"Point","coordinates":[51.1,43.6]}},{"type":"Feature","properties":{"code":"473600000"},"geometry":{"type":"Point","coordinates":[52.0,44.0]}},{"type":"Feature","properties":{"code":"A-2"},"geometry":{"type":"Point","coordinates":[520,44]}},{"type":"Feature","properties":{"code":"?"},"geometry":{"type":"Point","coordinates":[52,44]}}]}'
    found = check(source, places, "p.geojson", "places", apply=True)
    assert {code for _r, _c, code in faults(found)} == {"out_of_range", "unknown_place"}
    with acting_as(REGION):
        state = InstitutionState.objects.get(institution__code="A-1", valid__upper_inf=True)
        assert (state.longitude, state.latitude, state.valid.lower) == (51.1, 43.6, AS_OF)
        assert Territory.objects.get(code="473600000").latitude == 44.0
        services.take_back(import_id=found.pk)
        assert InstitutionState.objects.get(institution__code="A-1", valid__upper_inf=True).longitude is None


def test_guardians_rooms_and_institutions(source):
    check(source, pupils(pupil(1)), apply=True)
    header = "guardian_iin,family_name,given_name,child_iin,kind"
    grown = iin(7)
    data = f"{header}\n{grown},Әлиев,Ерлан,{iin(1)},parent\n{grown},Әлиев,Ерлан,{iin(5)},parent\n{iin(1)},А,Б,{iin(1)},parent\n"
    found = check(source, data.encode(), "g.csv", "guardianships", apply=True)
    assert {code for _r, _c, code in faults(found)} == {"no_child", "own_child"}
    rooms = "institution,building_code,number,purpose,places\nA-1,1,12,subject,25\nA-1,1,13,gym,\nA-1,1,12,gym,\n"
    found = check(source, rooms.encode(), "r.csv", "rooms", apply=True)
    assert {code for _r, _c, code in faults(found)} == {"twice"}
    schools = "code,name_kk,kind,territory,languages,capacity\nA-1,Жаңа атау,school,473600000,kk;ru,300\nN-1,Жаңа,school,473600000,kk,90\nX,Б,school,510000000,kk,1\n"
    check(source, schools.encode(), "i.csv", "institutions", apply=True)
    with acting_as(REGION):
        assert Guardianship.objects.get().kind == "parent"
        assert Room.objects.count() == 2
        assert list(InstitutionState.objects.filter(institution__code="A-1").order_by("valid").values_list("name_kk", flat=True)) == [
            "A-1 мектебі", "Жаңа атау"
        ]  # fmt: skip
        assert InstitutionState.objects.get(institution__code="N-1").org_no == 10_100_030


def test_dangerous_cells_are_guarded_and_come_back(source):
    check(source, pupils(pupil(1, "-Әлиева"), pupil(2, "Қарапайым")), apply=True)
    with acting_as(REGION):
        text = exports.export("learners", "csv").decode()
        assert "'-Әлиева" in text
        Person.objects.filter(family_name="-Әлиева").update(given_name="өзге")
    again = text.replace("'-Әлиева,Айша", "'-Әлиева,Айша").encode()
    frame = exports.guarded(pl.DataFrame({"a": ["=1+1", "+7 701", "-5", "-x", "@x", "\tx", "x", "", None]}))
    assert frame["a"].to_list() == ["'=1+1", "'+7 701", "-5", "'-x", "'@x", "'\tx", "x", "", None]
    other = pl.read_csv(again, infer_schema=False).drop("iin").with_columns(iin=pl.Series([iin(1), iin(2)]))
    found = check(source, other.write_csv().encode())
    names = services.differences_of(found).filter(pl.col("thing") == "person")
    assert set(names["label"].str.split(" ").list.first().to_list()) == {"-Әлиева", "Қарапайым"}
    assert found.counts["things"]["person"] == {"changed": 1, "unchanged": 1}


def geojson(*features) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def feature(code, longitude=51.1, latitude=43.6, kind="Point"):
    geometry = {"type": kind, "coordinates": [longitude, latitude]}
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}


def test_faulty_rows_are_counted_once_each_and_the_heading_apart(source):
    bad = (feature("A-2", kind="LineString"), "no feature", feature("nowhere", 520, 430))
    counts = check(source, geojson(feature("A-1"), *bad), "p.geojson", "places").counts
    assert (counts["rows"], counts["faulty_rows"], counts["heading_errors"]) == (4, 3, 0)
    text = "Код организации;Класс\nA-1;x\n"  # a name and a day have no column, and the year is no number
    counts = check(source, text.encode(), "headless.csv").counts
    assert (counts["rows"], counts["faulty_rows"]) == (1, 1)
    assert counts["heading_errors"] == counts["errors"] - 1 > 0


def test_a_name_that_turns_or_hides_text_is_taken_in_plain(source):
    hidden = pupil(1, "\u202eНұрова\u200f")
    found = check(source, pupils(hidden, pupil(2, "\u200b\u202e")))
    assert ("invisible", 3) in {(code, row) for row, _c, code in faults(found)}
    assert services.differences_of(found).filter(pl.col("thing") == "person")["label"].str.contains("^Нұрова").all()


def test_a_fault_names_the_column_as_the_file_does(source):
    twice = pupils(pupil(1), pupil(1), pupil(2, school="X-9"), pupil(3, begin="01.09.2026", end="01.08.2026"))
    named = {column for _row, column, _code in faults(check(source, twice))}
    assert named == {"ИИН", "Код организации", "Дата выбытия"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_in_one_archive_are_both_named():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for text in ("one", "two"):
            archive.writestr(zipfile.ZipInfo("users.csv"), text)
    source = make_world("oneroster", code="roster")
    found = check(source, buffer.getvalue(), "r.zip", "")
    assert found.state == ImportState.REFUSED
    (what,) = services.faults_of(found)["what"]
    assert all(part in what for part in ("users.csv", "1", "2"))
    folders = zipped({"a/users.csv": b"sourcedId\n1\n", "b/Users.csv": b"sourcedId\n2\n"})
    found = check(source, folders, "f.zip", "")
    assert found.state == ImportState.REFUSED
    (fault,) = services.faults_of(found).filter(pl.col("code") == "file_twice").iter_rows(named=True)
    assert all(path in fault["what"] for path in ("a/users.csv", "b/Users.csv"))


def test_a_fault_names_the_other_row_and_no_more_of_a_number_than_its_end(source):
    found = check(source, pupils(pupil(1), pupil(1), pupil(2), pupil(2, "Басқа"), pupil(3), pupil(3, school="A-2")))
    table = services.faults_of(found)
    for row, other in ((3, 2), (5, 4), (7, 6)):
        told = table.filter(pl.col("row") == row)
        assert told.height
        assert all(str(other) in what for what in told["what"])
    shown = table.filter(pl.col("code") == "duplicate_person")["value"].to_list()
    assert shown == ["••••••••" + iin(1)[-4:], "••••••••" + iin(2)[-4:]]


def test_born_after_enrolling_and_signs_that_no_name_has(source):
    found = check(source, pupils(pupil(1, birth="04.03.2046"), pupil(2, "<script>alert()</script>"), pupil(3, "Әли😀")))
    assert [(r, c) for r, _column, c in faults(found) if c != "birth_date_differs"] == [
        (2, "born_too_late"), (3, "signs_in_name"), (4, "signs_in_name")
    ]  # fmt: skip


def test_a_code_in_the_wrong_alphabet_is_named(source):
    found = check(source, pupils(pupil(1, school="А-1"), pupil(2, school="a-2"), pupil(3, school="C-9"), pupil(4)))
    told = dict(services.faults_of(found).select("row", "what_to_do").iter_rows())
    assert "A-1" in told[2]
    assert "A-2" in told[3]
    assert "A-" not in told[4]


def test_a_table_without_headings_says_so(source):
    found = check(source, pupils(pupil(2), header=pupil(1)))
    assert (1, "no_heading") in [(r, c) for r, _column, c in faults(found)]
    assert found.state == ImportState.REFUSED


def test_an_orphan_and_a_guardian_of_nobody(source):
    header = "guardian_iin;family_name;given_name;child_iin;kind"
    rows = [f"{iin(5, dt.date(1980, 1, 2))};Әлиева;Гүл;{iin(9)};parent", ";Әлиева;Гүл;;parent"]
    found = check(source, pupils(*rows, header=header), kind="guardianships")
    table = services.faults_of(found)
    assert table["code"].to_list() == ["no_child", "child_not_named"]
    assert table["value"].to_list() == ["••••••••" + iin(9)[-4:], ""]


def test_whoever_reads_the_faults_reads_them_in_their_own_language(source):
    with translation.override("kk"):
        found = check(source, pupils(pupil(1, begin="31.02.2026"), pupil(2, number=iin(3)[1:]), pupil(3, "")))
    kept = services.faults_of(found)
    with translation.override("en"):
        english = in_our_language(kept)
    with translation.override("ru"):
        russian = in_our_language(kept)
        assert services.refusal_of(found) == found.refusal == ""
    assert english["what"].to_list()[0] == "There is no such day."
    assert "family name" in english["what"].to_list()[-1]
    for one, two in ((kept, english), (kept, russian), (english, russian)):
        assert not set(one["what"]) & set(two["what"])
        assert not set(one["what_to_do"]) & set(two["what_to_do"])
    with translation.override("kk"):
        bad = check(source, zipped({"readme.txt": b"x"}), "p.zip")
    with translation.override("en"):
        assert services.refusal_of(bad) == "The file as a whole has errors. Mend them and upload it again."
        assert in_our_language(services.faults_of(bad))["what"][0].startswith("The archive holds no table")
