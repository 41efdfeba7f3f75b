"""OpenRosa: what ODK Collect asks and sends, once, twice, in parts, and against the rules."""

import hashlib
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from rooms_world import exif_with_place, jpeg
from survey_world import NEIGHBOUR, NOW, OFFICE, SCHOOL, make, small_form

from tirek.access.roles import Role
from tirek.access.scope import acting_as, loading
from tirek.storage import sealed
from tirek.surveys.models import Response, ResponseFile, Submission, SubmissionConflict, SubmissionFile
from tirek.surveys.services import rounds

pytestmark = pytest.mark.django_db
IMAGE = [
    {"type": "image", "name": "photo", "label::English (en)": "Photograph"},
    {"type": "deviceid", "name": "deviceid"},
]


@pytest.fixture
def world():
    return make(data=small_form(extra=IMAGE))


def xml(
    instance: str = "uuid:1", *, age: int = 30, photo: str = "", form: str = "small", version: str = "1", head: str = ""
) -> bytes:
    shown = f"<photo>{photo}</photo>" if photo else "<photo/>"
    return (
        f'<?xml version="1.0"?>{head}<data id="{form}" version="{version}"><g><s1>4</s1><s2>4</s2><s3>2</s3></g>'
        f"<age>{age}</age><said>Тақта</said>{shown}<deviceid>IMEI-77</deviceid>"
        f"<meta><instanceID>{instance}</instanceID></meta></data>"
    ).encode()


def send(world, data: bytes, token: str = "", **files):
    parts = {"xml_submission_file": SimpleUploadedFile("s.xml", data, "text/xml")} | files
    return Client().post(
        f"/surveys/collect/{token or world.token()}/submission", parts, headers={"X-OpenRosa-Version": "1.0"}
    )


def count(model) -> int:
    with loading():
        return model.objects.count()


def test_the_list_names_the_form_its_version_and_where_it_is(world):
    answer = Client().get(f"/surveys/collect/{world.token()}/formList")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) > 1_000_000
    body = answer.content.decode()
    assert "<formID>small</formID>" in body
    assert "<version>1</version>" in body
    form = Client().get(re.search("<downloadUrl>http://testserver(.*?)</downloadUrl>", body)[1])
    assert hashlib.md5(form.content, usedforsecurity=False).hexdigest() in body
    assert b'id="small" version="1"' in form.content
    manifest = Client().get(f"/surveys/collect/{world.token()}/forms/small/manifest")
    assert b"xformsManifest" in manifest.content


def test_head_tells_where_to_send(world):
    answer = Client().head(f"/surveys/collect/{world.token()}/submission")
    assert answer.status_code == 204
    assert answer.headers["Location"].endswith("/submission")


def test_a_submission_is_taken_once(world):
    for _time in range(2):
        answer = send(world, xml())
        assert answer.status_code == 201
        assert b"OpenRosaResponse" in answer.content
    assert (count(Response), count(Submission), count(SubmissionConflict)) == (1, 1, 0)
    with loading():
        kept = Response.objects.get()
    assert kept.answers["age"] == "30"
    assert kept.org_no == SCHOOL
    assert "IMEI-77" not in str(kept.answers)


def test_the_same_instance_with_other_answers_is_kept_as_a_conflict(world):
    send(world, xml())
    for _time in range(2):
        assert send(world, xml(age=31)).status_code == 201
    assert (count(Response), count(SubmissionConflict)) == (1, 1)
    with loading():
        assert Response.objects.get().answers["age"] == "30"
        assert SubmissionConflict.objects.get().answers["age"] == "31"


def test_attachments_come_in_several_posts(world):
    assert send(world, xml(photo="1.jpg")).status_code == 201
    with loading():
        assert Submission.objects.get().awaited == ["1.jpg"]
    picture = SimpleUploadedFile("1.jpg", jpeg(), "image/jpeg")
    assert send(world, xml(photo="1.jpg"), **{"1.jpg": picture}).status_code == 201
    picture.seek(0)
    send(world, xml(photo="1.jpg"), **{"1.jpg": picture, "unasked.jpg": SimpleUploadedFile("u", b"x", "image/jpeg")})
    with loading():
        assert Submission.objects.get().awaited == []
        assert [file.name for file in SubmissionFile.objects.all()] == ["1.jpg"]
        assert [(file.item, file.org_no) for file in ResponseFile.objects.all()] == [("photo", SCHOOL)]


def test_a_picture_of_collect_keeps_no_place_and_a_broken_one_holds_up_nothing(world):
    placed = SimpleUploadedFile("1.jpg", jpeg((640, 480), exif_with_place()), "image/jpeg")
    send(world, xml(photo="1.jpg"), **{"1.jpg": placed})
    broken = SimpleUploadedFile("2.jpg", b"\xff\xd8\xff\xe0broken", "image/jpeg")
    assert send(world, xml("uuid:2", photo="2.jpg"), **{"2.jpg": broken}).status_code == 201
    with loading():
        image = Image.open(io.BytesIO(sealed.read(SubmissionFile.objects.get().sha256)))
        assert Response.objects.count() == 2
    assert not image.getexif()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"no xml", 400), (xml(instance=""), 400), (xml(form="other"), 404), (xml(version="9"), 404),
        (xml(head='<!DOCTYPE d [<!ENTITY e "x">]>'), 400),
        (xml(head='<!DOCTYPE d SYSTEM "file:///etc/passwd">'), 400),
    ],
)  # fmt: skip
def test_bad_submissions_are_refused_in_openrosas_words(world, data, status):
    answer = send(world, data)
    assert answer.status_code == status
    assert b"OpenRosaResponse" in answer.content
    assert count(Response) == 0


def test_an_unknown_token_and_an_empty_post_are_refused(world):
    assert send(world, xml(), token="0" * 32).status_code == 404
    assert Client().get("/surveys/collect/nothing/formList").status_code == 404
    assert Client().post(f"/surveys/collect/{world.token()}/submission").status_code == 400


def test_answers_belong_to_the_school_of_the_token(world):
    send(world, xml(), token=world.token(NEIGHBOUR))
    with loading():
        assert Response.objects.get().org_no == NEIGHBOUR


def test_a_closed_round_takes_nothing_new_but_knows_what_it_has(world):
    send(world, xml())
    with acting_as(OFFICE):
        rounds.close_round(round_id=world.round.pk, by=world.user(Role.PROGRAMME_OFFICE), now=NOW)
    assert send(world, xml()).status_code == 201
    assert send(world, xml(instance="uuid:2")).status_code == 409
    assert b"<xform>" not in Client().get(f"/surveys/collect/{world.token()}/formList").content
