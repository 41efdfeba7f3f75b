"""Every kind of decision says where it is decided: rule, engine, cases, and reasons in three languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from tirek.decisions.kinds import all_kinds, function, place_of, placeholders
from tirek.decisions.rules import shipped_file
from tirek.decisions.where import manual_page
from tirek_engines.rules import parse_rules

ROOT = Path(__file__).resolve().parents[2]
KINDS = [kind for kind in all_kinds() if not kind.code.startswith("toy.")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
class TestKind:
    def test_its_rules_are_shipped(self, kind):
        assert parse_rules(shipped_file(kind.rule).read_bytes(), kind.rule, kind.rule)

    def test_its_engine_is_there(self, kind):
        assert kind.engine.startswith("tirek_engines."), "what decides is a pure function of the library"
        assert place_of(kind.engine).line > 0
        assert callable(function(kind.run))
        assert kind.fresh is None or callable(function(kind.fresh))

    def test_it_has_cases(self, kind):
        assert list((ROOT / kind.cases).glob("*.y*ml")), f"{kind.cases} holds no cases"

    def test_its_numbers_have_labels(self, kind):
        for code, text in kind.reasons.items():
            assert placeholders(str(text)) <= set(kind.numbers), code

    @pytest.mark.parametrize("language", ["kk", "ru"])
    def test_its_reasons_are_translated(self, kind, language):
        with translation.override("en"):
            english = {code: str(text) for code, text in kind.reasons.items()}
        with translation.override(language):
            missing = [code for code, text in kind.reasons.items() if str(text) == english[code]]
            broken = [c for c, t in kind.reasons.items() if placeholders(str(t)) != placeholders(english[c])]
        assert not missing, f"no {language} text for {missing}"
        assert not broken, f"the {language} text of {broken} has other numbers"


def test_the_manual_page_is_as_generated():
    with translation.override("en"):
        wanted = manual_page()
    page = ROOT / "docs" / "manual" / "where-decided.md"
    assert page.read_text() == wanted, "run: tirek rules where > docs/manual/where-decided.md"
