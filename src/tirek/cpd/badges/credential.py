"""A certificate as an Open Badges 3.0 credential, and the list that says which are revoked."""

from __future__ import annotations

import base64
import gzip
import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tirek.cpd.badges import keys
from tirek.cpd.badges.proofs import CREDENTIALS, OPEN_BADGES, check, sign
from tirek_engines.errors import Refusal

LIST_BITS = 131_072  # the smallest that the standard allows, so that a reader hides among many
ISSUER_NAME = "Tirek"


@dataclass(frozen=True)
class Facts:
    """What a credential says; the person only as a salted hash of the name."""

    code: str
    status_index: int
    person_name: str
    course_code: str
    course_name: str
    course_text: str
    course_kind: str
    criteria: str
    hours: int
    provider_code: str
    provider_name: str
    starts_on: date
    completed_on: date
    issued_at: datetime


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def address_of(base_address: str, code: str) -> str:
    return f"{base_address}/growth/credentials/{code}.json"


def name_hash(name: str, salt: str) -> str:
    """As Open Badges hash an identity: SHA-256 of the name and the salt."""
    return "sha256$" + hashlib.sha256((name + salt).encode()).hexdigest()


def profile(base_address: str) -> dict[str, Any]:
    return {
        "id": keys.issuer_id(base_address), "type": ["Profile"], "name": ISSUER_NAME, "url": base_address,
    }  # fmt: skip


def unsigned(facts: Facts, base_address: str) -> dict[str, Any]:
    salt = secrets.token_hex(16)
    return {
        "@context": [CREDENTIALS, OPEN_BADGES],
        "id": address_of(base_address, facts.code),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": profile(base_address),
        "validFrom": moment(facts.issued_at),
        "name": facts.course_name,
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": name_hash(facts.person_name, salt),
                    "identityType": "name",
                    "salt": salt,
                }
            ],
            "activityStartDate": f"{facts.starts_on.isoformat()}T00:00:00Z",
            "activityEndDate": f"{facts.completed_on.isoformat()}T00:00:00Z",
            "achievement": _achievement(facts, base_address),
        },
        "credentialStatus": {
            "id": f"{base_address}/growth/status/{list_number(facts.status_index)}#{facts.status_index % LIST_BITS}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(facts.status_index % LIST_BITS),
            "statusListCredential": f"{base_address}/growth/status/{list_number(facts.status_index)}",
        },
    }


def _achievement(facts: Facts, base_address: str) -> dict[str, Any]:
    return {
        "id": f"{base_address}/growth/courses/{facts.course_code}/",
        "type": ["Achievement"],
        "achievementType": "Course",
        "name": facts.course_name,
        "description": facts.course_text,
        "criteria": {"narrative": facts.criteria},
        "creditsAvailable": facts.hours,
        "creator": {
            "id": f"{base_address}/growth/providers/{facts.provider_code}/",
            "type": ["Profile"],
            "name": facts.provider_name,
        },
    }


def issued(facts: Facts, base_address: str) -> dict[str, Any]:
    """The credential with its proof."""
    return sign(
        unsigned(facts, base_address),
        key=keys.private_key(),
        method=keys.method_id(base_address),
        created=facts.issued_at,
    )


def verify(credential: Mapping[str, Any]) -> None:
    """Raises `ProofRefused` unless this installation's own key signed it, as it stands."""
    proof = credential.get("proof")
    method = proof.get("verificationMethod", "") if isinstance(proof, dict) else ""
    issuer = credential.get("issuer")
    did = issuer.get("id", "") if isinstance(issuer, dict) else issuer or ""
    own = f"{did}#{keys.public_multibase()}"
    if method != own:
        raise Refusal("The credential was not signed with this installation's key.", code="proof_refused")
    check(credential, key=keys.private_key().public_key(), method=own)


def list_number(status_index: int) -> int:
    return status_index // LIST_BITS + 1


def encoded_list(revoked: Collection[int]) -> str:
    """A bit for each credential, the first on the left, packed and written as multibase (u: base64url)."""
    bits = bytearray(LIST_BITS // 8)
    for index in revoked:
        bits[index // 8] |= 0x80 >> (index % 8)
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).decode().rstrip("=")


def is_revoked(encoded: str, index: int) -> bool:
    """As anybody's program reads the list."""
    text = encoded.removeprefix("u")
    bits = gzip.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return bool(bits[index // 8] & (0x80 >> (index % 8)))


def status_list(number: int, revoked: Collection[int], base_address: str, at: datetime) -> dict[str, Any]:
    """The signed list of revocations, itself a credential."""
    address = f"{base_address}/growth/status/{number}"
    document = {
        "@context": [CREDENTIALS],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": keys.issuer_id(base_address),
        "validFrom": moment(at),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded_list(revoked),
        },
    }
    return sign(document, key=keys.private_key(), method=keys.method_id(base_address), created=at)
