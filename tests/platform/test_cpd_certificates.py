"""Certificates: in bulk, as signed badges, checked by strangers who learn nothing else, revoked and given out anew."""

import copy
import datetime as dt
import io
import json
import zlib
from decimal import Decimal
from pathlib import Path

import pytest
from cpd_world import ADDRESS, REGION, World, after, build, client_of, enrol, mark, session
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from tirek.access.scope import loading
from tirek.cpd import figures, work
from tirek.cpd.badges import credential as badges
from tirek.cpd.badges import keys, proofs
from tirek.cpd.models import Certificate, Participation
from tirek.cpd.services import certificates as services
from tirek.cpd.services import scores
from tirek.cpd.services.completion import complete_cohort
from tirek.documents.models import Document
from tirek.indicators import snapshots
from tirek.registry.models import Person
from tirek.storage import jobs, sealed
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "openbadges"
DAY = dt.timedelta(days=1)
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    """So that the accounts of officers open pages."""
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    """Ana and Bek completed, nothing is given out yet."""
    world = build()
    enrol(world, "ana", "bek")
    with loading():
        pks = list(Participation.objects.values_list("pk", flat=True))
    mark(world, session(world, world.cohort), pks)
    with world.acting("office") as office:
        scores.save_scores(
            code=world.cohort.code, when="after", highest=Decimal(10), points=dict.fromkeys(pks, Decimal(9)), by=office,
            now=after(world.cohort),
        )  # fmt: skip
        complete_cohort(code=world.cohort.code, by=office, now=after(world.cohort))
    return world


def give_out(world: World) -> list[Certificate]:
    with world.acting("office") as office:
        services.issue_for_cohort(code=world.cohort.code, base_address=ADDRESS, by=office, now=after(world.cohort))
        return list(Certificate.objects.order_by("person_name"))


def test_in_bulk_as_a_job_and_never_twice(world):
    with world.acting("office") as office:
        with jobs.inline():
            job = jobs.start(work.give_out, title="x", code=world.cohort.code, base_address=ADDRESS)
        assert (job.state, "2 certificates" in job.message) == ("done", True), job.message
        again = services.issue_for_cohort(
            code=world.cohort.code, base_address=ADDRESS, by=office, now=after(world.cohort)
        )
        assert again == 0
        assert Certificate.objects.count() == 2
        assert Document.objects.filter(template="certificate").count() == 4


def test_a_head_does_not_give_out(world):
    with world.acting("head") as head, pytest.raises(Refusal, match="role"):
        services.issue_for_cohort(code=world.cohort.code, base_address=ADDRESS, by=head, now=after(world.cohort))


def test_the_pdf_says_it_in_both_languages(world):
    ana = give_out(world)[0]
    with loading():
        for number, words in ((ana.document_kk, "Математика курсы"), (ana.document_ru, "Курс математики")):
            pdf = sealed.read(Document.objects.get(number=number).pdf_sha256)
            text = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
            assert "Anaova Ana" in text
            assert words in text
            assert f"/growth/check/{ana.check_code}/" in text.replace("\n", "")


def test_whose_certificates_are_seen_by_whom(world):
    ana, bek = give_out(world)
    with world.acting("ana"):
        assert [c.pk for c in Certificate.objects.all()] == [ana.pk]
    with world.acting("head"):
        assert Certificate.objects.count() == 2
    with world.acting("other_head"):
        assert Certificate.objects.count() == 0
    assert client_of(world, "ana").get(f"/growth/certificates/{bek.number}/").status_code == 404
    assert client_of(world, "ana").get(f"/documents/{bek.document_kk}.pdf").status_code == 404
    assert client_of(world, "ana").get(f"/growth/certificates/{ana.number}/").status_code == 200


def test_a_stranger_learns_that_it_stands_and_nothing_else(world):
    ana, _bek = give_out(world)
    stranger = Client(headers={"accept-language": "en"})
    by_code = stranger.get(f"/growth/check/{ana.check_code}/").content.decode()
    assert "This certificate stands" in by_code
    assert "Ana A." in by_code
    by_number = stranger.get(f"/growth/check/{ana.number}/").content.decode()
    assert "This certificate stands" in by_number
    with loading():
        public_id = str(Person.objects.get(pk=ana.person_id).public_id)
    for page in (by_code, by_number):
        for secret in ("Anaova", public_id, str(ana.org_no), "Самал", ana.document_kk, ana.decision_number):
            assert secret not in page
    assert "Ana A." not in by_number, "numbers can be guessed"
    assert ana.check_code not in by_number
    for wrong in ("CERT-2026-999999", "A" * 16, "x", "%00", "' or 1=1"):
        assert stranger.get(f"/growth/check/{wrong}/").status_code in (400, 404)


