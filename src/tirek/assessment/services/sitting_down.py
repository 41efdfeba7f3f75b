"""A pupil at a computer: the code, the booklet, answers as they arrive, handing in.

To the database the pupil is nobody: each function finds the seat by its code or its device's key and does the rest as
the loader. No key and no score ever leaves here.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.assessment.bank.wording import in_language, wordings_of
from tirek.assessment.models import BookletItem, DoneBy, Item, Seat, SeatAnswer, SeatDevice, SeatState, TestState
from tirek.assessment.queries import seats as queries
from tirek.assessment.services.handing_in import finish
from tirek.storage import sealed
from tirek_engines.errors import Refusal

GRACE = dt.timedelta(minutes=60)
"""How long after the end answers that were given in time may still arrive."""
TOLERANCE = dt.timedelta(seconds=10)
MOST_CHARACTERS = 2000
MOST_SEQUENCE = 1_000_000_000
TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")


class NotSeated(Refusal):
    """The pupil cannot go on; ``code`` tells the page which words to show."""

    http_status = 409

    def __init__(self, message: str, *, code: str, http_status: int = 409) -> None:
        super().__init__(message, code=code)
        self.http_status = http_status


@dataclass(frozen=True)
class Given:
    """One answer as a browser sends it: place in the booklet, sequence, and how long ago it was given."""

    place: int
    value: str
    sequence: int
    age: dt.timedelta


def look_up(*, typed: str, now: dt.datetime) -> dict:
    """Whose seat a code opens, as far as the pupil needs it to say yes."""
    with loading():
        seat = _seat_of(typed, now)
        return _introduced(seat) | {"state": seat.state}


@transaction.atomic
def sit_down(*, typed: str, token: str, now: dt.datetime) -> dict:
    """Begin, or go on: the whole booklet, what is answered already, and the time left. Asked twice, nothing happens twice."""
    if not TOKEN.fullmatch(token):
        raise NotSeated(_("The browser sent no key of its own."), code="bad_request")
    with loading():
        seat = _seat_of(typed, now)
        seat = (
            Seat.objects.select_for_update(of=("self",))
            .select_related("sitting__test", "person", "booklet")
            .get(pk=seat.pk)
        )
        _hold_device(seat, token, now)
        if seat.state == SeatState.WAITING:
            minutes = seat.sitting.test.minutes + seat.extra_minutes
            seat.state, seat.began_at, seat.ends_at = SeatState.WORKING, now, now + dt.timedelta(minutes=minutes)
            seat.save(update_fields=["state", "began_at", "ends_at"])
        if seat.ends_at is not None and now > seat.ends_at:
            raise NotSeated(_("The time is over."), code="time_over")
        return _introduced(seat) | _progress(seat, now) | {
            "seat": seat.pk,
            "language": seat.sitting.language,
            "items": _shown_items(seat),
            "answers": _answered(seat),
        }  # fmt: skip


def _seat_of(typed: str, now: dt.datetime) -> Seat:
    seat = queries.seat_by_code(typed)
    if seat is None or seat.sitting.state == "cancelled":
        raise NotSeated(_("No seat has this code. Look at the slip again."), code="unknown_code", http_status=404)
    if seat.sitting.closed_at is not None or seat.sitting.test.state == TestState.PUBLISHED:
        raise NotSeated(_("This sitting is closed."), code="closed")
    if seat.sitting.date > timezone.localdate(now):
        raise NotSeated(_("This sitting has not begun yet."), code="too_early")
    if seat.state == SeatState.ABSENT:
        raise NotSeated(_("This seat is marked absent. Ask the supervisor."), code="absent")
    if seat.state == SeatState.DONE:
        raise NotSeated(_("This seat has been handed in."), code="done")
    return seat


def _hold_device(seat: Seat, token: str, now: dt.datetime) -> None:
    """One device a seat; another needs the supervisor's leave, and shuts the first one out."""
    device, _new = SeatDevice.objects.get_or_create(
        seat=seat, defaults={"person_id": seat.person_id, "org_no": seat.org_no}
    )
    digest = queries.token_hash(token)
    is_same = device.token_hash is not None and bytes(device.token_hash) == digest
    if device.token_hash is not None and not is_same and not device.another_may:
        raise NotSeated(
            _("This seat is open at another device. Ask the supervisor for leave to go on here."), code="in_use"
        )
    device.token_hash, device.seen_at = digest, now
    device.another_may = device.another_may and is_same
    device.save(update_fields=["token_hash", "seen_at", "another_may"])


def _introduced(seat: Seat) -> dict:
    person = seat.person
    test = seat.sitting.test
    return {
        "initials": f"{person.given_name[:1]}. {person.family_name[:1]}.".strip(),
        "class": str(seat.sitting.class_group or ""),
        "number": seat.number,
        "titles": {code: getattr(test, f"title_{code}") for code in ("kk", "ru", "en")},
        "minutes": test.minutes + seat.extra_minutes,
        "n_items": BookletItem.objects.filter(booklet=seat.booklet_id).count(),
    }


def _progress(seat: Seat, now: dt.datetime) -> dict:
    left = (seat.ends_at - now).total_seconds() if seat.ends_at else 0.0
    return {"state": seat.state, "ends_in_ms": int(left * 1000), "done_by": seat.done_by}


def _answered(seat: Seat) -> dict[str, dict]:
    places = {item: place for place, item in enumerate(_item_ids(seat), start=1)}
    found = SeatAnswer.objects.filter(seat=seat).values_list("item_id", "value", "sequence")
    return {
        str(places[item]): {"value": value, "sequence": sequence} for item, value, sequence in found if item in places
    }


