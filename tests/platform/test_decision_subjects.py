"""Whom an outcome is about is said in words, not in codes."""

from __future__ import annotations

import pytest
from django.utils import translation

from tirek.decisions import subjects


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("all", "all", "All together"),
        ("settlement", "rural", "Villages"),
        ("language", "kk", "Kazakh"),
        ("gap", "settlement", "Towns against villages"),
        ("item", "M4A01", "Item M4A01"),
        ("something-new", "X-1", "X-1"),
    ],
)
def test_a_subject_is_named(kind, code, words):
    with translation.override("en"):
        assert subjects.label(kind, code) == words


def test_kinds_of_subjects_are_named_in_kazakh():
    with translation.override("kk"):
        assert subjects.many("all") == "Барлығы бірге"
