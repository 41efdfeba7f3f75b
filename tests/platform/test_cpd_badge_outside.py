"""A certificate's badge checked as a stranger's program checks it: over HTTP, by the text of the standards, with nothing of ours.

Of the platform only its addresses are used. Canonicalisation is pyld's (RDFC-1.0), the signature cryptography's; the contexts
are read from copies of the published ones, because tests fetch nothing.
"""

import base64
import gzip
import hashlib
import io
import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from cpd_world import World, after
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.test import Client
from pyld import jsonld
from pypdf import PdfReader
from test_cpd_certificates import give_out
from test_cpd_certificates import world as completed_world

import tirek.cpd
from tirek.access.scope import loading
from tirek.cpd.models import Certificate
from tirek.cpd.services import certificates as services
from tirek.documents.models import Document
from tirek.registry.models import Person
from tirek.storage import sealed

pytestmark = pytest.mark.django_db
CONTEXTS = {
    "https://www.w3.org/ns/credentials/v2": "credentials-v2.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json": "open-badges-3.0.3.json",
}
FOLDER = Path(tirek.cpd.__file__).parent / "badges" / "contexts"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
world = completed_world


def fetch(address: str) -> dict:
    """What lies at an address, as a stranger without an account gets it."""
    answer = Client().get(urlsplit(address).path, headers={"host": urlsplit(address).netloc})
    assert answer.status_code == 200, address
    found: dict = json.loads(answer.content)
    return found


def base58(text: str) -> bytes:
    number = 0
    for letter in text:
        number = number * 58 + BASE58.index(letter)
    return number.to_bytes((number.bit_length() + 7) // 8)


def canonical(document: dict) -> bytes:
    def load(address: str, options: object) -> dict:
        text = json.loads((FOLDER / CONTEXTS[address]).read_text())
        return {"contextUrl": None, "documentUrl": address, "document": text, "contentType": "application/ld+json"}

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    return hashlib.sha256(jsonld.normalize(document, options).encode()).digest()


def key_at(method: str) -> Ed25519PublicKey:
    """The key of a verification method: the issuer's document, where did:web says that it lies."""
    did = method.partition("#")[0]
    host, *path = did.removeprefix("did:web:").split(":")
    document = fetch(f"http://{unquote(host)}/{'/'.join(path)}/did.json")
    assert document["id"] == did
    assert method in document["assertionMethod"]
    (found,) = [one for one in document["verificationMethod"] if one["id"] == method]
    assert (found["type"], found["controller"]) == ("Multikey", did)
    raw = base58(found["publicKeyMultibase"].removeprefix("z"))
    assert raw[:2] == b"\xed\x01", "multicodec of Ed25519"
    return Ed25519PublicKey.from_public_bytes(raw[2:])


def verify(secured: dict) -> None:
    """Data Integrity 1.0 with eddsa-rdfc-2022, section 3.3.2: hash of the options, then of the document."""
    proof = dict(secured["proof"])
    signature = base58(proof.pop("proofValue").removeprefix("z"))
    assert (proof["type"], proof["cryptosuite"]) == ("DataIntegrityProof", "eddsa-rdfc-2022")
    assert proof["proofPurpose"] == "assertionMethod"
    document = {name: value for name, value in secured.items() if name != "proof"}
    signed = canonical({"@context": document["@context"], **proof}) + canonical(document)
    key_at(proof["verificationMethod"]).verify(signature, signed)


def is_revoked(badge: dict) -> bool:
    """Bitstring Status List 1.0: the list is verified like a credential, then one bit is read, the first on the left."""
    entry = badge["credentialStatus"]
    found = fetch(entry["statusListCredential"])
    verify(found)
    assert found["issuer"] == badge["issuer"]["id"]
    subject = found["credentialSubject"]
    assert (subject["type"], subject["statusPurpose"]) == ("BitstringStatusList", "revocation")
    text = subject["encodedList"].removeprefix("u")
    bits = gzip.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert len(bits) * 8 >= 131_072
    place = int(entry["statusListIndex"])
    return bool(bits[place // 8] >> (7 - place % 8) & 1)


def badge_of(certificate: Certificate) -> dict:
    return fetch(f"http://testserver/growth/credentials/{certificate.check_code}.json")


def test_a_strangers_program_verifies_the_badge_and_its_state(world: World):
    ana, bek = give_out(world)
    badge = badge_of(ana)
    assert badge["id"] == f"http://testserver/growth/credentials/{ana.check_code}.json", "it lies where it says"
    verify(badge)
    assert not is_revoked(badge)
    with world.acting("office") as office:
        services.revoke(number=ana.number, reason="Given out by mistake", by=office, now=after(world.cohort))
    assert is_revoked(badge_of(ana))
    assert not is_revoked(badge_of(bek))
    verify(badge_of(ana))


def test_a_strangers_program_notices_a_change(world: World):
    ana, _bek = give_out(world)
    badge = badge_of(ana)
    badge["credentialSubject"]["achievement"]["creditsAvailable"] = 720
    with pytest.raises(InvalidSignature):
        verify(badge)


HOSTILE = (
    ("<script>alert(1)</script>", '#eval("1")'),
    ("O'Brien\"; drop table person;--", "\\n *_`$ @label"),
    ("Әбдіқадырұлы-Ғұмарова-Қожахметқызы", "Нұрсұлтан-Әлихан-Ерасыл-Ілияс"),
    ("\u202egnirts desrever", "عربى"),
    ("Ö", "👩🏽‍🏫"),
)


@pytest.mark.parametrize(("family", "given"), HOSTILE, ids=["markup", "quotes", "long", "turned round", "pictures"])
def test_a_hostile_name_is_only_a_name(world: World, family: str, given: str):
    with loading():
        Person.objects.filter(pk=world.people["ana"].pk).update(family_name=family, given_name=given)
    give_out(world)
    with loading():
        made = Certificate.objects.get(person_id=world.people["ana"].pk)
        numbers = (made.document_kk, made.document_ru)
        pages = [sealed.read(Document.objects.get(number=number).pdf_sha256) for number in numbers]
    for pdf in pages:
        assert pdf.startswith(b"%PDF")
        assert len(PdfReader(io.BytesIO(pdf)).pages) == 1, "one page, whatever the name"
    text = Client(headers={"accept-language": "en"}).get(f"/growth/check/{made.check_code}/").content.decode()
    assert "This certificate stands" in text
    assert "<script>alert" not in text
    verify(badge_of(made))