def test_the_badge_has_the_shape_of_the_standard_and_names_nobody(world):
    ana, _bek = give_out(world)
    answer = Client().get(f"/growth/credentials/{ana.check_code}.json")
    assert answer["Content-Type"] == "application/vc+ld+json"
    badge = json.loads(answer.content)
    assert badge["@context"][:2] == [proofs.CREDENTIALS, proofs.OPEN_BADGES]
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert badge["issuer"]["type"] == ["Profile"]
    subject = badge["credentialSubject"]
    assert subject["type"] == ["AchievementSubject"]
    assert set(subject["achievement"]) >= {"id", "type", "criteria", "description", "name"}
    assert badge["credentialStatus"]["type"] == "BitstringStatusListEntry"
    (identity,) = subject["identifier"]
    assert identity["identityHash"] == badges.name_hash("Anaova Ana", identity["salt"])
    assert b"Anaova" not in answer.content
    badges.verify(badge)


def test_any_change_of_the_badge_breaks_its_proof(world):
    ana, _bek = give_out(world)
    with loading():
        badge = services.credential_of(ana)
    changes = [
        (["name"], "Another course"), (["validFrom"], "2020-01-01T00:00:00Z"), (["id"], "http://evil/1"),
        (["credentialSubject", "achievement", "creditsAvailable"], 7200), (["issuer", "name"], "Ministry"),
        (["credentialSubject", "identifier", 0, "identityHash"], badges.name_hash("Somebody", "")),
        (["credentialSubject", "identifier", 0, "hashed"], False), (["credentialStatus", "statusListIndex"], "99999"),
        (["credentialSubject", "achievement", "criteria", "narrative"], "none"), (["proof", "created"], "2020-01-01T00:00:00Z"),
        (["proof", "proofValue"], keys.multibase(b"x" * 64)), (["proof", "cryptosuite"], "eddsa-jcs-2022"),
        (["proof", "proofPurpose"], "authentication"), (["unknownTerm"], "a field that no context knows"),
        (["@context"], [proofs.CREDENTIALS]), (["type"], ["VerifiableCredential"]),
    ]  # fmt: skip
    for path, value in changes:
        changed = copy.deepcopy(badge)
        place = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        with pytest.raises(Refusal):
            badges.verify(changed)
    without = {name: value for name, value in badge.items() if name != "credentialStatus"}
    for broken in (without, {}, {"proof": "x"}, badge | {"proof": {}}):
        with pytest.raises(Refusal):
            badges.verify(broken)


def test_a_proof_by_another_key_is_not_ours(world):
    from datetime import UTC, datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    ana, _bek = give_out(world)
    with loading():
        badge = services.credential_of(ana)
    stranger = Ed25519PrivateKey.generate()
    document = {name: value for name, value in badge.items() if name != "proof"}
    forged = proofs.sign(
        document, key=stranger, method=badge["proof"]["verificationMethod"], created=datetime(2026, 1, 1, tzinfo=UTC)
    )
    with pytest.raises(Refusal):
        badges.verify(forged)


