"""Mergers and splits: one institution's duties go to another, with its people, and the history stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry.models import (
    ClassGroup,
    Employment,
    Enrolment,
    Institution,
    InstitutionKind,
    InstitutionState,
    Succession,
    Teaching,
)
from tirek.registry.services import institutions
from tirek.registry.services.counts import recount
from tirek.registry.services.refusals import (
    NotFound,
    RegistryRefusal,
    WrongDate,
    check_date,
    check_open,
    check_right,
    shown,
)

# Classes first: where the letter is taken, the number of the old institution tells them apart.
MOVE_CLASSES = """
insert into registry_classgroup (institution_id, org_no, school_year_id, grade, letter, language, shift)
select %(after)s, %(org_no)s, g.school_year_id, g.grade,
       case when exists (select 1 from registry_classgroup t where t.institution_id = %(after)s
                         and t.school_year_id = g.school_year_id and t.grade is not distinct from g.grade
                         and t.letter = g.letter)
            then left(g.letter, 5) || '/' || g.org_no else g.letter end, g.language, g.shift
from registry_classgroup g where g.id = any(%(groups)s) order by g.id
returning id, school_year_id, grade, letter
"""
MOVE_ENROLMENTS = """
insert into registry_enrolment (person_id, institution_id, class_group_id, org_no, person_name, sort_key, grade, valid,
                                entry_reason, exit_reason)
select e.person_id, %(after)s, m.new, %(org_no)s, e.person_name, e.sort_key, e.grade, daterange(%(on)s, null),
       %(reason)s, ''
from registry_enrolment e left join unnest(%(old)s::bigint[], %(new)s::bigint[]) as m(old, new) on m.old = e.class_group_id
where e.id = any(%(ids)s)
"""
MOVE_EMPLOYMENTS = """
insert into registry_employment (person_id, institution_id, org_no, person_name, sort_key, position, subject, category,
                                 rate, is_main, valid)
select person_id, %(after)s, %(org_no)s, person_name, sort_key, position, subject, category, rate, is_main,
       daterange(%(on)s, null)
