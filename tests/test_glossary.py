"""Each word is there in three languages, and the manual's page is made of the same file."""

from pathlib import Path

from tirek.site.glossary import in_language, terms

MANUAL = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"


def test_every_word_is_said_in_three_languages():
    for term in terms().values():
        for language in ("kk", "ru", "en"):
            assert term.names[language].strip()
            assert term.meanings[language].strip().endswith((".", "!", "?"))
    assert len(in_language("kk")) == len(terms())


def test_the_manual_has_the_same_words():
    text = MANUAL.read_text()
    assert [term.names["en"] for term in terms().values() if term.names["en"] not in text] == []