def _item_ids(seat: Seat) -> list[int]:
    return list(
        BookletItem.objects.filter(booklet=seat.booklet_id).order_by("position").values_list("item_id", flat=True)
    )


def _shown_items(seat: Seat) -> list[dict]:
    """What the pupil sees of each item, in the language of the sitting. Built from named parts: never a key."""
    places = BookletItem.objects.filter(booklet=seat.booklet_id).order_by("position")
    places = places.select_related("item__version__item").prefetch_related("item__version__pictures")
    return [_shown_item(place.item, seat.sitting.language) for place in places]


def _shown_item(item: Item, language: str) -> dict:
    if item.version is None:
        stem = getattr(item, f"wording_{language}", "") or item.wording_kk or item.wording_ru or item.code
        kind = queries.kind_without_version(item)
        options = [{"letter": letter, "text": ""} for letter in "ABCDE"] if kind == "choice" else []
        return {"kind": kind, "stem": stem, "options": options, "pictures": []}
    held = in_language(wordings_of(item.version.content), language)
    return {
        "kind": item.version.item.kind,
        "stem": held.stem,
        "options": [{"letter": letter, "text": text} for letter, text in held.lettered],
        "pictures": [
            _drawn(picture, language) for picture in item.version.pictures.all() if picture.language in ("", language)
        ],
    }


def _drawn(picture, language: str) -> dict:
    data = base64.b64encode(sealed.read(picture.sha256)).decode()
    words = getattr(picture, f"words_{language}", "") or picture.words_kk or picture.words_ru
    return {"name": picture.name, "source": f"data:{picture.media_type};base64,{data}", "words": words}


@transaction.atomic
def take_in(*, seat_id: int, token: str, answers: Sequence[Given], hand_in: str, now: dt.datetime) -> dict:
    """Answers that a device sends, in any order and any number of times; ``hand_in`` is "", "pupil" or "time".

    Of each item the highest sequence is kept. Answers given after the end are not taken; those given in time are,
    for an hour after it.
    """
    with loading():
        seat = _seat_at(seat_id, token)
        refused: list[int] = []
        if answers:
            refused = _keep(seat, answers, now) if _takes(seat, now) else [given.place for given in answers]
        if hand_in == "time" and seat.ends_at is not None and now < seat.ends_at - TOLERANCE:
            hand_in = ""  # the browser's clock was wrong, or minutes were added: it is told how much time is left
        if hand_in and seat.state == SeatState.WORKING and _takes(seat, now):
            finish(seat, by=DoneBy.PUPIL if hand_in == "pupil" else DoneBy.TIME, now=now)
        elif seat.state == SeatState.DONE and len(refused) < len(answers):
            finish(seat, by=seat.done_by, now=now)
        n = SeatAnswer.objects.filter(seat=seat).exclude(value="").count()
        SeatDevice.objects.filter(seat=seat).update(seen_at=now, n_answered=n)
        kept = {place: one["sequence"] for place, one in _answered(seat).items()}
        return _progress(seat, now) | {"kept": kept, "refused": refused}


def _seat_at(seat_id: int, token: str) -> Seat:
    found = Seat.objects.select_for_update(of=("self",)).select_related("sitting__test", "device")
    seat = found.filter(pk=seat_id, device__token_hash=queries.token_hash(token)).first()
    if seat is None:
        raise NotSeated(
            _("This device no longer holds the seat. Ask the supervisor."), code="lost_seat", http_status=403
        )
    return seat


def _takes(seat: Seat, now: dt.datetime) -> bool:
    """At work, or ended by the clock or the supervisor a short while ago. What a pupil handed in is handed in."""
    if seat.ends_at is None or now > seat.ends_at + GRACE or seat.sitting.test.state == TestState.PUBLISHED:
        return False
    return seat.state == SeatState.WORKING or (seat.state == SeatState.DONE and seat.done_by != DoneBy.PUPIL)


UPSERT = """
insert into assessment_seatanswer as a
  (seat_id, item_id, org_no, person_id, value, sequence, answered_at, received_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (seat_id, item_id) do update set
  value = excluded.value, sequence = excluded.sequence, answered_at = excluded.answered_at,
  received_at = excluded.received_at, score = null, scored_by_id = null
where excluded.sequence > a.sequence
"""


def _keep(seat: Seat, answers: Sequence[Given], now: dt.datetime) -> list[int]:
    """Places whose answers came too late or are in no booklet of this seat."""
    items = dict(enumerate(_item_ids(seat), start=1))
    refused, rows = [], []
    for given in answers:
        at = max(now - max(given.age, dt.timedelta(0)), seat.began_at or now)
        if given.place not in items or (seat.ends_at is not None and at > seat.ends_at + TOLERANCE):
            refused.append(given.place)
            continue
        rows.append((
            seat.pk, items[given.place], seat.org_no, seat.person_id, given.value[:MOST_CHARACTERS],
            min(given.sequence, MOST_SEQUENCE), at, now,
        ))  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(UPSERT, rows)
    return refused


def read_given(row: Mapping, clock: float) -> Given:
    """An answer as JSON, with the browser's clock at sending: a wrong clock is wrong in both, so only the age counts."""
    place, sequence, value, at = row.get("place"), row.get("sequence"), row.get("value"), row.get("at")
    if not isinstance(place, int) or not isinstance(sequence, int) or not isinstance(value, str) or sequence < 0:
        raise NotSeated(_("The browser sent what cannot be read."), code="bad_request", http_status=400)
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise NotSeated(_("The browser sent what cannot be read."), code="bad_request", http_status=400)
    age = min(max((clock - at) / 1000, 0.0), 7 * 86400.0)
    return Given(place, value.replace("\x00", ""), sequence, dt.timedelta(seconds=age))
