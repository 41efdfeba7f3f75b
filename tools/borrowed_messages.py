"""Sentences of Django, allauth and axes that have no Kazakh (or Russian) translation of their own, so that we give them ours.

``python tools/borrowed_messages.py`` adds what is missing to src/tirek/site/locale_borrowed/<language>/LC_MESSAGES/django.po
and compiles it; translations that are there stay. The list follows the installed versions.
"""

from __future__ import annotations

import re
from calendar import month_name
from importlib.util import find_spec
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

OURS = Path(__file__).resolve().parents[1] / "src" / "tirek" / "site" / "locale_borrowed"
NEVER_SHOWN = frozenset(Path(__file__).with_name("never_shown.txt").read_text().splitlines())
LANGUAGES = ("kk", "ru")
# package, folder of its catalogues, catalogue that lists all its sentences
SOURCES = (
    ("django", "conf/locale", "ru"),
    ("django", "contrib/auth/locale", "ru"),
    ("django", "contrib/humanize/locale", "ru"),
    ("django", "contrib/postgres/locale", "ru"),
    ("allauth", "locale", "ru"),
    ("axes", "locale", "ru"),
)
# months inside a date: Django gives Kazakh a capital letter, which belongs only to the month alone
MONTHS_IN_DATES = {
    "kk": (
        "қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым",
        "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан",
    ),
}  # fmt: skip
# languages' names, the admin's sentences and templates that we replace never reach our pages
SKIPPED_PLACES = re.compile(
    r"global_settings\.py|^conf/global|contrib/admin|contrib/gis|templates/|usersessions|idp/|headless|openid/|views/debug|"
    r"management/|socialaccount/providers/(?!openid_connect)|(socialaccount|account|mfa|sites|auth|contenttypes|postgres)/(models|apps|fields)|sitemaps|syndication|flatpages|redirects"
)


def catalogue(package: str, folder: str, language: str) -> Catalog:
    path = Path(find_spec(package).origin).parent / folder / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def reaches_us(message: Message) -> bool:
    if (message.id if isinstance(message.id, str) else message.id[0]) in NEVER_SHOWN:
        return False
    places = [place for place, _line in message.locations]
    return not places or any(not SKIPPED_PLACES.search(place) for place in places)


def is_said(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def missing(language: str) -> list[tuple[str, Message]]:
    """Package and sentence of everything that may reach a page and has no translation."""
    found = []
    for package, folder, listing in SOURCES:
        theirs = catalogue(package, folder, language)
        for message in catalogue(package, folder, listing):
            if message.id and reaches_us(message) and not is_said(theirs.get(message.id, message.context)):
                found.append((package, message))
    return found


def our_catalogue(language: str) -> Catalog:
    path = OURS / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog(locale=language, project="Tirek, borrowed sentences", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def main() -> None:
    for language in LANGUAGES:
        ours = our_catalogue(language)
        for package, message in missing(language):
            if ours.get(message.id, message.context) is None:
                ours.add(message.id, context=message.context, auto_comments=[package], flags=message.flags)
        for month, said in zip(month_name[1:], MONTHS_IN_DATES.get(language, ()), strict=False):
            ours.delete(month, context="alt. month")
            ours.add(month, said, context="alt. month", auto_comments=["django"])
        folder = OURS / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "django.po").open("wb") as file:
            write_po(file, ours, sort_output=True, omit_header=False, width=0)
        with (folder / "django.mo").open("wb") as file:
            write_mo(file, ours)
        unsaid = sum(1 for message in ours if message.id and not is_said(message))
        print(f"{language}: {len(ours)} sentences, {unsaid} without a translation")


if __name__ == "__main__":
    main()
