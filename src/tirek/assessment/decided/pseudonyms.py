"""What a pupil is called in the sealed tables of a test."""

from __future__ import annotations

from tirek.assessment.models import Test
from tirek.storage.secrets import keyed_hash_many

SUBJECT_BYTES = 10


def pseudonyms(test: Test, person_ids: list[int]) -> list[str]:
    """A pupil's name in the sealed tables of this test."""
    texts = [f"assessment/{test.code}/{person_id}" for person_id in person_ids]
    return [digest[:SUBJECT_BYTES].hex() for digest in keyed_hash_many(texts)]
