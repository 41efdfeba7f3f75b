"""Photographs: scaled, upright, without what the camera wrote; bad ones refused with words; none lost to another."""

from __future__ import annotations

import hashlib
import io
import uuid

import pytest
from access_world import SCHOOL
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image
from rooms_world import NOW, build, client_of, exif_with_place, jpeg, photograph, sent

from tirek.access.scope import loading
from tirek.facilities.models import Photograph
from tirek.facilities.services import findings, photographs
from tirek.storage import pictures, sealed
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True  # its users sign in without a second factor
    return build()


@pytest.fixture
def finding(world):
    with world.as_walker():
        return findings.take_finding(org_no=SCHOOL, sent=sent(world.library), by=world.coordinator, now=NOW).finding


def keep(world, finding, one=None, **more):
    with world.as_walker():
        return photographs.keep_of_finding(
            org_no=SCHOOL, finding_uuid=finding.uuid, sent=one or photograph(**more), by=world.coordinator, now=NOW
        )


class TestRedrawn:
    def test_at_most_1600_pixels_and_upright(self):
        found = pictures.redraw(jpeg((4000, 3000), exif_with_place()), "x.jpg")
        assert (found.width, found.height) == (1200, 1600)
        small = Image.open(io.BytesIO(found.small))
        assert max(small.size) == 320

    def test_nothing_stays_beside_the_picture(self):
        found = pictures.redraw(jpeg((640, 480), exif_with_place()), "x.jpg")
        for data in (found.data, found.small):
            image = Image.open(io.BytesIO(data))
            assert not image.getexif()
            assert set(image.info) <= {
                "jfif",
                "jfif_version",
                "jfif_unit",
                "jfif_density",
                "progressive",
                "progression",
            }
            assert b"Synthetic Camera" not in data
            assert b"Exif" not in data
        assert found.place == pytest.approx((51.16, 43.65))

    def test_a_transparent_picture_stands_on_white(self):
        target = io.BytesIO()
        Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(target, "PNG")
        found = Image.open(io.BytesIO(pictures.redraw(target.getvalue(), "x.png").data))
        assert all(part > 250 for part in found.getpixel((5, 5)))

    def test_an_iphones_heic_is_read(self):
        pytest.importorskip("pillow_heif").register_heif_opener()
        target = io.BytesIO()
        Image.new("RGB", (800, 600), "#336699").save(target, "HEIF")
        found = pictures.redraw(target.getvalue(), "IMG_0001.HEIC")
        assert (found.width, found.height) == (800, 600)

    def test_without_its_reader_a_heic_is_refused_with_a_way_out(self, monkeypatch):
        monkeypatch.setattr(pictures, "_reads_heif", lambda: False)
        with pytest.raises(Refusal, match="Most compatible") as caught:
            pictures.redraw(b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64, "IMG_0001.HEIC")
        assert caught.value.code == "heic"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "empty"),
            (b"%PDF-1.7 no picture", "no_picture"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no_picture"),
            (jpeg()[:1000], "broken_picture"),
            (jpeg()[:700] + b"\x00" * 20, "broken_picture"),
            (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64, None),
        ],
    )
    def test_what_is_no_picture_is_refused_by_name(self, data, code):
        with pytest.raises(Refusal, match="bad") as caught:
            pictures.redraw(data, "bad.jpg")
        assert code is None or caught.value.code == code

    def test_forty_megabytes_are_refused_before_they_are_read(self):
        with pytest.raises(Refusal, match="40 MB") as caught:
            pictures.too_large(40 << 20, "huge.jpg")
        assert caught.value.code == "too_large"

    def test_a_bomb_of_pixels_is_refused(self):
        target = io.BytesIO()
        Image.new("1", (12_000, 9_000)).save(target, "PNG")
        with pytest.raises(Refusal) as caught:
            pictures.redraw(target.getvalue(), "bomb.png")
        assert caught.value.code in ("too_many_pixels", "broken_picture")


