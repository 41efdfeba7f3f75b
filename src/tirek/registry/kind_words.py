"""What a school, a kindergarten and a college call their learners and the groups these learn in: whole phrases, by kind."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Words = str | Promise


@dataclass(frozen=True)
class KindWords:
    learners: Words
    groups: Words
    group: Words
    group_named: Words
    enrol: Words
    no_groups: Words
    since: Words
    nobody: Words
    teachers: Words
    leader: Words
    no_teacher: Words
    learns: Words
    by_grade: Words
    grade: Words
    grade_named: Words
    has_shifts: bool = True


SCHOOL = KindWords(
    learners=_("Pupils"),
    groups=_("Classes"),
    group=_("Class"),
    group_named=_("Class %(group)s"),
    enrol=_("Enrol a pupil"),
    no_groups=_("No classes are recorded for this school year"),
    since=_("In this class since"),
    nobody=_("Nobody is enrolled in this class on this day"),
    teachers=_("Teachers"),
    leader=_("class teacher"),
    no_teacher=_("No teacher is recorded for this class"),
    learns=_("Learns at %(place)s, class %(group)s."),
    by_grade=_("Pupils by grade"),
    grade=_("Grade"),
    grade_named=_("Grade %(grade)s"),
)
KINDERGARTEN = KindWords(
    learners=pgettext_lazy("of a kindergarten", "Children"),
    groups=pgettext_lazy("of a kindergarten", "Groups"),
    group=pgettext_lazy("of a kindergarten", "Group"),
    group_named=pgettext_lazy("of a kindergarten", "Group %(group)s"),
    enrol=_("Enrol a child"),
    no_groups=_("No groups are recorded for this year"),
    since=_("In this group since"),
    nobody=_("Nobody is enrolled in this group on this day"),
    teachers=pgettext_lazy("of a kindergarten", "Teachers"),
    leader=_("leads the group"),
    no_teacher=pgettext_lazy("of a kindergarten", "No teacher is recorded for this group"),
    learns=_("Goes to %(place)s, group %(group)s."),
    by_grade="",
    grade="",
    grade_named="",
    has_shifts=False,
)
COLLEGE = KindWords(
    learners=_("Students"),
    groups=pgettext_lazy("of a college", "Groups"),
    group=pgettext_lazy("of a college", "Group"),
    group_named=pgettext_lazy("of a college", "Group %(group)s"),
    enrol=_("Enrol a student"),
    no_groups=_("No groups are recorded for this school year"),
    since=_("In this group since"),
    nobody=_("Nobody is enrolled in this group on this day"),
    teachers=_("Teachers"),
    leader=_("curator of the group"),
    no_teacher=pgettext_lazy("of a college", "No teacher is recorded for this group"),
    learns=_("Studies at %(place)s, group %(group)s."),
    by_grade=_("Students by year of study"),
    grade=_("Year of study"),
    grade_named=_("Year %(grade)s"),
)
OF_KIND = {"kindergarten": KINDERGARTEN, "college": COLLEGE}


def words_of(kind: str) -> KindWords:
    return OF_KIND.get(kind, SCHOOL)
