"""Data Integrity proofs, cryptosuite eddsa-rdfc-2022 (W3C Recommendation of May 2025): make and check.

A document is read as RDF, written in canonical form (RDFC-1.0), hashed, and signed together with the hash of the proof's
own options. A term that the contexts do not know would vanish on the way and could be changed unseen, so such a document is
neither signed nor accepted. Contexts come from this folder only.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tirek.cpd.badges.keys import multibase, unmultibase
from tirek_engines.errors import Refusal

CREDENTIALS = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
FILES = {CREDENTIALS: "credentials-v2.json", OPEN_BADGES: "open-badges-3.0.3.json"}
SUITE = "eddsa-rdfc-2022"


class ProofRefused(Refusal):
    """A document that cannot be signed, or whose proof does not hold."""

    code = "proof_refused"


@cache
def context(address: str) -> dict[str, Any]:
    if address not in FILES:
        raise ProofRefused(f"The context {address} is not known here, and nothing is fetched from elsewhere.")
    found: dict[str, Any] = json.loads((Path(__file__).parent / "contexts" / FILES[address]).read_text("utf-8"))
    return found


def _load(address: str, options: object = None) -> dict[str, Any]:
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
        "document": context(address),
    }


def _canonical_hash(document: Mapping[str, Any]) -> bytes:
    from pyld import jsonld  # type: ignore[import-untyped]  # half a second: only where credentials are made or checked

    text = jsonld.normalize(
        dict(document),
        {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _load},  # RDFC-1.0, earlier name
    )
    return hashlib.sha256(text.encode()).digest()


def sign(document: Mapping[str, Any], *, key: Ed25519PrivateKey, method: str, created: datetime) -> dict[str, Any]:
    """The document with its proof."""
    _check_terms(document)
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    value = multibase(key.sign(_signed_bytes(document, options)))
    return {**copy.deepcopy(dict(document)), "proof": {**options, "proofValue": value}}


def check(secured: Mapping[str, Any], *, key: Ed25519PublicKey, method: str) -> None:
    """Raises `ProofRefused` unless the proof is of this suite, by this method, and holds."""
    proof = secured.get("proof")
    if not isinstance(proof, dict) or not isinstance(proof.get("proofValue"), str):
        raise ProofRefused("There is no proof.")
    wanted = {
        "type": "DataIntegrityProof", "cryptosuite": SUITE, "verificationMethod": method, "proofPurpose": "assertionMethod",
    }  # fmt: skip
    for name, value in wanted.items():
        if proof.get(name) != value:
            raise ProofRefused(f"The proof's {name} is {proof.get(name)!r}, wanted {value!r}.")
    document = {name: value for name, value in secured.items() if name != "proof"}
    _check_terms(document)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        key.verify(unmultibase(proof["proofValue"]), _signed_bytes(document, options))
    except (InvalidSignature, ValueError):
        raise ProofRefused("The signature does not belong to this document.") from None


def _signed_bytes(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    return _canonical_hash({"@context": document["@context"], **options}) + _canonical_hash(document)


@cache
def _known_terms() -> frozenset[str]:
    return frozenset(name for address in FILES for name in _terms(context(address)["@context"]))


def _terms(definition: Any) -> Iterator[str]:
    """Names that a context defines, also inside other terms."""
    parts = definition if isinstance(definition, list) else [definition]
    for part in parts:
        for name, meaning in part.items() if isinstance(part, dict) else ():
            yield name
            if isinstance(meaning, dict) and "@context" in meaning:
                yield from _terms(meaning["@context"])


def _check_terms(document: Any) -> None:
    if isinstance(document, list):
        for item in document:
            _check_terms(item)
    if not isinstance(document, dict):
        return
    for name, value in document.items():
        if name == "@context":
            if any(
                not isinstance(item, str) or item not in FILES
                for item in (value if isinstance(value, list) else [value])
            ):
                raise ProofRefused("A context is used that is not known here.")
            continue
        kinds = value if isinstance(value, list) else [value]
        unknown = [kind for kind in kinds if kind not in _known_terms()] if name == "type" else []
        if name not in _known_terms() or unknown:
            raise ProofRefused(f"The term {(unknown or [name])[0]!r} is defined by no context, so no proof covers it.")
        _check_terms(value)