class TestKept:
    def test_the_same_photograph_twice_is_one(self, world, finding):
        one = photograph()
        assert [keep(world, finding, one).state for _n in range(3)] == ["taken", "known", "known"]
        with loading():
            assert Photograph.objects.count() == 1

    def test_a_photograph_before_its_room_waits(self, world):
        class Unknown:
            uuid = uuid.uuid4()

        with pytest.raises(Refusal) as caught:
            keep(world, Unknown)
        assert caught.value.code == "no_finding"

    def test_its_place_is_kept_only_if_wanted(self, world, finding):
        data = jpeg(exif=exif_with_place())
        without = keep(world, finding, data=data).photograph
        with_place = keep(world, finding, data=data, keep_place=True).photograph
        told = keep(world, finding, data=jpeg(), keep_place=True, place=(51.2, 43.7)).photograph
        not_wanted = keep(world, finding, data=jpeg(), place=(51.2, 43.7)).photograph
        assert (without.longitude, not_wanted.longitude) == (None, None)
        assert (with_place.longitude, with_place.latitude) == (51.16, 43.65)
        assert (told.longitude, told.latitude) == (51.2, 43.7)

    def test_the_file_as_sent_is_not_kept(self, world, finding):
        data = jpeg(exif=exif_with_place())
        found = keep(world, finding, data=data).photograph
        assert found.sent_sha256 == hashlib.sha256(data).hexdigest()
        assert not sealed.path_of(found.sent_sha256).exists()

    def test_a_broken_one_leaves_the_others(self, world, finding):
        client = client_of(world.coordinator)
        answers = []
        for data in (jpeg(), jpeg()[:900], jpeg(colour="#112233")):
            answers.append(
                client.post(
                    reverse("facilities:walk_photographs"),
                    {"uuid": str(uuid.uuid4()), "finding": str(finding.uuid), "at": "1", "clock": "1",
                     "file": SimpleUploadedFile("a.jpg", data, "image/jpeg")},
                )
            )  # fmt: skip
        assert [answer.status_code for answer in answers] == [200, 422, 200]
        assert answers[1].json()["code"] == "broken_picture"
        with loading():
            assert Photograph.objects.count() == 2

    def test_forty_megabytes_over_the_line(self, world, finding):
        file = SimpleUploadedFile("huge.jpg", b"\xff\xd8" + b"\x00" * (40 << 20), "image/jpeg")
        answer = client_of(world.coordinator).post(
            reverse("facilities:walk_photographs"),
            {"uuid": str(uuid.uuid4()), "finding": str(finding.uuid), "file": file},
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "too_large")

    def test_only_who_may_see_the_school_sees_the_picture(self, world, finding):
        found = keep(world, finding).photograph
        url = reverse("facilities:photograph", args=[found.uuid])
        for user, status in ((world.coordinator, 200), (world.officer, 200), (world.neighbour, 404)):
            assert client_of(user).get(url).status_code == status
        assert client_of(world.coordinator).get(url)["Content-Type"] == "image/jpeg"

    def test_taken_back_with_a_reason_its_bytes_are_gone(self, world, finding, django_capture_on_commit_callbacks):
        found = keep(world, finding, data=jpeg(colour="#abcdef")).photograph
        with world.as_walker(), pytest.raises(Refusal):
            photographs.withdraw_photograph(uuid=found.uuid, because="", by=world.coordinator, now=NOW)
        with django_capture_on_commit_callbacks(execute=True), world.as_walker():
            photographs.withdraw_photograph(uuid=found.uuid, because="A child", by=world.coordinator, now=NOW)
        assert not sealed.path_of(found.sha256).exists()
        assert not sealed.path_of(found.small_sha256).exists()
        url = reverse("facilities:photograph", args=[found.uuid])
        assert client_of(world.coordinator).get(url).status_code == 404

    def test_bytes_that_another_row_shows_stay(self, world, finding, django_capture_on_commit_callbacks):
        data = jpeg(colour="#fedcba")
        first, second = (keep(world, finding, data=data).photograph for _n in range(2))
        with django_capture_on_commit_callbacks(execute=True), world.as_walker():
            photographs.withdraw_photograph(uuid=first.uuid, because="twice", by=world.coordinator, now=NOW)
        assert sealed.read(second.sha256)