def test_the_suite_verifies_the_vector_of_the_w3c(monkeypatch):
    """So that what we sign, others' programs verify: a credential that W3C signed with the same suite."""
    signed = json.loads((REFERENCE / "w3c_signed.json").read_text())
    ours = proofs.context
    vocabulary = {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
    monkeypatch.setattr(proofs, "context", lambda address: vocabulary if address == EXAMPLES else ours(address))
    monkeypatch.setattr(proofs, "_check_terms", lambda document: None)  # their example has terms of a vocabulary
    method = signed["proof"]["verificationMethod"]
    key = keys.key_of_multibase(method.rpartition("#")[2])
    proofs.check(signed, key=key, method=method)
    with pytest.raises(Refusal):
        proofs.check(signed | {"name": "Another"}, key=key, method=method)


def test_the_key_is_found_at_the_issuers_address(world):
    ana, _bek = give_out(world)
    did = json.loads(Client().get("/growth/issuer/did.json").content)
    assert did["id"] == "did:web:testserver:growth:issuer"
    (method,) = did["verificationMethod"]
    with loading():
        badge = services.credential_of(ana)
    assert badge["proof"]["verificationMethod"] == method["id"] in did["assertionMethod"]
    proofs.check(badge, key=keys.key_of_multibase(method["publicKeyMultibase"]), method=method["id"])


def test_revocation_reaches_the_page_the_list_and_the_documents(world):
    ana, bek = give_out(world)
    with world.acting("office") as office:
        with pytest.raises(Refusal, match="why"):
            services.revoke(number=ana.number, reason=" ", by=office, now=after(world.cohort))
        services.revoke(number=ana.number, reason="Given out by mistake", by=office, now=after(world.cohort))
        with pytest.raises(Refusal, match="already"):
            services.revoke(number=ana.number, reason="Again", by=office, now=after(world.cohort))
    page = Client(headers={"accept-language": "en"}).get(f"/growth/check/{ana.check_code}/").content.decode()
    assert "no longer stands" in page
    assert "Given out by mistake" in page
    listed = json.loads(Client().get("/growth/status/1").content)
    encoded = listed["credentialSubject"]["encodedList"]
    assert badges.is_revoked(encoded, ana.status_index)
    assert not badges.is_revoked(encoded, bek.status_index)
    badges.verify(listed)
    assert Client().get("/growth/status/2").status_code == 404
    with loading():
        assert Document.objects.get(number=ana.document_kk).revoked_reason == "Given out by mistake"


def test_the_list_is_read_as_the_standard_says():
    import base64

    encoded = badges.encoded_list([0, 9, 131_071])
    bits = zlib.decompress(base64.urlsafe_b64decode(encoded[1:] + "=="), wbits=31)
    assert len(bits) == 16 * 1024
    assert (bits[0], bits[1], bits[-1]) == (0b1000_0000, 0b0100_0000, 0b0000_0001)


def test_a_mended_name_comes_with_a_new_certificate(world):
    ana, _bek = give_out(world)
    with loading():
        Person.objects.filter(pk=ana.person_id).update(family_name="Анаева", given_name="Ана")
    with world.acting("office") as office:
        made = services.reissue(
            number=ana.number, reason="The name was wrong", base_address=ADDRESS, by=office, now=after(world.cohort)
        )
        assert (made.person_name, made.replaces_id) == ("Анаева Ана", ana.pk)
        with pytest.raises(Refusal):
            services.reissue(number=ana.number, reason="x", base_address=ADDRESS, by=office, now=after(world.cohort))
    page = Client(headers={"accept-language": "en"}).get(f"/growth/check/{ana.check_code}/").content.decode()
    assert "Another certificate was given out" in page
    assert made.number not in page


def test_what_was_given_out_is_never_changed_nor_deleted(world):
    from django.db import DatabaseError, transaction

    ana, _bek = give_out(world)
    for statement in (
        lambda: Certificate.objects.filter(pk=ana.pk).update(person_name="Somebody else"),
        lambda: Certificate.objects.filter(pk=ana.pk).delete(),
    ):
        with loading(), pytest.raises(DatabaseError), transaction.atomic():
            statement()


def test_an_officer_of_another_territory_revokes_nothing(world):
    from dataclasses import replace

    ana, _bek = give_out(world)
    world.scopes["office"] = replace(world.scopes["office"], lo=REGION[1] + 1, hi=REGION[1] + 10)
    with world.acting("office") as office, pytest.raises(Refusal, match="outside your territory"):
        services.revoke(number=ana.number, reason="No", by=office, now=after(world.cohort))


def test_the_figures_count_people_hours_and_certificates_that_stand(world):
    """Two teachers of one school with one course each; a certificate taken back counts until the day before."""
    ana, _bek = give_out(world)
    day = timezone.localdate(after(world.cohort))
    school, hours = world.jobs["ana"].org_no, world.cohort.course.hours
    with world.acting("office") as office:
        services.revoke(number=ana.number, reason="Given out by mistake", by=office, now=after(world.cohort) + 3 * DAY)
    with loading():
        assert snapshots.read(figures.IMPROVED, day).rows() == [(school, 2, 2 * hours, 2)]
        assert snapshots.read(figures.IMPROVED, day + 366 * DAY).rows() == []
        assert snapshots.read(figures.STANDING, day + DAY).rows() == [(school, 2)]
        assert snapshots.read(figures.STANDING, day + 4 * DAY).rows() == [(school, 1)]


def test_a_day_of_certificates_ends_at_midnight_of_the_region(world):
    """Given out at half past midnight there, when it is still the evening before in Greenwich; taken back so, too."""
    there, day = timezone.get_default_timezone(), world.cohort.ends_on + DAY
    given = dt.datetime.combine(day, dt.time(0, 30), there)
    assert given.astimezone(dt.UTC).date() < day
    with world.acting("office") as office:
        services.issue_for_cohort(code=world.cohort.code, base_address=ADDRESS, by=office, now=given)
        ana = Certificate.objects.order_by("person_name").first()
        services.revoke(number=ana.number, reason="Given out by mistake", by=office, now=given + 2 * DAY)
    with loading():
        standing = [snapshots.read(figures.STANDING, day + k * DAY).rows() for k in (-1, 0, 1, 2)]
    school = world.jobs["ana"].org_no
    assert standing == [[], [(school, 2)], [(school, 2)], [(school, 1)]]
