"""The walker's side: one page that works without a connection, its worker, and the addresses its script talks to."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.facilities.pages.offline import page_parts, worker_script
from tirek.facilities.queries import walks as queries
from tirek.facilities.refusals import BadFinding, BadPhotograph, NotFound
from tirek.facilities.services import findings, photographs
from tirek.storage import pictures
from tirek_engines.errors import Refusal

MOST_BYTES = 2_000_000
MOST_FINDINGS = 50
FURTHEST_CLOCK = 4_102_444_800_000  # the year 2100 in milliseconds


@gate(permission="rooms.walk")
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The page for walks. All of its words are in it, in three languages; whose it is comes with the plan."""
    response = render(request, "facilities/walk_phone.html", page_parts())
    response["Cache-Control"] = "no-cache"
    return response


@gate(bare=True)
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of this page only."""
    response = HttpResponse(worker_script(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


def answering(view: Callable[..., dict]) -> Callable:
    """A JSON view; refusals become JSON too."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            return JsonResponse(view(request))
        except Refusal as refusal:
            return JsonResponse({"code": refusal.code, "message": refusal.message}, status=refusal.http_status)

    return answered


@gate(permission="rooms.walk")
@require_GET
@never_cache
@answering
def plan(request: HttpRequest) -> dict:
    """The rooms, their standards, and what has been found in the open walk."""
    institution = _own(request)
    found = queries.plan_of(institution, on=timezone.localdate())
    return found | {"user": request.user.pk, "name": str(request.user), "token": get_token(request)}


@gate(permission="rooms.walk")
@require_POST
@answering
def take_findings(request: HttpRequest) -> dict:
    """What was found; each is answered for itself, so that one that cannot be taken holds up no other."""
    institution, sent = _own(request), _read(request)
    rows = sent.get("findings")
    if not isinstance(rows, list) or len(rows) > MOST_FINDINGS or not all(isinstance(row, dict) for row in rows):
        raise _unreadable()
    now = timezone.now()
    shift = _clock_shift(sent.get("clock"), now)
    device = str(sent.get("device", ""))[:40]
    return {"findings": [_take(request, institution.org_no, row, shift, device, now) for row in rows]}


def _take(request, org_no: int, row: dict, shift: dt.timedelta, device: str, now: dt.datetime) -> dict:
    name = str(row.get("uuid", ""))[:40]
    try:
        sent = _finding(row, shift, device, now)
        taken = findings.take_finding(org_no=org_no, sent=sent, by=request.user, now=now)
    except Refusal as refusal:
        return {"uuid": name, "state": "refused", "code": refusal.code, "message": refusal.message}
    return {"uuid": name, "state": taken.state, "walk": taken.finding.walk_id}


def _finding(row: dict, shift: dt.timedelta, device: str, now: dt.datetime) -> findings.Sent:
    """A row as the service wants it; what is of the wrong kind is refused, not guessed."""
    place, counts, seen, reported = (row.get(name) for name in ("place", "counts", "seen", "reported"))
    is_right = (
        isinstance(place, str) and isinstance(counts, dict) and isinstance(seen, list) and isinstance(reported, dict)
        and isinstance(row.get("note", ""), str) and all(isinstance(name, str) for name in counts)
    )  # fmt: skip
    if not is_right:
        raise _unreadable()
    is_known = place.startswith("r") and place[1:].isascii() and place[1:].isdigit() and len(place) < 18
    return findings.Sent(
        uuid=_uuid(row.get("uuid")), room_id=int(place[1:]) if is_known else None, taken_at=_moment(row.get("at"), now) + shift,
        condition=str(row.get("condition") or "")[:16], is_absent=row.get("is_absent") is True, counts=counts,
        note=row.get("note", "").replace("\x00", ""), new_room=None if is_known else _uuid(place[1:]),
        reported=_plain(reported), seen=[_uuid(one) for one in seen], device=device,
    )  # fmt: skip


def _plain(reported: dict) -> dict:
    """Texts and a number; nothing else belongs there."""
    return {
        str(name)[:20]: value.replace("\x00", "").strip() if isinstance(value, str) else value
        for name, value in reported.items()
        if value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    }


@gate(permission="rooms.walk")
@require_POST
@answering
def take_photograph(request: HttpRequest) -> dict:
    """One photograph of a room whose finding has come before it."""
    institution, now = _own(request), timezone.now()
    file = request.FILES.get("file")
    if file is None:
        raise BadPhotograph(_("The photograph did not arrive. It is sent again."), code="no_file")
    pictures.too_large(file.size or 0, file.name or "")  # before it is read into memory
    shift = _clock_shift(_number(request.POST.get("clock")), now)
    sent = photographs.SentPhotograph(
        uuid=_uuid(request.POST.get("uuid")), name=(file.name or "")[-100:], data=file.read(),
        taken_at=_moment(_number(request.POST.get("at")), now) + shift, keep_place=request.POST.get("keep_place") == "1",
        place=_place(request.POST.get("where", "")),
    )  # fmt: skip
    kept = photographs.keep_of_finding(
        org_no=institution.org_no, finding_uuid=_uuid(request.POST.get("finding")), sent=sent, by=request.user, now=now
    )
    return {"uuid": str(sent.uuid), "state": kept.state}


def _own(request: HttpRequest):
    institution = queries.institution_of(request.scope)
    if institution is None:
        raise NotFound(_("A walk is made by somebody of the institution. Your role covers none, or more than one."))
    return institution


def _read(request: HttpRequest) -> dict:
    if request.content_type != "application/json" or int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise _unreadable()
    try:
        found = json.loads(request.body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _unreadable() from None
    if not isinstance(found, dict):
        raise _unreadable()
    return found


def _no_number(text: str):
    raise ValueError(text)


def _unreadable() -> BadFinding:
    return BadFinding(_("The browser sent what cannot be read."), code="bad_request")


def _uuid(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        raise _unreadable() from None


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _moment(value: object, now: dt.datetime) -> dt.datetime:
    """A moment in milliseconds, as browsers count them."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < FURTHEST_CLOCK:
        return now
    return dt.datetime.fromtimestamp(value / 1000, dt.UTC)


def _clock_shift(clock: object, now: dt.datetime) -> dt.timedelta:
    """How far the phone's clock is from ours; less than a minute is the line's doing."""
    shift = now - _moment(clock, now)
    return shift if abs(shift) > dt.timedelta(minutes=1) else dt.timedelta(0)


def _place(text: str) -> tuple[float, float] | None:
    parts = [_number(part) for part in text.split(",")]
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        return None
    longitude, latitude = parts[0], parts[1]
    return (longitude, latitude) if abs(longitude) <= 180 and abs(latitude) <= 90 else None
