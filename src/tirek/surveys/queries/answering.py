"""What a code, a poster's key or Collect's token opens. Read as the loader: who answers is nobody to the database."""

from __future__ import annotations

from tirek.storage.typed_codes import read_code
from tirek.surveys.models import AccessCode, Draft, RoundSchool
from tirek.surveys.queries.rounds import code_hash, collect_hash, poster_hash

WITH_ROUND = ("round__form", "round__version", "school")


def code_typed(typed: str) -> AccessCode | None:
    """The code that somebody typed, or None."""
    code = read_code(typed)
    if code is None:
        return None
    return AccessCode.objects.select_related(*WITH_ROUND).filter(code_hash=code_hash(code)).first()


def school_of_poster(key: str) -> RoundSchool | None:
    code = read_code(key)
    if code is None:
        return None
    return (
        RoundSchool.objects.select_related("round__form", "round__version")
        .filter(poster_hash=poster_hash(code))
        .first()
    )


def school_of_token(token: str) -> RoundSchool | None:
    if not (token.isascii() and token.isalnum() and len(token) == 32):
        return None
    found = RoundSchool.objects.select_related("round__form", "round__version")
    return found.filter(collect_hash=collect_hash(token)).first()


def draft_of(code: AccessCode) -> Draft | None:
    return Draft.objects.select_related("version").filter(code=code).first()
