"""Questions about sittings and their seats. A supervisor's right is checked here, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import BooleanField, CharField, Count, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from tirek.access.roles import Role
from tirek.access.scope import Scope, current_scope, loading
from tirek.assessment.decided.collection import unscored
from tirek.assessment.models import (
    Booklet,
    BookletItem,
    Seat,
    SeatAnswer,
    SeatState,
    Sitting,
    SittingMode,
    SittingNote,
    SittingState,
    Test,
)
from tirek.assessment.sitting.access_codes import code_from, read_code, read_paper_number, shown_code
from tirek.assessment.sitting.marking import Task, kind_without_version
from tirek.registry.models import Enrolment, InstitutionState, Teaching
from tirek.storage.secrets import keyed_hash


def code_hash(code: str) -> bytes:
    return keyed_hash(f"seat {code}")


def token_hash(token: str) -> bytes:
    return keyed_hash(f"device of a seat {token}")


def trial_code(sitting_id: int, number: int) -> str:
    """The code of a seat in a synthetic test: always the same, so that whoever tries the program can be shown it."""
    return code_from(keyed_hash(f"trial seat {sitting_id} {number}"))


def sittings_supervised() -> QuerySet[Sitting]:
    """Sittings that the asker may supervise; to be read inside ``loading()``. Call it in the asker's own scope."""
    scope = current_scope()
    found = Sitting.objects.exclude(state=SittingState.CANCELLED)
    if scope.is_own:
        today = timezone.localdate()
        classes = (
            list(Teaching.objects.filter(valid__contains=today).values_list("class_group_id", flat=True))
            if scope.role == Role.TEACHER
            else []
        )
        return found.filter(class_group_id__in=classes)
    return scope.limit(found)


def sitting_supervised(pk: int) -> Sitting | None:
    """The sitting with its test and class, if the asker may supervise it."""
    allowed = sittings_supervised()
    with loading():
        return allowed.select_related("test", "class_group", "institution").filter(pk=pk).first()


def supervised_with_counts(*, test: str = "", words: str = "", state: str = "") -> QuerySet[Sitting]:
    """Sittings that the asker may supervise, open ones first; to be read inside ``loading()``, called in his own scope."""
    is_over = Q(closed_at__isnull=False) | Q(state=SittingState.ANSWERED)
    found = sittings_supervised().annotate(is_over=ExpressionWrapper(is_over, output_field=BooleanField()))
    if test:
        found = found.filter(test__code=test)
    if state in ("open", "closed"):
        found = found.filter(is_over=state == "closed")
    if words:
        today = timezone.localdate()
        names = Q(name_kk__icontains=words) | Q(name_ru__icontains=words) | Q(name_en__icontains=words)
        schools = InstitutionState.objects.filter(names, valid__contains=today).values("org_no")
        found = found.filter(org_no__in=schools)
    return found.select_related("test__school_year", "class_group").order_by("is_over", "-date", "org_no", "pk")


def seat_counts(sittings: Iterable[Sitting]) -> dict[int, tuple[int, int]]:
    """Seats and how many of them are handed in, by sitting."""
    found = Seat.objects.filter(sitting__in=[one.pk for one in sittings]).order_by().values("sitting_id")
    rows = found.annotate(n=Count("id"), done=Count("id", filter=Q(state=SeatState.DONE)))
    return {row["sitting_id"]: (row["n"], row["done"]) for row in rows}


def tests_supervised() -> list[Test]:
    """Tests with a sitting that the asker may supervise; called in his own scope."""
    allowed = sittings_supervised()
    with loading():
        ids = set(allowed.order_by().values_list("test_id", flat=True).distinct())
        return list(
            Test.objects.filter(pk__in=ids).select_related("school_year").order_by("-school_year__starts_on", "code")
        )


def open_on_computers(test: Test, scope: Scope) -> list[int]:
    """Sittings of a test on computers, in the asker's scope, that nobody has closed."""
    found = Sitting.objects.filter(test=test, mode=SittingMode.COMPUTER, closed_at=None)
    return list(scope.limit(found.exclude(state=SittingState.CANCELLED)).order_by("pk").values_list("pk", flat=True))


