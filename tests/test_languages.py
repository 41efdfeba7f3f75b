"""Every text of the source has its Kazakh and its Russian: none missing, none doubtful, none empty."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tirek"
PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
WITH_CONTEXT = {"pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"}
STRING = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(n?gettext|n?pgettext|_)\({STRING}(?:, {STRING})?")
Text = tuple[str | None, str]


def texts_of_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else None for a in node.args]
        if name in PLAIN and given and given[0]:
            yield None, given[0]
        elif name in WITH_CONTEXT and len(given) > 1 and given[1]:
            yield given[0], given[1]


def texts_of_template(source: str) -> Iterator[Text]:
    for name, first, second in CALL.findall(templatize(source)):
        if name.endswith("pgettext"):
            yield ast.literal_eval(first), ast.literal_eval(second)
        else:
            yield None, ast.literal_eval(first)


def texts() -> dict[Text, str]:
    found: dict[Text, str] = {}
    for pattern, read in (("*.py", texts_of_python), ("*.html", texts_of_template), ("*.txt", texts_of_template)):
        for path in SOURCE.rglob(pattern):
            if "static" not in path.parts and path.name != "borrowed_words.py":
                found |= dict.fromkeys(read(path.read_text()), str(path.relative_to(SOURCE)))
    return found


def said(language: str) -> set[Text]:
    """Texts that a catalogue translates whole, and is sure of."""
    with (SOURCE / "site" / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return {
            (message.context, message.id[0] if isinstance(message.id, tuple) else message.id)
            for message in read_po(file)
            if not message.fuzzy and all(message.string if isinstance(message.string, tuple) else [message.string])
        }


def test_texts_are_found():
    template = (
        "{% load i18n %}{% trans 'One' %}{% blocktrans count n=n %}{{ n }} row{% plural %}rows{% endblocktrans %}"
    )
    assert set(texts_of_template(template + "{% trans 'May' context 'month' %}")) == {
        (None, "One"), (None, "%(n)s row"), ("month", "May"),
    }  # fmt: skip
    assert set(texts_of_python("a = _('x'); b = pgettext('c', 'y'); c = other('z')")) == {(None, "x"), ("c", "y")}
    assert len(texts()) > 1000


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_every_text_is_translated(language):
    known = said(language)
    missing = {text: where for text, where in texts().items() if text not in known}
    assert not missing, "run make messages and translate"
