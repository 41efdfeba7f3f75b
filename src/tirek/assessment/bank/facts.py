"""What an item is, and what a version of it holds: as forms, files and services pass it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tirek.assessment.bank.pictures import cleaned
from tirek.assessment.bank.validity import PictureFacts
from tirek.assessment.bank.wording import LANGUAGES, Wording, content_of, wordings_of
from tirek.storage import sealed


@dataclass(frozen=True)
class ItemFacts:
    """What an item is in all its versions."""

    code: str
    subject: str
    grade: int
    kind: str
    content_area: str = ""
    max_score: int = 1
    minutes: Decimal = Decimal("1.5")
    can_do: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionFacts:
    wordings: Mapping[str, Wording]
    key: str = ""
    tolerance: str = ""
    pictures: tuple[PictureFacts, ...] = ()
    why: str = ""


def keep_picture(data: bytes) -> tuple[str, str]:
    """Media type and digest of a picture whose drawing parts are sealed."""
    media_type, drawing = cleaned(data)
    return media_type, sealed.seal(drawing)


def facts_of(version) -> VersionFacts:
    pictures = tuple(
        PictureFacts(p.name, p.sha256, p.media_type, p.language, {c: getattr(p, f"words_{c}") for c in LANGUAGES})
        for p in version.pictures.order_by("name", "language")
    )  # fmt: skip
    return VersionFacts(wordings_of(version.content), version.key, version.tolerance, pictures, version.why)


def same(one: VersionFacts, other: VersionFacts) -> bool:
    """Whether pupils would meet the same item, with the same key."""
    return _compared(one) == _compared(other)


def _compared(facts: VersionFacts) -> tuple:
    pictures = sorted(
        (p.sha256, language, p.words.get(language, ""))
        for p in facts.pictures
        for language in ([p.language] if p.language else facts.wordings)
    )
    return content_of(facts.wordings), facts.key, facts.tolerance, pictures
