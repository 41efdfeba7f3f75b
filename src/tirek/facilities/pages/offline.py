"""The parts of the page for walks that a phone keeps, and the worker that keeps them."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.templatetags.static import static

from tirek.facilities.pages.walk_words import all_words

SCRIPTS = ("drawing.js", "keeping.js", "pictures.js", "room.js", "rooms.js", "sending.js", "walk.js", "words.js")
CONDITIONS = ("good", "fair", "poor", "unusable")
SHEETS = ("css/tokens.css", "css/base.css", "css/forms.css", "css/components.css", "walk/walk.css")
OTHERS = ("fonts/inter.woff2", "img/tirek.svg", *(f"walk/condition-{code}.svg" for code in CONDITIONS))


def page_parts() -> dict:
    """What the page's template needs; nothing in it is anybody's."""
    return {
        "sheets": [static(name) for name in SHEETS],
        "words": all_words(),
        "images": {code: static(f"walk/condition-{code}.svg") for code in CONDITIONS},
    }


def worker_script() -> str:
    """The worker, with the list of what it keeps; its bytes change when any of that changes."""
    names = [*SHEETS, *OTHERS, *(f"walk/{name}" for name in SCRIPTS)]
    head = f"const VERSION = {json.dumps(_version(tuple(names)))};\n"
    head += f"const KEPT = {json.dumps([static(name) for name in names])};\n"
    return head + _bytes("walk/worker.js").decode()


def _bytes(name: str) -> bytes:
    found = finders.find(name)
    if found:
        with open(found, "rb") as file:
            return file.read()
    with staticfiles_storage.open(name) as file:
        return file.read()


@cache
def _version(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256(json.dumps(all_words()).encode())
    for name in names:
        digest.update(_bytes(name))
    return digest.hexdigest()[:16]