from registry_employment where id = any(%(ids)s)
"""
MOVE_TEACHINGS = """
insert into registry_teaching (person_id, class_group_id, org_no, subject, is_class_teacher, valid)
select t.person_id, m.new, %(org_no)s, t.subject, t.is_class_teacher, daterange(%(on)s, null)
from registry_teaching t join unnest(%(old)s::bigint[], %(new)s::bigint[]) as m(old, new) on m.old = t.class_group_id
where t.id = any(%(ids)s)
"""
END = {
    Enrolment: "update registry_enrolment set valid = daterange(lower(valid), %(on)s), exit_reason = %(reason)s"
    " where id = any(%(ids)s)",
    Employment: "update registry_employment set valid = daterange(lower(valid), %(on)s) where id = any(%(ids)s)",
    Teaching: "update registry_teaching set valid = daterange(lower(valid), %(on)s) where id = any(%(ids)s)",
}
FOLLOW = (
    "update registry_person set org_no = %(org_no)s where id = any(%(people)s)",
    "update registry_guardianship set org_no = %(org_no)s where child_id = any(%(people)s) and upper_inf(valid)",
)

SCHOOLS = ("school", "small_school")
# Which other kinds an institution may take in: a school may keep a kindergarten, not the reverse.
TAKES_IN = {
    **dict.fromkeys(SCHOOLS, (*SCHOOLS, InstitutionKind.KINDERGARTEN)),
    InstitutionKind.KINDERGARTEN: (InstitutionKind.KINDERGARTEN, InstitutionKind.COUNSELLING_CENTRE),
}


def merge(
    *, before_ids: Sequence[int], after_id: int, on: dt.date, act: str, by: Scope, now: dt.datetime
) -> list[Succession]:
    """Close some institutions; everybody in them goes on in another that is open already."""
    check_date(on, now)
    if after_id in before_ids or not before_ids:
        raise RegistryRefusal(_("Choose the institutions that close, and another one that goes on."), code="same")
    with loading():
        after = _open(after_id, on, by)
        made = []
        for before_id in before_ids:
            before = _open(before_id, on, by)
            check_kinds(before.institution, after.institution)
            groups = _live_classes(before_id)
            _move(before.institution, after.institution, on, Succession.Kind.MERGER, groups, None, None)
            institutions.end(before, on)
            made.append(_succession(before.institution, after.institution, on, Succession.Kind.MERGER, act))
        recount([after.org_no, *(succession.before.org_no for succession in made)])
        return made


def split(
    *, before_id: int, after_id: int, class_group_ids: Sequence[int], staff_ids: Sequence[int], on: dt.date, act: str,
    by: Scope, now: dt.datetime,
) -> Succession:  # fmt: skip
    """Some classes and members of staff (employments) go to another institution, opened for them before; the rest stays."""
    check_date(on, now)
    with loading():
        before, after = _open(before_id, on, by), _open(after_id, on, by)
        check_kinds(before.institution, after.institution)
        groups = list(
            ClassGroup.objects.filter(pk__in=class_group_ids, institution_id=before_id).values_list("id", flat=True)
        )
        if len(groups) != len(set(class_group_ids)):
            raise RegistryRefusal(_("Some classes do not belong to the institution that is split."), code="wrong_class")
        kind = Succession.Kind.SPLIT
        _move(before.institution, after.institution, on, kind, groups, groups, list(staff_ids))
        recount([before.org_no, after.org_no])
        return _succession(before.institution, after.institution, on, kind, act)


def check_kinds(before: Institution, after: Institution) -> None:
    """Whoever learned or worked in one must find his like in the other."""
    if before.kind not in TAKES_IN.get(after.kind, (after.kind,)):
        raise RegistryRefusal(
            _(
                "These kinds do not fit: “%(before)s” cannot go on in “%(after)s”, because its people would have no place"
                " there. Choose another institution, or correct the kind of one of them first."
            )
            % {"before": before.get_kind_display(), "after": after.get_kind_display()},
            code="kinds_differ",
        )


def _open(institution_id: int, on: dt.date, by: Scope) -> InstitutionState:
    found = InstitutionState.objects.select_for_update(of=("self",)).select_related("institution")
    state = found.filter(institution_id=institution_id, valid__upper_inf=True).first()
    if state is None:
        raise NotFound(_("There is no such institution, or it is closed."))
    check_right(by, "registry.change", state.org_no)
    check_open(state.institution.open_period, on, state.name_kk)
    return state


def _live_classes(institution_id: int) -> list[int]:
    """Classes in which somebody is enrolled."""
    found = Enrolment.objects.filter(institution_id=institution_id, valid__upper_inf=True, class_group__isnull=False)
    return sorted(set(found.values_list("class_group_id", flat=True)))


def _move(
    before: Institution, after: Institution, on: dt.date, kind: str, groups: list[int], only_classes: list[int] | None,
    only_staff: list[int] | None,
) -> None:  # fmt: skip
    """Close open rows on the day and open their like in the other institution; what begins later is refused."""
    enrolments = Enrolment.objects.filter(institution=before, valid__upper_inf=True)
    if only_classes is not None:
        enrolments = enrolments.filter(class_group_id__in=only_classes)
    employments = Employment.objects.filter(institution=before, valid__upper_inf=True)
    if only_staff is not None:
        employments = employments.filter(pk__in=only_staff)
    teachings = Teaching.objects.filter(class_group_id__in=groups, valid__upper_inf=True)
    _check_begun((enrolments, employments, teachings), on)
    ids = {q.model: list(q.values_list("id", flat=True)) for q in (enrolments, employments, teachings)}
    people = _answered_for(ids, before.org_no)
    values = {"after": after.pk, "org_no": after.org_no, "on": on, "reason": str(kind), "people": people}
    with connection.cursor() as cursor:
        values["old"], values["new"] = groups, _new_classes(cursor, values | {"groups": groups})
        moves = {Enrolment: MOVE_ENROLMENTS, Employment: MOVE_EMPLOYMENTS, Teaching: MOVE_TEACHINGS}
        for model, statement in moves.items():
            cursor.execute(END[model], values | {"ids": ids[model]})
            cursor.execute(statement, values | {"ids": ids[model]})
        for statement in FOLLOW:
            cursor.execute(statement, values)


def _answered_for(ids: dict, org_no: int) -> list[int]:
    """People who move with their rows, as far as the old institution answered for them."""
    found: set[int] = set()
    for model in (Enrolment, Employment):
        rows = model.objects.filter(pk__in=ids[model], person__org_no=org_no)
        found |= set(rows.values_list("person_id", flat=True))
    return sorted(found)


def _new_classes(cursor, values: dict) -> list[int]:
    """Identifiers of the new classes, in the order of the old ones."""
    if not values["groups"]:
        return []
    cursor.execute(MOVE_CLASSES, values)
    return [row[0] for row in cursor.fetchall()]


def _check_begun(querysets, on: dt.date) -> None:
    for queryset in querysets:
        later = queryset.filter(valid__startswith__gte=on).count()
        if later:
            raise WrongDate(
                _("{count} records begin on {day} or later. Choose a later day.").format(count=later, day=shown(on)),
                count=later,
            )


def _succession(before: Institution, after: Institution, on: dt.date, kind: str, act: str) -> Succession:
    return Succession.objects.create(before=before, after=after, org_no=after.org_no, date=on, kind=kind, act=act)


def follow_on(*, before_id: int, after_id: int, on: dt.date, act: str, by: Scope, now: dt.datetime) -> Succession:
    """An institution goes on under a new registration (another BIN, another form): everybody moves, classes keep names."""
    made = merge(before_ids=[before_id], after_id=after_id, on=on, act=act, by=by, now=now)[0]
    with loading():
        Succession.objects.filter(pk=made.pk).update(kind=Succession.Kind.RENEWAL)
        made.kind = Succession.Kind.RENEWAL
        return made
