"""What ODK Collect is told of a round's form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tirek.storage import sealed
from tirek.surveys.models import Round


@dataclass(frozen=True)
class CollectForm:
    """A form as Collect lists it."""

    form_id: str
    version: str
    title: str
    md5: str
    xml: bytes


def form_of(found: Round) -> CollectForm:
    xml = sealed.read(found.version.xform_sha256)
    digest = hashlib.md5(xml, usedforsecurity=False).hexdigest()  # OpenRosa asks for MD5: it only tells versions apart
    return CollectForm(found.form.code, found.version.version, found.form.title_kk, digest, xml)


def manifest_hash(found: Round) -> str:
    return found.version.xform_sha256[:32]