def sittings_without_seats(test: Test, scope: Scope) -> int:
    """Sittings of a test in the asker's scope to whose pupils no seat was dealt."""
    found = Sitting.objects.filter(test=test, seats=None, closed_at=None).exclude(state=SittingState.CANCELLED)
    return scope.limit(found).count()


def pupils_of(sitting: Sitting) -> list[tuple[int, int]]:
    """Person and institution's number of those enrolled on the day of the sitting, by name."""
    found = Enrolment.objects.filter(valid__contains=sitting.date, institution_id=sitting.institution_id)
    found = (
        found.filter(class_group_id=sitting.class_group_id)
        if sitting.class_group_id
        else found.filter(grade=sitting.test.grade)
    )
    seen: dict[int, int] = {}
    for person, org_no in found.order_by("sort_key", "person_id").values_list("person_id", "org_no"):
        seen.setdefault(person, org_no)
    return list(seen.items())


def names_at(sitting: Sitting, person_ids: list[int]) -> dict[int, str]:
    """Pupils' names as the school of the sitting knows them."""
    found = Enrolment.objects.filter(person_id__in=person_ids, institution_id=sitting.institution_id)
    return dict(found.order_by("valid").values_list("person_id", "person_name"))


def late_comers(sitting: Sitting) -> list[tuple[int, str]]:
    """Pupils of the class, on the day of the sitting or today, who have no seat."""
    today = timezone.localdate()
    have = set(Seat.objects.filter(sitting=sitting).values_list("person_id", flat=True))
    found = Enrolment.objects.filter(
        Q(valid__contains=sitting.date) | Q(valid__contains=today), institution_id=sitting.institution_id
    )
    if sitting.class_group_id:
        found = found.filter(class_group__grade=sitting.test.grade)
    else:
        found = found.filter(grade=sitting.test.grade)
    rows = found.order_by("sort_key", "person_id").values_list("person_id", "person_name")
    return list({person: name for person, name in rows if person not in have}.items())


def booklets_in_order(test: Test) -> list[Booklet]:
    return list(Booklet.objects.filter(test=test).order_by("code"))


@dataclass(frozen=True)
class SeatRow:
    """A seat as a supervisor sees it."""

    seat: Seat
    name: str
    n_answered: int
    seen_at: dt.datetime | None
    waits: bool

    @property
    def is_silent(self) -> bool:
        """At work, and not heard from for two minutes: the connection is probably gone."""
        return self.seat.state == SeatState.WORKING and (
            self.seen_at is None or timezone.now() - self.seen_at > dt.timedelta(minutes=2)
        )

    @property
    def is_over(self) -> bool:
        return (
            self.seat.state == SeatState.WORKING
            and self.seat.ends_at is not None
            and self.seat.ends_at <= timezone.now()
        )


def seat_rows(sitting: Sitting) -> list[SeatRow]:
    seats = list(
        Seat.objects.filter(sitting=sitting).select_related("booklet", "device").order_by("number")
    )  # a seat without a device is a paper or not begun
    names = names_at(sitting, [seat.person_id for seat in seats])
    waiting = set(unscored(Seat.objects.filter(sitting=sitting)).values_list("seat_id", flat=True))
    rows = []
    for seat in seats:
        device = getattr(seat, "device", None)
        rows.append(
            SeatRow(
                seat,
                names.get(seat.person_id, ""),
                device.n_answered if device else 0,
                device.seen_at if device else None,
                seat.pk in waiting,
            )
        )
    return rows


def notes_of(sitting: Sitting) -> list[SittingNote]:
    return list(SittingNote.objects.filter(sitting=sitting).order_by("-at"))


def waiting_for_scorer(test: Test) -> QuerySet[SeatAnswer]:
    """Of a whole test. While there are any, their pupils have no answer sheet: calibrate after they are scored."""
    return unscored(Seat.objects.filter(sitting__test=test))


def seat_by_code(typed: str) -> Seat | None:
    """The seat of a computer sitting that a code opens. Runs as the loader: the pupil is nobody to the database."""
    code = read_code(typed)
    if code is None:
        return None
    found = Seat.objects.select_related("sitting__test", "sitting__class_group", "person", "booklet")
    return found.filter(code_hash=code_hash(code), sitting__mode=SittingMode.COMPUTER).first()


