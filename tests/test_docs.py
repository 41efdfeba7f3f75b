"""The manual's examples are executed, and its pages are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])


def test_examples_do_what_they_say(tmp_path):
    from sphinx.application import Sphinx

    docs = ROOT / "docs"
    app = Sphinx(docs, docs, tmp_path / "out", tmp_path / "trees", "doctest", status=None, warning=None)
    app.build()
    said = (tmp_path / "out" / "output.txt").read_text()
    assert app.statuscode == 0, said
    assert int(re.search(r"(\d+) tests", said)[1]) > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target and not (page.parent / target).exists():
            broken.append(target)
    assert not broken
