"""What the bank's pages share: trails, tabs, rows, and a version with its differences as templates show it."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tirek.access.queries import names_of
from tirek.assessment.bank import validity
from tirek.assessment.bank.facts import facts_of
from tirek.assessment.bank.wording import LANGUAGES, Wording, changes, in_language, wordings_of
from tirek.assessment.queries import bank as queries

LANGUAGE_NAMES = {"kk": gettext_lazy("Kazakh"), "ru": gettext_lazy("Russian"), "en": gettext_lazy("English")}
SHOWN_LETTERS = 120


def trail(item=None) -> list[tuple[str, str]]:
    items = [(_("Tests and results"), reverse("assessment:tests")), (_("Item bank"), reverse("assessment:bank"))]
    return items if item is None else [*items, (item.code, reverse("assessment:bank_item", args=[item.pk]))]


def tabs(here: str) -> list[tuple[str, str, bool]]:
    pages = [("bank", _("Items")), ("bank_imports", _("Bring in items")), ("bank_pick", _("A test from the bank")),
             ("bank_areas", _("Content areas"))]  # fmt: skip
    return [(label, reverse(f"assessment:{name}"), name == here) for name, label in pages]


def item_or_404(request: HttpRequest, pk: int):
    found = queries.item_by_id(request.scope, pk)
    if found is None:
        raise Http404
    return found


def may_change(request: HttpRequest, item) -> bool:
    return request.scope.covers(item.org_lo) and request.scope.covers(item.org_hi)


def language_of(request: HttpRequest) -> str:
    language = (getattr(request, "LANGUAGE_CODE", "") or "kk")[:2]
    return language if language in LANGUAGES else "kk"


def list_rows(items, language: str) -> list[dict]:
    """A page of items with the beginning of the task, and what is known of its use."""
    items = list(items)
    versions = queries.versions_by_id(item.version_id for item in items if item.version_id)
    used = queries.exposures(item.pk for item in items)
    rows = []
    for item in items:
        version = versions.get(item.version_id)
        wordings = wordings_of(version.content) if version else {}
        stem = in_language(wordings, language).stem.replace("\n", " ")
        rows.append({
            "item": item,
            "stem": stem if len(stem) <= SHOWN_LETTERS else f"{stem[:SHOWN_LETTERS]}…",
            "languages": [code for code in LANGUAGES if code in wordings],
            "has_picture": bool(version and version.pictures.all()),
            "use": used.get(item.pk) or queries.Exposure(),
        })  # fmt: skip
    return rows


def side_by_side(version) -> list[dict]:
    """The three languages of a version, missing ones too."""
    wordings = wordings_of(version.content)
    pictures = list(version.pictures.all())
    return [
        {
            "language": code,
            "name": LANGUAGE_NAMES[code],
            "wording": wordings.get(code),
            "pictures": [
                {"pk": p.pk, "words": getattr(p, f"words_{code}")} for p in pictures if p.language in ("", code)
            ],
        }
        for code in LANGUAGES
    ]


def missing(item, version) -> list[str]:
    facts = facts_of(version)
    return validity.not_ready(item.kind, facts.key, facts.wordings, facts.pictures)


def history(versions) -> list[dict]:
    """The versions, the latest first, each with what changed against the one before."""
    names = names_of(version.by_id for version in versions)
    pairs = zip(versions, [*versions[1:], None], strict=True)
    return [
        {
            "version": version,
            "who": names.get(version.by_id, ""),
            "changes": [] if before is None else _differences(before, version),
        }
        for version, before in pairs
    ]


def _differences(before, after) -> list[dict]:
    old, new = wordings_of(before.content), wordings_of(after.content)
    found = []
    for code in LANGUAGES:
        one, other = old.get(code, Wording()), new.get(code, Wording())
        if one != other:
            found.append({"what": LANGUAGE_NAMES[code], "pieces": changes(one.plain, other.plain)})
    if (before.key, before.tolerance) != (after.key, after.tolerance):
        found.append({"what": _("The key was changed."), "pieces": []})
    if _pictures(before) != _pictures(after):
        found.append({"what": _("The pictures or their words were changed."), "pieces": []})
    return found


def _pictures(version) -> set:
    return {(p.sha256, p.language, p.words_kk, p.words_ru, p.words_en) for p in version.pictures.all()}
