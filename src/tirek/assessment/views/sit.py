"""A pupil's side of a computer-based sitting: one page, its worker, three addresses for the page's script.

Nobody is signed in: the code opens a seat, then the device's own key does. No cookie counts, so that a foreign page
has nothing to misuse and the forms need no token against it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache, wraps

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tirek.access.addresses import client_address
from tirek.access.gates import gate
from tirek.access.limits import count, passed
from tirek.assessment.services import sitting_down
from tirek.assessment.services.sitting_down import NotSeated
from tirek.assessment.sitting.words import all_words
from tirek_engines.errors import Refusal

WRONG_CODES, WRONG_SPAN = 60, 600
"""Wrong codes from one address in ten minutes: a school of four classes behind one address mistypes less."""
MOST_BYTES = 1_000_000
MOST_ANSWERS = 500
SCRIPTS = ("clock.js", "drawing.js", "entry.js", "keeping.js", "sending.js", "sit.js", "tasks.js", "words.js")
SHEETS = ("css/tokens.css", "css/base.css", "css/forms.css", "css/components.css", "sit/sit.css")
OTHERS = ("fonts/inter.woff2", "img/tirek.svg")


@gate(public=True)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The page for pupils. All of its words are in it, in three languages: it must work without a connection."""
    response = render(request, "assessment/sit/page.html", {
        "sheets": [static(name) for name in SHEETS], "words": all_words(), "languages": ["kk", "ru", "en"],
    })  # fmt: skip
    response["Cache-Control"] = "no-cache"
    return response


@gate(bare=True)
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the list of what it keeps; its bytes change when any of that changes."""
    names = [*SHEETS, *OTHERS, *(f"sit/{name}" for name in SCRIPTS)]
    head = f"const VERSION = {json.dumps(_version(tuple(names)))};\n"
    head += f"const KEPT = {json.dumps([static(name) for name in names])};\n"
    response = HttpResponse(head + _text("sit/worker.js"), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


def _bytes(name: str) -> bytes:
    found = finders.find(name)
    if found:
        with open(found, "rb") as file:
            return file.read()
    with staticfiles_storage.open(name) as file:
        return file.read()


def _text(name: str) -> str:
    return _bytes(name).decode()


@cache
def _version(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256(json.dumps(all_words()).encode())
    for name in names:
        digest.update(_bytes(name))
    return digest.hexdigest()[:16]


def answering(view: Callable[[HttpRequest, dict], dict]) -> Callable:
    """A JSON view; refusals become JSON too, and wrong codes are counted for each address."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        who = client_address(request) or ""
        try:
            if passed("sit", who) >= WRONG_CODES:
                raise NotSeated(_("Too many wrong codes. Wait ten minutes."), code="too_often", http_status=429)
            return JsonResponse(view(request, _read(request)))
        except Refusal as refusal:
            if refusal.code in ("unknown_code", "lost_seat"):
                count("sit", who, WRONG_SPAN)
            response = JsonResponse({"code": refusal.code, "message": refusal.message}, status=refusal.http_status)
            if refusal.http_status == 429:
                response["Retry-After"] = str(WRONG_SPAN)
            return response

    return gate(public=True)(require_POST(csrf_exempt(answered)))


def _read(request: HttpRequest) -> dict:
    bad = NotSeated(_("The browser sent what cannot be read."), code="bad_request", http_status=400)
    if request.content_type != "application/json" or int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise bad
    try:
        found = json.loads(request.body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise bad from None
    if not isinstance(found, dict):
        raise bad
    return found


def _no_number(text: str):
    raise ValueError(text)


@answering
def look(request: HttpRequest, sent: dict) -> dict:
    """Whose seat is this?"""
    return sitting_down.look_up(typed=str(sent.get("code", ""))[:40], now=timezone.now())


@answering
def begin(request: HttpRequest, sent: dict) -> dict:
    """Sit down, or go on."""
    typed, token = str(sent.get("code", ""))[:40], str(sent.get("token", ""))
    return sitting_down.sit_down(typed=typed, token=token, now=timezone.now())


@answering
def answers(request: HttpRequest, sent: dict) -> dict:
    """Answers, signs of life, handing in."""
    rows, clock, seat = sent.get("answers", []), sent.get("clock", 0), sent.get("seat")
    if (
        not isinstance(rows, list)
        or len(rows) > MOST_ANSWERS
        or isinstance(clock, bool)
        or not isinstance(clock, int | float)
        or not isinstance(seat, int)
        or not all(isinstance(row, dict) for row in rows)
        or not 0 < seat < 2**62
    ):
        raise NotSeated(_("The browser sent what cannot be read."), code="bad_request", http_status=400)
    given = [sitting_down.read_given(row, clock) for row in rows]
    hand_in = sent.get("hand_in") if sent.get("hand_in") in ("pupil", "time") else ""
    token = str(sent.get("token", ""))[:64]
    return sitting_down.take_in(seat_id=seat, token=token, answers=given, hand_in=hand_in, now=timezone.now())