def tasks_of(booklet_id: int) -> list[tuple[int, Task]]:
    """Item and how it is marked, in the booklet's order. Keys: for the server only."""
    return [(place.item_id, task_of(place.item)) for place in _places(booklet_id)]


def _places(booklet_id: int) -> list[BookletItem]:
    found = BookletItem.objects.filter(booklet=booklet_id).select_related("item__version__item").order_by("position")
    return list(found)


def task_of(item) -> Task:
    if item.version is None:
        return Task(kind_without_version(item), item.key, item.max_score)
    return Task(item.version.item.kind, item.version.key or item.key, item.max_score, item.version.tolerance)


def seats_on_papers(test: Test, papers: list[str]) -> dict[str, tuple[str, str]]:
    """Pupil's identifier and booklet of each number or code on a paper, as far as the asker may see them."""
    numbers = {paper: found for paper in papers if (found := read_paper_number(paper))}
    codes = {code_hash(code): paper for paper in papers if paper not in numbers and (code := read_code(paper))}
    seats = Seat.objects.filter(sitting__test=test).exclude(sitting__state=SittingState.CANCELLED)
    columns = ("sitting_id", "number", "code_hash", "person__public_id", "booklet__code")
    by_number, by_code = {}, {}
    wanted = {sitting for sitting, _number in numbers.values()}
    for sitting, number, _hash, person, booklet in seats.filter(sitting_id__in=wanted).values_list(*columns):
        by_number[(sitting, number)] = (str(person), booklet)
    for _sitting, _number, digest, person, booklet in seats.filter(code_hash__in=list(codes)).values_list(*columns):
        by_code[codes[bytes(digest)]] = (str(person), booklet)
    return {paper: by_number[found] for paper, found in numbers.items() if found in by_number} | by_code


def school_names(org_nos: set[int]) -> dict[int, str]:
    """Schools' names in the reader's language."""
    from tirek.assessment.queries.results import names_of_schools

    return names_of_schools(list(org_nos), timezone.localdate())


def trial_codes(sitting: Sitting, most: int) -> list[dict]:
    """Codes of a synthetic test's seats that nobody has used yet, for whoever wants to try."""
    with loading():
        waiting = Seat.objects.filter(sitting=sitting, state=SeatState.WAITING, sitting__test__is_synthetic=True)
        numbers = list(waiting.order_by("number").values_list("number", flat=True)[:most])
    return [{"number": number, "code": shown_code(trial_code(sitting.pk, number))} for number in numbers]


def trial_of(test: Test) -> dict | None:
    """An open computer sitting of a synthetic test, with codes to try, for the test's own page."""
    if not test.is_synthetic:
        return None
    with loading():
        found = Sitting.objects.filter(
            test=test, mode=SittingMode.COMPUTER, closed_at=None, seats__state=SeatState.WAITING
        )
        sitting = found.exclude(state=SittingState.CANCELLED).order_by("pk").first()
    return {"sitting": sitting, "codes": trial_codes(sitting, 3)} if sitting else None


def papers_of(test: Test) -> list[tuple[int, int, str, str, str]]:
    """Sitting, number, booklet, class and name of every seat in the asker's scope."""
    scope = current_scope()
    seats = scope.limit(Seat.objects.filter(sitting__test=test).exclude(state=SeatState.ABSENT))
    found = list(
        seats.select_related("sitting__class_group", "booklet", "person").order_by("org_no", "sitting_id", "number")
    )
    return [
        (seat.sitting_id, seat.number, seat.booklet.code, str(seat.sitting.class_group or ""), str(seat.person))
        for seat in found
    ]


def next_to_score(test: Test) -> SeatAnswer | None:
    """One of the answers that wait, in an order that follows from nothing a scorer knows; item by item."""
    found = waiting_for_scorer(test).select_related("item__version__item", "seat__sitting")
    return found.order_by("item__position", MD5(Cast("pk", CharField()))).first()


def shown_to_scorer(answer: SeatAnswer) -> dict:
    """The task, what is said about scoring it, and nothing about who answered."""
    from tirek.assessment.bank.wording import in_language, wordings_of

    item, language = answer.item, answer.seat.sitting.language
    if item.version is None:
        return {"stem": getattr(item, f"wording_{language}", "") or item.code, "key": item.key}
    return {"stem": in_language(wordings_of(item.version.content), language).stem, "key": item.version.key}
