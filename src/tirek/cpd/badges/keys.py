"""The installation's key for credentials (Ed25519) and the identifier of the issuer (did:web) that it belongs to."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tirek.storage import secrets

KEY_NAME = "credentials"
ED25519_PUBLIC = b"\xed\x01"  # multicodec
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def private_key() -> Ed25519PrivateKey:
    """Made at its first use; backed up with the installation's other keys."""
    return Ed25519PrivateKey.from_private_bytes(secrets.key(KEY_NAME))


def public_multibase(key: Ed25519PublicKey | None = None) -> str:
    """The public key as W3C's Multikey writes it: z, then base58."""
    raw = (key or private_key().public_key()).public_bytes(Encoding.Raw, PublicFormat.Raw)
    return multibase(ED25519_PUBLIC + raw)


def key_of_multibase(text: str) -> Ed25519PublicKey:
    raw = unmultibase(text)
    if not raw.startswith(ED25519_PUBLIC):
        raise ValueError("not an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(raw.removeprefix(ED25519_PUBLIC))


def multibase(data: bytes) -> str:
    """Base58 (Bitcoin's alphabet) behind the letter z."""
    number, text = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "z" + "1" * (len(data) - len(data.lstrip(b"\x00"))) + text


def unmultibase(text: str) -> bytes:
    if not text.startswith("z") or any(letter not in ALPHABET for letter in text[1:]):
        raise ValueError("not base58 behind a z")
    number = 0
    for letter in text[1:]:
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    return b"\x00" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def issuer_id(base_address: str) -> str:
    """``did:web`` of an installation's address; its document lies at ``/growth/issuer/did.json``."""
    return f"did:web:{quote(urlsplit(base_address).netloc, safe='')}:growth:issuer"


def method_id(base_address: str) -> str:
    return f"{issuer_id(base_address)}#{public_multibase()}"


def did_document(base_address: str) -> dict:
    """Who the issuer is and by which key its proofs are checked."""
    did = issuer_id(base_address)
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [
            {
                "id": method_id(base_address),
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": public_multibase(),
            }
        ],
        "assertionMethod": [method_id(base_address)],
        "service": [{"id": f"{did}#profile", "type": "LinkedDomains", "serviceEndpoint": base_address}],
    }
